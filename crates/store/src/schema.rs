//! Tables as Diesel sees them; the same on both databases. Made from `migrations/`, see the test at the end.

#![allow(missing_docs, reason = "the columns are described in the migration")]

diesel::table! {
    data_keys (id) {
        id -> Text,
        subject_hash -> Nullable<Binary>,
        wrapped -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    suppressions (value_hash) {
        value_hash -> Binary,
        reason -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    contacts (id) {
        id -> Text,
        data_key_id -> Text,
        name -> Nullable<Binary>,
        phone -> Nullable<Binary>,
        bsuid -> Nullable<Binary>,
        language -> Text,
        opted_out_at -> Nullable<BigInt>,
        timezone -> Nullable<Text>,
        erased_at -> Nullable<BigInt>,
        language_source -> Text,
        language_heard -> Nullable<Text>,
        merged_into -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    identities (kind, value_hash) {
        kind -> Text,
        value_hash -> Binary,
        contact_id -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    former_identities (kind, value_hash, contact_id) {
        kind -> Text,
        value_hash -> Binary,
        contact_id -> Text,
        ended_at -> BigInt,
    }
}

diesel::table! {
    contact_windows (contact_id, phone_number_id) {
        contact_id -> Text,
        phone_number_id -> Text,
        opened_at -> BigInt,
        closed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    vendors (id) {
        id -> Text,
        contact_id -> Text,
        latitude -> Nullable<Double>,
        longitude -> Nullable<Double>,
        timezone -> Text,
        languages -> Text,
        accepts_inquiries -> Bool,
        rating -> Nullable<Double>,
        active -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
        hours -> Nullable<Text>,
    }
}

diesel::table! {
    vendor_categories (category, vendor_id) {
        category -> Text,
        vendor_id -> Text,
        rating -> Double,
        latitude -> Nullable<Double>,
        longitude -> Nullable<Double>,
    }
}

diesel::table! {
    inbound_events (id) {
        id -> Text,
        key_hash -> Binary,
        phone_number_id -> Nullable<Text>,
        sender_hash -> Nullable<Binary>,
        data_key_id -> Text,
        kind -> Text,
        payload -> Binary,
        meta_at -> Nullable<BigInt>,
        received_at -> BigInt,
        status -> Text,
        dead_reason -> Nullable<Text>,
        contact_id -> Nullable<Text>,
        routed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    dead_letters (id) {
        id -> Text,
        source -> Text,
        reference -> Text,
        request_id -> Nullable<Text>,
        reason -> Text,
        detail -> Nullable<Binary>,
        created_at -> BigInt,
        resolved_at -> Nullable<BigInt>,
        resolution -> Nullable<Text>,
    }
}

diesel::table! {
    notifications (id) {
        id -> Text,
        kind -> Text,
        reference -> Text,
        request_id -> Nullable<Text>,
        state -> Nullable<Text>,
        source -> Nullable<Text>,
        reason -> Text,
        status -> Text,
        attempts -> Integer,
        error -> Nullable<Text>,
        due_at -> BigInt,
        created_at -> BigInt,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    heartbeats (process) {
        process -> Text,
        role -> Text,
        beat_at -> BigInt,
    }
}

diesel::table! {
    requests (id) {
        id -> Text,
        client_contact_id -> Text,
        phone_number_id -> Text,
        data_key_id -> Text,
        state -> Text,
        version -> BigInt,
        control -> Text,
        control_epoch -> BigInt,
        category -> Nullable<Binary>,
        need -> Nullable<Binary>,
        urgency -> Text,
        language -> Text,
        prescription -> Bool,
        last_at -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        call_asked_at -> Nullable<BigInt>,
        position -> Nullable<Binary>,
    }
}

diesel::table! {
    messages (id) {
        id -> Text,
        request_id -> Nullable<Text>,
        contact_id -> Text,
        direction -> Text,
        party -> Text,
        kind -> Text,
        body -> Binary,
        button_id -> Nullable<Binary>,
        wamid -> Nullable<Binary>,
        wamid_hash -> Nullable<Binary>,
        quoted_hash -> Nullable<Binary>,
        meta_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    mailbox (id) {
        id -> Text,
        request_id -> Text,
        kind -> Text,
        message_id -> Nullable<Text>,
        reason -> Nullable<Text>,
        meta_at -> BigInt,
        arrived_at -> BigInt,
        turn_id -> Nullable<Text>,
        consumed_at -> Nullable<BigInt>,
        outcome -> Nullable<Text>,
        look_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    lanes (request_id) {
        request_id -> Text,
        due_at -> Nullable<BigInt>,
        oldest_at -> Nullable<BigInt>,
        owner -> Nullable<Text>,
        fence -> BigInt,
        lease_until -> Nullable<BigInt>,
        attempts -> Integer,
    }
}

diesel::table! {
    turns (id) {
        id -> Text,
        request_id -> Text,
        status -> Text,
        asks -> Integer,
        superseded -> Integer,
        source -> Nullable<Text>,
        verdict -> Nullable<Text>,
        decision -> Nullable<Text>,
        detail -> Nullable<Binary>,
        pack -> Nullable<Binary>,
        answer -> Nullable<Binary>,
        plan -> Nullable<Binary>,
        opened_at -> BigInt,
        asked_at -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    timers (id) {
        id -> Text,
        request_id -> Text,
        kind -> Text,
        reference -> Text,
        due_at -> BigInt,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    batches (id) {
        id -> Text,
        request_id -> Text,
        ordinal -> Integer,
        size -> Integer,
        offers_wanted -> Integer,
        plan -> Binary,
        status -> Text,
        opened_at -> BigInt,
        deadline_at -> BigInt,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    outreaches (id) {
        id -> Text,
        request_id -> Text,
        batch_id -> Text,
        vendor_id -> Text,
        contact_id -> Text,
        ordinal -> Integer,
        slot -> Integer,
        status -> Text,
        contacted_at -> BigInt,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    replies (id) {
        id -> Text,
        request_id -> Text,
        outreach_id -> Text,
        vendor_id -> Text,
        message_id -> Text,
        availability -> Text,
        price_minor -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        eta -> Nullable<Text>,
        confidence -> Double,
        created_at -> BigInt,
    }
}

diesel::table! {
    shortlists (id) {
        id -> Text,
        request_id -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    shortlist_items (shortlist_id, position) {
        shortlist_id -> Text,
        position -> Integer,
        vendor_id -> Text,
        reply_id -> Text,
    }
}

diesel::table! {
    handoffs (request_id) {
        request_id -> Text,
        vendor_id -> Text,
        choice_message_id -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        request_id -> Nullable<Text>,
        contact_id -> Text,
        message_id -> Text,
        phone_number_id -> Text,
        purpose -> Text,
        author -> Text,
        control_epoch -> BigInt,
        payload -> Binary,
        state -> Text,
        reason -> Nullable<Text>,
        attempts -> Integer,
        fence -> Nullable<BigInt>,
        not_before -> BigInt,
        not_after -> Nullable<BigInt>,
        wamid -> Nullable<Binary>,
        wamid_hash -> Nullable<Binary>,
        created_at -> BigInt,
        sending_at -> Nullable<BigInt>,
        settled_at -> Nullable<BigInt>,
        status_at -> Nullable<BigInt>,
        accepted_at -> Nullable<BigInt>,
        held_until -> Nullable<BigInt>,
        owed_at -> Nullable<BigInt>,
        sent_at -> Nullable<BigInt>,
        delivered_at -> Nullable<BigInt>,
        read_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    outbound_counters (scope, starts_at) {
        scope -> Text,
        starts_at -> BigInt,
        sent -> BigInt,
    }
}

diesel::table! {
    outbound_breakers (scope) {
        scope -> Text,
        opened_at -> Nullable<BigInt>,
        sent -> Nullable<BigInt>,
        sent_max -> Nullable<BigInt>,
    }
}

diesel::table! {
    parked_statuses (id) {
        id -> Text,
        wamid_hash -> Binary,
        status -> Text,
        code -> Nullable<BigInt>,
        status_at -> BigInt,
        received_at -> BigInt,
    }
}

diesel::table! {
    consents (id) {
        id -> Text,
        request_id -> Text,
        contact_id -> Text,
        prompt_message_id -> Text,
        party -> Text,
        key -> Text,
        scope -> Text,
        asked_by -> Text,
        wording -> Text,
        language -> Text,
        phone -> Nullable<Binary>,
        bsuid -> Nullable<Binary>,
        status -> Text,
        expires_at -> BigInt,
        knowledge -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    consent_history (consent_id, seq) {
        consent_id -> Text,
        seq -> Integer,
        event -> Text,
        status -> Text,
        expires_at -> BigInt,
        by_contact_id -> Nullable<Text>,
        message_id -> Nullable<Text>,
        happened_at -> BigInt,
        recorded_at -> BigInt,
    }
}

diesel::table! {
    call_permissions (contact_id, phone_number_id) {
        contact_id -> Text,
        phone_number_id -> Text,
        knowledge -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    call_restrictions (phone_number_id) {
        phone_number_id -> Text,
        until_at -> BigInt,
        reason -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    call_attempts (id) {
        id -> Text,
        request_id -> Text,
        contact_id -> Text,
        party -> Text,
        vendor_id -> Nullable<Text>,
        phone_number_id -> Text,
        claim -> Text,
        author -> Text,
        control_epoch -> BigInt,
        phase -> Text,
        end_reason -> Nullable<Text>,
        end_code -> Nullable<Text>,
        knowledge -> Text,
        wacid -> Nullable<Binary>,
        wacid_hash -> Nullable<Binary>,
        voice_session -> Nullable<Text>,
        sdp_answer -> Nullable<Binary>,
        fence -> Nullable<BigInt>,
        due_at -> BigInt,
        terminate_at -> Nullable<BigInt>,
        terminate_tries -> Integer,
        created_at -> BigInt,
        dialled_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    call_events (id) {
        id -> Text,
        attempt_id -> Nullable<Text>,
        phone_number_id -> Text,
        wacid_hash -> Binary,
        kind -> Text,
        payload -> Binary,
        meta_at -> BigInt,
        received_at -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (caller, tool, key) {
        caller -> Text,
        tool -> Text,
        key -> Text,
        body_hash -> Binary,
        request_id -> Nullable<Text>,
        response -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        owner -> Nullable<Text>,
        fence -> BigInt,
        lease_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    flags (name) {
        name -> Text,
        enabled -> Bool,
        updated_at -> BigInt,
    }
}

diesel::table! {
    audit_heads (chain) {
        chain -> Text,
        seq -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    audit_records (chain, seq) {
        chain -> Text,
        seq -> BigInt,
        at -> BigInt,
        actor_kind -> Text,
        actor_name -> Text,
        action -> Text,
        outcome -> Text,
        reasons -> Text,
        caused_by -> Nullable<Text>,
        commitment -> Binary,
        prev_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    audit_payloads (chain, seq) {
        chain -> Text,
        seq -> BigInt,
        payload -> Binary,
        salt -> Binary,
    }
}

diesel::table! {
    audit_checkpoints (number) {
        number -> BigInt,
        at -> BigInt,
        heads -> Text,
        content -> Nullable<Binary>,
        prev_hash -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> Text,
        name -> Text,
        actor_kind -> Text,
        scopes -> Text,
        secret_hash -> Binary,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    media (id) {
        id -> Text,
        message_id -> Text,
        request_id -> Text,
        document_key_id -> Text,
        source -> Binary,
        fetch_until -> BigInt,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    ocr_jobs (id) {
        id -> Text,
        media_id -> Text,
        request_id -> Text,
        status -> Text,
        attempts -> Integer,
        due_at -> BigInt,
        owner -> Nullable<Text>,
        fence -> BigInt,
        lease_until -> Nullable<BigInt>,
        result -> Nullable<Binary>,
        confidence -> Nullable<Double>,
        error -> Nullable<Text>,
        created_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::joinable!(identities -> contacts (contact_id));
diesel::joinable!(vendor_categories -> vendors (vendor_id));

diesel::table! {
    template_faults (purpose, language) {
        purpose -> Text,
        language -> Text,
        code -> BigInt,
        since -> BigInt,
        until_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    data_keys,
    suppressions,
    contacts,
    identities,
    former_identities,
    contact_windows,
    vendors,
    vendor_categories,
    inbound_events,
    dead_letters,
    notifications,
    heartbeats,
    requests,
    messages,
    mailbox,
    lanes,
    turns,
    timers,
    batches,
    outreaches,
    replies,
    shortlists,
    shortlist_items,
    handoffs,
    outbox,
    outbound_counters,
    outbound_breakers,
    parked_statuses,
    template_faults,
    consents,
    consent_history,
    call_permissions,
    call_restrictions,
    call_attempts,
    call_events,
    idempotency_keys,
    leases,
    flags,
    audit_heads,
    audit_records,
    audit_payloads,
    audit_checkpoints,
    api_tokens,
    media,
    ocr_jobs
);
