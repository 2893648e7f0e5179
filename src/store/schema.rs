//! The tables as diesel sees them. `migrations/` is the truth; a test of the store opens every table through these.

diesel::table! {
    users (id) {
        id -> Binary,
        email -> Text,
        name -> Text,
        password_hash -> Text,
        role -> Text,
        created_at -> BigInt,
        deactivated_at -> Nullable<BigInt>,
        totp_sealed -> Nullable<Binary>,
        totp_pending_sealed -> Nullable<Binary>,
        totp_last_step -> BigInt,
        language -> Nullable<Text>,
        time_zone -> Nullable<Text>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Binary,
        token_hash -> Binary,
        user_id -> Binary,
        awaits_code -> Bool,
        created_at -> BigInt,
        expires_at -> BigInt,
        last_used_at -> BigInt,
        user_agent -> Text,
        address -> Nullable<Text>,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> Binary,
        name -> Text,
        token_hash -> Binary,
        role -> Text,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        created_by -> Nullable<Text>,
    }
}

diesel::table! {
    idempotency_keys (key_hash) {
        key_hash -> Binary,
        request_hash -> Binary,
        status -> Integer,
        answer_sealed -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    key_check (id) {
        id -> Integer,
        sealed -> Binary,
    }
}

diesel::table! {
    sources (id) {
        id -> Binary,
        name -> Text,
        token -> Text,
        require_signature -> Bool,
        secret_sealed -> Nullable<Binary>,
        previous_secret_sealed -> Nullable<Binary>,
        previous_secret_until -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
        last_heard_at -> Nullable<BigInt>,
        signature_problem_code -> Nullable<Text>,
        signature_problem_message -> Nullable<Text>,
        signature_problem_at -> Nullable<BigInt>,
        signature_problem_count -> BigInt,
        secret_used_at -> Nullable<BigInt>,
        previous_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    destinations (id) {
        id -> Binary,
        name -> Text,
        kind -> Text,
        settings_sealed -> Binary,
        created_at -> BigInt,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
        failing_since -> Nullable<BigInt>,
        last_failure -> Nullable<Text>,
        paused_at -> Nullable<BigInt>,
        paused_reason -> Nullable<Text>,
        probe_at -> Nullable<BigInt>,
        probes -> Integer,
        tested_at -> Nullable<BigInt>,
        last_test -> Nullable<Text>,
        last_failed_at -> Nullable<BigInt>,
        last_arrived_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    connections (id) {
        id -> Binary,
        name -> Text,
        source_id -> Binary,
        version_id -> Binary,
        enabled -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    connection_versions (id) {
        id -> Binary,
        connection_id -> Binary,
        number -> Integer,
        destination_id -> Binary,
        rules -> Text,
        created_at -> BigInt,
        saved_by_kind -> Nullable<Text>,
        saved_by_name -> Nullable<Text>,
    }
}

diesel::table! {
    events (id) {
        id -> Binary,
        source_id -> Binary,
        event_type -> Text,
        record_id -> Nullable<Text>,
        record_title -> Nullable<Text>,
        list_id -> Nullable<Text>,
        list_title -> Nullable<Text>,
        project_id -> Nullable<Text>,
        project_name -> Nullable<Text>,
        company_id -> Nullable<Text>,
        occurred_at -> Nullable<BigInt>,
        received_at -> BigInt,
        is_test -> Bool,
        body -> Binary,
        dedupe_key -> Nullable<Binary>,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Binary,
        event_id -> Binary,
        connection_id -> Binary,
        version_id -> Binary,
        destination_id -> Binary,
        cause -> Text,
        state -> Text,
        attempts -> Integer,
        created_at -> BigInt,
        lane -> Nullable<Binary>,
        due_at -> Nullable<BigInt>,
        claim_id -> Nullable<Binary>,
        lease_until -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        last_status -> Nullable<Integer>,
        last_outcome -> Nullable<Text>,
        problem -> Nullable<Text>,
        free_attempts -> Integer,
        replay_id -> Nullable<Binary>,
        noteworthy -> Nullable<Text>,
    }
}

diesel::table! {
    replays (id) {
        id -> Binary,
        selection -> Text,
        version -> Text,
        per_second -> Integer,
        state -> Text,
        matching -> BigInt,
        position -> Nullable<Binary>,
        looked_at -> BigInt,
        queued -> BigInt,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        at_least -> Bool,
        repeated -> BigInt,
        left_out -> Text,
        paced_until -> BigInt,
        created_by -> Text,
        cancelled_by -> Nullable<Text>,
    }
}

diesel::table! {
    attempts (delivery_id, number) {
        delivery_id -> Binary,
        number -> Integer,
        started_at -> BigInt,
        duration_ms -> BigInt,
        outcome -> Text,
        request_line -> Text,
        request_headers -> Text,
        response_headers -> Text,
        response_body -> Binary,
        response_truncated -> Bool,
    }
}

diesel::table! {
    nodes (id) {
        id -> Binary,
        name -> Text,
        version -> Text,
        started_at -> BigInt,
        seen_at -> BigInt,
        revision -> BigInt,
        waiting -> BigInt,
    }
}

diesel::table! {
    delivery_counts (span, starts_at, destination_id) {
        span -> Text,
        starts_at -> BigInt,
        destination_id -> Binary,
        delivered -> BigInt,
        failed -> BigInt,
        mapping_failed -> BigInt,
        skipped -> BigInt,
        discarded -> BigInt,
        waiting -> BigInt,
        latencies -> Text,
        counted_at -> BigInt,
    }
}

diesel::table! {
    recovery_codes (user_id, code_hash) {
        user_id -> Binary,
        code_hash -> Binary,
    }
}

diesel::table! {
    invites (id) {
        id -> Binary,
        token_hash -> Binary,
        email -> Text,
        role -> Text,
        invited_by -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        invited_by_id -> Nullable<Binary>,
    }
}

diesel::table! {
    duties (name) {
        name -> Text,
        node_id -> Binary,
        until -> BigInt,
    }
}

diesel::table! {
    event_counts (span, starts_at) {
        span -> Text,
        starts_at -> BigInt,
        received -> BigInt,
    }
}

diesel::table! {
    revision (id) {
        id -> Integer,
        number -> BigInt,
    }
}

diesel::table! {
    count_progress (id) {
        id -> Integer,
        counted_to -> BigInt,
    }
}

diesel::table! {
    audit_log (id) {
        id -> Binary,
        at -> BigInt,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        actor_name -> Text,
        address -> Nullable<Text>,
        action -> Text,
        object_kind -> Text,
        object_id -> Text,
        sentence -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    users,
    sessions,
    sources,
    destinations,
    connections,
    connection_versions,
    events,
    deliveries,
    attempts,
    replays,
);

diesel::allow_tables_to_appear_in_same_query!(delivery_counts, event_counts);
