package admin

import "time"

// The named strings of the audit trail. Their constraints are in operations.go.
type (
	// The ID of a user in the developer's own system.
	DeveloperUserIdentifier string
	// The ID of the key of hashes.
	AuditKeyId string
	// A hash, in hexadecimal.
	Hash string
)

// AuditHashRequest is the input of AuditHash. It names an identity, a user, or a user of an identity.
type AuditHashRequest struct {
	// The identity. With a user: the identity that the user has or had, whose salts count.
	IdentityId IdentityId
	// The login provider of the user, as Logins calls it: a host, an issuer without scheme, the ARN of a SAML provider.
	ProviderName IdentityProviderName
	// Who the user is at the provider: the sub or the NameID.
	UserIdentifier UserIdentifier
	// Who the user is in the developer's own system. Needs IdentityPoolId.
	DeveloperUserIdentifier DeveloperUserIdentifier
	// The identity pool; absent for all of them.
	IdentityPoolId IdentityPoolId
}

// AuditHashResponse is the output of AuditHash.
type AuditHashResponse struct {
	// The key of the hashes, as records have it in hashKeyId.
	KeyId AuditKeyId
	// The hashes.
	Hashes AuditHashList `aws:"required"`
}

// AuditHashList lists hashes.
type AuditHashList []AuditHash

// AuditHash is a hash under which somebody is in records.
type AuditHash struct {
	// The hash.
	Hash Hash `aws:"required"`
	// The member of records that has it: identityHash or subjectHash.
	Member string `aws:"required"`
	// The identity that is hashed, or whose login is.
	IdentityId IdentityId
	// The login provider of the login that is hashed.
	ProviderName IdentityProviderName
	// The day in whose records the hash is, for logins without identity: those that were refused, and those that STS was shown.
	Date time.Time
}
