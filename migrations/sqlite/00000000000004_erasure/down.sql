ALTER TABLE messages DROP COLUMN button_id;
ALTER TABLE messages ADD COLUMN button_id TEXT;
ALTER TABLE requests DROP COLUMN category;
ALTER TABLE requests ADD COLUMN category TEXT;
DROP INDEX contacts_erased;
ALTER TABLE contacts DROP COLUMN erased_at;
