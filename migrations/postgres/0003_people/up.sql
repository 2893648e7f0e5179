-- A session has an id of its own, so that it can be listed and ended without its token. Whoever was signed in signs in once more.
DROP TABLE sessions;
CREATE TABLE sessions (
    id           BYTEA    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    token_hash   BYTEA    NOT NULL UNIQUE,
    user_id      BYTEA    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The password was right, the second factor is still asked for.
    awaits_code  BOOLEAN NOT NULL,
    created_at   BIGINT  NOT NULL,
    expires_at   BIGINT  NOT NULL,
    last_used_at BIGINT  NOT NULL,
    user_agent   TEXT    NOT NULL,
    address      TEXT
);
CREATE INDEX sessions_by_user ON sessions (user_id, last_used_at);

ALTER TABLE users ADD COLUMN deactivated_at BIGINT;
ALTER TABLE users ADD COLUMN totp_sealed BYTEA;
-- Made, but not yet proven with a code.
ALTER TABLE users ADD COLUMN totp_pending_sealed BYTEA;
-- The thirty seconds of the last code taken; neither it nor an older one is taken again.
ALTER TABLE users ADD COLUMN totp_last_step BIGINT NOT NULL DEFAULT 0;

CREATE TABLE recovery_codes (
    user_id   BYTEA NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BYTEA NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE invites (
    id         BYTEA   PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    token_hash BYTEA   NOT NULL UNIQUE,
    email      TEXT   NOT NULL UNIQUE,
    role       TEXT   NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    invited_by TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

ALTER TABLE api_tokens ADD COLUMN expires_at BIGINT;
ALTER TABLE api_tokens ADD COLUMN created_by TEXT;

-- Who changed what; written once, never changed.
CREATE TABLE audit_log (
    id          BYTEA   PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    at          BIGINT NOT NULL,
    actor_kind  TEXT   NOT NULL CHECK (actor_kind IN ('person', 'token', 'command_line', 'nobody')),
    actor_id    TEXT,
    actor_name  TEXT   NOT NULL,
    address     TEXT,
    action      TEXT   NOT NULL,
    object_kind TEXT   NOT NULL,
    object_id   TEXT   NOT NULL,
    sentence    TEXT   NOT NULL
);
CREATE INDEX audit_log_by_object ON audit_log (object_id, id);
CREATE INDEX audit_log_by_kind ON audit_log (object_kind, id);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id);
