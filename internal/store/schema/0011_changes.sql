-- +goose Up

-- How often what nodes keep in memory has changed: one row, whose ID is 1. Each
-- such change takes the next number and writes a mark of its own, so that two
-- histories which come to the same number differ in it. The epoch is new in each
-- database, and when a database goes on from an older state than nodes have seen.
CREATE TABLE change (
    id     BIGINT    NOT NULL PRIMARY KEY,
    epoch  {{bytes}} NOT NULL,
    number BIGINT    NOT NULL,
    mark   {{bytes}} NOT NULL
) {{without_rowid}};

-- What each of the last changes made out of date, number by number without a gap.
CREATE TABLE change_log (
    number BIGINT    NOT NULL PRIMARY KEY,
    mark   {{bytes}} NOT NULL,
    what   {{text}}  NOT NULL
) {{without_rowid}};
