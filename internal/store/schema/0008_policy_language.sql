-- +goose Up

-- In which language the policies of an account were last looked through for what
-- means something else than it did. The first language has no row.
CREATE TABLE policy_languages (
    account  {{text}} NOT NULL PRIMARY KEY,
    language BIGINT   NOT NULL
) {{without_rowid}};
