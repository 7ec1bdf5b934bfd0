package iam

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The access key belongs to another account, for example a real AWS account.
	causeForeignKey awsapi.Cause = "foreign-key"
	// The access key was made inactive.
	causeInactiveKey awsapi.Cause = "inactive-key"
	// Nobody has such an access key.
	causeUnknownKey awsapi.Cause = "unknown-key"
	// The user has no access key with this ID.
	causeAccessKeyMissing awsapi.Cause = "access-key-missing"
	// An access key can be made active or inactive, and nothing else.
	causeAccessKeyStatus awsapi.Cause = "access-key-status"
	// The value is not an ARN of the kind that the operation is about: of a managed policy, of a provider.
	causeArn awsapi.Cause = "arn"
	// The caller's permissions boundary denies the action; the detail says which statement.
	causeBoundaryDenied awsapi.Cause = "boundary-denied"
	// The caller's permissions boundary does not allow the action; the detail says what comes nearest.
	causeBoundaryRefused awsapi.Cause = "boundary-refused"
	// No user is named, and the caller is none.
	causeCallerIsNoUser awsapi.Cause = "caller-is-no-user"
	// There are no groups.
	causeGroupMissing awsapi.Cause = "group-missing"
	// An identity-based policy of the caller denies the action; the detail says which one.
	causeIdentityPolicyDenied awsapi.Cause = "identity-policy-denied"
	// No identity-based policy of the caller allows the action; the detail says what comes nearest.
	causeIdentityPolicyRefused awsapi.Cause = "identity-policy-refused"
	// The provider's URL does not begin with https://, or does with http:// where that is not allowed.
	causeIssuerNotHTTPS awsapi.Cause = "issuer-not-https"
	// The provider's URL is the issuer of our own tokens, or the URL of this service.
	causeIssuerOwn awsapi.Cause = "issuer-own"
	// The provider's URL cannot be that of an OpenID Connect issuer.
	causeIssuerURL awsapi.Cause = "issuer-url"
	// The user has as many access keys as it may.
	causeLimitAccessKeys awsapi.Cause = "limit-access-keys"
	// The user or role has as many managed policies as it may.
	causeLimitAttachedPolicies awsapi.Cause = "limit-attached-policies"
	// The provider would have more client IDs than it may.
	causeLimitClientIDs awsapi.Cause = "limit-client-ids"
	// The account has as many OpenID Connect providers as it may.
	causeLimitProviders awsapi.Cause = "limit-oidc-providers"
	// The account has as many managed policies as it may.
	causeLimitPolicies awsapi.Cause = "limit-policies"
	// The managed policy is longer than it may be.
	causeLimitPolicySize awsapi.Cause = "limit-policy-size"
	// The managed policy has as many versions as it may.
	causeLimitPolicyVersions awsapi.Cause = "limit-policy-versions"
	// The role's inline policies would together be longer than they may.
	causeLimitRolePolicies awsapi.Cause = "limit-role-policies-size"
	// The account has as many roles as it may.
	causeLimitRoles awsapi.Cause = "limit-roles"
	// The account has as many SAML providers as it may.
	causeLimitSAMLProviders awsapi.Cause = "limit-saml-providers"
	// The resource would have more tags than it may.
	causeLimitTags awsapi.Cause = "limit-tags"
	// The provider would have more thumbprints than it may.
	causeLimitThumbprints awsapi.Cause = "limit-thumbprints"
	// The role's trust policy is longer than it may be.
	causeLimitTrustPolicy awsapi.Cause = "limit-trust-policy-size"
	// The user's inline policies would together be longer than they may.
	causeLimitUserPolicies awsapi.Cause = "limit-user-policies-size"
	// The account has as many users as it may.
	causeLimitUsers awsapi.Cause = "limit-users"
	// There is a provider of this name: with the same URL, with another scheme, or one that lost the slash at the end of its URL when it was stored.
	causeProviderExists awsapi.Cause = "oidc-provider-exists"
	// There is no provider with this ARN in the account.
	causeProviderMissing awsapi.Cause = "oidc-provider-missing"
	// The marker that says where a listing goes on is not ours, or is for another listing.
	causePageToken awsapi.Cause = "page-token"
	// A managed policy cannot be deleted while a user or role has it.
	causePolicyAttached awsapi.Cause = "policy-attached"
	// Policies that AWS manages cannot be changed.
	causePolicyAWSManaged awsapi.Cause = "policy-aws-managed"
	// There is a managed policy with this name, whatever its case and path.
	causePolicyExists awsapi.Cause = "policy-exists"
	// A managed policy cannot be deleted while it has more than one version.
	causePolicyHasVersions awsapi.Cause = "policy-has-versions"
	// The policy document breaks the rules of the policy language; the detail says where.
	causePolicyMalformed awsapi.Cause = "policy-malformed"
	// There is no managed policy with this ARN, or the user or role does not have it.
	causePolicyMissing awsapi.Cause = "policy-missing"
	// The version of a managed policy cannot be deleted while it is the default.
	causePolicyVersionDefault awsapi.Cause = "policy-version-default"
	// The managed policy has no such version.
	causePolicyVersionMissing awsapi.Cause = "policy-version-missing"
	// The caller's user or role is not there any more; another of its name does not count.
	causePrincipalGone awsapi.Cause = "principal-gone"
	// The trust policy names an account, role or user that does not exist.
	causePrincipalMissing awsapi.Cause = "principal-missing"
	// There is a role with this name, whatever its case.
	causeRoleExists awsapi.Cause = "role-exists"
	// A role cannot be deleted while it has policies.
	causeRoleHasPolicies awsapi.Cause = "role-has-policies"
	// IAM has no such role.
	causeRoleMissing awsapi.Cause = "role-missing"
	// The role has no inline policy of this name.
	causeRolePolicyMissing awsapi.Cause = "role-policy-missing"
	// SAML providers cannot have private keys yet, and so no encrypted assertions.
	causeSAMLEncryption awsapi.Cause = "saml-encryption-unsupported"
	// The document is not metadata of a SAML identity provider that can be worked with; the detail says why.
	causeSAMLMetadata awsapi.Cause = "saml-metadata"
	// There is a SAML provider with this name.
	causeSAMLProviderExists awsapi.Cause = "saml-provider-exists"
	// There is no SAML provider with this ARN in the account.
	causeSAMLProviderMissing awsapi.Cause = "saml-provider-missing"
	// A session policy denies the action; the detail says which one.
	causeSessionPolicyDenied awsapi.Cause = "session-policy-denied"
	// The session has policies, and none of them allows the action; the detail says what comes nearest.
	causeSessionPolicyRefused awsapi.Cause = "session-policy-refused"
	// What is to be simulated is not an action, a resource, a caller or the value of a condition key.
	causeSimulation awsapi.Cause = "simulation"
	// Simulations do not take part of the input into account yet.
	causeSimulationUnsupported awsapi.Cause = "simulation-unsupported"
	// A tag has a reserved key, or two tags have the same key.
	causeTag awsapi.Cause = "tag"
	// A thumbprint is not the SHA-1 hash of a certificate.
	causeThumbprint awsapi.Cause = "thumbprint"
	// There is a user with this name, whatever its case.
	causeUserExists awsapi.Cause = "user-exists"
	// A user cannot be deleted while it has access keys or policies.
	causeUserHasMore awsapi.Cause = "user-has-more"
	// Users have no passwords here, so there is no login profile to delete.
	causeLoginProfileMissing awsapi.Cause = "login-profile-missing"
	// No such service has credentials of its own on AWS.
	causeServiceNotSupported awsapi.Cause = "service-not-supported"
	// IAM has no such user.
	causeUserMissing awsapi.Cause = "user-missing"
	// The user has no inline policy of this name.
	causeUserPolicyMissing awsapi.Cause = "user-policy-missing"
)
