-- +goose Up

-- What was issued by a change with a smaller number is void; 0 where only time
-- counts, as in all older rows.
ALTER TABLE revocations ADD COLUMN void_below BIGINT NOT NULL DEFAULT 0;

-- Where there is a number: the moment up to which what bears a number is void all
-- the same, since somebody asked for it; 0 for none. void_before is for what bears no
-- number, and for versions that do not count.
ALTER TABLE revocations ADD COLUMN void_asked BIGINT NOT NULL DEFAULT 0;
