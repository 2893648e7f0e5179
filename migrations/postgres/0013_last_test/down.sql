ALTER TABLE destinations DROP COLUMN last_test;
ALTER TABLE destinations DROP COLUMN tested_at;
