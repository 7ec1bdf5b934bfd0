// Package agekey seals the master key in a backup, with age
// (https://age-encryption.org/v1): for a recipient of one call, and with a passphrase.
// It is apart from package backup so that what only reads and writes backups does not
// link it.
package agekey

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"filippo.io/age"

	"github.com/daypass/daypass/internal/backup"
	"github.com/daypass/daypass/internal/seal"
)

// workFactor is how much scrypt makes of a passphrase: a second of work, in 256 MiB of
// memory. A file that asks for more is refused.
const workFactor = 18

// maxText bounds what is read of a sealed key, in bytes.
const maxText = 1 << 10

var (
	// ErrRecipient answers SealFor where a recipient is none.
	ErrRecipient = errors.New("the recipient is not one of age (age1…)")
	// ErrPassphrase answers Open where the passphrase is wrong.
	ErrPassphrase = errors.New("the passphrase is wrong, or the sealed key is damaged")
)

// Recipient is somebody that the server seals the master key for, for one call.
type Recipient struct{ identity *age.X25519Identity }

// NewRecipient makes a recipient.
func NewRecipient() (*Recipient, error) {
	i, err := age.GenerateX25519Identity()
	return &Recipient{i}, err
}

// String is the public name of the recipient, which the server is told.
func (r *Recipient) String() string { return r.identity.Recipient().String() }

// SealFor seals a master key for a recipient.
func SealFor(recipient string, key *seal.MasterKey) ([]byte, error) {
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		return nil, ErrRecipient
	}
	return sealTo(to, key)
}

func sealTo(to age.Recipient, key *seal.MasterKey) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, fmt.Errorf("sealing the master key: %w", err)
	}
	_, err = io.WriteString(w, key.Text().Reveal())
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("sealing the master key: %w", err)
	}
	return out.Bytes(), nil
}

// Reseal seals the key of a backup, which is sealed for the recipient, with a
// passphrase.
func (r *Recipient) Reseal(h *backup.Header, passphrase seal.Secret) error {
	key, err := open(h, r.identity)
	if err != nil {
		return err
	}
	if err := h.Prove(key); err != nil {
		return err
	}
	to, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return fmt.Errorf("the passphrase: %w", err)
	}
	to.SetWorkFactor(workFactor)
	h.Key, err = sealTo(to, key)
	return err
}

// Open opens the master key of a backup, which is sealed with a passphrase.
func Open(h *backup.Header, passphrase seal.Secret) (*seal.MasterKey, error) {
	from, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return nil, fmt.Errorf("the passphrase: %w", err)
	}
	from.SetMaxWorkFactor(workFactor)
	return open(h, from)
}

func open(h *backup.Header, from age.Identity) (*seal.MasterKey, error) {
	r, err := age.Decrypt(bytes.NewReader(h.Key), from)
	if err != nil {
		return nil, ErrPassphrase
	}
	text, err := io.ReadAll(io.LimitReader(r, maxText))
	if err != nil {
		return nil, ErrPassphrase
	}
	key, err := seal.ParseMasterKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("the sealed key: %w", err)
	}
	return key, nil
}

// leastPassphrase is how many characters a passphrase has at least.
const leastPassphrase = 8

// maxPassphrase bounds the file of a passphrase, in bytes.
const maxPassphrase = 4 << 10

// NewPassphrase checks a passphrase that is about to seal something.
func NewPassphrase(text string) (seal.Secret, error) {
	if utf8.RuneCountInString(text) < leastPassphrase {
		return seal.Secret{}, fmt.Errorf("the passphrase has fewer than %d characters", leastPassphrase)
	}
	return seal.NewSecret(text), nil
}

// ReadPassphrase reads the passphrase in the first line of a file, which only its owner
// may read.
func ReadPassphrase(path string) (seal.Secret, error) {
	text, err := seal.ReadPrivate(path, maxPassphrase)
	if err != nil {
		return seal.Secret{}, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return NewPassphrase(strings.TrimSuffix(line, "\r"))
}
