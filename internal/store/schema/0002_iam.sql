-- +goose Up

-- Roles. Names are unique ignoring case, so the key is the name in lower case;
-- the body has it as it was given.
CREATE TABLE roles (
    account  {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    id       {{text}} NOT NULL UNIQUE,
    path     {{text}} NOT NULL,
    body     {{text}} NOT NULL,
    PRIMARY KEY (account, name_key)
) {{without_rowid}};

-- The inline policies of roles. The size is what counts against the quota.
CREATE TABLE role_policies (
    role     {{text}} NOT NULL REFERENCES roles (id),
    name     {{text}} NOT NULL,
    size     BIGINT   NOT NULL,
    document {{text}} NOT NULL,
    PRIMARY KEY (role, name)
) {{without_rowid}};

-- OpenID Connect providers.
CREATE TABLE oidc_providers (
    arn     {{text}} NOT NULL PRIMARY KEY,
    account {{text}} NOT NULL,
    body    {{text}} NOT NULL
) {{without_rowid}};

CREATE INDEX oidc_providers_by_account ON oidc_providers (account, arn);
