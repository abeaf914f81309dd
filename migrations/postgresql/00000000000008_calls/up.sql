-- Calls: who allowed what, what Meta permits, and what became of each attempt. The columns `knowledge` hold the state
-- machines of the calling policy as JSON: ids and times, nothing personal.

-- One key of one person for one request, as asked by one prompt.
CREATE TABLE consents (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    prompt_message_id TEXT NOT NULL REFERENCES messages (id),
    party TEXT NOT NULL CHECK (party IN ('client', 'vendor')),
    key TEXT NOT NULL CHECK (key IN ('authorisation', 'callee')),
    scope TEXT NOT NULL CHECK (scope IN ('call_vendor', 'call_client', 'either')),
    asked_by TEXT NOT NULL CHECK (asked_by IN ('buttons', 'card')),
    wording TEXT NOT NULL,
    language TEXT NOT NULL,
    phone BYTEA, -- sealed; null only where Meta gives no number
    bsuid BYTEA, -- sealed
    status TEXT NOT NULL CHECK (status IN ('requested', 'granted', 'denied', 'expired')),
    expires_at BIGINT NOT NULL,
    knowledge TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (prompt_message_id, key)
);
CREATE INDEX consents_request ON consents (request_id, created_at, id);
CREATE INDEX consents_contact ON consents (contact_id, created_at);
CREATE INDEX consents_open ON consents (expires_at) WHERE status IN ('requested', 'granted');

-- What happened to each of them: never changed, never deleted.
CREATE TABLE consent_history (
    consent_id TEXT NOT NULL REFERENCES consents (id),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    event TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('requested', 'granted', 'denied', 'expired')),
    expires_at BIGINT NOT NULL,
    by_contact_id TEXT,
    message_id TEXT,
    happened_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (consent_id, seq)
);

-- Meta's permission of one person for one of our numbers.
CREATE TABLE call_permissions (
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    phone_number_id TEXT NOT NULL,
    knowledge TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (contact_id, phone_number_id)
);

-- Until when Meta pauses calls from a number of ours.
CREATE TABLE call_restrictions (
    phone_number_id TEXT PRIMARY KEY NOT NULL,
    until_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE call_attempts (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    party TEXT NOT NULL CHECK (party IN ('client', 'vendor')),
    vendor_id TEXT REFERENCES vendors (id),
    phone_number_id TEXT NOT NULL,
    claim TEXT NOT NULL CHECK (claim IN ('urgent_no_reply', 'ambiguous_reply', 'client_asked', 'rapid_clarification')),
    author TEXT NOT NULL,
    control_epoch BIGINT NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('intent', 'dialling', 'unknown', 'placed', 'ringing', 'answered', 'ended')),
    end_reason TEXT CHECK (end_reason IN ('completed', 'declined', 'no_answer', 'failed', 'cancelled', 'refused')),
    end_code TEXT,
    knowledge TEXT NOT NULL,
    wacid BYTEA, -- sealed
    wacid_hash BYTEA UNIQUE,
    voice_session TEXT,
    sdp_answer BYTEA, -- sealed; until the voice gateway has it
    fence BIGINT,
    due_at BIGINT NOT NULL,
    terminate_at BIGINT,
    terminate_tries INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    dialled_at BIGINT,
    ended_at BIGINT,
    updated_at BIGINT NOT NULL,
    CHECK ((phase = 'ended') = (end_reason IS NOT NULL))
);
CREATE UNIQUE INDEX call_attempts_one_live ON call_attempts (request_id) WHERE phase <> 'ended';
CREATE INDEX call_attempts_request ON call_attempts (request_id, created_at, id);
CREATE INDEX call_attempts_contact ON call_attempts (contact_id, created_at);
CREATE INDEX call_attempts_live ON call_attempts (phone_number_id, due_at) WHERE phase <> 'ended';
CREATE INDEX call_attempts_to_terminate ON call_attempts (phone_number_id, terminate_at) WHERE terminate_at IS NOT NULL;
CREATE INDEX call_attempts_out ON call_attempts (dialled_at) WHERE phase <> 'ended' AND dialled_at IS NOT NULL;
CREATE INDEX call_attempts_ended ON call_attempts (ended_at) WHERE phase = 'ended';
CREATE INDEX call_attempts_voice ON call_attempts (phone_number_id, id) WHERE voice_session IS NOT NULL;

-- What Meta said about calls, as it came. An event of a call that no attempt is known to have waits for its answer.
CREATE TABLE call_events (
    id TEXT PRIMARY KEY NOT NULL,
    attempt_id TEXT REFERENCES call_attempts (id),
    phone_number_id TEXT NOT NULL,
    wacid_hash BYTEA NOT NULL,
    kind TEXT NOT NULL,
    payload BYTEA NOT NULL, -- sealed
    meta_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX call_events_attempt ON call_events (attempt_id, received_at, id) WHERE attempt_id IS NOT NULL;
CREATE INDEX call_events_waiting ON call_events (wacid_hash, received_at) WHERE attempt_id IS NULL;
CREATE INDEX call_events_age ON call_events (received_at) WHERE attempt_id IS NULL;

-- Meta's cards to one person, for Meta's limits on them.
CREATE INDEX outbox_cards ON outbox (contact_id, phone_number_id, created_at) WHERE purpose = 'permission_card';

-- When Meta took it: from then on a person who does not answer is silent.
ALTER TABLE outbox ADD COLUMN accepted_at BIGINT;
-- When the client last asked to be called.
ALTER TABLE requests ADD COLUMN call_asked_at BIGINT;
-- The zone a person named, where the number's country has several.
ALTER TABLE contacts ADD COLUMN timezone TEXT;

CREATE FUNCTION refuse_consent_history_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of a consent is append-only';
END $$;
CREATE TRIGGER consent_history_append_only BEFORE UPDATE OR DELETE ON consent_history
    FOR EACH ROW EXECUTE FUNCTION refuse_consent_history_change();
CREATE TRIGGER consent_history_no_truncate BEFORE TRUNCATE ON consent_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_consent_history_change();
ALTER TABLE consent_history ENABLE ALWAYS TRIGGER consent_history_append_only;
ALTER TABLE consent_history ENABLE ALWAYS TRIGGER consent_history_no_truncate;
