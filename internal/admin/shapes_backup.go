package admin

// KeyRecipient is a public key of age (https://age-encryption.org), age1….
type KeyRecipient string

// CreateBackupRequest is the input of CreateBackup.
type CreateBackupRequest struct {
	// The public key of age (age1…) that the server seals the master key for. If absent, the master key is not in the backup.
	KeyRecipient KeyRecipient
}
