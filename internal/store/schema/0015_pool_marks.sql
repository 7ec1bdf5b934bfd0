-- +goose Up

-- A pool's mark is random and new with each change of the pool, so that who adds an
-- identity can tell, in the same statement, whether the pool is still what they have
-- read. Pools that have not changed since this migration have 0.
ALTER TABLE pools ADD COLUMN mark BIGINT NOT NULL DEFAULT 0;
