ALTER TABLE invites DROP COLUMN invited_by_id;
