package sts

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
// Those that begin with login- are the causes of package login.
const (
	// The session token was good once.
	causeExpiredSession awsapi.Cause = "expired-session"
	// IAM takes no credentials of GetSessionToken, since none of them were got with a second factor.
	causeKeyForOthers awsapi.Cause = "key-for-others"
	// The session token is not that of the access key, or was cut, or is of another deployment.
	causeUnknownToken awsapi.Cause = "unknown-session"
	// The access key is a session's, and comes without its session token.
	causeTokenMissing awsapi.Cause = "session-token-missing"
	// The access key is a long-term one, and comes with a session token.
	causeTokenLeftOver awsapi.Cause = "session-token-left-over"
	// The access key that GetSessionToken was called with was made inactive or deleted, and the session ended with it.
	causeParentKey awsapi.Cause = "parent-key"
	// The operation takes no credentials of GetSessionToken.
	causeSessionCredentials awsapi.Cause = "session-credentials"
	// The session, or what it stems from, was revoked.
	causeRevokedSession awsapi.Cause = "revoked-session"
	// The text is no access key ID that tells an account, and no key of root.
	causeAccessKeyID awsapi.Cause = "access-key-id"
	// The caller's own policies deny to assume the role, or their session policies do not allow it, or their permissions boundary does not and the role's trust policy names neither the user nor the session itself.
	causeCallerDenied awsapi.Cause = "caller-denied"
	// The caller's user or role was deleted.
	causeCallerGone awsapi.Cause = "caller-gone"
	// The role's trust policy leaves it to the account who may assume the role, and the caller's own policies do not allow it.
	causeCallerRefused awsapi.Cause = "caller-refused"
	// A session of a role is to assume another role for more than an hour.
	causeChainDuration awsapi.Cause = "chain-duration"
	// A session is to last longer than its role's MaxSessionDuration.
	causeDuration awsapi.Cause = "duration"
	// The token's issuer is that of no OpenID Connect provider of the account.
	causeIssuerUnknown awsapi.Cause = "issuer-unknown"
	// There are no MFA devices, and so no code of one is right.
	causeMFAUnsupported awsapi.Cause = "mfa-unsupported"
	// A session of a role is to assume the same role, whose trust policy does not name the role or the session.
	causeOwnRole awsapi.Cause = "own-role"
	// Session policies and session tags together take more room than there is.
	causePackedSize awsapi.Cause = "packed-size"
	// The session policy breaks the rules of the policy language; the detail says where.
	causePolicyMalformed awsapi.Cause = "policy-malformed"
	// A session policy is named that is no managed policy of the role's account or of AWS, or more are named than a session can have.
	causePolicyMissing awsapi.Cause = "policy-missing"
	// What other providers vouch for cannot be verified.
	causeProvidedContextsUnsupported awsapi.Cause = "provided-contexts-unsupported"
	// The ProviderId is that of no provider of access tokens.
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
	// Sessions cannot get sessions of their own: it takes a long-term access key.
	causeSessionCaller awsapi.Cause = "session-caller"
	// The token's source identity has a form that it cannot have.
	causeSourceIdentity awsapi.Cause = "source-identity"
	// The caller's session has a source identity, which cannot be replaced by another.
	causeSourceIdentityFixed awsapi.Cause = "source-identity-fixed"
	// The role's trust policy does not allow sts:SetSourceIdentity, which a session with a source identity needs.
	causeSourceIdentityRefused awsapi.Cause = "source-identity-refused"
	// The session tags break the rules for tags; the detail says which.
	causeTags awsapi.Cause = "session-tags"
	// The role's trust policy does not allow sts:TagSession, which a session with tags needs.
	causeTagSessionRefused awsapi.Cause = "tag-session-refused"
	// The session token would be longer than clients can be asked to send.
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
	// The OpenID token of ours, or what it stems from, was revoked.
	causeTokenRevoked awsapi.Cause = "token-revoked"
)
