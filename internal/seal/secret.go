package seal

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// placeholder is what everybody sees of a secret, whatever its value is, so
// that not even its length or its absence shows.
const placeholder = "[secret]"

// Secret is a string that does not print. Package fmt with any verb, log/slog,
// encoding/json and every encoder that asks for text get a placeholder; only
// [Secret.Reveal] gives the value. The zero Secret holds the empty string.
//
// Secrets cannot be compared with ==, which would take a time that depends on
// the values; use [Secret.Equal].
type Secret struct {
	_ [0]func() // takes == away

	// The value is behind a pointer because package fmt cannot call methods on
	// the unexported fields of other structs: it would print a plain string
	// there, of a pointer it prints the address.
	value *string
}

// NewSecret returns a Secret that holds value.
func NewSecret(value string) Secret { return Secret{value: &value} }

// Reveal returns the value. Each call is a place to look at in a review.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal reports whether both secrets hold the same value. The time it takes
// depends on the lengths only.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// String returns a placeholder.
func (Secret) String() string { return placeholder }

// GoString returns a placeholder.
func (Secret) GoString() string { return placeholder }

// Format writes a placeholder for every verb and flag.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, placeholder) }

// LogValue returns a placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue(placeholder) }

// MarshalText returns a placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(placeholder), nil }

// MarshalJSON returns a placeholder.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + placeholder + `"`), nil }
