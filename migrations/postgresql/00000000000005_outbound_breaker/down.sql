DROP INDEX outbox_expiring;
DROP INDEX outbox_due;
CREATE INDEX outbox_queued ON outbox (phone_number_id, created_at, id) WHERE state = 'queued';
DROP TABLE outbound_breakers;
DROP TABLE outbound_counters;
