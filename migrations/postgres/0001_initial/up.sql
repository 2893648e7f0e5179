-- Ids are UUIDs of version 7 (16 bytes, their order is the order of making); times are milliseconds since 1970, UTC.
-- Columns named *_sealed are encrypted under the master key. The same tables as on SQLite, under the same names.

CREATE TABLE users (
    id            BYTEA    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    created_at    BIGINT  NOT NULL
);

CREATE TABLE sessions (
    token_hash   BYTEA   PRIMARY KEY NOT NULL,
    user_id      BYTEA   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE api_tokens (
    id           BYTEA   PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name         TEXT   NOT NULL,
    token_hash   BYTEA   NOT NULL UNIQUE,
    role         TEXT   NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at   BIGINT
);

CREATE TABLE idempotency_keys (
    key_hash   BYTEA    PRIMARY KEY NOT NULL,
    request_hash BYTEA  NOT NULL,
    status     INTEGER NOT NULL,
    answer_sealed BYTEA NOT NULL,
    created_at BIGINT  NOT NULL
);

-- One row that is sealed when the database is made: a wrong master key is noticed at start.
CREATE TABLE key_check (
    id     INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    sealed BYTEA    NOT NULL
);

CREATE TABLE sources (
    id                         BYTEA    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name                       TEXT    NOT NULL,
    token                      TEXT    NOT NULL UNIQUE,
    require_signature          BOOLEAN NOT NULL,
    secret_sealed              BYTEA,
    previous_secret_sealed     BYTEA,
    previous_secret_until      BIGINT,
    created_at                 BIGINT  NOT NULL,
    updated_at                 BIGINT  NOT NULL,
    deleted_at                 BIGINT,
    last_heard_at              BIGINT,
    signature_problem_code     TEXT,
    signature_problem_message  TEXT,
    signature_problem_at       BIGINT,
    signature_problem_count    BIGINT  NOT NULL DEFAULT 0
);

CREATE TABLE destinations (
    id              BYTEA   PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name            TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    settings_sealed BYTEA   NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    deleted_at      BIGINT,
    failing_since   BIGINT,
    last_failure    TEXT,
    paused_at       BIGINT,
    paused_reason   TEXT,
    CHECK ((paused_at IS NULL) = (paused_reason IS NULL))
);

CREATE TABLE connections (
    id         BYTEA    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    source_id  BYTEA    NOT NULL REFERENCES sources (id),
    version_id BYTEA    NOT NULL,
    enabled    BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    deleted_at BIGINT
);

-- Written once, never changed: a delivery names its version for ever.
CREATE TABLE connection_versions (
    id             BYTEA    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    connection_id  BYTEA    NOT NULL REFERENCES connections (id),
    number         INTEGER NOT NULL CHECK (number >= 1),
    destination_id BYTEA    NOT NULL REFERENCES destinations (id),
    rules          TEXT    NOT NULL,
    created_at     BIGINT  NOT NULL,
    UNIQUE (connection_id, number)
);

CREATE TABLE events (
    id           BYTEA   PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    source_id    BYTEA   NOT NULL REFERENCES sources (id),
    event_type   TEXT   NOT NULL,
    record_id    TEXT,
    record_title TEXT,
    list_id      TEXT,
    list_title   TEXT,
    project_id   TEXT,
    project_name TEXT,
    company_id   TEXT,
    occurred_at  BIGINT,
    received_at  BIGINT NOT NULL,
    is_test      BOOLEAN NOT NULL,
    body         BYTEA   NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX events_by_source ON events (source_id, id);

CREATE TABLE deliveries (
    id             BYTEA    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    event_id       BYTEA    NOT NULL REFERENCES events (id),
    connection_id  BYTEA    NOT NULL REFERENCES connections (id),
    version_id     BYTEA    NOT NULL REFERENCES connection_versions (id),
    destination_id BYTEA    NOT NULL REFERENCES destinations (id),
    cause          TEXT    NOT NULL CHECK (cause IN ('event', 'resend', 'test', 'replay')),
    state          TEXT    NOT NULL CHECK (state IN ('skipped', 'mapping_failed', 'queued', 'held', 'sending',
                                                     'retrying', 'delivered', 'failed', 'discarded')),
    attempts       INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    created_at     BIGINT  NOT NULL,
    -- Connection and record, when deliveries of one record go strictly one after another.
    lane           BYTEA,
    due_at         BIGINT,
    claim_id       BYTEA,
    lease_until    BIGINT,
    finished_at    BIGINT,
    last_status    INTEGER,
    last_outcome   TEXT,
    problem        TEXT,
    CHECK ((state = 'sending') = (claim_id IS NOT NULL)),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('queued', 'retrying')) = (due_at IS NOT NULL)),
    CHECK ((state IN ('skipped', 'mapping_failed', 'delivered', 'failed', 'discarded')) = (finished_at IS NOT NULL))
-- Most rows are written twice: as they come and when their attempt has ended. Room on the page for the second writing, and dead rows
-- cleared away early, keep the table from growing with what is long over.
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
        autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
-- The first delivery of an event by a connection exists once, whatever crashes between.
-- Nulls are distinct, so any number of resends may stand beside it; and whatever asks for an event's deliveries uses it too.
CREATE UNIQUE INDEX deliveries_first ON deliveries (event_id, connection_id, (CASE cause WHEN 'event' THEN 1 END));
CREATE INDEX deliveries_in_lane ON deliveries (lane, id) WHERE lane IS NOT NULL AND state IN ('queued', 'held', 'sending', 'retrying');
-- One destination's backlog is claimed without looking at another's.
CREATE INDEX deliveries_waiting ON deliveries (destination_id, state, due_at) WHERE state IN ('queued', 'retrying', 'held');
CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'sending';
CREATE INDEX deliveries_noteworthy ON deliveries (state, id) WHERE state NOT IN ('sending', 'delivered');
CREATE INDEX deliveries_by_connection ON deliveries (connection_id, id);
CREATE INDEX deliveries_by_destination ON deliveries (destination_id, id);

CREATE TABLE attempts (
    delivery_id      BYTEA    NOT NULL,
    number           INTEGER NOT NULL CHECK (number >= 1),
    started_at       BIGINT  NOT NULL,
    duration_ms      BIGINT  NOT NULL,
    -- The outcome as JSON; its code and status stand beside it for lists.
    outcome          TEXT    NOT NULL,
    request_line     TEXT    NOT NULL,
    request_headers  TEXT    NOT NULL,
    response_headers TEXT    NOT NULL,
    response_body    BYTEA    NOT NULL,
    response_truncated BOOLEAN NOT NULL,
    PRIMARY KEY (delivery_id, number)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);

-- The name that SQLite knows it by.
CREATE FUNCTION instr(haystack BYTEA, needle BYTEA) RETURNS BIGINT LANGUAGE SQL IMMUTABLE PARALLEL SAFE
    RETURN position(needle IN haystack)::BIGINT;
