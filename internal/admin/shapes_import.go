package admin

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
