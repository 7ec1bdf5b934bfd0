-- +goose Up

-- Identities that nobody can reach any more, by when that came about: those that
-- were merged into another (state 2) and those that have lost their last login.
-- They are few among many, and go after a while.
CREATE INDEX identities_dead ON identities ((created + modified)) WHERE state = 2 OR (state = 1 AND logins IS NULL);
