-- Pictures and documents that clients sent: where one can be fetched, and what was read from it. The bytes themselves are
-- stored nowhere. What is read is sealed under a key of the request's own beside the client's, and goes with it.
CREATE TABLE media (
    id TEXT PRIMARY KEY NOT NULL, -- with the UUID of its message
    message_id TEXT NOT NULL UNIQUE REFERENCES messages (id),
    request_id TEXT NOT NULL REFERENCES requests (id),
    document_key_id TEXT NOT NULL, -- one for all documents of a request
    source BLOB NOT NULL, -- sealed: Meta's id, media type and digest
    fetch_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX media_request ON media (request_id, created_at, id);
CREATE INDEX media_expiring ON media (expires_at, request_id);

CREATE TABLE ocr_jobs (
    id TEXT PRIMARY KEY NOT NULL,
    media_id TEXT NOT NULL UNIQUE REFERENCES media (id),
    request_id TEXT NOT NULL REFERENCES requests (id),
    status TEXT NOT NULL CHECK (status IN ('pending', 'done', 'failed')),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    due_at BIGINT NOT NULL,
    owner TEXT,
    fence BIGINT NOT NULL,
    lease_until BIGINT,
    result BLOB, -- sealed: the lines that were read
    confidence DOUBLE CHECK (confidence BETWEEN 0 AND 1),
    error TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    CHECK ((status = 'pending') = (ended_at IS NULL)),
    CHECK ((status = 'done') = (confidence IS NOT NULL)),
    CHECK ((status = 'failed') = (error IS NOT NULL))
);
CREATE INDEX ocr_jobs_pending ON ocr_jobs (due_at, id) WHERE status = 'pending';
CREATE INDEX ocr_jobs_request ON ocr_jobs (request_id, created_at, id);
