-- Times are milliseconds since the epoch. Columns commented "sealed" hold personal data encrypted under
-- the contact's data key; columns that end in _hash are keyed hashes for look-up.

-- People and keys -----------------------------------------------------------------------------------

CREATE TABLE data_keys (
    id TEXT PRIMARY KEY NOT NULL,
    subject_hash BLOB UNIQUE,
    wrapped BLOB NOT NULL,
    created_at BIGINT NOT NULL
);

-- Outlives erasure: these identities are not contacted again.
CREATE TABLE suppressions (
    value_hash BLOB PRIMARY KEY NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE contacts (
    id TEXT PRIMARY KEY NOT NULL,
    data_key_id TEXT NOT NULL,
    name BLOB, -- sealed
    phone BLOB, -- sealed
    bsuid BLOB, -- sealed
    language TEXT NOT NULL,
    opted_out_at BIGINT,
    merged_into TEXT REFERENCES contacts (id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE identities (
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'wa_id', 'bsuid')),
    value_hash BLOB NOT NULL,
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kind, value_hash)
);
CREATE INDEX identities_contact ON identities (contact_id);

-- When the 24-hour window of one of our numbers towards a contact was last opened or closed.
CREATE TABLE contact_windows (
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    phone_number_id TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (contact_id, phone_number_id)
);

CREATE TABLE vendors (
    id TEXT PRIMARY KEY NOT NULL,
    contact_id TEXT NOT NULL UNIQUE REFERENCES contacts (id),
    latitude DOUBLE,
    longitude DOUBLE,
    timezone TEXT NOT NULL,
    languages TEXT NOT NULL,
    accepts_inquiries BOOLEAN NOT NULL,
    rating DOUBLE,
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE vendor_categories (
    category TEXT NOT NULL,
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    PRIMARY KEY (category, vendor_id)
);

-- What arrives --------------------------------------------------------------------------------------

CREATE TABLE inbound_events (
    id TEXT PRIMARY KEY NOT NULL,
    key_hash BLOB NOT NULL UNIQUE,
    phone_number_id TEXT,
    sender_hash BLOB,
    data_key_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload BLOB NOT NULL, -- sealed
    meta_at BIGINT,
    received_at BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'parked', 'routed', 'ignored', 'dead')),
    dead_reason TEXT,
    contact_id TEXT,
    routed_at BIGINT
);
CREATE INDEX inbound_events_waiting ON inbound_events (received_at, id) WHERE status IN ('pending', 'parked');
CREATE INDEX inbound_events_sender_waiting ON inbound_events (sender_hash) WHERE status = 'pending';
CREATE INDEX inbound_events_age ON inbound_events (received_at);

CREATE TABLE dead_letters (
    id TEXT PRIMARY KEY NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('intake', 'router', 'turn', 'dispatch')),
    reference TEXT NOT NULL,
    request_id TEXT,
    reason TEXT NOT NULL,
    detail BLOB, -- sealed
    created_at BIGINT NOT NULL,
    resolved_at BIGINT,
    resolution TEXT
);
CREATE UNIQUE INDEX dead_letters_open ON dead_letters (source, reference) WHERE resolved_at IS NULL;
CREATE INDEX dead_letters_waiting ON dead_letters (created_at, id) WHERE resolved_at IS NULL;

-- Liveness of intake: reply deadlines count only time in which it was healthy.
CREATE TABLE heartbeats (
    process TEXT PRIMARY KEY NOT NULL,
    role TEXT NOT NULL,
    beat_at BIGINT NOT NULL
);

-- Requests and their lanes --------------------------------------------------------------------------

CREATE TABLE requests (
    id TEXT PRIMARY KEY NOT NULL,
    client_contact_id TEXT NOT NULL REFERENCES contacts (id),
    phone_number_id TEXT NOT NULL,
    data_key_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('new', 'clarifying', 'ocr_processing', 'sourcing', 'shortlisted',
        'handed_off', 'escalated', 'closed', 'error')),
    version BIGINT NOT NULL,
    control TEXT NOT NULL CHECK (control IN ('bot', 'human')),
    control_epoch BIGINT NOT NULL,
    category TEXT,
    need BLOB, -- sealed
    urgency TEXT NOT NULL CHECK (urgency IN ('normal', 'urgent')),
    language TEXT NOT NULL,
    prescription BOOLEAN NOT NULL,
    last_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE UNIQUE INDEX requests_one_open_per_client ON requests (client_contact_id)
    WHERE state NOT IN ('handed_off', 'closed');
CREATE INDEX requests_client ON requests (client_contact_id, created_at);
CREATE INDEX requests_closed ON requests (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX requests_updated ON requests (updated_at, id);

CREATE TABLE messages (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT REFERENCES requests (id),
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    party TEXT NOT NULL CHECK (party IN ('client', 'vendor')),
    kind TEXT NOT NULL,
    body BLOB NOT NULL, -- sealed
    button_id TEXT,
    wamid BLOB, -- sealed
    wamid_hash BLOB UNIQUE,
    quoted_hash BLOB,
    meta_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX messages_request ON messages (request_id, meta_at, created_at, id);
CREATE INDEX messages_contact ON messages (contact_id, created_at);

-- Pending rows are the queue: an entry waits until the commit of a turn stamps it.
CREATE TABLE mailbox (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    kind TEXT NOT NULL CHECK (kind IN ('client_message', 'vendor_message', 'wake')),
    message_id TEXT REFERENCES messages (id),
    reason TEXT,
    meta_at BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL,
    turn_id TEXT,
    consumed_at BIGINT
);
CREATE INDEX mailbox_pending ON mailbox (request_id, meta_at, arrived_at, id) WHERE consumed_at IS NULL;
CREATE INDEX mailbox_age ON mailbox (arrived_at) WHERE consumed_at IS NULL;

CREATE TABLE lanes (
    request_id TEXT PRIMARY KEY NOT NULL REFERENCES requests (id),
    due_at BIGINT,
    oldest_at BIGINT,
    owner TEXT,
    fence BIGINT NOT NULL,
    lease_until BIGINT,
    attempts INTEGER NOT NULL
);
CREATE INDEX lanes_due ON lanes (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE turns (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    status TEXT NOT NULL CHECK (status IN ('open', 'asked', 'answered', 'committed', 'superseded', 'dropped', 'failed')),
    asks INTEGER NOT NULL,
    superseded INTEGER NOT NULL,
    source TEXT,
    verdict TEXT,
    decision TEXT,
    detail BLOB, -- sealed: why, violations
    pack BLOB, -- sealed
    answer BLOB, -- sealed
    plan BLOB, -- sealed
    opened_at BIGINT NOT NULL,
    asked_at BIGINT,
    answered_at BIGINT,
    settled_at BIGINT
);
CREATE UNIQUE INDEX turns_one_unsettled ON turns (request_id) WHERE settled_at IS NULL;
CREATE INDEX turns_packs ON turns (settled_at) WHERE pack IS NOT NULL;
CREATE INDEX turns_request ON turns (request_id, opened_at);

CREATE TABLE timers (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    settled_at BIGINT,
    UNIQUE (request_id, kind, reference)
);
CREATE INDEX timers_due ON timers (due_at, id) WHERE settled_at IS NULL;

-- Sourcing: the limits of the mission are constraints -------------------------------------------------

CREATE TABLE batches (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    ordinal INTEGER NOT NULL CHECK (ordinal BETWEEN 1 AND 15),
    size INTEGER NOT NULL CHECK (size BETWEEN 1 AND 5),
    offers_wanted INTEGER NOT NULL CHECK (offers_wanted BETWEEN 1 AND 15),
    plan BLOB NOT NULL, -- sealed
    status TEXT NOT NULL CHECK (status IN ('open', 'settled')),
    opened_at BIGINT NOT NULL,
    deadline_at BIGINT NOT NULL,
    settled_at BIGINT,
    UNIQUE (request_id, ordinal)
);
CREATE UNIQUE INDEX batches_one_open ON batches (request_id) WHERE status = 'open';

CREATE TABLE outreaches (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    batch_id TEXT NOT NULL REFERENCES batches (id),
    vendor_id TEXT NOT NULL REFERENCES vendors (id),
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    ordinal INTEGER NOT NULL CHECK (ordinal BETWEEN 1 AND 15),
    slot INTEGER NOT NULL CHECK (slot BETWEEN 1 AND 5),
    status TEXT NOT NULL CHECK (status IN ('waiting', 'replied', 'declined', 'silent', 'failed')),
    contacted_at BIGINT NOT NULL,
    settled_at BIGINT,
    UNIQUE (request_id, contact_id),
    UNIQUE (request_id, ordinal),
    UNIQUE (batch_id, slot)
);
CREATE INDEX outreaches_contact ON outreaches (contact_id, contacted_at);

CREATE TABLE replies (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    outreach_id TEXT NOT NULL REFERENCES outreaches (id),
    vendor_id TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE REFERENCES messages (id),
    availability TEXT NOT NULL CHECK (availability IN ('in_stock', 'out_of_stock', 'unclear')),
    price_minor BIGINT CHECK (price_minor >= 0),
    currency TEXT,
    eta TEXT,
    confidence DOUBLE NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    created_at BIGINT NOT NULL
);
CREATE INDEX replies_request ON replies (request_id, created_at);

CREATE TABLE shortlists (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX shortlists_request ON shortlists (request_id, created_at);

CREATE TABLE shortlist_items (
    shortlist_id TEXT NOT NULL REFERENCES shortlists (id),
    position INTEGER NOT NULL CHECK (position BETWEEN 1 AND 10),
    vendor_id TEXT NOT NULL,
    reply_id TEXT NOT NULL REFERENCES replies (id),
    PRIMARY KEY (shortlist_id, position)
);

CREATE TABLE handoffs (
    request_id TEXT PRIMARY KEY NOT NULL REFERENCES requests (id),
    vendor_id TEXT NOT NULL,
    choice_message_id TEXT NOT NULL REFERENCES messages (id),
    created_at BIGINT NOT NULL
);

-- What leaves ---------------------------------------------------------------------------------------

CREATE TABLE outbox (
    id TEXT PRIMARY KEY NOT NULL,
    request_id TEXT REFERENCES requests (id),
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    message_id TEXT NOT NULL REFERENCES messages (id),
    phone_number_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    author TEXT NOT NULL,
    control_epoch BIGINT NOT NULL,
    payload BLOB NOT NULL, -- sealed
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'unknown', 'accepted', 'sent', 'delivered', 'read',
        'played', 'failed', 'cancelled')),
    reason TEXT,
    attempts INTEGER NOT NULL,
    fence BIGINT,
    not_before BIGINT NOT NULL,
    not_after BIGINT,
    wamid BLOB, -- sealed
    wamid_hash BLOB UNIQUE,
    created_at BIGINT NOT NULL,
    sending_at BIGINT,
    settled_at BIGINT,
    status_at BIGINT
);
CREATE INDEX outbox_queued ON outbox (phone_number_id, created_at, id) WHERE state = 'queued';
CREATE INDEX outbox_in_flight ON outbox (contact_id, created_at) WHERE state IN ('queued', 'sending', 'unknown');
CREATE INDEX outbox_doubtful ON outbox (sending_at) WHERE state IN ('sending', 'unknown');
CREATE INDEX outbox_request ON outbox (request_id, created_at);
CREATE INDEX outbox_message ON outbox (message_id);

-- A status that came before we knew its wamid.
CREATE TABLE parked_statuses (
    id TEXT PRIMARY KEY NOT NULL,
    wamid_hash BLOB NOT NULL,
    status TEXT NOT NULL,
    code BIGINT,
    status_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL
);
CREATE INDEX parked_statuses_wamid ON parked_statuses (wamid_hash);
CREATE INDEX parked_statuses_age ON parked_statuses (received_at);

CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    tool TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    request_id TEXT,
    response BLOB NOT NULL, -- sealed
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller, tool, key)
);

CREATE INDEX idempotency_keys_request ON idempotency_keys (request_id);

-- Leases that are not lanes: one dispatcher per business number.
CREATE TABLE leases (
    name TEXT PRIMARY KEY NOT NULL,
    owner TEXT,
    fence BIGINT NOT NULL,
    lease_until BIGINT
);

CREATE TABLE flags (
    name TEXT PRIMARY KEY NOT NULL,
    enabled BOOLEAN NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Audit ---------------------------------------------------------------------------------------------

CREATE TABLE audit_heads (
    chain TEXT PRIMARY KEY NOT NULL,
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE audit_records (
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reasons TEXT NOT NULL,
    caused_by TEXT,
    commitment BLOB NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (chain, seq)
);

-- Beside the chain, and erasable: what was committed to, and the salt that opens the commitment.
CREATE TABLE audit_payloads (
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    payload BLOB NOT NULL, -- sealed
    salt BLOB NOT NULL, -- sealed
    PRIMARY KEY (chain, seq)
);

CREATE TRIGGER audit_records_no_update BEFORE UPDATE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records
BEGIN SELECT RAISE(ABORT, 'audit records are append-only'); END;
