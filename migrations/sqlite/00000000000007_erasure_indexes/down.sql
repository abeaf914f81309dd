DROP TRIGGER audit_heads_stay_typed;
DROP TRIGGER audit_heads_typed;
DROP TRIGGER audit_checkpoints_typed;
DROP TRIGGER audit_payloads_typed;
DROP TRIGGER audit_records_typed;
DROP INDEX contacts_merged;
DROP INDEX contacts_key;
DROP INDEX inbound_events_key;
