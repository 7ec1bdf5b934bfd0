-- +goose Up
-- +daypass beside 20

-- Which file the nodes of this database were started with (--seed): one row, whose ID is
-- 1, and no row before the first. file is a hash of what the file says, claim is the node
-- that applies it now, empty for none, and beat counts while it does.
CREATE TABLE seeds (
    id    BIGINT   NOT NULL PRIMARY KEY,
    file  {{text}} NOT NULL,
    claim {{text}} NOT NULL,
    beat  BIGINT   NOT NULL,
    done  BIGINT   NOT NULL
) {{without_rowid}};
