-- What schema 0002 brought: keys of events, replays and their deliveries, probes.
INSERT INTO events (id, source_id, event_type, received_at, is_test, body, dedupe_key)
VALUES (x'01900000000270008000000000000052', x'01900000000070008000000000000010', 'TODO_CREATED', 2001, FALSE, CAST('{}' AS BLOB), x'0102');
UPDATE destinations SET probe_at = 2100, probes = 2 WHERE name = 'Receiver';
UPDATE deliveries SET free_attempts = 1 WHERE state = 'held';
INSERT INTO replays (id, selection, version, per_second, state, matching, position, looked_at, queued, created_at, finished_at)
VALUES (x'01900000000270008000000000000070', '{"states":["failed"]}', 'then', 5, 'running', 9, x'01900000000170008000000000000067', 1, 1, 2002, NULL),
       (x'01900000000270008000000000000071', '{}', 'now', 10, 'finished', 0, NULL, 0, 0, 2003, 2004);
INSERT INTO deliveries (id, event_id, connection_id, version_id, destination_id, cause, state, created_at, due_at, replay_id)
VALUES (x'01900000000270008000000000000080', x'01900000000170008000000000000050', x'01900000000070008000000000000030', x'01900000000070008000000000000041', x'01900000000070008000000000000020',
    'replay', 'queued', 2002, 2002, x'01900000000270008000000000000070');
