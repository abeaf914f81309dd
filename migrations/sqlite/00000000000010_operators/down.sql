DELETE FROM dead_letters WHERE source IN ('silence', 'notify');
CREATE TABLE dead_letters_rebuilt (
    id TEXT PRIMARY KEY NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('intake', 'router', 'turn', 'dispatch')),
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
DROP INDEX mailbox_unanswered;
DROP INDEX mailbox_looked_at;
ALTER TABLE mailbox DROP COLUMN look_at;
ALTER TABLE mailbox DROP COLUMN outcome;
DROP TABLE notifications;
