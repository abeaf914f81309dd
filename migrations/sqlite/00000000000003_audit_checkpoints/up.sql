-- The audit refuses every change, REPLACE included, and keeps its checkpoints.
--
-- REPLACE deletes without firing a delete trigger, so each table refuses to insert what is there. Without a rowid there is
-- no second key by which a row could be replaced; and a chain lies together, in the order in which it is verified.

CREATE TABLE new_audit_heads (
    chain TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL
) WITHOUT ROWID;
INSERT INTO new_audit_heads SELECT chain, seq, hash FROM audit_heads ORDER BY chain;
DROP TABLE audit_heads;
ALTER TABLE new_audit_heads RENAME TO audit_heads;

CREATE TABLE new_audit_records (
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
) WITHOUT ROWID;
INSERT INTO new_audit_records
    SELECT chain, seq, at, actor_kind, actor_name, action, outcome, reasons, caused_by, commitment, prev_hash, hash
    FROM audit_records ORDER BY chain, seq;
DROP TABLE audit_records;
ALTER TABLE new_audit_records RENAME TO audit_records;

-- Beside the chain: what was committed to, and the salt. Both die with their keys; the rows stay.
CREATE TABLE new_audit_payloads (
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    payload BLOB NOT NULL, -- sealed
    salt BLOB NOT NULL, -- sealed
    PRIMARY KEY (chain, seq)
) WITHOUT ROWID;
INSERT INTO new_audit_payloads SELECT chain, seq, payload, salt FROM audit_payloads ORDER BY chain, seq;
DROP TABLE audit_payloads;
ALTER TABLE new_audit_payloads RENAME TO audit_payloads;

CREATE TABLE audit_checkpoints (
    number BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    heads TEXT NOT NULL, -- canonical JSON: the heads that changed since the checkpoint before
    content BLOB, -- the digest of the export that it closes
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER audit_records_no_update BEFORE UPDATE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
CREATE TRIGGER audit_records_no_replace BEFORE INSERT ON audit_records
WHEN EXISTS (SELECT 1 FROM audit_records WHERE chain = NEW.chain AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;

CREATE TRIGGER audit_payloads_no_update BEFORE UPDATE ON audit_payloads
BEGIN SELECT RAISE(ABORT, 'audit payloads are append-only'); END;
CREATE TRIGGER audit_payloads_no_delete BEFORE DELETE ON audit_payloads
BEGIN SELECT RAISE(ABORT, 'audit payloads are append-only'); END;
CREATE TRIGGER audit_payloads_no_replace BEFORE INSERT ON audit_payloads
WHEN EXISTS (SELECT 1 FROM audit_payloads WHERE chain = NEW.chain AND seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'audit payloads are append-only'); END;

CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END;
CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END;
CREATE TRIGGER audit_checkpoints_no_replace BEFORE INSERT ON audit_checkpoints
WHEN EXISTS (SELECT 1 FROM audit_checkpoints WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END;

CREATE TRIGGER audit_heads_forward BEFORE UPDATE ON audit_heads
WHEN NOT (NEW.chain = OLD.chain AND NEW.seq > OLD.seq)
BEGIN SELECT RAISE(ABORT, 'an audit head only goes forward'); END;
CREATE TRIGGER audit_heads_no_delete BEFORE DELETE ON audit_heads
BEGIN SELECT RAISE(ABORT, 'an audit head only goes forward'); END;
CREATE TRIGGER audit_heads_no_replace BEFORE INSERT ON audit_heads
WHEN EXISTS (SELECT 1 FROM audit_heads WHERE chain = NEW.chain)
BEGIN SELECT RAISE(ABORT, 'an audit head only goes forward'); END;
