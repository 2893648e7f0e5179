-- What the last test request to a destination brought, so that its page still tells it when it is loaded again; a JSON object.
ALTER TABLE destinations ADD COLUMN tested_at BIGINT;
ALTER TABLE destinations ADD COLUMN last_test TEXT;
