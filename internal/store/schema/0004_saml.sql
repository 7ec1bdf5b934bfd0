-- +goose Up

-- SAML providers. The times, in milliseconds, are also in the body: a listing
-- does not read the metadata, which may be long.
CREATE TABLE saml_providers (
    arn         {{text}} NOT NULL PRIMARY KEY,
    account     {{text}} NOT NULL,
    created     BIGINT   NOT NULL,
    valid_until BIGINT   NOT NULL,
    body        {{text}} NOT NULL
);

CREATE INDEX saml_providers_by_account ON saml_providers (account, arn, created, valid_until);
