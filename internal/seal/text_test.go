package seal_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/seal"
)

// A sealed text opens in the one spelling it was given, for the same names in
// the same order, and not otherwise.
func TestSealText(t *testing.T) {
	key := newKey(t)
	box := key.Box("purpose")
	for _, text := range []string{"", "where\x00it \xffgoes on", strings.Repeat("x", 1000)} {
		sealed := box.SealText(text, "operation", "of")
		if got, err := box.OpenText(sealed, "operation", "of"); got != text || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
		if strings.ContainsAny(sealed, "+/=") {
			t.Errorf("%q does not belong in a parameter", sealed)
		}
		for name, open := range map[string]func() (string, error){
			"other purpose":   func() (string, error) { return key.Box("other").OpenText(sealed, "operation", "of") },
			"other names":     func() (string, error) { return box.OpenText(sealed, "operation", "off") },
			"names in a row":  func() (string, error) { return box.OpenText(sealed, "operationof") },
			"no names":        func() (string, error) { return box.OpenText(sealed) },
			"padded":          func() (string, error) { return box.OpenText(sealed+"=", "operation", "of") },
			"extended":        func() (string, error) { return box.OpenText(sealed+"AAAA", "operation", "of") },
			"a line break":    func() (string, error) { return box.OpenText(sealed[:4]+"\n"+sealed[4:], "operation", "of") },
			"another letter":  func() (string, error) { return box.OpenText("B"+sealed[1:], "operation", "of") },
			"cut":             func() (string, error) { return box.OpenText(sealed[:len(sealed)-1], "operation", "of") },
			"nothing":         func() (string, error) { return box.OpenText("", "operation", "of") },
			"not base64 text": func() (string, error) { return box.OpenText("!", "operation", "of") },
		} {
			if got, err := open(); got != "" || !errors.Is(err, seal.ErrOpen) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
}
