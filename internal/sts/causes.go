package sts

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
// Those that begin with login- are the causes of package login.
const (
	// The session token has expired.
	causeExpiredSession awsapi.Cause = "expired-session"
	// Credentials of GetSessionToken cannot call IAM, because daypass has no second factors.
	causeKeyForOthers awsapi.Cause = "key-for-others"
	// The session token does not belong to the access key, was truncated, or is from another deployment.
	causeUnknownToken awsapi.Cause = "unknown-session"
	// The access key of a session came without its session token.
	causeTokenMissing awsapi.Cause = "session-token-missing"
	// A long-term access key came with a session token.
	causeTokenLeftOver awsapi.Cause = "session-token-left-over"
	// The access key that GetSessionToken was called with was made inactive or deleted, or got another secret, and the session ended with it.
	causeParentKey awsapi.Cause = "parent-key"
	// Credentials of GetSessionToken cannot call the operation.
	causeSessionCredentials awsapi.Cause = "session-credentials"
	// The session was issued after a change that the database has lost: it was restored, or failed over without its last changes.
	causeSessionLost awsapi.Cause = "session-lost"
	// The session, or one that it was derived from, was revoked.
	causeRevokedSession awsapi.Cause = "revoked-session"
	// The text is neither an access key ID that contains an account nor root's key.
	causeAccessKeyID awsapi.Cause = "access-key-id"
	// The caller's own policies deny to assume the role, or their session policies do not allow it, or their permissions boundary does not and the role's trust policy names neither the user nor the session itself.
	causeCallerDenied awsapi.Cause = "caller-denied"
	// The caller's user or role was deleted.
	causeCallerGone awsapi.Cause = "caller-gone"
	// The role's trust policy delegates to the account, and the caller's own policies do not allow it.
	causeCallerRefused awsapi.Cause = "caller-refused"
	// A session of a role asks to assume another role for more than an hour.
	causeChainDuration awsapi.Cause = "chain-duration"
	// The session would last longer than the role's MaxSessionDuration.
	causeDuration awsapi.Cause = "duration"
	// The account has no OpenID Connect provider for the token's issuer; the detail has the issuer, and providers that differ only by the slash or the scheme.
	causeIssuerUnknown awsapi.Cause = "issuer-unknown"
	// The call has an MFA code, but daypass has no MFA devices.
	causeMFAUnsupported awsapi.Cause = "mfa-unsupported"
	// A session of a role is to assume the same role, whose trust policy does not name the role or the session.
	causeOwnRole awsapi.Cause = "own-role"
	// Session policies and session tags are too large together.
	causePackedSize awsapi.Cause = "packed-size"
	// The session policy breaks the rules of the policy language; the detail says where.
	causePolicyMalformed awsapi.Cause = "policy-malformed"
	// The call names a session policy that is not a managed policy of the role's account or of AWS, or too many of them.
	causePolicyMissing awsapi.Cause = "policy-missing"
	// The call has ProvidedContexts, which daypass does not support.
	causeProvidedContextsUnsupported awsapi.Cause = "provided-contexts-unsupported"
	// The ProviderId is not that of a provider of access tokens.
	causeProviderID awsapi.Cause = "provider-id"
	// The value is not the ARN of a role.
	causeRoleArn awsapi.Cause = "role-arn"
	// The role belongs to another account.
	causeRoleForeign awsapi.Cause = "role-foreign"
	// IAM has no such role; one of this name, with another path or in another case, is in role_of_this_name.
	causeRoleMissing awsapi.Cause = "role-missing"
	// The account's root cannot assume roles.
	causeRootCaller awsapi.Cause = "root-caller"
	// The SAML response does not list the role together with the provider in its Role attribute.
	causeRoleNotOffered awsapi.Cause = "role-not-offered"
	// The stored metadata of the SAML provider cannot be read.
	causeSAMLMetadata awsapi.Cause = "saml-metadata"
	// The account has no such SAML provider.
	causeSAMLProviderMissing awsapi.Cause = "saml-provider-missing"
	// The SessionDuration attribute of the SAML response is not a number of seconds that a session can last.
	causeSAMLSessionDuration awsapi.Cause = "saml-session-duration"
	// The SAML response has no RoleSessionName attribute, several, or one that cannot be the name of a session.
	causeSAMLSessionName awsapi.Cause = "saml-session-name"
	// The SAML response was issued more than five minutes ago.
	causeSAMLStale awsapi.Cause = "saml-stale"
	// A session cannot call GetSessionToken: it needs a long-term access key.
	causeSessionCaller awsapi.Cause = "session-caller"
	// The token's source identity is malformed.
	causeSourceIdentity awsapi.Cause = "source-identity"
	// The caller's session has a source identity, which cannot be replaced by another.
	causeSourceIdentityFixed awsapi.Cause = "source-identity-fixed"
	// The role's trust policy does not allow sts:SetSourceIdentity, which a session with a source identity needs.
	causeSourceIdentityRefused awsapi.Cause = "source-identity-refused"
	// The session tags break the rules for tags; the detail says which.
	causeTags awsapi.Cause = "session-tags"
	// The role's trust policy does not allow sts:TagSession, which a session with tags needs.
	causeTagSessionRefused awsapi.Cause = "tag-session-refused"
	// The session token would be too long.
	causeTokenTooLarge awsapi.Cause = "session-too-large"
	// A statement of the role's trust policy denies.
	causeTrustDenied awsapi.Cause = "trust-denied"
	// The role's trust policy does not allow the provider or the caller the operation.
	causeTrustAction awsapi.Cause = "trust-action"
	// The role's trust policy asks for another amr: another kind of user, or another provider.
	causeTrustAMR awsapi.Cause = "trust-amr"
	// The role's trust policy asks for another aud: another identity pool, or another client.
	causeTrustAudience awsapi.Cause = "trust-audience"
	// A condition of the role's trust policy is not met; the detail says which.
	causeTrustCondition awsapi.Cause = "trust-condition"
	// The role's trust policy asks for a condition key that no such request has; the detail says which one is nearest.
	causeTrustKeyUnknown awsapi.Cause = "trust-key-unknown"
	// The role's trust policy names neither the provider as a Federated principal nor the caller.
	causeTrustPrincipal awsapi.Cause = "trust-principal"
	// The OpenID token was issued after a change that the database has lost: it was restored, or failed over without its last changes.
	causeTokenLost awsapi.Cause = "token-lost"
	// The OpenID token, or a session or login that it was derived from, was revoked.
	causeTokenRevoked awsapi.Cause = "token-revoked"
)
