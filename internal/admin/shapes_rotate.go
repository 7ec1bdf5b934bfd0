package admin

import "time"

// The named strings of rotations. Their constraints are in operations.go.
type (
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
