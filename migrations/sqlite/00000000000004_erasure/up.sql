-- When the erasure of a person began: from then on they have no name, no number and are written to no more.
ALTER TABLE contacts ADD COLUMN erased_at BIGINT;
CREATE INDEX contacts_erased ON contacts (erased_at) WHERE erased_at IS NOT NULL;

-- Both can hold what a person or a model wrote, so both are sealed from now on. What stood here in the clear is
-- dropped, not kept: a running request learns its category again with its next plan, a tapped button keeps its title.
ALTER TABLE requests DROP COLUMN category;
ALTER TABLE requests ADD COLUMN category BLOB; -- sealed
ALTER TABLE messages DROP COLUMN button_id;
ALTER TABLE messages ADD COLUMN button_id BLOB; -- sealed
