DROP TABLE audit_checkpoints;

CREATE TABLE old_audit_heads (
    chain TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL
);
INSERT INTO old_audit_heads SELECT chain, seq, hash FROM audit_heads ORDER BY chain;
DROP TABLE audit_heads;
ALTER TABLE old_audit_heads RENAME TO audit_heads;

CREATE TABLE old_audit_records (
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reasons TEXT NOT NULL,
    caused_by TEXT,
    commitment BLOB NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (chain, seq)
);
INSERT INTO old_audit_records
    SELECT chain, seq, at, actor_kind, actor_name, action, outcome, reasons, caused_by, commitment, prev_hash, hash
    FROM audit_records ORDER BY chain, seq;
DROP TABLE audit_records;
ALTER TABLE old_audit_records RENAME TO audit_records;

CREATE TABLE old_audit_payloads (
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    payload BLOB NOT NULL, -- sealed
    salt BLOB NOT NULL, -- sealed
    PRIMARY KEY (chain, seq)
);
INSERT INTO old_audit_payloads SELECT chain, seq, payload, salt FROM audit_payloads ORDER BY chain, seq;
DROP TABLE audit_payloads;
ALTER TABLE old_audit_payloads RENAME TO audit_payloads;

CREATE TRIGGER audit_records_no_update BEFORE UPDATE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
