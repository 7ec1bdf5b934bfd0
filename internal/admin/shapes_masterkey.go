package admin

import "time"

// KeyFingerprint names a master key in public, in 16 hexadecimal digits.
type KeyFingerprint string

// RotateMasterKeyRequest is the input of RotateMasterKey.
type RotateMasterKeyRequest struct {
	// The fingerprint of the master key that is replaced. If another one has taken its place already, that is finished and nothing else is done, so a call can be repeated. Absent for the current key, whichever it is.
	Fingerprint KeyFingerprint
	// Refuses at once, because somebody else may have the old key, all sessions and pagination tokens that it or a key before it has sealed. Without it, they stay valid for 36 hours.
	Compromised bool
}

// RotateMasterKeyResponse is the output of RotateMasterKey.
type RotateMasterKeyResponse struct {
	// How it stands with the master key.
	MasterKey MasterKeyDescription `aws:"required"`
}

// DescribeMasterKeyRequest is the input of DescribeMasterKey.
type DescribeMasterKeyRequest struct{}

// DescribeMasterKeyResponse is the output of DescribeMasterKey.
type DescribeMasterKeyResponse struct {
	// How it stands with the master key.
	MasterKey MasterKeyDescription `aws:"required"`
}

// MasterKeyDescription says which master key seals, and which was replaced.
type MasterKeyDescription struct {
	// The fingerprint of the master key that seals.
	Fingerprint KeyFingerprint `aws:"required"`
	// Whether the server keeps the master key in its data directory, and makes the next one itself.
	InDataDirectory bool
	// The fingerprint of the next master key. Absent if the server has none.
	NextFingerprint KeyFingerprint
	// How many servers share the database.
	Servers int32
	// How many of them have the next master key. Absent if this server has none.
	ServersWithNextKey *int32
	// The fingerprint of the master key that was replaced last. Absent if none was.
	ReplacedFingerprint KeyFingerprint
	// When it was replaced.
	ReplacedDate *time.Time
	// When everything that is stored was sealed with the current key. Absent while that goes on.
	FinishedDate *time.Time
	// Until when sessions and pagination tokens are valid that the replaced key has sealed. Absent if they are not.
	SessionsUntil *time.Time
}
