-- A SQLite file fills the room of deleted rows by itself; clearing away is PostgreSQL's matter.
SELECT 1;
