ALTER TABLE connection_versions DROP COLUMN saved_by_name;
ALTER TABLE connection_versions DROP COLUMN saved_by_kind;
