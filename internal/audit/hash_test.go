package audit

import (
	"fmt"
	"strings"
	"testing"
)

// A hash depends on everything that it is made of, and on where one part ends.
func TestKeyedHash(t *testing.T) {
	k := NewKey([KeySize]byte{1})
	hashes := map[string]string{
		"an identity":           k.Identity("us-east-1:a"),
		"another identity":      k.Identity("us-east-1:b"),
		"a subject":             k.Subject([]byte("salt"), "a.example", "alice"),
		"another salt":          k.Subject([]byte("sale"), "a.example", "alice"),
		"no salt":               k.Subject(nil, "a.example", "alice"),
		"another provider":      k.Subject([]byte("salt"), "b.example", "alice"),
		"another subject":       k.Subject([]byte("salt"), "a.example", "bob"),
		"parts cut elsewhere":   k.Subject([]byte("salta"), ".example", "alice"),
		"the subject elsewhere": k.Subject([]byte("salt"), "a.examplea", "lice"),
		"another key":           NewKey([KeySize]byte{2}).Subject([]byte("salt"), "a.example", "alice"),
	}
	seen := map[string]string{}
	for name, hash := range hashes {
		if len(hash) != 32 || strings.Trim(hash, "0123456789abcdef") != "" {
			t.Errorf("%s: %q", name, hash)
		}
		if other, ok := seen[hash]; ok {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[hash] = name
	}
	if k.Subject([]byte("salt"), "a.example/", "alice") != hashes["a subject"] {
		t.Error("a slash makes a difference")
	}
	// What was recorded is found by later versions: these never change.
	const identity, subject, id = "0d4b0ffc06a321a94a070ac00f4dbe58", "53d121ec5a82abc510e7e53b1cd1a605", "4e6aca0fd0021e44"
	if hashes["an identity"] != identity || hashes["a subject"] != subject || k.ID() != id {
		t.Errorf("%s, %s, %s", hashes["an identity"], hashes["a subject"], k.ID())
	}
}

// A key does not print.
func TestKeyIsSecret(t *testing.T) {
	k := NewKey([KeySize]byte([]byte(strings.Repeat("k", KeySize))))
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format+" "+format, k, *k); strings.Contains(text, "kkk") || strings.Contains(text, "107") || !strings.Contains(text, k.ID()) {
			t.Errorf("%s prints %s", format, text)
		}
	}
}
