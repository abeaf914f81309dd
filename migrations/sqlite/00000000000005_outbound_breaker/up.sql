-- How much leaves, and the breaker that stops it. A scope is 'product', or 'vendor:' and a contact's id.

-- What was put on the wire, in small stretches of time; no row outlives the longest window by much.
CREATE TABLE outbound_counters (
    scope TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    sent BIGINT NOT NULL CHECK (sent > 0),
    PRIMARY KEY (scope, starts_at)
);
CREATE INDEX outbound_counters_age ON outbound_counters (starts_at);

-- Open while opened_at is set; only a person closes it. The product's row is always there: whoever counts takes
-- it, and without it nothing is sent. A vendor's row is there while that vendor's breaker is open.
CREATE TABLE outbound_breakers (
    scope TEXT PRIMARY KEY NOT NULL,
    opened_at BIGINT,
    sent BIGINT,
    sent_max BIGINT
);
INSERT INTO outbound_breakers (scope) VALUES ('product');

-- What is due now is found without reading what waits.
DROP INDEX outbox_queued;
CREATE INDEX outbox_due ON outbox (phone_number_id, not_before, created_at, id) WHERE state = 'queued';
CREATE INDEX outbox_expiring ON outbox (phone_number_id, not_after, id) WHERE state = 'queued';
