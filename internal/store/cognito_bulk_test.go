package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/cognito"
)

// people are so many identities, every third of them a guest, as random as real
// ones are.
func people(p *cognito.Pool, n int, seed uint64) []*cognito.Identity {
	r := rand.New(rand.NewPCG(seed, seed))
	at := time.UnixMilli(1_700_000_000_123).UTC()
	list := make([]*cognito.Identity, n)
	for k := range list {
		i := &cognito.Identity{Pool: p.Number, Created: at, Modified: at}
		binary.BigEndian.PutUint64(i.GUID[:8], r.Uint64())
		binary.BigEndian.PutUint64(i.GUID[8:], r.Uint64())
		if k%3 != 0 {
			i.Authenticated, i.Logins = true, []cognito.Login{{Provider: 1, Subject: fmt.Sprint("user-", seed, "-", k)}}
		}
		list[k] = i
	}
	return list
}

// Identities that are stored together are what they are when each is stored on its
// own, and found by their logins.
func TestAddIdentities(t *testing.T) {
	db, c, _ := openCognito(t)
	p, other := newPool(1), newPool(2)
	addPool(t, c, p)
	addPool(t, c, other)
	const n = 3*manyRows + 7
	list := append(people(p, n, 1), newIdentity(other, 1, cognito.Login{Provider: 1, Subject: "a"}, cognito.Login{Provider: 2, Subject: "b"}))
	if err := c.AddIdentities(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	for _, want := range list {
		got := []*cognito.Identity{viewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(want.GUID) })}
		for _, l := range want.Logins {
			got = append(got, viewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(want.Pool, l) }))
		}
		for _, got := range got {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
		}
	}
	// One that is there already is refused with all that came with it.
	for name, bad := range map[string]*cognito.Identity{
		"an identity that is there": list[5],
		"a login that is there":     newIdentity(p, 7, list[n-2].Logins...),
	} {
		if err := c.AddIdentities(t.Context(), append(people(p, n, 2), bad)); !isUnique(err) {
			t.Errorf("%s: %v, want a uniqueness violation", name, err)
		}
	}
	if got := count(t, db, "identities"); got != n+1 {
		t.Errorf("%d identities, want %d", got, n+1)
	}
	if err := c.AddIdentities(t.Context(), nil); err != nil {
		t.Errorf("none: %v", err)
	}
}

// BenchmarkAddIdentities stores identities, two of three with a login, 100,000
// with a call, into a table that is ten times as large.
func BenchmarkAddIdentities(b *testing.B) {
	db := openBench(b, Schema())
	c := db.Cognito(testBox(b))
	p := newPool(1)
	if err := c.Configure(b.Context(), func(tx cognito.Tx) error { return tx.AddPool(p) }); err != nil {
		b.Fatal(err)
	}
	const batch = 100_000
	seed := uint64(0)
	add := func() {
		seed++
		list := people(p, batch, seed)
		b.StartTimer()
		defer b.StopTimer()
		if err := c.AddIdentities(b.Context(), list); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	for range 10 {
		add()
	}
	b.ResetTimer()
	for range b.N {
		add()
	}
	b.ReportMetric(float64(b.N)*batch/b.Elapsed().Seconds(), "identities/s")
}
