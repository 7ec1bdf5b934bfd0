package cognito

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The basic (classic) flow is not allowed by the pool, or its role mappings forbid it.
	causeClassicFlow awsapi.Cause = "classic-flow"
	// The developer provider's name cannot be changed, or is that of a public provider.
	causeDeveloperProviderName awsapi.Cause = "developer-provider-name"
	// The pool gets guests faster than --guest-rate allows.
	causeGuestRate awsapi.Cause = "guest-rate"
	// The pool has no guests.
	causeGuestsRefused awsapi.Cause = "guests-refused"
	// The identity was merged into another one.
	causeIdentityDisabled awsapi.Cause = "identity-disabled"
	// No login was shown for an identity that has or had one.
	causeIdentityNotAGuest awsapi.Cause = "identity-not-a-guest"
	// There is no such identity in the region that its ID names.
	causeIdentityNotFound awsapi.Cause = "identity-not-found"
	// The account has as many identity pools in the region as it may.
	causeLimitPools awsapi.Cause = "limit-pools"
	// The pool would have more tags than it may.
	causeLimitTags awsapi.Cause = "limit-tags"
	// The pool would have more user-pool clients than it may.
	causeLimitUserPoolProviders awsapi.Cause = "limit-user-pool-providers"
	// The logins belong to different identities, and the call does not say which one is meant.
	causeLoginsOfTwoIdentities awsapi.Cause = "logins-of-two-identities"
	// None of the logins belongs to the identity that the call names.
	causeNoProofForIdentity awsapi.Cause = "no-proof-for-identity"
	// The pool accepts logins of no provider.
	causeNoProviders awsapi.Cause = "no-providers"
	// The name is not that of a provider that devices can use.
	causeNotAPublicProvider awsapi.Cause = "not-a-public-provider"
	// A token under the name of our own tokens is not one of them.
	causeNotOwnToken awsapi.Cause = "not-own-token"
	// A token of our own was shown as the login of a provider.
	causeOwnToken awsapi.Cause = "own-token"
	// The token that says where a listing goes on is not ours, or is for another listing.
	causePageToken awsapi.Cause = "page-token"
	// There is no such pool in the account and the region.
	causePoolNotFound awsapi.Cause = "pool-not-found"
	// An ARN that should name a provider does not.
	causeProviderArn awsapi.Cause = "provider-arn"
	// The pool does not accept logins of the provider, or IAM no longer has the provider.
	causeProviderNotConfigured awsapi.Cause = "provider-not-configured"
	// The value is not the ARN of a role of the pool's account.
	causeRoleForeign awsapi.Cause = "role-foreign"
	// Role mappings cannot be set yet.
	causeRoleMappingsUnsupported awsapi.Cause = "role-mappings-unsupported"
	// IAM has no such role.
	causeRoleMissing awsapi.Cause = "role-missing"
	// The pool has no role for this kind of user.
	causeRoleNotSet awsapi.Cause = "role-not-set"
	// The identity has another login of the same provider.
	causeSecondLoginOfProvider awsapi.Cause = "second-login-of-provider"
	// A tag has a reserved key or a character that tags cannot have.
	causeTag awsapi.Cause = "tag"
	// The identity would have more linked logins than it may.
	causeTooManyLogins awsapi.Cause = "too-many-logins"
	// A user-pool provider's name or client ID does not have its form.
	causeUserPoolName awsapi.Cause = "user-pool-name"
)
