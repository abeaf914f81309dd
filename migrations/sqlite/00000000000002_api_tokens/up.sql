-- Who may call the tools over HTTP. The token's text is shown once; what is kept of its secret is a hash.
CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('service', 'human')),
    scopes TEXT NOT NULL, -- separated by blanks
    secret_hash BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT,
    -- Steps that only a person may take are a person's alone.
    CHECK (actor_kind = 'human' OR scopes NOT LIKE '%operate%')
);

CREATE INDEX api_tokens_name ON api_tokens (name);
