-- +goose Up

-- Which database is being brought here, while that is not finished: one row, whose ID
-- is 1, and no row otherwise. A database with a row is not whole, and nobody serves it.
CREATE TABLE moving (
    id     BIGINT   NOT NULL PRIMARY KEY,
    source {{text}} NOT NULL
) {{without_rowid}};
