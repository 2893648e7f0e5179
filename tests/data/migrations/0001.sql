-- Rows for every table of schema 0001; ids are written so that they can be told apart by eye.
INSERT INTO users VALUES (x'01900000000070008000000000000001', 'ada@example.com', 'Ada', 'hash', 'owner', 1000);
INSERT INTO sessions VALUES (x'aa', x'01900000000070008000000000000001', 1000, 2000);
INSERT INTO api_tokens VALUES (x'01900000000070008000000000000002', 'ci', x'bb', 'editor', 1000, 1500, NULL);
INSERT INTO idempotency_keys VALUES (x'cc', x'dd', 201, x'ee', 1000);
INSERT INTO key_check VALUES (1, x'ff');
INSERT INTO sources (id, name, token, require_signature, secret_sealed, created_at, updated_at, last_heard_at, signature_problem_code, signature_problem_message, signature_problem_at, signature_problem_count)
VALUES (x'01900000000070008000000000000010', 'Blue', 'tok', TRUE, x'5e', 1000, 1000, 1200, 'wrong', 'It does not fit.', 1100, 3);
INSERT INTO destinations (id, name, kind, settings_sealed, created_at, updated_at, failing_since, last_failure, paused_at, paused_reason)
VALUES (x'01900000000070008000000000000020', 'Receiver', 'webhook', x'5e', 1000, 1000, 1100, 'status 500', 1200, 'By Ada.'),
       (x'01900000000070008000000000000021', 'Gone', 'webhook', x'5e', 1000, 1000, NULL, NULL, NULL, NULL);
UPDATE destinations SET deleted_at = 1300 WHERE name = 'Gone';
INSERT INTO connections VALUES (x'01900000000070008000000000000030', 'Through', x'01900000000070008000000000000010', x'01900000000070008000000000000041', TRUE, 1000, 1100, NULL);
INSERT INTO connection_versions VALUES
    (x'01900000000070008000000000000040', x'01900000000070008000000000000030', 1, x'01900000000070008000000000000021', '{"mapping":{"mode":"passthrough"}}', 1000),
    (x'01900000000070008000000000000041', x'01900000000070008000000000000030', 2, x'01900000000070008000000000000020', '{"mapping":{"mode":"passthrough"}}', 1100);
INSERT INTO events (id, source_id, event_type, record_id, record_title, list_id, list_title, project_id, project_name, company_id, occurred_at, received_at, is_test, body)
VALUES (x'01900000000170008000000000000050', x'01900000000070008000000000000010', 'TODO_CREATED', 'r', 'Title', 'l', 'List', 'p', 'Project', 'c', 1000, 1001, FALSE, CAST('{"a":1}' AS BLOB)),
       (x'01900000000170008000000000000051', x'01900000000070008000000000000010', 'ANY', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1002, TRUE, CAST('{}' AS BLOB));
INSERT INTO deliveries (id, event_id, connection_id, version_id, destination_id, cause, state, attempts, created_at, lane, due_at, claim_id, lease_until, finished_at, last_status, last_outcome, problem)
SELECT unhex('0190000000017000800000000000006' || number), x'01900000000170008000000000000050', x'01900000000070008000000000000030', x'01900000000070008000000000000041', x'01900000000070008000000000000020',
    CASE number WHEN 0 THEN 'event' ELSE 'resend' END, state, number, 1001, CASE number WHEN 3 THEN x'00' END,
    CASE WHEN state IN ('queued', 'retrying') THEN 1500 END,
    CASE WHEN state = 'sending' THEN x'01900000000070008000000000000099' END, CASE WHEN state = 'sending' THEN 1600 END,
    CASE WHEN state IN ('skipped', 'mapping_failed', 'delivered', 'failed', 'discarded') THEN 1700 END,
    CASE WHEN state = 'delivered' THEN 200 END, CASE WHEN state = 'delivered' THEN 'delivered' END,
    CASE WHEN state IN ('mapping_failed', 'discarded') THEN 'Because.' END
FROM (SELECT 0 AS number, 'delivered' AS state UNION ALL SELECT 1, 'skipped' UNION ALL SELECT 2, 'mapping_failed' UNION ALL SELECT 3, 'queued'
    UNION ALL SELECT 4, 'held' UNION ALL SELECT 5, 'sending' UNION ALL SELECT 6, 'retrying' UNION ALL SELECT 7, 'failed' UNION ALL SELECT 8, 'discarded') AS states;
INSERT INTO attempts VALUES (x'01900000000170008000000000000060', 1, 1100, 12, '{"kind":"answered","status":200}', 'POST https://example.com/', '[["a","b"]]', '[]', x'6f6b', FALSE);
