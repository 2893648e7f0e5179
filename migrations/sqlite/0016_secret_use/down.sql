ALTER TABLE sources DROP COLUMN previous_used_at;
ALTER TABLE sources DROP COLUMN secret_used_at;
