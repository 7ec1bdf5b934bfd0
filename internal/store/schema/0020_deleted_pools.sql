-- +goose Up

-- The IDs of pools that were deleted: roles and stores may still trust them, so one
-- is given out again only to somebody who says that it is meant.
CREATE TABLE deleted_pools (
    id      {{text}} NOT NULL PRIMARY KEY,
    deleted BIGINT   NOT NULL
) {{without_rowid}};
