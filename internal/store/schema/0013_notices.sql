-- +goose Up

-- What each node of a fleet tells the others: one row for each node that runs,
-- written over and over. A node that ends takes it away; those of nodes that did not
-- are removed by the others.
CREATE TABLE notices (
    node   {{bytes}} NOT NULL PRIMARY KEY,
    number BIGINT    NOT NULL,
    body   {{bytes}} NOT NULL
) {{without_rowid}};
