-- When a vendor is open, as the directory writes it; NULL: nobody said.
ALTER TABLE vendors ADD COLUMN hours TEXT;

-- What a search orders and narrows by, beside the category: a directory of any size is read by an index.
ALTER TABLE vendor_categories ADD COLUMN rating DOUBLE PRECISION NOT NULL DEFAULT 0;
ALTER TABLE vendor_categories ADD COLUMN latitude DOUBLE PRECISION;
ALTER TABLE vendor_categories ADD COLUMN longitude DOUBLE PRECISION;
UPDATE vendor_categories SET
    rating = coalesce((SELECT vendors.rating FROM vendors WHERE vendors.id = vendor_categories.vendor_id), 0),
    latitude = (SELECT vendors.latitude FROM vendors WHERE vendors.id = vendor_categories.vendor_id),
    longitude = (SELECT vendors.longitude FROM vendors WHERE vendors.id = vendor_categories.vendor_id);
CREATE INDEX vendor_categories_rated ON vendor_categories (category, rating DESC, vendor_id);
CREATE INDEX vendor_categories_near ON vendor_categories (category, latitude) WHERE latitude IS NOT NULL;

-- How a vendor answered lately.
CREATE INDEX outreaches_vendor ON outreaches (vendor_id, contacted_at, status);

-- Where the client said they are; sealed.
ALTER TABLE requests ADD COLUMN position BYTEA;

-- An inquiry that waits for a shop to open stands before nothing else. What a person got only as "there is news" is
-- owed in full. When Meta sent, delivered and showed a message, by Meta's clock.
ALTER TABLE outbox ADD COLUMN held_until BIGINT;
ALTER TABLE outbox ADD COLUMN owed_at BIGINT;
ALTER TABLE outbox ADD COLUMN sent_at BIGINT;
ALTER TABLE outbox ADD COLUMN delivered_at BIGINT;
ALTER TABLE outbox ADD COLUMN read_at BIGINT;
CREATE INDEX outbox_owed ON outbox (contact_id, created_at) WHERE owed_at IS NOT NULL;

-- The templates that Meta refuses, by purpose and by Meta's language code: what needs one waits.
CREATE TABLE template_faults (
    purpose TEXT NOT NULL,
    language TEXT NOT NULL,
    code BIGINT NOT NULL,
    since BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (purpose, language)
);
