package cognito

import "time"

// The named strings of the API. Their constraints are in operations.go.
type (
	// An identity pool ID in the format REGION:GUID.
	IdentityPoolId string
	// An identity ID in the format REGION:GUID.
	IdentityId string
	// A name that you provide for a pool.
	IdentityPoolName string
	// The name of a login provider, the key of a Logins map.
	IdentityProviderName string
	// What the pool knows of a public provider: the app ID.
	IdentityProviderId string
	// A token that a login provider issued.
	IdentityProviderToken string
	// The name by which the pool refers to the developer's own users.
	DeveloperProviderName string
	// An Amazon Resource Name.
	ARNString string
	// The name of a user pool as a provider.
	CognitoIdentityProviderName string
	// The client ID of a user pool's app.
	CognitoIdentityProviderClientId string
	// The key of a tag.
	TagKeysType string
	// The value of a tag.
	TagValueType string
	// The most results that a page may have.
	QueryLimit int32
	// Where a listing goes on. Opaque.
	PaginationKey string
	// A kind of user: authenticated or unauthenticated.
	RoleType string
	// Token or Rules.
	RoleMappingType string
	// AuthenticatedRole or Deny.
	AmbiguousRoleResolutionType string
	// The name of a claim.
	ClaimName string
	// The value of a claim.
	ClaimValue string
	// Equals, Contains, StartsWith or NotEqual.
	MappingRuleMatchType string
	// An AWS account ID.
	AccountId string
	// An OpenID token.
	OIDCToken string
	// How the developer's back end calls one of its users.
	DeveloperUserIdentifier string
	// The key of a principal tag.
	PrincipalTagID string
	// The claim that a principal tag's value comes from, or the value itself.
	PrincipalTagValue string
	// How long a token lasts, in seconds.
	TokenDuration int64
	// Why an identity was not deleted: AccessDenied or InternalServerError.
	ErrorCode string
)

// The maps and lists of the API.
type (
	// Provider names and the tokens that they issued.
	LoginsMap map[IdentityProviderName]IdentityProviderToken
	// Public providers and the app IDs that the pool accepts.
	IdentityProviders map[IdentityProviderName]IdentityProviderId
	// ARNs of OpenID Connect providers.
	OIDCProviderList []ARNString
	// ARNs of SAML providers.
	SAMLProviderList []ARNString
	// User pools and their clients.
	CognitoIdentityProviderList []CognitoIdentityProvider
	// Tags of a pool.
	IdentityPoolTagsType map[TagKeysType]TagValueType
	// The roles of a pool.
	RolesMap map[RoleType]ARNString
	// Role mappings by provider.
	RoleMappingMap map[IdentityProviderName]RoleMapping
	// Rules, tried in order.
	MappingRulesList []MappingRule
	// Names of login providers.
	LoginsList []IdentityProviderName
	// Identities of a page.
	IdentitiesList []IdentityDescription
	// Pools of a page.
	IdentityPoolsList []IdentityPoolShortDescription
	// Principal tags and the claims that their values come from, or the values.
	PrincipalTags map[PrincipalTagID]PrincipalTagValue
	// The developer's users who are one identity.
	DeveloperUserIdentifierList []DeveloperUserIdentifier
	// Identities to delete.
	IdentityIdList []IdentityId
	// Identities that were not deleted.
	UnprocessedIdentityIdList []UnprocessedIdentityId
	// Keys of tags.
	IdentityPoolTagsListType []TagKeysType
)

// CognitoIdentityProvider is a user pool's app as a provider.
type CognitoIdentityProvider struct {
	// The name of the user pool, for example cognito-idp.us-east-1.amazonaws.com/us-east-1_123456789.
	ProviderName CognitoIdentityProviderName
	// The client ID of the user pool's app.
	ClientId CognitoIdentityProviderClientId
	// Whether the user pool is asked about each token.
	ServerSideTokenCheck *bool
}

// IdentityPool is a pool as the API shows it, and the input of UpdateIdentityPool.
type IdentityPool struct {
	// The pool's ID.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The pool's name.
	IdentityPoolName IdentityPoolName `aws:"required"`
	// Whether the pool has guests.
	AllowUnauthenticatedIdentities bool `aws:"required"`
	// Whether the basic (classic) flow is allowed. If unset, it is allowed.
	AllowClassicFlow *bool
	// Public providers and the app IDs that the pool accepts.
	SupportedLoginProviders IdentityProviders
	// The developer provider's name. Once set it never changes.
	DeveloperProviderName DeveloperProviderName
	// ARNs of OpenID Connect providers.
	OpenIdConnectProviderARNs OIDCProviderList
	// User pools and their clients.
	CognitoIdentityProviders CognitoIdentityProviderList
	// ARNs of SAML providers.
	SamlProviderARNs SAMLProviderList
	// The pool's tags.
	IdentityPoolTags IdentityPoolTagsType
}

// CreateIdentityPoolInput is the input of CreateIdentityPool.
type CreateIdentityPoolInput struct {
	// The pool's name. It need not be unique.
	IdentityPoolName IdentityPoolName `aws:"required"`
	// Whether the pool has guests.
	AllowUnauthenticatedIdentities bool `aws:"required"`
	// Whether the basic (classic) flow is allowed. If unset, it is allowed.
	AllowClassicFlow *bool
	// Public providers and the app IDs that the pool accepts.
	SupportedLoginProviders IdentityProviders
	// The developer provider's name. Once set it never changes.
	DeveloperProviderName DeveloperProviderName
	// ARNs of OpenID Connect providers.
	OpenIdConnectProviderARNs OIDCProviderList
	// User pools and their clients.
	CognitoIdentityProviders CognitoIdentityProviderList
	// ARNs of SAML providers.
	SamlProviderARNs SAMLProviderList
	// The pool's tags.
	IdentityPoolTags IdentityPoolTagsType
}

// DescribeIdentityPoolInput is the input of DescribeIdentityPool.
type DescribeIdentityPoolInput struct {
	// The pool to describe.
	IdentityPoolId IdentityPoolId `aws:"required"`
}

// DeleteIdentityPoolInput is the input of DeleteIdentityPool.
type DeleteIdentityPoolInput struct {
	// The pool to delete.
	IdentityPoolId IdentityPoolId `aws:"required"`
}

// ListIdentityPoolsInput is the input of ListIdentityPools.
type ListIdentityPoolsInput struct {
	// The most pools that a page may have.
	MaxResults QueryLimit `aws:"required"`
	// The pagination token from the previous page.
	NextToken PaginationKey
}

// ListIdentityPoolsResponse is a page of pools.
type ListIdentityPoolsResponse struct {
	// The pools.
	IdentityPools IdentityPoolsList
	// The pagination token for the next page; absent on the last page.
	NextToken PaginationKey
}

// IdentityPoolShortDescription is a pool in a listing.
type IdentityPoolShortDescription struct {
	// The pool's ID.
	IdentityPoolId IdentityPoolId
	// The pool's name.
	IdentityPoolName IdentityPoolName
}

// MappingRule maps a claim to a role.
type MappingRule struct {
	// The name of the claim.
	Claim ClaimName `aws:"required"`
	// How the claim is compared.
	MatchType MappingRuleMatchType `aws:"required"`
	// What the claim is compared with.
	Value ClaimValue `aws:"required"`
	// The role of users who match.
	RoleARN ARNString `aws:"required"`
}

// RulesConfigurationType is the rules of a mapping.
type RulesConfigurationType struct {
	// The rules, tried in order.
	Rules MappingRulesList `aws:"required"`
}

// RoleMapping says how the users of a provider get their roles.
type RoleMapping struct {
	// Token or Rules.
	Type RoleMappingType `aws:"required"`
	// What happens where no role, or no single role, is found.
	AmbiguousRoleResolution AmbiguousRoleResolutionType
	// The rules of type Rules.
	RulesConfiguration *RulesConfigurationType
}

// SetIdentityPoolRolesInput is the input of SetIdentityPoolRoles.
type SetIdentityPoolRolesInput struct {
	// The pool whose roles are set.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The roles of authenticated and unauthenticated users.
	Roles RolesMap `aws:"required"`
	// Role mappings by provider.
	RoleMappings RoleMappingMap
}

// GetIdentityPoolRolesInput is the input of GetIdentityPoolRoles.
type GetIdentityPoolRolesInput struct {
	// The pool whose roles are asked for.
	IdentityPoolId IdentityPoolId `aws:"required"`
}

// GetIdentityPoolRolesResponse is the roles of a pool.
type GetIdentityPoolRolesResponse struct {
	// The pool.
	IdentityPoolId IdentityPoolId
	// The roles of authenticated and unauthenticated users.
	Roles RolesMap
	// Role mappings by provider.
	RoleMappings RoleMappingMap
}

// GetIdInput is the input of GetId.
type GetIdInput struct {
	// The account that owns the pool. It is not needed and not looked at.
	AccountId AccountId
	// The pool to look in.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// Provider names and the tokens that they issued; absent for a guest.
	Logins LoginsMap
}

// GetIdResponse is an identity's ID.
type GetIdResponse struct {
	// The identity.
	IdentityId IdentityId
}

// GetOpenIdTokenInput is the input of GetOpenIdToken.
type GetOpenIdTokenInput struct {
	// The identity.
	IdentityId IdentityId `aws:"required"`
	// Provider names and the tokens that they issued; absent for a guest.
	Logins LoginsMap
}

// GetOpenIdTokenResponse is an identity with its OpenID token.
type GetOpenIdTokenResponse struct {
	// The identity. After a merge it is not the one that was asked for.
	IdentityId IdentityId
	// The token, good for ten minutes.
	Token OIDCToken
}

// GetCredentialsForIdentityInput is the input of GetCredentialsForIdentity.
type GetCredentialsForIdentityInput struct {
	// The identity.
	IdentityId IdentityId `aws:"required"`
	// Provider names and the tokens that they issued; absent for a guest.
	Logins LoginsMap
	// The role to choose where the token offers several.
	CustomRoleArn ARNString
}

// GetCredentialsForIdentityResponse is an identity with its credentials.
type GetCredentialsForIdentityResponse struct {
	// The identity. After a merge it is not the one that was asked for.
	IdentityId IdentityId
	// The credentials.
	Credentials *Credentials
}

// Credentials are temporary credentials. Note the name SecretKey: STS calls the
// same thing SecretAccessKey.
type Credentials struct {
	// The access key ID.
	AccessKeyId string
	// The secret access key.
	SecretKey string
	// The session token.
	SessionToken string
	// When the credentials end.
	Expiration time.Time
}

// DescribeIdentityInput is the input of DescribeIdentity.
type DescribeIdentityInput struct {
	// The identity.
	IdentityId IdentityId `aws:"required"`
}

// IdentityDescription is an identity as the API shows it.
type IdentityDescription struct {
	// The identity.
	IdentityId IdentityId
	// The names of the providers of its logins; absent for a guest.
	Logins LoginsList
	// When it was made.
	CreationDate time.Time
	// When its logins or its state last changed.
	LastModifiedDate time.Time
}

// ListIdentitiesInput is the input of ListIdentities.
type ListIdentitiesInput struct {
	// The pool whose identities are listed.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The most identities that a page may have.
	MaxResults QueryLimit `aws:"required"`
	// The pagination token from the previous page.
	NextToken PaginationKey
	// Whether disabled identities are left out.
	HideDisabled bool
}

// ListIdentitiesResponse is a page of identities.
type ListIdentitiesResponse struct {
	// The pool.
	IdentityPoolId IdentityPoolId
	// The identities.
	Identities IdentitiesList
	// The pagination token for the next page; absent on the last page.
	NextToken PaginationKey
}

// DeleteIdentitiesInput is the input of DeleteIdentities.
type DeleteIdentitiesInput struct {
	// The identities to delete, of whatever pools.
	IdentityIdsToDelete IdentityIdList `aws:"required"`
}

// DeleteIdentitiesResponse is what was not deleted.
type DeleteIdentitiesResponse struct {
	// The identities that were not deleted, and why.
	UnprocessedIdentityIds UnprocessedIdentityIdList
}

// UnprocessedIdentityId is an identity that was not deleted.
type UnprocessedIdentityId struct {
	// The identity.
	IdentityId IdentityId
	// Why it was not deleted.
	ErrorCode ErrorCode
}

// UnlinkIdentityInput is the input of UnlinkIdentity.
type UnlinkIdentityInput struct {
	// The identity.
	IdentityId IdentityId `aws:"required"`
	// Provider names and tokens, one at least of a login of the identity.
	Logins LoginsMap `aws:"required"`
	// The providers whose logins are removed.
	LoginsToRemove LoginsList `aws:"required"`
}

// GetOpenIdTokenForDeveloperIdentityInput is the input of GetOpenIdTokenForDeveloperIdentity.
type GetOpenIdTokenForDeveloperIdentityInput struct {
	// The pool.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The identity; absent to find or make the developer user's own.
	IdentityId IdentityId
	// The developer provider's name with the user, and public logins to link.
	Logins LoginsMap `aws:"required"`
	// Tags of the sessions that the token is used for.
	PrincipalTags PrincipalTags
	// How long the token lasts, in seconds; 900 if absent.
	TokenDuration *TokenDuration
}

// GetOpenIdTokenForDeveloperIdentityResponse is an identity with its OpenID token.
type GetOpenIdTokenForDeveloperIdentityResponse struct {
	// The identity.
	IdentityId IdentityId
	// The token.
	Token OIDCToken
}

// LookupDeveloperIdentityInput is the input of LookupDeveloperIdentity.
type LookupDeveloperIdentityInput struct {
	// The pool.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The identity to look for.
	IdentityId IdentityId
	// The developer user to look for.
	DeveloperUserIdentifier DeveloperUserIdentifier
	// The most users that a page may have; 60 if absent.
	MaxResults *QueryLimit
	// The pagination token from the previous page.
	NextToken PaginationKey
}

// LookupDeveloperIdentityResponse is an identity with its developer users.
type LookupDeveloperIdentityResponse struct {
	// The identity.
	IdentityId IdentityId
	// The developer users who are this identity.
	DeveloperUserIdentifierList DeveloperUserIdentifierList
	// The pagination token for the next page; absent on the last page.
	NextToken PaginationKey
}

// MergeDeveloperIdentitiesInput is the input of MergeDeveloperIdentities.
type MergeDeveloperIdentitiesInput struct {
	// The developer user whose identity ends.
	SourceUserIdentifier DeveloperUserIdentifier `aws:"required"`
	// The developer user whose identity gets all the logins.
	DestinationUserIdentifier DeveloperUserIdentifier `aws:"required"`
	// The developer provider's name.
	DeveloperProviderName DeveloperProviderName `aws:"required"`
	// The pool.
	IdentityPoolId IdentityPoolId `aws:"required"`
}

// MergeDeveloperIdentitiesResponse is the identity that is left.
type MergeDeveloperIdentitiesResponse struct {
	// The identity of the destination user.
	IdentityId IdentityId
}

// UnlinkDeveloperIdentityInput is the input of UnlinkDeveloperIdentity.
type UnlinkDeveloperIdentityInput struct {
	// The identity.
	IdentityId IdentityId `aws:"required"`
	// The pool.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The developer provider's name.
	DeveloperProviderName DeveloperProviderName `aws:"required"`
	// The developer user.
	DeveloperUserIdentifier DeveloperUserIdentifier `aws:"required"`
}

// GetPrincipalTagAttributeMapInput is the input of GetPrincipalTagAttributeMap.
type GetPrincipalTagAttributeMapInput struct {
	// The pool.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The provider whose map is asked for.
	IdentityProviderName IdentityProviderName `aws:"required"`
}

// PrincipalTagAttributeMap is the output of GetPrincipalTagAttributeMap and
// SetPrincipalTagAttributeMap.
type PrincipalTagAttributeMap struct {
	// The pool.
	IdentityPoolId IdentityPoolId
	// The provider.
	IdentityProviderName IdentityProviderName
	// Whether the default mappings are used.
	UseDefaults bool
	// Tag keys and the claims that their values come from.
	PrincipalTags PrincipalTags
}

// SetPrincipalTagAttributeMapInput is the input of SetPrincipalTagAttributeMap.
type SetPrincipalTagAttributeMapInput struct {
	// The pool.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The provider whose map is set.
	IdentityProviderName IdentityProviderName `aws:"required"`
	// Whether the default mappings are used instead of these.
	UseDefaults bool
	// Tag keys and the claims that their values come from.
	PrincipalTags PrincipalTags
}

// TagResourceInput is the input of TagResource.
type TagResourceInput struct {
	// The ARN of the pool.
	ResourceArn ARNString `aws:"required"`
	// The tags to add or to replace.
	Tags IdentityPoolTagsType `aws:"required"`
}

// TagResourceResponse is empty.
type TagResourceResponse struct{}

// UntagResourceInput is the input of UntagResource.
type UntagResourceInput struct {
	// The ARN of the pool.
	ResourceArn ARNString `aws:"required"`
	// The keys of the tags to remove.
	TagKeys IdentityPoolTagsListType `aws:"required"`
}

// UntagResourceResponse is empty.
type UntagResourceResponse struct{}

// ListTagsForResourceInput is the input of ListTagsForResource.
type ListTagsForResourceInput struct {
	// The ARN of the pool.
	ResourceArn ARNString `aws:"required"`
}

// ListTagsForResourceResponse is the tags of a pool.
type ListTagsForResourceResponse struct {
	// The tags.
	Tags IdentityPoolTagsType
}
