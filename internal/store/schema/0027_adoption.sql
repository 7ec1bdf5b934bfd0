-- +goose Up

-- Whether a pool asks the service that it was imported from (adopts) is in its body; here
-- as well, because the identities of such a pool that nobody can reach are kept: some
-- have their logins there.
ALTER TABLE pools ADD COLUMN adopts BIGINT NOT NULL DEFAULT 0;

-- Marks of logins that were unlinked, and of identities that were deleted, in pools that
-- adopt: what they stand for is not adopted again. A mark is a hash under a key of the
-- pool's, which is forgotten with the adoption.
CREATE TABLE unadopted (
    pool BIGINT    NOT NULL,
    mark {{bytes}} NOT NULL,
    PRIMARY KEY (pool, mark)
) {{without_rowid}};
