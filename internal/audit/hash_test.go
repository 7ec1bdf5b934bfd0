package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
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

// salts are salts of days in memory.
type salts struct {
	of   map[int64][]byte
	asks int
	err  error
}

func (s *salts) SaltOfDay(_ context.Context, day int64) ([]byte, error) {
	s.asks++
	if s.err != nil {
		return nil, s.err
	}
	if s.of[day] == nil {
		s.of[day] = fmt.Append(nil, "salt of ", day)
	}
	return s.of[day], nil
}

func (s *salts) SaltsSince(_ context.Context, day int64) (list []DaySalt, _ error) {
	for _, d := range slices.Sorted(maps.Keys(s.of)) {
		if d >= day {
			list = append(list, DaySalt{d, s.of[d]})
		}
	}
	return list, s.err
}

func (s *salts) ForgetSalts(_ context.Context, before int64) error {
	maps.DeleteFunc(s.of, func(day int64, _ []byte) bool { return day < before })
	return s.err
}

// Who has no identity has the hash of the day, which nobody can make any more once the
// day is forgotten. Who has an identity has one hash for ever.
func TestHashesOfDays(t *testing.T) {
	now := time.Date(2026, 12, 1, 23, 59, 0, 0, time.UTC)
	kept := &salts{of: map[int64][]byte{}}
	h := &Hashes{Key: NewKey([KeySize]byte{1}), Salts: kept, Retention: 48 * time.Hour, Now: func() time.Time { return now }}
	if err := h.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	asks := kept.asks
	kept.err = errors.New("the database is away")
	day1, owned := h.Subject(nil, "a.example", "alice"), h.Subject([]byte("own"), "a.example", "alice")
	now = now.Add(time.Hour)
	day2 := h.Subject(nil, "a.example", "alice")
	if kept.asks != asks {
		t.Error("the database is asked for today or tomorrow")
	}
	if day1 == "" || day2 == "" || day1 == day2 || owned == day1 || owned != h.Subject([]byte("own"), "a.example", "alice") {
		t.Errorf("hashes %s, %s, %s", day1, day2, owned)
	}
	now = now.Add(24 * time.Hour)
	if got := h.Subject(nil, "a.example", "alice"); got != "" {
		t.Errorf("a hash without salt: %s", got)
	}
	if got := h.Subject([]byte("own"), "a.example", "alice"); got != owned {
		t.Errorf("the hash of an identity's login changes: %s", got)
	}
	kept.err = nil
	list, err := h.ByDay(t.Context(), "a.example", "alice", now.Add(-48*time.Hour))
	if err != nil || len(list) != 2 || list[0].Hash != day1 || list[1].Hash != day2 || !list[1].Day.Equal(time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("by day %v, %v", list, err)
	}
	now = now.Add(24 * time.Hour)
	if err := h.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err = h.ByDay(t.Context(), "a.example", "alice", time.Time{})
	if err != nil || len(list) == 0 || list[0].Hash != day2 || !list[0].Day.Equal(time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("after the retention %v, %v", list, err)
	}
}

func BenchmarkKeyedHash(b *testing.B) {
	k, salt := NewKey([KeySize]byte{1}), make([]byte, SaltSize)
	b.ReportAllocs()
	for b.Loop() {
		k.Subject(salt, "login.example.com", "alice@example.com")
	}
}
