-- What an erasure looks for: the events under a key, whose data a key seals, and who was found to be the same person.
CREATE INDEX inbound_events_key ON inbound_events (data_key_id, id);
CREATE INDEX contacts_key ON contacts (data_key_id);
CREATE INDEX contacts_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL;

-- A column's type is advice in SQLite: a `seq` of text is stored as it is, sorts behind every number and reads as 0, and a
-- head could go "forward" to it. PostgreSQL needs none of these, for its columns hold nothing else than their type.
CREATE TRIGGER audit_records_typed BEFORE INSERT ON audit_records
WHEN typeof(NEW.chain) <> 'text' OR typeof(NEW.seq) <> 'integer'
BEGIN SELECT RAISE(ABORT, 'an audit key has its column''s type'); END;
CREATE TRIGGER audit_payloads_typed BEFORE INSERT ON audit_payloads
WHEN typeof(NEW.chain) <> 'text' OR typeof(NEW.seq) <> 'integer'
BEGIN SELECT RAISE(ABORT, 'an audit key has its column''s type'); END;
CREATE TRIGGER audit_checkpoints_typed BEFORE INSERT ON audit_checkpoints
WHEN typeof(NEW.number) <> 'integer'
BEGIN SELECT RAISE(ABORT, 'an audit key has its column''s type'); END;
CREATE TRIGGER audit_heads_typed BEFORE INSERT ON audit_heads
WHEN typeof(NEW.chain) <> 'text' OR typeof(NEW.seq) <> 'integer'
BEGIN SELECT RAISE(ABORT, 'an audit key has its column''s type'); END;
CREATE TRIGGER audit_heads_stay_typed BEFORE UPDATE ON audit_heads
WHEN typeof(NEW.chain) <> 'text' OR typeof(NEW.seq) <> 'integer'
BEGIN SELECT RAISE(ABORT, 'an audit key has its column''s type'); END;
