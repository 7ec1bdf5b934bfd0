-- +goose Up

-- Since when the region of a signing key has had no identity pools; NULL where it
-- has some, or where nobody has looked yet.
ALTER TABLE signing_keys ADD COLUMN unused BIGINT;

-- The number of the last key of a region that was removed: another key never
-- gets its key id.
CREATE TABLE signing_key_numbers (
    region {{text}} NOT NULL PRIMARY KEY,
    last   BIGINT   NOT NULL
) {{without_rowid}};
