DROP TRIGGER destinations_changed ON destinations;
CREATE TRIGGER destinations_changed AFTER INSERT OR DELETE OR UPDATE ON destinations FOR EACH STATEMENT EXECUTE FUNCTION configuration_changed();
ALTER TABLE destinations DROP COLUMN last_arrived_at;
ALTER TABLE destinations DROP COLUMN last_failed_at;
