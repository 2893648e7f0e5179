-- What schema 0008 brought: counts.
INSERT INTO delivery_counts VALUES ('minute', 0, x'01900000000070008000000000000020', 1, 2, 3, 4, 5, 6, '[1]', 8000);
INSERT INTO event_counts VALUES ('hour', 0, 9);
INSERT INTO count_progress VALUES (1, 60000);
