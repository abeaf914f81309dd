-- How the language of a contact was set, and the last other language that they were heard in: two messages that agree
-- change a language which was only heard.
ALTER TABLE contacts ADD COLUMN language_source TEXT NOT NULL DEFAULT 'default'
    CHECK (language_source IN ('default', 'directory', 'detected', 'asked', 'operator'));
ALTER TABLE contacts ADD COLUMN language_heard TEXT;
UPDATE contacts SET language_source = 'directory' WHERE id IN (SELECT contact_id FROM vendors);

-- What a person was known by before Meta said that it changed. Nobody is found by it; notices of the change are, and an
-- erasure.
CREATE TABLE former_identities (
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'wa_id', 'bsuid')),
    value_hash BLOB NOT NULL,
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (kind, value_hash, contact_id)
);
CREATE INDEX former_identities_contact ON former_identities (contact_id);
