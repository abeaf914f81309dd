DROP INDEX audit_records_refused;
DROP INDEX requests_open;
DROP INDEX outbox_ended;
DROP INDEX turns_settled;
