-- What schema 0003 brought: sessions with ids, second factors, invitations, the audit log.
INSERT INTO sessions VALUES (x'01900000000370008000000000000090', x'a1', x'01900000000070008000000000000001', TRUE, 3000, 4000, 3500, 'A browser', '192.0.2.1');
UPDATE users SET deactivated_at = 3100, totp_sealed = x'5e', totp_pending_sealed = x'5f', totp_last_step = 7 WHERE name = 'Ada';
INSERT INTO recovery_codes VALUES (x'01900000000070008000000000000001', x'c0de');
INSERT INTO invites VALUES (x'01900000000370008000000000000091', x'a2', 'bob@example.com', 'viewer', 'Ada', 3000, 4000);
UPDATE api_tokens SET expires_at = 9000, created_by = 'Ada';
INSERT INTO audit_log VALUES (x'01900000000370008000000000000092', 3000, 'person', '1', 'Ada', '192.0.2.1', 'created', 'source', '2', 'Ada made the source Blue.');
