package seal_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/seal"
)

// The key 00 01 02 … 1f. Text, fingerprint and derivation are stored by
// operators and in databases, so they must stay as they are here.
const (
	vectorText        = "daypass-master-key-1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh_GOf9n"
	vectorFingerprint = "ad1b5adbdb636b84"
)

func vectorKey(t testing.TB) *seal.MasterKey {
	t.Helper()
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(i)
	}
	key, err := seal.Generate(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newKey(t testing.TB) *seal.MasterKey {
	t.Helper()
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestMasterKeyVector(t *testing.T) {
	key := vectorKey(t)
	if got := key.Text().Reveal(); got != vectorText {
		t.Errorf("Text: got %s", got)
	}
	if got := key.Fingerprint(); got != vectorFingerprint {
		t.Errorf("Fingerprint: got %s", got)
	}
	if got := key.Box("p").KeyID().String(); !strings.HasPrefix(vectorFingerprint, got) || len(got) != 8 {
		t.Errorf("KeyID: got %s", got)
	}
}

func TestGenerate(t *testing.T) {
	if a, b := newKey(t), newKey(t); a.Text().Equal(b.Text()) {
		t.Error("two keys are the same")
	}
	_, err := seal.Generate(strings.NewReader("too short"))
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("short randomness: got %v", err)
	}
}

func TestParseMasterKey(t *testing.T) {
	for _, text := range []string{vectorText, vectorText + "\n", vectorText + "\r\n", "  " + vectorText + "\t\n\n"} {
		key, err := seal.ParseMasterKey(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		} else if got := key.Text().Reveal(); got != vectorText {
			t.Errorf("%q: read as %s", text, got)
		}
	}
}

func TestParseMasterKeyRefuses(t *testing.T) {
	const (
		notPrefixed = `not a master key: it must begin with "daypass-master-key-1:"`
		notBase64   = "not a master key: a character after the prefix is not base64url"
		badSum      = "not a master key: the checksum does not fit, so a character is wrong"
	)
	length := func(n int) string {
		return fmt.Sprintf("not a complete master key: %d characters follow \"daypass-master-key-1:\", must be 48", n)
	}
	for name, tt := range map[string]struct{ text, want string }{
		"empty":            {"", notPrefixed},
		"no prefix":        {vectorText[len("daypass-master-key-1:"):], notPrefixed},
		"other version":    {strings.Replace(vectorText, "-1:", "-2:", 1), notPrefixed},
		"upper prefix":     {strings.ToUpper(vectorText), notPrefixed},
		"prefix only":      {"daypass-master-key-1:", length(0)},
		"truncated by one": {vectorText[:len(vectorText)-1], length(47)},
		"truncated":        {vectorText[:40], length(19)},
		"one too many":     {vectorText + "A", length(49)},
		"two keys":         {vectorText + "\n" + vectorText, length(48 + 1 + len(vectorText))},
		"line break":       {vectorText[:68] + "\n" + vectorText[68:68], length(47)},
		"inner line break": {vectorText[:30] + "\n" + vectorText[31:], notBase64},
		"standard base64":  {strings.Replace(vectorText, "_GOf9n", "/GOf9n", 1), notBase64},
		"one wrong":        {strings.Replace(vectorText, "AAECAw", "BAECAw", 1), badSum},
		"wrong sum":        {strings.Replace(vectorText, "GOf9n", "GOf9m", 1), badSum},
		"swapped":          {strings.Replace(vectorText, "AECAw", "AEACw", 1), badSum},
	} {
		key, err := seal.ParseMasterKey(tt.text)
		if err == nil || err.Error() != tt.want || key != nil {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

func TestMasterKeyNeverPrints(t *testing.T) {
	key := vectorKey(t)
	body := key.Text().Reveal()[len("daypass-master-key-1:"):][:20]
	derived := strings.Trim(fmt.Sprint(derivedKey(t, "purpose")[:8]), "[]")
	hidden := []string{derived, body, "000102030405060708", "0 1 2 3 4 5 6 7 8", "0x0, 0x1, 0x2, 0x3"}
	type unexported struct {
		k  *seal.MasterKey
		v  seal.MasterKey
		b  *seal.Box
		bv seal.Box
	}
	box := key.Box("purpose")
	for name, v := range map[string]any{
		"pointer":          key,
		"value":            *key,
		"unexported field": unexported{key, *key, box, *box},
		"box":              box,
		"box value":        *box,
	} {
		checkHidden(t, name, v, hidden...)
	}
	if got := fmt.Sprintf("%v %s %x %#v", key, *key, key, *key); got != "[secret] [secret] [secret] [secret]" {
		t.Errorf("got %s", got)
	}
}

// derivedKey computes the key of a box of vectorKey apart from the code under
// test.
func derivedKey(t *testing.T, purpose string) []byte {
	t.Helper()
	master, err := hex.DecodeString("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
	if err != nil {
		t.Fatal(err)
	}
	key, err := hkdf.Key(sha256.New, master, nil, "daypass seal v1 box "+purpose, 32)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestZeroMasterKeyPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a box was made without a key")
		}
	}()
	new(seal.MasterKey).Box("purpose")
}

func TestBoxNeedsPurpose(t *testing.T) {
	defer func() {
		if got := recover(); got != "seal: a box needs a purpose" {
			t.Errorf("got %v", got)
		}
	}()
	newKey(t).Box("")
}

// A hash is the same for each who has the master key, another one for each purpose,
// and none that a box has.
func TestHash(t *testing.T) {
	k := vectorKey(t)
	if k.Hash("a") != vectorKey(t).Hash("a") || k.Hash("a") == k.Hash("b") || k.Hash("a") == newKey(t).Hash("a") {
		t.Error("hashes of the same key and purpose differ, or others do not")
	}
	if h := k.Hash("x"); bytes.Equal(h[:], derivedKey(t, "x")) {
		t.Error("a hash and a box have the same key")
	}
	defer func() {
		if recover() == nil {
			t.Error("a hash without a purpose")
		}
	}()
	k.Hash("")
}

// FuzzParseMasterKey: what is accepted prints as it was, and no error quotes
// the text.
func FuzzParseMasterKey(f *testing.F) {
	f.Add(vectorText)
	f.Add(vectorText + "\n")
	f.Add(vectorText[:50])
	f.Add("daypass-master-key-1:" + strings.Repeat("A", 48))
	f.Add(hex.EncodeToString(make([]byte, 32)))
	f.Fuzz(func(t *testing.T, text string) {
		key, err := seal.ParseMasterKey(text)
		if err == nil {
			if got := key.Text().Reveal(); got != strings.TrimSpace(text) {
				t.Errorf("%q is read as %q", text, got)
			}
			return
		}
		body := strings.TrimPrefix(strings.TrimSpace(text), "daypass-master-key-1:")
		if len(body) > 24 && strings.Contains(err.Error(), body) {
			t.Errorf("the error quotes the text: %v", err)
		}
	})
}
