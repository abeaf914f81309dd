DROP INDEX contacts_merged;
DROP INDEX contacts_key;
DROP INDEX inbound_events_key;
