-- What schema 0017 brought: who saved a version.
UPDATE connection_versions SET saved_by_kind = 'person', saved_by_name = 'Ada';
