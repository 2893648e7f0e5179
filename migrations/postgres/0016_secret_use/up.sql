-- When the present secret of a source was used last, and when the one before it: by that a person sees when the old webhook can be deleted. In milliseconds
-- since 1970.
ALTER TABLE sources ADD COLUMN secret_used_at BIGINT;
ALTER TABLE sources ADD COLUMN previous_used_at BIGINT;
