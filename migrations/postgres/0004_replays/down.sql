DROP INDEX deliveries_by_replay;

ALTER TABLE replays DROP COLUMN cancelled_by;
ALTER TABLE replays DROP COLUMN created_by;
ALTER TABLE replays DROP COLUMN paced_until;
ALTER TABLE replays DROP COLUMN left_out;
ALTER TABLE replays DROP COLUMN repeated;
ALTER TABLE replays DROP COLUMN at_least;
