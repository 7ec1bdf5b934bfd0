-- +goose Up

-- The end of SAML providers was that of their certificates, where these end
-- before the metadata. IAM does not look at that: when they end is in their
-- metadata, which is read instead (endUnknown in store/iam.go).
UPDATE saml_providers SET valid_until = -1;
