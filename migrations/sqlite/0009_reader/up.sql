-- How somebody reads the pages; without either, their browser says it.
ALTER TABLE users ADD COLUMN language TEXT;
-- A name of the IANA time zone database.
ALTER TABLE users ADD COLUMN time_zone TEXT;
