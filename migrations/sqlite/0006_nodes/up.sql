-- A SQLite file has one server; nodes and what they share are known to PostgreSQL only.
SELECT 1;
