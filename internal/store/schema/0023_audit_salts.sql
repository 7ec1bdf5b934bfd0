-- +goose Up
-- +daypass beside 20

-- The salts of an identity, 16 bytes each: what hashes of its logins in audit records
-- are made with. The first is its own, the others are those of identities that were
-- merged into it. NULL where nothing is recorded.
ALTER TABLE identities ADD COLUMN salts {{bytes}};

-- The salts of days, counted from 1970 in UTC, for logins that have no identity. One
-- is removed when the records of its day are.
CREATE TABLE audit_salts (
    day  BIGINT    NOT NULL PRIMARY KEY,
    salt {{bytes}} NOT NULL
) {{without_rowid}};
