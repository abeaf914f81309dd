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

-- Two more sources; a CHECK is changed by building the table anew.
CREATE TABLE dead_letters_rebuilt (
    id TEXT PRIMARY KEY NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('intake', 'router', 'turn', 'dispatch', 'silence', 'notify')),
    reference TEXT NOT NULL,
    request_id TEXT,
    reason TEXT NOT NULL,
    detail BLOB, -- sealed
    created_at BIGINT NOT NULL,
    resolved_at BIGINT,
    resolution TEXT
);
INSERT INTO dead_letters_rebuilt
    SELECT id, source, reference, request_id, reason, detail, created_at, resolved_at, resolution FROM dead_letters;
DROP TABLE dead_letters;
ALTER TABLE dead_letters_rebuilt RENAME TO dead_letters;
CREATE UNIQUE INDEX dead_letters_open ON dead_letters (source, reference) WHERE resolved_at IS NULL;
CREATE INDEX dead_letters_waiting ON dead_letters (created_at, id) WHERE resolved_at IS NULL;
CREATE INDEX dead_letters_request ON dead_letters (request_id) WHERE resolved_at IS NULL AND request_id IS NOT NULL;
CREATE INDEX dead_letters_silence ON dead_letters (reference) WHERE source = 'silence';
