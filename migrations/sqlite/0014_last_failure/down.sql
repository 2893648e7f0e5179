ALTER TABLE destinations DROP COLUMN last_arrived_at;
ALTER TABLE destinations DROP COLUMN last_failed_at;
