-- The audit refuses every change, and keeps its checkpoints.

CREATE TABLE audit_checkpoints (
    number BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    heads TEXT NOT NULL, -- canonical JSON: the heads that changed since the checkpoint before
    content BYTEA, -- the digest of the export that it closes
    prev_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TRIGGER audit_payloads_append_only BEFORE UPDATE OR DELETE ON audit_payloads
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_payloads_no_truncate BEFORE TRUNCATE ON audit_payloads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_checkpoints_append_only BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_checkpoints_no_truncate BEFORE TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

CREATE FUNCTION refuse_audit_head_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.chain = OLD.chain AND NEW.seq > OLD.seq THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an audit head only goes forward';
END $$;
CREATE TRIGGER audit_heads_forward BEFORE UPDATE OR DELETE ON audit_heads
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_head_change();
CREATE TRIGGER audit_heads_no_truncate BEFORE TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- A session that takes itself for a replica (session_replication_role) skips ordinary triggers.
ALTER TABLE audit_records ENABLE ALWAYS TRIGGER audit_records_append_only;
ALTER TABLE audit_records ENABLE ALWAYS TRIGGER audit_records_no_truncate;
ALTER TABLE audit_payloads ENABLE ALWAYS TRIGGER audit_payloads_append_only;
ALTER TABLE audit_payloads ENABLE ALWAYS TRIGGER audit_payloads_no_truncate;
ALTER TABLE audit_checkpoints ENABLE ALWAYS TRIGGER audit_checkpoints_append_only;
ALTER TABLE audit_checkpoints ENABLE ALWAYS TRIGGER audit_checkpoints_no_truncate;
ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_forward;
ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_no_truncate;
