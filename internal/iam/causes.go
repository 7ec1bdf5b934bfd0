package iam

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The access key belongs to another account, for example a real AWS account.
	causeForeignKey awsapi.Cause = "foreign-key"
	// The access key was made inactive.
	causeInactiveKey awsapi.Cause = "inactive-key"
	// No user has this access key.
	causeUnknownKey awsapi.Cause = "unknown-key"
	// The user has no access key with this ID.
	causeAccessKeyMissing awsapi.Cause = "access-key-missing"
	// The status of an access key can only be Active or Inactive.
	causeAccessKeyStatus awsapi.Cause = "access-key-status"
	// The value is not an ARN of the kind that the operation needs, such as that of a managed policy or a provider.
	causeArn awsapi.Cause = "arn"
	// The caller's permissions boundary denies the action; the detail says which statement.
	causeBoundaryDenied awsapi.Cause = "boundary-denied"
	// The caller's permissions boundary does not allow the action; the detail says what comes nearest.
	causeBoundaryRefused awsapi.Cause = "boundary-refused"
	// The call names no user, and the caller is not one.
	causeCallerIsNoUser awsapi.Cause = "caller-is-no-user"
	// daypass has no groups.
	causeGroupMissing awsapi.Cause = "group-missing"
	// An identity-based policy of the caller denies the action; the detail says which one.
	causeIdentityPolicyDenied awsapi.Cause = "identity-policy-denied"
	// No identity-based policy of the caller allows the action; the detail says what comes nearest.
	causeIdentityPolicyRefused awsapi.Cause = "identity-policy-refused"
	// The provider's URL does not begin with https://, or does with http:// where that is not allowed.
	causeIssuerNotHTTPS awsapi.Cause = "issuer-not-https"
	// The provider's URL is daypass's own issuer or URL.
	causeIssuerOwn awsapi.Cause = "issuer-own"
	// The provider's URL cannot be an OpenID Connect issuer.
	causeIssuerURL awsapi.Cause = "issuer-url"
	// The user has the maximum number of access keys.
	causeLimitAccessKeys awsapi.Cause = "limit-access-keys"
	// The user or role has the maximum number of managed policies.
	causeLimitAttachedPolicies awsapi.Cause = "limit-attached-policies"
	// The provider would have too many client IDs.
	causeLimitClientIDs awsapi.Cause = "limit-client-ids"
	// The account has the maximum number of OpenID Connect providers.
	causeLimitProviders awsapi.Cause = "limit-oidc-providers"
	// The account has the maximum number of managed policies.
	causeLimitPolicies awsapi.Cause = "limit-policies"
	// The managed policy is too long.
	causeLimitPolicySize awsapi.Cause = "limit-policy-size"
	// The managed policy has the maximum number of versions.
	causeLimitPolicyVersions awsapi.Cause = "limit-policy-versions"
	// The role's inline policies would be too long together.
	causeLimitRolePolicies awsapi.Cause = "limit-role-policies-size"
	// The account has the maximum number of roles.
	causeLimitRoles awsapi.Cause = "limit-roles"
	// The account has the maximum number of SAML providers.
	causeLimitSAMLProviders awsapi.Cause = "limit-saml-providers"
	// The resource would have too many tags.
	causeLimitTags awsapi.Cause = "limit-tags"
	// The provider would have too many thumbprints.
	causeLimitThumbprints awsapi.Cause = "limit-thumbprints"
	// The role's trust policy is too long.
	causeLimitTrustPolicy awsapi.Cause = "limit-trust-policy-size"
	// The user's inline policies would be too long together.
	causeLimitUserPolicies awsapi.Cause = "limit-user-policies-size"
	// The account has the maximum number of users.
	causeLimitUsers awsapi.Cause = "limit-users"
	// There is a provider of this name: with the same URL, with another scheme, or one that lost the slash at the end of its URL when it was stored.
	causeProviderExists awsapi.Cause = "oidc-provider-exists"
	// The account has no provider with this ARN.
	causeProviderMissing awsapi.Cause = "oidc-provider-missing"
	// The marker was not issued by daypass, or is for another listing.
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
	// The caller's user or role was deleted; a new one of the same name is a different one.
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
	// daypass does not support private keys of SAML providers, and so no encrypted assertions.
	causeSAMLEncryption awsapi.Cause = "saml-encryption-unsupported"
	// The document is not usable metadata of a SAML identity provider; the detail says why.
	causeSAMLMetadata awsapi.Cause = "saml-metadata"
	// There is a SAML provider with this name.
	causeSAMLProviderExists awsapi.Cause = "saml-provider-exists"
	// The account has no SAML provider with this ARN.
	causeSAMLProviderMissing awsapi.Cause = "saml-provider-missing"
	// A session policy denies the action; the detail says which one.
	causeSessionPolicyDenied awsapi.Cause = "session-policy-denied"
	// The session has policies, and none of them allows the action; the detail says what comes nearest.
	causeSessionPolicyRefused awsapi.Cause = "session-policy-refused"
	// The input of the simulation has an invalid action, resource, caller or context value.
	causeSimulation awsapi.Cause = "simulation"
	// The simulation does not support part of the input.
	causeSimulationUnsupported awsapi.Cause = "simulation-unsupported"
	// A tag has a reserved key, or two tags have the same key.
	causeTag awsapi.Cause = "tag"
	// A thumbprint is not the SHA-1 hash of a certificate.
	causeThumbprint awsapi.Cause = "thumbprint"
	// There is a user with this name, whatever its case.
	causeUserExists awsapi.Cause = "user-exists"
	// A user cannot be deleted while it has access keys or policies.
	causeUserHasMore awsapi.Cause = "user-has-more"
	// daypass has no passwords, so there is no login profile to delete.
	causeLoginProfileMissing awsapi.Cause = "login-profile-missing"
	// AWS has no such service with its own credentials.
	causeServiceNotSupported awsapi.Cause = "service-not-supported"
	// IAM has no such user.
	causeUserMissing awsapi.Cause = "user-missing"
	// There is no user of the name, for an access key that is imported.
	causeImportUser awsapi.Cause = "import-user"
	// The access key ID that is imported belongs to another user, or to root.
	causeImportKeyTaken awsapi.Cause = "import-key-taken"
	// The access key ID that is imported begins with ASIA, as those of temporary credentials do.
	causeImportKeyKind awsapi.Cause = "import-key-kind"
	// The user of the access key that is imported has the maximum number of keys.
	causeImportTooManyKeys awsapi.Cause = "limit-imported-keys"
	// The user has no inline policy of this name.
	causeUserPolicyMissing awsapi.Cause = "user-policy-missing"
)
