package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/daypass/daypass/internal/seal"
)

// workFactor is how much scrypt makes of a passphrase: a second of work, in 256 MiB of
// memory. A file that asks for more is refused.
const workFactor = 18

// maxText bounds what is read of a sealed key, in bytes.
const maxText = 1 << 10

var (
	// ErrRecipient answers New where a recipient is none.
	ErrRecipient = errors.New("the recipient is not one of age (age1…)")
	// ErrPassphrase answers OpenKey where the passphrase is wrong.
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

// sealFor seals the key for a recipient.
func sealFor(recipient string, key *seal.MasterKey) ([]byte, error) {
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

// Reseal seals the key, which is sealed for the recipient, with a passphrase.
func (h *Header) Reseal(from *Recipient, passphrase seal.Secret) error {
	key, err := h.open(from.identity)
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
	h.key, err = sealTo(to, key)
	return err
}

// OpenKey opens the master key that is sealed with a passphrase.
func (h *Header) OpenKey(passphrase seal.Secret) (*seal.MasterKey, error) {
	from, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return nil, fmt.Errorf("the passphrase: %w", err)
	}
	from.SetMaxWorkFactor(workFactor)
	return h.open(from)
}

func (h *Header) open(from age.Identity) (*seal.MasterKey, error) {
	r, err := age.Decrypt(bytes.NewReader(h.key), from)
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
