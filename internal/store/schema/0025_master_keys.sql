-- +goose Up
-- +daypass beside 20

-- The master keys that have sealed this database, by fingerprint; no row until one takes
-- the place of another. One row has replaced = 0: that key seals. finished is when
-- nothing was stored any more under a key that was replaced, and sealed is that key
-- itself, under one that came after, for as long as what it has sealed is taken. Times
-- are 0 where there is none.
CREATE TABLE master_keys (
    fingerprint {{text}}  NOT NULL PRIMARY KEY,
    since       BIGINT    NOT NULL,
    replaced    BIGINT    NOT NULL DEFAULT 0,
    finished    BIGINT    NOT NULL DEFAULT 0,
    sealed      {{bytes}}
) {{without_rowid}};

-- The fingerprints of the master keys that a node has been given, with spaces between.
ALTER TABLE notices ADD COLUMN master_keys {{text}} NOT NULL DEFAULT '';
