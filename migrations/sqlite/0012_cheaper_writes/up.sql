-- SQLite's checks cost next to nothing, and could only be taken away by writing the tables anew.
SELECT 1;
