-- Whose invitations are withdrawn with their account or their rights. Null in those that were made before; they run out within days.
ALTER TABLE invites ADD COLUMN invited_by_id BYTEA;
