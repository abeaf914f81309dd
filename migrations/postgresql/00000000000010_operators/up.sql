-- What people are told: one row a notification, written with what it tells of. Ids and codes alone: nothing here is personal.
CREATE TABLE notifications (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('request.escalated', 'request.error', 'dead_letter')),
    reference TEXT NOT NULL,
    request_id TEXT,
    state TEXT,
    source TEXT,
    reason TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'unsent', 'failed')),
    attempts INTEGER NOT NULL,
    error TEXT,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    settled_at BIGINT,
    UNIQUE (kind, reference)
);
CREATE INDEX notifications_due ON notifications (due_at, id) WHERE status = 'pending';
CREATE INDEX notifications_pending ON notifications (created_at) WHERE status = 'pending';
CREATE INDEX notifications_settled ON notifications (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX notifications_failed ON notifications (settled_at) WHERE status = 'failed';

-- What became of each message that came in, and when somebody looks whether it has become anything.
ALTER TABLE mailbox ADD COLUMN outcome TEXT;
ALTER TABLE mailbox ADD COLUMN look_at BIGINT;
UPDATE mailbox SET look_at = arrived_at + 300000 WHERE consumed_at IS NULL AND kind <> 'wake';
CREATE INDEX mailbox_looked_at ON mailbox (look_at, id) WHERE look_at IS NOT NULL;
CREATE INDEX mailbox_unanswered ON mailbox (arrived_at) WHERE outcome = 'unanswered';

-- Two more sources.
ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_source_check;
ALTER TABLE dead_letters ADD CONSTRAINT dead_letters_source_check CHECK (source IN ('intake', 'router', 'turn', 'dispatch', 'silence', 'notify'));
CREATE INDEX dead_letters_request ON dead_letters (request_id) WHERE resolved_at IS NULL AND request_id IS NOT NULL;
CREATE INDEX dead_letters_silence ON dead_letters (reference) WHERE source = 'silence';
