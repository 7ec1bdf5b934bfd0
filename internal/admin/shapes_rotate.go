package admin

import "time"

// The named strings of rotations. Their constraints are in operations.go.
type (
	// How long something old stays good, in seconds.
	GraceSeconds int32
	// The ID of a signing key (kid).
	KeyId string
	// The name of a region.
	RegionName string
)

// RotateSigningKeyRequest is the input of RotateSigningKey.
type RotateSigningKeyRequest struct {
	// The region whose signing key is replaced; absent for all regions that have one.
	KeyRegion RegionName
	// Removes the old keys at once, because somebody else may have them: OpenID tokens that they signed are refused from now on, and the new key signs at once. Without it, no token is refused.
	Compromised bool
}

// RotateSigningKeyResponse is the output of RotateSigningKey.
type RotateSigningKeyResponse struct {
	// The new keys, by region.
	SigningKeys SigningKeyList `aws:"required"`
}

// SigningKeyList lists new signing keys.
type SigningKeyList []NewSigningKey

// NewSigningKey is a signing key that replaces others.
type NewSigningKey struct {
	// The region.
	Region RegionName `aws:"required"`
	// The ID of the new key, the kid of tokens that it signs.
	KeyId KeyId `aws:"required"`
	// When it begins to sign. It is in the key set from now on.
	SignsAfter time.Time `aws:"required"`
	// The SHA-1 hash of its certificate in the key set (x5c), in hexadecimal: the thumbprint that Ceph's object gateways before Squid want in the list of their OpenID Connect provider.
	CertificateThumbprint string `aws:"required"`
	// The IDs of the keys that it replaces.
	ReplacedKeyIds KeyIdList `aws:"required"`
	// When they leave the key set, since no token that they signed is valid any more. Absent if they have left it.
	ReplacedKeysEnd *time.Time
}

// KeyIdList lists IDs of signing keys.
type KeyIdList []KeyId

// RotateRootKeyRequest is the input of RotateRootKey.
type RotateRootKeyRequest struct {
	// How long the old credentials stay good, in seconds; 86400, a day, if absent.
	GracePeriod *GraceSeconds
	// Ends the old credentials at once, because somebody else may have them, and the sessions of GetSessionToken that were got with them.
	Compromised bool
}

// RotateRootKeyResponse is the output of RotateRootKey. The secret is in the file alone.
type RotateRootKeyResponse struct {
	// The new access key ID. Its secret is in the file root-credentials of the server's data directory.
	AccessKeyId AccessKeyId `aws:"required"`
	// The access key ID that it replaces.
	ReplacedAccessKeyId AccessKeyId `aws:"required"`
	// When the old credentials end. Absent if they have ended.
	ReplacedKeyEnds *time.Time
}
