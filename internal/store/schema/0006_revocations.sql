-- +goose Up

-- What was handed out and is void: everything that stems from the target and
-- was issued up to a moment. Rows are dropped when nothing of that is left.
CREATE TABLE revocations (
    kind        {{text}} NOT NULL,
    name        {{text}} NOT NULL,
    user_name   {{text}} NOT NULL,
    pool        {{text}} NOT NULL,
    void_before BIGINT   NOT NULL,
    created     BIGINT   NOT NULL,
    PRIMARY KEY (kind, name, user_name, pool)
) {{without_rowid}};

CREATE INDEX revocations_by_age ON revocations (created);
