-- What an erasure looks for: the events under a key, whose data a key seals, and who was found to be the same person.
CREATE INDEX inbound_events_key ON inbound_events (data_key_id, id);
CREATE INDEX contacts_key ON contacts (data_key_id);
CREATE INDEX contacts_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL;

-- The twin of this migration refuses audit rows with a key of another type. Here columns have types of their own.
