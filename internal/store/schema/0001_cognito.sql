-- +goose Up

-- Identity pools. The number stands for the pool in the rows of its
-- identities; it is random, and no other pool gets it while rows of this one
-- are left.
CREATE TABLE pools (
    id      {{text}} NOT NULL PRIMARY KEY,
    account {{text}} NOT NULL,
    region  {{text}} NOT NULL,
    number  BIGINT   NOT NULL UNIQUE,
    body    {{text}} NOT NULL
) {{without_rowid}};

CREATE INDEX pools_by_region ON pools (account, region, id);

-- Pools that are gone and whose identities are still being swept away.
CREATE TABLE dead_pools (
    number BIGINT NOT NULL PRIMARY KEY
) {{without_rowid}};

-- Identities: the hot table, kept small. The ID is the 16 bytes of the GUID,
-- modified counts milliseconds from created, state is 0 for a guest, 1 for an
-- authenticated identity and 2 for a disabled one, merged_into says where the
-- logins of a disabled one went. The logins are in here whole, so that one
-- look-up answers who may use the identity.
CREATE TABLE identities (
    id          {{bytes}} NOT NULL PRIMARY KEY,
    pool        BIGINT    NOT NULL,
    created     BIGINT    NOT NULL,
    modified    BIGINT    NOT NULL,
    state       BIGINT    NOT NULL,
    merged_into {{bytes}},
    logins      {{bytes}}
) {{without_rowid}};

CREATE INDEX identities_by_pool ON identities (pool, id);

-- Who has a login. The primary key holds the invariant of the whole service: a
-- login belongs to at most one active identity of a pool. The subject is there
-- as the first 16 bytes of its SHA-256, so that a long one takes no more room.
CREATE TABLE logins (
    pool     BIGINT    NOT NULL,
    provider BIGINT    NOT NULL,
    subject  {{bytes}} NOT NULL,
    identity {{bytes}} NOT NULL,
    PRIMARY KEY (pool, provider, subject)
) {{without_rowid}};
