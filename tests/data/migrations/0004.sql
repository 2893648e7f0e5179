-- What schema 0004 brought: what a replay tells.
UPDATE replays SET at_least = TRUE, repeated = 2, left_out = '{"connection_deleted":3}', paced_until = 2005, created_by = 'Ada', cancelled_by = 'Bob'
WHERE state = 'finished';
