-- A duplicate is known by a key in the event's own row.
ALTER TABLE events ADD COLUMN dedupe_key BYTEA;
CREATE UNIQUE INDEX events_once ON events (dedupe_key) WHERE dedupe_key IS NOT NULL;

-- A destination that keeps failing is paused until a probe succeeds; one that a person paused has no probe.
ALTER TABLE destinations ADD COLUMN probe_at BIGINT;
ALTER TABLE destinations ADD COLUMN probes INTEGER NOT NULL DEFAULT 0;

CREATE TABLE replays (
    id            BYTEA   PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    -- Which deliveries, as JSON.
    selection     TEXT    NOT NULL,
    version       TEXT    NOT NULL CHECK (version IN ('then', 'now')),
    per_second    INTEGER NOT NULL CHECK (per_second > 0),
    state         TEXT    NOT NULL CHECK (state IN ('running', 'finished', 'cancelled')),
    -- How many deliveries matched when it was asked for, at least.
    matching      BIGINT  NOT NULL,
    -- Every delivery up to here has been looked at.
    position      BYTEA,
    looked_at     BIGINT  NOT NULL DEFAULT 0,
    queued        BIGINT  NOT NULL DEFAULT 0,
    created_at    BIGINT  NOT NULL,
    finished_at   BIGINT,
    CHECK ((state = 'running') = (finished_at IS NULL))
);
CREATE INDEX replays_running ON replays (id) WHERE state = 'running';

-- Attempts that do not count against the connection's limit: probes of a destination that is held.
ALTER TABLE deliveries ADD COLUMN free_attempts INTEGER NOT NULL DEFAULT 0 CHECK (free_attempts >= 0);
-- The replay that made it.
ALTER TABLE deliveries ADD COLUMN replay_id BYTEA REFERENCES replays (id);
-- The state, except the two that nearly every delivery is in, so that the rare ones are found in a long log.
ALTER TABLE deliveries ADD COLUMN noteworthy TEXT GENERATED ALWAYS AS (CASE WHEN state NOT IN ('sending', 'delivered') THEN state END) STORED;

-- A planner uses a partial index only where the question itself implies the index's condition: a comparison implies IS NOT NULL,
-- while `state = ?` does not imply `state IN (...)`.
DROP INDEX deliveries_in_lane;
CREATE INDEX deliveries_in_lane ON deliveries (lane, id) WHERE lane IS NOT NULL AND finished_at IS NULL;
DROP INDEX deliveries_waiting;
CREATE INDEX deliveries_due ON deliveries (destination_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_held ON deliveries (destination_id, attempts, id) WHERE state = 'held';
DROP INDEX deliveries_noteworthy;
CREATE INDEX deliveries_noteworthy ON deliveries (noteworthy, id) WHERE noteworthy IS NOT NULL;
-- A replay makes each delivery once, however often it is begun again.
CREATE UNIQUE INDEX deliveries_of_replay ON deliveries (replay_id, event_id, connection_id) WHERE replay_id IS NOT NULL;
