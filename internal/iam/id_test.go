package iam

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
)

// The vectors are key IDs of AWS whose accounts are known.
func TestAccountOf(t *testing.T) {
	tests := []struct {
		id, account string
	}{
		{"ASIAY34FZKBOKMUTVV7A", "609629065308"},
		{"ASIAQNZGKIQY56JQ7WML", "029608264753"},
		{"ASIARTX3GSDSQAAAAAAA", "111122223333"},
		{"AROARTX3GSDSQABCDEFGH", "111122223333"},
		{"ASIAQAAAAAAAAAAAAAAA", "000000000000"},
		{"ASIA6RVFFB77QAAAAAAA", "999999999999"},

		{"", ""},
		{"test", ""},
		{"ASIARTX3GSDSQAAAAAA", ""},    // too short
		{"ASIARTX3GSDSQAAAAAAAAA", ""}, // too long
		{"ASIArtx3gsdsqaaaaaaa", ""},   // not base32
		{"ASIARTX3GSDSQAAAAA1A", ""},   // not base32
		{"AKIAIOSFODNN7EXAMPLE", ""},   // from before accounts were in there
		{"ASIA7777777777777777", ""},   // beyond twelve digits
	}
	for _, test := range tests {
		account, ok := AccountOf(test.id)
		if account != test.account || ok != (test.account != "") {
			t.Errorf("AccountOf(%q) = %q, %v, want %q", test.id, account, ok, test.account)
		}
	}
}

func TestNewID(t *testing.T) {
	tests := []struct {
		prefix  Prefix
		account string
		random  byte
		want    string
	}{
		{RolePrefix, "111122223333", 0, "AROARTX3GSDSQAAAAAAAA"},
		{RolePrefix, "111122223333", 0xff, "AROARTX3GSDS777777777"},
		{TemporaryKeyPrefix, "111122223333", 0, "ASIARTX3GSDSQAAAAAAA"},
		{LongTermKeyPrefix, "609629065308", 0, "AKIAY34FZKBOAAAAAAAA"},
		{TemporaryKeyPrefix, "609629065308", 0xff, "ASIAY34FZKBOP7777777"},
	}
	for _, test := range tests {
		got, err := NewID(test.prefix, test.account, bytes.NewReader(bytes.Repeat([]byte{test.random}, 10)))
		if err != nil || got != test.want {
			t.Errorf("NewID(%s, %s) = %s, %v, want %s", test.prefix, test.account, got, err, test.want)
		}
	}
}

func TestNewIDRefuses(t *testing.T) {
	for _, account := range []string{"", "1", "1111222233334", "11112222333a", "-11112222333"} {
		want := fmt.Sprintf("account ID %q does not have 12 digits", account)
		if _, err := NewID(RolePrefix, account, rand.Reader); err == nil || err.Error() != want {
			t.Errorf("NewID of account %q: %v, want %s", account, err, want)
		}
	}
	if _, err := NewID(RolePrefix, "111122223333", strings.NewReader("short")); err == nil || err.Error() != "make an ID: unexpected EOF" {
		t.Errorf("NewID without randomness: %v", err)
	}
}

// Whatever the account and the randomness, the account can be read back.
func FuzzID(f *testing.F) {
	f.Add(uint64(0), []byte("0123456789"))
	f.Add(uint64(999_999_999_999), bytes.Repeat([]byte{0xff}, 10))
	f.Fuzz(func(t *testing.T, n uint64, random []byte) {
		if len(random) < 10 {
			return
		}
		account := fmt.Sprintf("%012d", n%1_000_000_000_000)
		for prefix, length := range map[Prefix]int{RolePrefix: 21, TemporaryKeyPrefix: 20, LongTermKeyPrefix: 20} {
			id, err := NewID(prefix, account, bytes.NewReader(random))
			if err != nil {
				t.Fatal(err)
			}
			got, ok := AccountOf(id)
			if !ok || got != account || len(id) != length || !strings.HasPrefix(id, string(prefix)) {
				t.Errorf("%s of account %s: account %q, %v", id, account, got, ok)
			}
		}
	})
}

func BenchmarkNewID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewID(TemporaryKeyPrefix, "111122223333", rand.Reader); err != nil {
			b.Fatal(err)
		}
	}
}
