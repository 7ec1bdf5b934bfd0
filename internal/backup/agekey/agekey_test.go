package agekey_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/backup"
	"github.com/daypass/daypass/internal/backup/agekey"
	"github.com/daypass/daypass/internal/seal"
)

func sealedFor(t *testing.T, key *seal.MasterKey, r *agekey.Recipient) *backup.Header {
	t.Helper()
	h, err := backup.New(backup.Facts{}, key)
	if err != nil {
		t.Fatal(err)
	}
	if h.Key, err = agekey.SealFor(r.String(), key); err != nil {
		t.Fatal(err)
	}
	return h
}

func recipient(t *testing.T) *agekey.Recipient {
	t.Helper()
	r, err := agekey.NewRecipient()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func masterKey(t *testing.T) *seal.MasterKey {
	t.Helper()
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// The server seals the key for a recipient of one call, the command with a passphrase.
func TestReseal(t *testing.T) {
	key, r := masterKey(t), recipient(t)
	passphrase := seal.NewSecret("correct horse")
	h := sealedFor(t, key, r)
	if err := recipient(t).Reseal(h, passphrase); !errors.Is(err, agekey.ErrPassphrase) {
		t.Errorf("another recipient: %v", err)
	}
	if _, err := agekey.Open(h, passphrase); !errors.Is(err, agekey.ErrPassphrase) {
		t.Errorf("what is sealed for a recipient, by a passphrase: %v", err)
	}
	if err := r.Reseal(h, passphrase); err != nil {
		t.Fatal(err)
	}
	got, err := agekey.Open(h, passphrase)
	if err != nil || got.Fingerprint() != key.Fingerprint() {
		t.Fatal(err)
	}
	if _, err := agekey.Open(h, seal.NewSecret("battery staple")); !errors.Is(err, agekey.ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
	wrong := sealedFor(t, key, r)
	wrong.Key = sealedFor(t, masterKey(t), r).Key
	if err := r.Reseal(wrong, passphrase); !errors.Is(err, backup.ErrWrongKey) {
		t.Errorf("the key of another database: %v", err)
	}
	if _, err := agekey.SealFor("age1nobody", key); !errors.Is(err, agekey.ErrRecipient) {
		t.Errorf("no recipient: %v", err)
	}
}

// Whoever reads a backup does not do the work that its author asks for.
func TestWorkIsBounded(t *testing.T) {
	h, err := backup.New(backup.Facts{}, masterKey(t))
	if err != nil {
		t.Fatal(err)
	}
	h.Key = []byte("age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n" + strings.Repeat("A", 43) + "\n--- " + strings.Repeat("A", 43) + "\n")
	if _, err := agekey.Open(h, seal.NewSecret("correct horse")); !errors.Is(err, agekey.ErrPassphrase) {
		t.Error(err)
	}
}

func TestReadPassphrase(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"correct horse": "correct horse", "correct horse\n": "correct horse", "correct horse\r\nmore": "correct horse", " leading spaces": " leading spaces",
		"sieben7": "", "\ncorrect horse": "", "": "", strings.Repeat("x", 5000): "",
	} {
		path := filepath.Join(dir, "passphrase")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := agekey.ReadPassphrase(path)
		if got.Reveal() != want || (err == nil) != (want != "") {
			t.Errorf("%.20q: %q, %v", text, got.Reveal(), err)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats it: %v", err)
		}
	}
}
