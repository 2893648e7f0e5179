-- More deliveries matched than were counted when the replay was asked for.
ALTER TABLE replays ADD COLUMN at_least BOOLEAN NOT NULL DEFAULT FALSE;
-- Matching deliveries whose event and connection had been made by this replay before.
ALTER TABLE replays ADD COLUMN repeated BIGINT NOT NULL DEFAULT 0;
-- How many were left out, by reason, as JSON.
ALTER TABLE replays ADD COLUMN left_out TEXT NOT NULL DEFAULT '{}';
-- The pace is used up until this time, so that it is kept over a restart and between nodes.
ALTER TABLE replays ADD COLUMN paced_until BIGINT NOT NULL DEFAULT 0;
-- Who asked for it, and who stopped it.
ALTER TABLE replays ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE replays ADD COLUMN cancelled_by TEXT;

-- The deliveries of a replay in their order: its part of the log, and giving up what waits of it.
CREATE INDEX deliveries_by_replay ON deliveries (replay_id, id) WHERE replay_id IS NOT NULL;
