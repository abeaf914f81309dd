DROP TABLE former_identities;
ALTER TABLE contacts DROP COLUMN language_heard;
ALTER TABLE contacts DROP COLUMN language_source;
