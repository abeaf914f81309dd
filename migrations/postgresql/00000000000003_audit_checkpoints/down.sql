DROP TABLE audit_checkpoints;
DROP TRIGGER audit_heads_forward ON audit_heads;
DROP TRIGGER audit_heads_no_truncate ON audit_heads;
DROP FUNCTION refuse_audit_head_change();
DROP TRIGGER audit_payloads_append_only ON audit_payloads;
DROP TRIGGER audit_payloads_no_truncate ON audit_payloads;
ALTER TABLE audit_records ENABLE TRIGGER audit_records_append_only;
ALTER TABLE audit_records ENABLE TRIGGER audit_records_no_truncate;
