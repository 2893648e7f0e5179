-- By what is judged whether a failing destination has recovered, whichever node saw it and whoever started again since: when an attempt at it failed
-- last and when one arrived last, as far as that is noted. Null while it is not marked as failing, and when nothing of the kind was
-- seen since it was resumed.
ALTER TABLE destinations ADD COLUMN last_failed_at BIGINT;
ALTER TABLE destinations ADD COLUMN last_arrived_at BIGINT;
-- Not when these two are noted: nothing works by them, and a failing destination would make every node read everything again for each note. And not
-- by a statement that found nothing to change, as one that asks every second whether a destination has recovered: therefore for each row.
DROP TRIGGER destinations_changed ON destinations;
CREATE TRIGGER destinations_changed
    AFTER INSERT OR DELETE OR UPDATE OF name, kind, settings_sealed, created_at, updated_at, deleted_at, failing_since, last_failure, paused_at,
        paused_reason, probe_at, probes, tested_at, last_test
    ON destinations FOR EACH ROW EXECUTE FUNCTION configuration_changed();
UPDATE destinations SET last_failed_at = failing_since WHERE failing_since IS NOT NULL;
