package seal

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	masterKeySize = 32

	// textPrefix begins the text form of a master key. It makes keys easy to
	// find by secret scanners and hard to mistake for anything else.
	textPrefix   = "daypass-master-key-1:"
	checksumSize = 4

	// Labels of the HKDF expansions. The purpose comes last and everything
	// before it is constant, so no two uses share an info string.
	labelBox         = "daypass seal v1 box "
	labelHash        = "daypass seal v1 hash "
	labelFingerprint = "daypass seal v1 fingerprint"
)

// textEncoding has one spelling for any bytes. It turns key and checksum, 36
// bytes, into exactly 48 characters.
var textEncoding = base64.RawURLEncoding.Strict()

// MasterKey is the key from which all others are derived. Make one with
// [Generate], [ParseMasterKey], [LoadFile] or [CreateFile]; the zero MasterKey
// holds no key and panics when used. Like a [Secret] it never prints.
type MasterKey struct {
	// The 32 bytes, behind a pointer for the reason given at Secret. They are a
	// string because fmt, asked for a verb that does not fit, follows pointers
	// to arrays and structs, but never those to strings.
	key *string
}

func newMasterKey(key []byte) *MasterKey {
	s := string(key)
	return &MasterKey{key: &s}
}

// Generate makes a new master key from 32 bytes of random, which is
// crypto/rand.Reader when nil.
func Generate(random io.Reader) (*MasterKey, error) {
	if random == nil {
		random = rand.Reader
	}
	var key [masterKeySize]byte
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return nil, fmt.Errorf("making a master key: %w", err)
	}
	return newMasterKey(key[:]), nil
}

// ParseMasterKey reads the text form of a master key, as [MasterKey.Text] gives
// it: one line, "daypass-master-key-1:" and 48 characters of unpadded base64url,
// which hold the key and a checksum. White space around it is ignored. The
// errors say what is wrong, a truncated paste for one, and never quote the text.
func ParseMasterKey(text string) (*MasterKey, error) {
	body, found := strings.CutPrefix(strings.TrimSpace(text), textPrefix)
	if !found {
		return nil, errors.New(`not a master key: it must begin with "` + textPrefix + `"`)
	}
	want := textEncoding.EncodedLen(masterKeySize + checksumSize)
	if len(body) != want {
		return nil, fmt.Errorf("not a complete master key: %d characters follow %q, must be %d", len(body), textPrefix, want)
	}
	raw, err := textEncoding.DecodeString(body)
	if err != nil || len(raw) != masterKeySize+checksumSize {
		return nil, errors.New("not a master key: a character after the prefix is not base64url")
	}
	key := raw[:masterKeySize]
	if sum := checksum(string(key)); subtle.ConstantTimeCompare(sum[:], raw[masterKeySize:]) != 1 {
		return nil, errors.New("not a master key: the checksum does not fit, so a character is wrong")
	}
	return newMasterKey(key), nil
}

// checksum is there to recognise accidents, not attacks. It stays inside the
// text form, which is as secret as the key.
func checksum(key string) [checksumSize]byte {
	sum := sha256.Sum256([]byte(textPrefix + key))
	return [checksumSize]byte(sum[:])
}

// Text returns the text form of the key, which [ParseMasterKey] reads.
func (k *MasterKey) Text() Secret {
	sum := checksum(*k.key)
	return NewSecret(textPrefix + textEncoding.EncodeToString(append([]byte(*k.key), sum[:]...)))
}

// Fingerprint returns the public name of the key, 16 hexadecimal digits. It is
// derived one way and may be logged and shown.
func (k *MasterKey) Fingerprint() string {
	return hex.EncodeToString(k.derive(labelFingerprint, 8))
}

// Box returns the box for a purpose. The purpose must not be empty and must
// never change once something is sealed for it.
func (k *MasterKey) Box(purpose string) *Box {
	return newBox(boxKeys{k.boxKey(purpose)})
}

func (k *MasterKey) boxKey(purpose string) boxKey {
	if purpose == "" {
		panic("seal: a box needs a purpose")
	}
	aead, err := chacha20poly1305.NewX(k.derive(labelBox+purpose, chacha20poly1305.KeySize))
	if err != nil {
		panic("seal: " + err.Error()) // the size is right, so only a FIPS 140-only build comes here
	}
	return boxKey{aead: &aead, id: k.ID()}
}

// ID returns the key's ID in sealed bytes.
func (k *MasterKey) ID() KeyID { return KeyID(k.derive(labelFingerprint, keyIDSize)) }

// Equal says whether two keys are the same, in a time that does not depend on them.
func (k *MasterKey) Equal(other *MasterKey) bool {
	return subtle.ConstantTimeCompare([]byte(*k.key), []byte(*other.key)) == 1
}

// Hash returns the secret of a hash for a purpose that is not empty, so that servers
// with the same master key name things alike and nobody else knows how.
func (k *MasterKey) Hash(purpose string) [sha256.Size]byte {
	if purpose == "" {
		panic("seal: a hash needs a purpose")
	}
	return [sha256.Size]byte(k.derive(labelHash+purpose, sha256.Size))
}

// derive gives n bytes of HKDF output, which for a shorter n are a prefix of
// those for a longer one.
func (k *MasterKey) derive(info string, n int) []byte {
	out, err := hkdf.Key(sha256.New, []byte(*k.key), nil, info, n)
	if err != nil {
		panic("seal: " + err.Error()) // n is far below the limit of HKDF
	}
	return out
}

// String returns a placeholder.
func (MasterKey) String() string { return placeholder }

// GoString returns a placeholder.
func (MasterKey) GoString() string { return placeholder }

// Format writes a placeholder for every verb and flag.
func (MasterKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// LogValue returns a placeholder.
func (MasterKey) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText returns a placeholder.
func (MasterKey) MarshalText() ([]byte, error) { return []byte(placeholder), nil }

// MarshalJSON returns a placeholder.
func (MasterKey) MarshalJSON() ([]byte, error) { return []byte(`"` + placeholder + `"`), nil }
