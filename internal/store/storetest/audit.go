package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/fixture"
)

// However many ask for the audit key first, it is made once, and nobody reads it from
// the database.
func testAuditKey(t *testing.T, db *rig) {
	ring := unlock(t, db, fixture.MasterKey(t))
	const callers = 8
	ids := make([]string, callers)
	var wg sync.WaitGroup
	for n := range callers {
		wg.Go(func() {
			key, err := db.AuditKey(context.Background(), ring)
			if err != nil {
				t.Error(err)
				return
			}
			ids[n] = key.ID()
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Errorf("keys %v", ids)
		}
	}
	var sealed []byte
	db.read(t, `SELECT sealed FROM seals WHERE name = 'audit-key'`, &sealed)
	if len(sealed) != audit.KeySize+seal.Overhead {
		t.Errorf("%d bytes are stored", len(sealed))
	}
}

// A day has one salt, until it is forgotten.
func testSaltsOfDays(t *testing.T, db *rig) {
	s := db.AuditSalts()
	const first = 20_000
	of := map[int64]string{}
	for _, day := range []int64{first + 1, first, first + 2, first} {
		salt, err := s.SaltOfDay(t.Context(), day)
		if err != nil || len(salt) != audit.SaltSize {
			t.Fatalf("day %d: %x, %v", day, salt, err)
		}
		if of[day] != "" && of[day] != string(salt) {
			t.Errorf("day %d has two salts", day)
		}
		for other, known := range of {
			if other != day && known == string(salt) {
				t.Errorf("days %d and %d have one salt", day, other)
			}
		}
		of[day] = string(salt)
	}
	if err := s.ForgetSalts(t.Context(), first+1); err != nil {
		t.Fatal(err)
	}
	got, err := s.SaltsSince(t.Context(), 0)
	want := []audit.DaySalt{{Day: first + 1, Salt: []byte(of[first+1])}, {Day: first + 2, Salt: []byte(of[first+2])}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := s.SaltsSince(t.Context(), first+2); len(got) != 1 || err != nil {
		t.Errorf("since the last day: %v, %v", got, err)
	}
}

// Identities with logins get a salt in the background, once. Others get none, nor do
// guests, and what they have besides stays as it is.
func testSaltsOfIdentities(t *testing.T, db *rig) {
	c := db.cognito(t)
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p)
	plain := fixture.Identity(p, 1, cognito.Login{Provider: 1, Subject: "a"})
	plain.Salts = nil
	salted, guest := fixture.Identity(p, 2, cognito.Login{Provider: 1, Subject: "b"}), fixture.Identity(p, 3)
	if err := c.AddIdentities(t.Context(), []*cognito.Identity{plain, salted, guest}); err != nil {
		t.Fatal(err)
	}
	get := func(i *cognito.Identity) *cognito.Identity {
		return fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(i.GUID) })
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { c.RunSalts(ctx, func(err error) { t.Error(err) }) })
	for _, i := range []*cognito.Identity{salted, guest, fixture.Identity(p, 4), plain} {
		c.GiveSalt(i.GUID)
	}
	var got *cognito.Identity
	for got = get(plain); len(got.Salts) == 0 && t.Context().Err() == nil; got = get(plain) {
	}
	cancel()
	wg.Wait()
	c.GiveSalt(plain.GUID) // which nobody writes any more
	if len(got.Salts) != 1 || got.Salts[0] == (cognito.Salt{}) {
		t.Errorf("salts %v", got.Salts)
	}
	plain.Salts = got.Salts
	for _, want := range []*cognito.Identity{plain, salted, guest} {
		if diff := cmp.Diff(want, get(want)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	// It goes with the identity.
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.DeleteIdentity(plain) })
	var n int
	db.read(t, `SELECT COUNT(*) FROM identities WHERE salts IS NOT NULL`, &n)
	if n != 1 {
		t.Errorf("%d identities have salts, want 1", n)
	}
}
