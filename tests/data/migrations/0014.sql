-- What schema 0014 brought: by what the recovery of a failing destination is judged.
UPDATE destinations SET last_failed_at = 9100, last_arrived_at = 9200 WHERE failing_since IS NOT NULL;
