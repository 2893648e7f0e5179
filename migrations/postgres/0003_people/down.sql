DROP TABLE audit_log;
ALTER TABLE api_tokens DROP COLUMN created_by;
ALTER TABLE api_tokens DROP COLUMN expires_at;
DROP TABLE invites;
DROP TABLE recovery_codes;
ALTER TABLE users DROP COLUMN totp_last_step;
ALTER TABLE users DROP COLUMN totp_pending_sealed;
ALTER TABLE users DROP COLUMN totp_sealed;
ALTER TABLE users DROP COLUMN deactivated_at;
DROP TABLE sessions;
CREATE TABLE sessions (
    token_hash   BYTEA   PRIMARY KEY NOT NULL,
    user_id      BYTEA   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
