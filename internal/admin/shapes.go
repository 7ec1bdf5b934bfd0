package admin

import "time"

// The named strings and numbers of the API. Their constraints are in
// operations.go.
type (
	// The ID of an access key.
	AccessKeyId string
	// The name of a login provider, as Logins calls it.
	IdentityProviderName string
	// A moment, in seconds since 1970.
	EpochSeconds int64
	// The ID of an identity.
	IdentityId string
	// The ID of an identity pool.
	IdentityPoolId string
	// The most entries of a page.
	MaxResults int32
	// Where a listing goes on.
	PaginationKey string
	// The ARN of a role.
	RoleArn string
	// The name of a target (--target).
	TargetName string
	// A user at a login provider.
	UserIdentifier string
)

// RevokedLogin names a login.
type RevokedLogin struct {
	// The login provider, as Logins calls it: a host, an issuer without scheme, the ARN of a SAML provider, the name of the developer provider. The ARN of an OpenID Connect provider and the name of a user pool with a client mean the same as without.
	ProviderName IdentityProviderName `aws:"required"`
	// Who it is at the provider: the sub, the NameID, the developer user identifier.
	UserIdentifier UserIdentifier `aws:"required"`
	// The identity pool; absent for all of them.
	IdentityPoolId IdentityPoolId
}

// RevokeSessionsRequest is the input of RevokeSessions. It names one target.
type RevokeSessionsRequest struct {
	// Revokes what an identity holds.
	IdentityId IdentityId
	// Revokes what was issued to a user of a login provider.
	Login *RevokedLogin
	// Revokes what was issued to the identities of a pool.
	IdentityPoolId IdentityPoolId
	// Revokes one session.
	AccessKeyId AccessKeyId
	// Revokes the sessions of a role.
	RoleArn RoleArn
	// Revokes everything that was issued to anybody.
	Everything *bool
	// The moment up to which what was issued is void, in seconds since 1970; absent for everything that was issued so far.
	IssuedBefore *EpochSeconds
}

// RevokeSessionsResponse is the output of RevokeSessions.
type RevokeSessionsResponse struct {
	// What is in force now.
	Revocation RevocationDetail
	// Whether daypass finds the target: the identity (one that was neither deleted nor merged), the identity pool, the role by its whole ARN, or an identity that has the login. The revocation holds either way. Absent for a session, which is not stored, and for everything.
	TargetExists *bool
	// The names of the stores and accounts (--target) whose own sessions the revocation does not end: the credentials that they issued last until they expire. Absent if there are none, or if one session is revoked.
	TargetsNotReached TargetNameList
}

// TargetNameList lists names of targets.
type TargetNameList []TargetName

// RevocationDetail is a revocation.
type RevocationDetail struct {
	// The identity.
	IdentityId IdentityId
	// The login.
	Login *RevokedLogin
	// The identity pool.
	IdentityPoolId IdentityPoolId
	// The access key ID of the session.
	AccessKeyId AccessKeyId
	// The role.
	RoleArn RoleArn
	// True if everything is revoked; absent otherwise.
	Everything *bool
	// The moment up to which what was issued is void.
	IssuedBefore time.Time `aws:"required"`
	// When it was revoked.
	CreationDate time.Time `aws:"required"`
	// When the revocation is forgotten, since nothing that it voids is left.
	ExpirationDate time.Time `aws:"required"`
}

// ListRevocationsRequest is the input of ListRevocations.
type ListRevocationsRequest struct {
	// The most revocations of a page; 60 if absent.
	MaxResults MaxResults
	// The pagination token from the previous page.
	NextToken PaginationKey
}

// ListRevocationsResponse is the output of ListRevocations.
type ListRevocationsResponse struct {
	// The revocations that are in force.
	Revocations RevocationList `aws:"required"`
	// The pagination token for the next page; absent on the last page.
	NextToken PaginationKey
}

// RevocationList lists revocations.
type RevocationList []RevocationDetail
