-- The table of keys is SQLite's only: PostgreSQL came later.
INSERT INTO event_keys VALUES (x'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', x'01900000000170008000000000000050', 9000);
