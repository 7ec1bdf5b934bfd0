-- +goose Up
-- +daypass beside 20

-- Records of requests that have changed something, each committed with its change,
-- until the sinks of the audit trail have them. A record is the node's that wrote it,
-- and has the next of its numbers; owner is the node that delivers it, since a moment by
-- that node's clock.
CREATE TABLE audit_records (
    node   {{bytes}} NOT NULL,
    number BIGINT    NOT NULL,
    owner  {{bytes}} NOT NULL,
    since  BIGINT    NOT NULL,
    record {{bytes}} NOT NULL,
    PRIMARY KEY (node, number)
) {{without_rowid}};

CREATE INDEX audit_records_by_owner ON audit_records (owner, number);
