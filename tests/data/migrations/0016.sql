-- What schema 0016 brought: when each secret was used last.
UPDATE sources SET secret_used_at = 9000, previous_used_at = 8000;
