-- What schema 0013 brought: what the last test request brought.
UPDATE destinations SET tested_at = 9000, last_test = '{"outcome":{"kind":"answered","status":204},"duration_ms":7,"response":""}';
