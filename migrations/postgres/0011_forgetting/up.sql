-- The oldest rows are deleted all the time. Cleared away early, their room is there for the next ones, and the tables do not grow; by default that
-- waits until a fifth of a table is dead.
ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
ALTER TABLE attempts SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
