-- +goose Up

-- Managed policies of the account. Names are unique ignoring case, whatever the
-- path. The unique ID stands for the policy in the rows of its versions.
CREATE TABLE policies (
    arn      {{text}} NOT NULL PRIMARY KEY,
    id       {{text}} NOT NULL UNIQUE,
    account  {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    path     {{text}} NOT NULL,
    body     {{text}} NOT NULL,
    UNIQUE (account, name_key)
) {{without_rowid}};

-- The versions of managed policies. A number is never used again.
CREATE TABLE policy_versions (
    policy   {{text}} NOT NULL REFERENCES policies (id),
    number   BIGINT   NOT NULL,
    created  BIGINT   NOT NULL,
    document {{text}} NOT NULL,
    PRIMARY KEY (policy, number)
) {{without_rowid}};

-- Users. The key is the name in lower case, as with roles.
CREATE TABLE users (
    account  {{text}} NOT NULL,
    name_key {{text}} NOT NULL,
    id       {{text}} NOT NULL UNIQUE,
    path     {{text}} NOT NULL,
    body     {{text}} NOT NULL,
    PRIMARY KEY (account, name_key)
) {{without_rowid}};

-- The inline policies of users. The size is what counts against the quota.
CREATE TABLE user_policies (
    owner    {{text}} NOT NULL REFERENCES users (id),
    name     {{text}} NOT NULL,
    size     BIGINT   NOT NULL,
    document {{text}} NOT NULL,
    PRIMARY KEY (owner, name)
) {{without_rowid}};

-- Which managed policies users and roles have, by their unique IDs: a policy of
-- the account or one of AWS's, as a permissions policy (purpose 1) or as the
-- permissions boundary (purpose 2).
CREATE TABLE policy_uses (
    principal {{text}} NOT NULL,
    purpose   BIGINT   NOT NULL,
    policy    {{text}} NOT NULL,
    account   {{text}} NOT NULL,
    PRIMARY KEY (principal, purpose, policy)
) {{without_rowid}};

CREATE INDEX policy_uses_by_policy ON policy_uses (account, policy, purpose, principal);

-- The long-term access keys of users, the secret sealed. The body also says when
-- a key was last used, which is written now and then.
CREATE TABLE access_keys (
    id     {{text}}  NOT NULL PRIMARY KEY,
    owner  {{text}}  NOT NULL REFERENCES users (id),
    sealed {{bytes}} NOT NULL,
    body   {{text}}  NOT NULL
) {{without_rowid}};

CREATE INDEX access_keys_by_owner ON access_keys (owner, id);
