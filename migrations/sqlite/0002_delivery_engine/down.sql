-- Dropping a table deletes its rows first, and a delivery that refers to one would refuse that.
UPDATE deliveries SET replay_id = NULL;
DROP TABLE replays;

ALTER TABLE destinations DROP COLUMN probes;
ALTER TABLE destinations DROP COLUMN probe_at;

DROP INDEX deliveries_of_replay;
DROP INDEX deliveries_noteworthy;
CREATE INDEX deliveries_noteworthy ON deliveries (state, id) WHERE state NOT IN ('sending', 'delivered');
DROP INDEX deliveries_held;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_waiting ON deliveries (destination_id, state, due_at) WHERE state IN ('queued', 'retrying', 'held');
DROP INDEX deliveries_in_lane;
CREATE INDEX deliveries_in_lane ON deliveries (lane, id) WHERE lane IS NOT NULL AND state IN ('queued', 'held', 'sending', 'retrying');

ALTER TABLE deliveries DROP COLUMN noteworthy;
-- The column refers to a table that is gone; SQLite drops it all the same.
ALTER TABLE deliveries DROP COLUMN replay_id;
ALTER TABLE deliveries DROP COLUMN free_attempts;

-- The keys are not brought back: events of the last minutes may be taken twice.
CREATE TABLE event_keys (
    key        BLOB   PRIMARY KEY NOT NULL,
    event_id   BLOB   NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX event_keys_by_expiry ON event_keys (expires_at);
DROP INDEX events_once;
ALTER TABLE events DROP COLUMN dedupe_key;
