-- By what is judged whether a failing destination has recovered, whichever node saw it and whoever started again since: when an attempt at it failed
-- last and when one arrived last, as far as that is noted. Null while it is not marked as failing, and when nothing of the kind was
-- seen since it was resumed.
ALTER TABLE destinations ADD COLUMN last_failed_at BIGINT;
ALTER TABLE destinations ADD COLUMN last_arrived_at BIGINT;
UPDATE destinations SET last_failed_at = failing_since WHERE failing_since IS NOT NULL;
