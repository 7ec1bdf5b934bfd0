-- +goose Up

-- The keys that sign OpenID tokens, the private part sealed.
CREATE TABLE signing_keys (
    kid         {{text}}  NOT NULL PRIMARY KEY,
    region      {{text}}  NOT NULL,
    created     BIGINT    NOT NULL,
    sign_after  BIGINT    NOT NULL,
    certificate {{bytes}} NOT NULL,
    sealed      {{bytes}} NOT NULL
) {{without_rowid}};

-- What this database is sealed under: a known text, sealed with the master key
-- that it was made with.
CREATE TABLE seals (
    name   {{text}}  NOT NULL PRIMARY KEY,
    sealed {{bytes}} NOT NULL
) {{without_rowid}};
