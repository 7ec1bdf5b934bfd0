package cognito

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The setting of an adoption has a host, an end or a rate that it cannot have.
	causeAdoptionSettings awsapi.Cause = "adoption-settings"
	// More logins than QuestionsPerSecond of the adoption allows are new, so this one was not asked about.
	causeAdoptionRate awsapi.Cause = "adoption-rate"
	// Too many sign-ins wait for an answer of the service that the pool was imported from.
	causeAdoptionWaiting awsapi.Cause = "adoption-waiting"
	// An identity ID to be imported is not REGION:GUID of the pool's region, with a GUID in lower case.
	causeImportID awsapi.Cause = "import-id"
	// An identity of another pool has an ID that is to be imported.
	causeImportTaken awsapi.Cause = "import-taken"
	// Identities that have logins were to be imported into a pool that does not adopt, where nobody could reach them.
	causeImportWithoutAdoption awsapi.Cause = "import-without-adoption"
	// The pool has role mappings, which the basic (classic) flow would bypass.
	causeClassicFlowMapped awsapi.Cause = "classic-flow-mapped"
	// The pool does not allow the basic (classic) flow (AllowClassicFlow).
	causeClassicFlowOff awsapi.Cause = "classic-flow-off"
	// The login is from a SAML provider, which the basic (classic) flow does not support.
	causeClassicFlowSAML awsapi.Cause = "classic-flow-saml"
	// The developer provider's name cannot be changed, or is the name of a public provider.
	causeDeveloperProviderName awsapi.Cause = "developer-provider-name"
	// The pool does not have the developer provider that the call names, or the call names none.
	causeDeveloperProviderUnknown awsapi.Cause = "developer-provider-unknown"
	// The developer user belongs to another identity.
	causeDeveloperUserElsewhere awsapi.Cause = "developer-user-elsewhere"
	// The developer user has an identity already, and the call names another one.
	causeDeveloperUserTaken awsapi.Cause = "developer-user-taken"
	// The developer user identifier is too long.
	causeDeveloperUserTooLong awsapi.Cause = "developer-user-too-long"
	// The developer user has no identity.
	causeDeveloperUserUnknown awsapi.Cause = "developer-user-unknown"
	// A change of a pool waited too long for other changes.
	causeEditWait awsapi.Cause = "edit-wait"
	// The pool gets guests from one address faster than --guest-address-rate allows.
	causeGuestAddressRate awsapi.Cause = "guest-address-rate"
	// The pool gets guests faster than --guest-rate allows.
	causeGuestRate awsapi.Cause = "guest-rate"
	// A token of a guest proves no login.
	causeGuestToken awsapi.Cause = "guest-token"
	// The pool does not allow guests.
	causeGuestsRefused awsapi.Cause = "guests-refused"
	// The identity was merged into another one.
	causeIdentityDisabled awsapi.Cause = "identity-disabled"
	// The call has no login, but the identity has or had one.
	causeIdentityNotAGuest awsapi.Cause = "identity-not-a-guest"
	// The region in the ID has no such identity.
	causeIdentityNotFound awsapi.Cause = "identity-not-found"
	// The account has the maximum number of identity pools in the region.
	causeLimitPools awsapi.Cause = "limit-pools"
	// 30 regions have signing keys, which is the maximum. A region without pools loses its keys after two days.
	causeLimitRegions awsapi.Cause = "limit-regions"
	// The pool would have too many tags.
	causeLimitTags awsapi.Cause = "limit-tags"
	// The pool would have too many user-pool clients.
	causeLimitUserPoolProviders awsapi.Cause = "limit-user-pool-providers"
	// The login was linked and unlinked too often: twenty times at once, then once a minute.
	causeLoginRate awsapi.Cause = "login-rate"
	// The logins belong to different identities, and the call does not name one of them.
	causeLoginsOfTwoIdentities awsapi.Cause = "logins-of-two-identities"
	// None of the logins belongs to the identity that the call names.
	causeNoProofForIdentity awsapi.Cause = "no-proof-for-identity"
	// The pool accepts logins of no provider.
	causeNoProviders awsapi.Cause = "no-providers"
	// The name is not that of a provider that devices can use.
	causeNotAPublicProvider awsapi.Cause = "not-a-public-provider"
	// A token under cognito-identity.amazonaws.com was not issued by daypass.
	causeNotOwnToken awsapi.Cause = "not-own-token"
	// The call names neither an identity nor a developer user.
	causeNothingToLookUp awsapi.Cause = "nothing-to-look-up"
	// Other requests kept changing the pool, or the identity of the login, while daypass answered the call.
	causeOvertaken awsapi.Cause = "overtaken"
	// A token issued by daypass was sent together with other logins.
	causeOwnTokenCombined awsapi.Cause = "own-token-combined"
	// A token issued by daypass was sent as the login of a provider.
	causeOwnToken awsapi.Cause = "own-token"
	// The pagination token was not issued by daypass, or is for another listing.
	causePageToken awsapi.Cause = "page-token"
	// The caller may not pass the role (iam:PassRole); the detail says which policy refused.
	causePassRole awsapi.Cause = "pass-role"
	// The account has no such pool.
	causePoolNotFound awsapi.Cause = "pool-not-found"
	// The pool is in another region than the one that the request is signed for.
	causePoolRegion awsapi.Cause = "pool-region"
	// The identity pool ID that a caller chose is not REGION:GUID, with a GUID in lower case.
	causePoolIDMalformed awsapi.Cause = "pool-id-malformed"
	// An identity pool already has the ID that the caller chose.
	causePoolIDTaken awsapi.Cause = "pool-id-taken"
	// An identity pool that had this ID was deleted, and the call does not set ReuseId.
	causePoolIDUsed awsapi.Cause = "pool-id-used"
	// An ARN does not name a provider, or the pool would have two providers of one issuer; the detail says which.
	causeProviderArn awsapi.Cause = "provider-arn"
	// The key in Logins is a URL; it should be the provider's name, which has no scheme.
	causeLoginsKeyURL awsapi.Cause = "logins-key-url"
	// The pool accepts logins of the provider, but IAM does not have it (any more).
	causeProviderMissing awsapi.Cause = "provider-missing"
	// The pool does not accept logins of the provider that the key in Logins names.
	causeProviderNotConfigured awsapi.Cause = "provider-not-configured"
	// The region is not one in which identity pools can be created; --allow-region adds one.
	causeRegionUnknown awsapi.Cause = "region-unknown"
	// The ARN is not that of an identity pool.
	causeResourceArn awsapi.Cause = "resource-arn"
	// The token or assertion offers several roles and prefers none, and the request asks for none (CustomRoleArn).
	causeRoleAmbiguous awsapi.Cause = "role-ambiguous"
	// No rule of the role mapping finds its claim in the token, which has one whose name differs in case.
	causeRoleClaimCase awsapi.Cause = "role-claim-case"
	// No rule of the role mapping finds its claim in the token.
	causeRoleClaimAbsent awsapi.Cause = "role-claim-absent"
	// The value is not the ARN of a role.
	causeRoleARN awsapi.Cause = "role-arn"
	// The role and the pool belong to different accounts.
	causeRoleForeign awsapi.Cause = "role-foreign"
	// The role mapping is for a provider that the pool does not have, or has by another name.
	causeRoleMappingProvider awsapi.Cause = "role-mapping-provider"
	// The role mapping lacks something that its type needs, or has too many rules.
	causeRoleMapping awsapi.Cause = "role-mapping"
	// IAM has no such role.
	causeRoleMissing awsapi.Cause = "role-missing"
	// No rule of the role mapping matches the values of the token's claims.
	causeRoleNoMatch awsapi.Cause = "role-no-match"
	// The role mapping is of type Token, and the token has neither cognito:roles nor cognito:preferred_role.
	causeRoleNotInToken awsapi.Cause = "role-not-in-token"
	// The role mapping does not offer the role that the caller asks for.
	causeRoleNotOffered awsapi.Cause = "role-not-offered"
	// The pool has no role for this kind of user.
	causeRoleNotSet awsapi.Cause = "role-not-set"
	// The identity has another login of the same provider.
	causeSecondLoginOfProvider awsapi.Cause = "second-login-of-provider"
	// The claim names of a principal tag map are too long together.
	causeTagAttributes awsapi.Cause = "tag-attributes"
	// The principal tag map is for a provider that the pool does not have.
	causeTagProvider awsapi.Cause = "tag-provider"
	// A tag has a reserved key or a character that tags cannot have.
	causeTag awsapi.Cause = "tag"
	// The identity would have too many linked logins.
	causeTooManyLogins awsapi.Cause = "too-many-logins"
	// A user-pool provider's name or client ID does not have its form.
	causeUserPoolName awsapi.Cause = "user-pool-name"
	// The OpenID token was issued after a change that the database has lost: it was restored, or failed over without its last changes.
	causeTokenLost awsapi.Cause = "token-lost"
	// The OpenID token, or a session or login that it was derived from, was revoked.
	causeTokenRevoked awsapi.Cause = "token-revoked"
)
