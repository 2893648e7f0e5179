-- Who saved a version: a word for how they came in, and what they were called then. Nobody knows of the versions before.
ALTER TABLE connection_versions ADD COLUMN saved_by_kind TEXT;
ALTER TABLE connection_versions ADD COLUMN saved_by_name TEXT;
