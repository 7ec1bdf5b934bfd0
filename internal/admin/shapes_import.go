package admin

import "time"

// The named strings of imports. Their constraints are in operations.go.
type (
	// The name of an identity pool.
	IdentityPoolName string
	// A secret access key.
	SecretAccessKey string
	// The name of a user.
	UserName string
)

// ImportIdentityPoolRequest is the input of ImportIdentityPool.
type ImportIdentityPoolRequest struct {
	// The ID that the identity pool gets, REGION:GUID. The request is signed for its region.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The name of the identity pool.
	IdentityPoolName IdentityPoolName `aws:"required"`
	// Whether guests get identities.
	AllowUnauthenticatedIdentities bool
	// Allows an ID that a deleted identity pool had. Roles and stores may still trust it.
	ReuseId bool
	// Says whether the identity pool could be created, and creates nothing.
	DryRun bool
}

// ImportAccessKeyRequest is the input of ImportAccessKey.
type ImportAccessKeyRequest struct {
	// The user whose key it is.
	UserName UserName `aws:"required"`
	// The access key ID. It cannot begin with ASIA.
	AccessKeyId AccessKeyId `aws:"required"`
	// The secret access key.
	SecretAccessKey SecretAccessKey `aws:"required"`
	// Says what would change, and changes nothing.
	DryRun bool
}

// ImportAccessKeyResponse is the output of ImportAccessKey.
type ImportAccessKeyResponse struct {
	// Whether the key is new, or has another secret than before.
	Changed bool
}

// The strings, numbers and lists of imported identities.
type (
	// A host that answers over TLS, with a port or without.
	AdoptionHost string
	// Identities of another service.
	ImportedIdentityList []ImportedIdentity
	// The names of login providers, as Logins calls them.
	ProviderNameList []IdentityProviderName
	// How often a service is asked, per second.
	QuestionsPerSecond int32
	// The IDs of identities.
	IdentityIdList []IdentityId
	// Developer users.
	UserIdentifierList []UserIdentifier
)

// ImportedIdentity is an identity as ListIdentities shows it, with its developer users.
type ImportedIdentity struct {
	// The ID of the identity.
	IdentityId IdentityId `aws:"required"`
	// The names of its login providers. An identity without any is a guest.
	Logins ProviderNameList
	// Its developer users, as LookupDeveloperIdentity tells them.
	DeveloperUserIdentifierList UserIdentifierList
	// When the identity was created.
	CreationDate time.Time
	// When the identity was last changed.
	LastModifiedDate time.Time
}

// ImportIdentitiesRequest is the input of ImportIdentities.
type ImportIdentitiesRequest struct {
	// The identity pool that gets the identities. The request is signed for its region.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// The identities: an answer of ListIdentities has them in this form.
	Identities ImportedIdentityList `aws:"required"`
}

// ImportIdentitiesResponse is the output of ImportIdentities.
type ImportIdentitiesResponse struct {
	// How many identities are new.
	Added int32 `aws:"required"`
	// How many identities the pool had already. They stay as they are.
	Present int32 `aws:"required"`
	// The identities that were deleted here and are not imported again.
	Deleted IdentityIdList
}

// Adoption is how an identity pool asks the service that it was imported from for the
// identity of a login that it does not know.
type Adoption struct {
	// The host that is asked, and that gets the token of the login: cognito-identity.REGION.amazonaws.com for Amazon Cognito.
	Host AdoptionHost `aws:"required"`
	// When adoption ends.
	Until time.Time `aws:"required"`
	// How often the host is asked at most, per second, by all nodes together.
	QuestionsPerSecond QuestionsPerSecond `aws:"required"`
	// The login providers whose logins are asked about. Absent, all are.
	Providers ProviderNameList
}

// SetIdentityPoolAdoptionRequest is the input of SetIdentityPoolAdoption.
type SetIdentityPoolAdoptionRequest struct {
	// The identity pool. The request is signed for its region.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// How the identity pool adopts. Absent, adoption ends, and daypass forgets which logins it must not adopt again.
	Adoption *Adoption
}

// GetIdentityPoolAdoptionRequest is the input of GetIdentityPoolAdoption.
type GetIdentityPoolAdoptionRequest struct {
	// The identity pool. The request is signed for its region.
	IdentityPoolId IdentityPoolId `aws:"required"`
}

// GetIdentityPoolAdoptionResponse is the output of GetIdentityPoolAdoption.
type GetIdentityPoolAdoptionResponse struct {
	// The identity pool.
	IdentityPoolId IdentityPoolId `aws:"required"`
	// How the identity pool adopts; absent if it does not.
	Adoption *Adoption
}
