package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/seal"
)

func openCognito(t *testing.T) (*DB, *Cognito, *seal.MasterKey) {
	t.Helper()
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "daypass.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, db.Cognito(key.Box("pool-secret")), key
}

func newPool(n int) *cognito.Pool {
	return &cognito.Pool{
		Account: "123456789012", Version: 1, Created: time.UnixMilli(1_700_000_000_000).UTC(),
		Providers: map[string]int32{"a.example": 1},
		IdentityPool: cognito.IdentityPool{
			IdentityPoolId:   cognito.IdentityPoolId(fmt.Sprintf("us-east-1:00000000-0000-4000-8000-%012d", n)),
			IdentityPoolName: "pool", IdentityPoolTags: cognito.IdentityPoolTagsType{},
		},
	}
}

func addPool(t *testing.T, c *Cognito, p *cognito.Pool) {
	t.Helper()
	if err := c.Configure(t.Context(), func(tx cognito.Tx) error { return tx.AddPool(p) }); err != nil {
		t.Fatal(err)
	}
}

func viewCognito[T any](t *testing.T, c *Cognito, get func(cognito.Tx) (T, error)) (v T) {
	t.Helper()
	err := c.View(t.Context(), func(tx cognito.Tx) (err error) {
		v, err = get(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func saveCognito(t *testing.T, c *Cognito, change func(cognito.Tx) error) {
	t.Helper()
	if err := c.Configure(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

func guid(n byte) (g cognito.GUID) {
	g[0], g[15] = n, n
	return g
}

func newIdentity(p *cognito.Pool, n byte, logins ...cognito.Login) *cognito.Identity {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	return &cognito.Identity{GUID: guid(n), Pool: p.Number, Created: at, Modified: at.Add(time.Second), Authenticated: len(logins) > 0, Logins: logins}
}

// A deleted pool is gone at once, and Run sweeps its rows away.
func TestDeletedPoolIsSweptAway(t *testing.T) {
	db, c, _ := openCognito(t)
	p, q := newPool(1), newPool(2)
	addPool(t, c, p)
	addPool(t, c, q)
	const people = tidyBatch + 7
	saveCognito(t, c, func(tx cognito.Tx) error {
		for n := range people {
			i := newIdentity(p, 0, cognito.Login{Provider: 1, Subject: fmt.Sprint(n)})
			i.GUID[1], i.GUID[2] = byte(n>>8), byte(n)
			if err := tx.AddIdentity(i); err != nil {
				return err
			}
		}
		return tx.AddIdentity(newIdentity(q, 9, cognito.Login{Provider: 1, Subject: "stays"}))
	})
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.DeletePool(p) })
	if got := viewCognito(t, c, func(tx cognito.Tx) (*cognito.Pool, error) { return tx.PoolByNumber(p.Number) }); got != nil {
		t.Error("the pool is still there")
	}
	for {
		more, err := c.sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			break
		}
	}
	for table, want := range map[string]int{"identities": 1, "logins": 1, "dead_pools": 0} {
		if n := count(t, db, table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
}

func count(t *testing.T, db *DB, table string) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *Tx) error {
		_, err := tx.query(`SELECT COUNT(*) FROM ` + table).one(&n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Identities that nobody can reach any more go when nothing that they held can be
// alive, the older ones first, and no others.
func TestDeadIdentitiesAreRemoved(t *testing.T) {
	db, c, _ := openCognito(t)
	p := newPool(1)
	addPool(t, c, p)
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	old := now.Add(-cognito.DeadFor)
	add := func(n byte, change func(*cognito.Identity), logins ...cognito.Login) {
		i := newIdentity(p, n, logins...)
		i.Created, i.Modified = old.Add(-time.Hour), old
		change(i)
		saveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(i) })
	}
	merged := func(i *cognito.Identity) {
		i.Authenticated, i.Disabled, i.MergedInto = true, true, cognito.GUID{1}
	}
	person := cognito.Login{Provider: 1, Subject: "alice"}
	add(1, func(i *cognito.Identity) { i.Authenticated = true }, person)
	add(2, func(*cognito.Identity) {}) // a guest
	add(3, merged)
	add(4, func(i *cognito.Identity) { i.Authenticated = true }) // unlinked
	add(5, func(i *cognito.Identity) { merged(i); i.Modified = old.Add(time.Millisecond) })
	add(6, func(i *cognito.Identity) { i.Authenticated, i.Modified = true, old.Add(time.Millisecond) })
	saveCognito(t, c, func(tx cognito.Tx) error {
		for n := range tidyBatch + 7 {
			i := newIdentity(p, 7)
			merged(i)
			i.GUID[1], i.GUID[2] = byte(n>>8), byte(n)
			i.Created, i.Modified = old.Add(-2*time.Hour), old.Add(-time.Hour)
			if err := tx.AddIdentity(i); err != nil {
				return err
			}
		}
		return nil
	})
	batches := 0
	for more := true; more; batches++ {
		var err error
		if more, err = c.tidy(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	var left []byte
	for _, i := range viewCognito(t, c, func(tx cognito.Tx) ([]*cognito.Identity, error) {
		return tx.Identities(p.Number, nil, 100, false)
	}) {
		left = append(left, i.GUID[0])
	}
	if want := []byte{1, 2, 5, 6}; !cmp.Equal(left, want) || batches != 3 {
		t.Errorf("%v are left after %d batches, want %v after 3", left, batches, want)
	}
	if got := viewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(p.Number, person) }); got == nil {
		t.Error("alice has lost her identity")
	}
	var plan string
	if err := db.View(t.Context(), func(tx *Tx) error {
		var n int
		_, err := tx.query(`EXPLAIN QUERY PLAN SELECT 1 `+deadIdentities, 0).one(&n, &n, &n, &plan)
		return err
	}); err != nil || !strings.Contains(plan, "identities_dead") {
		t.Errorf("the dead are found by %q (%v), want the index of the dead", plan, err)
	}
}

func TestDamagedRowsAreErrors(t *testing.T) {
	for _, damaged := range [][]byte{{1}, {1, 5, 'a'}, {0x80}, {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}} {
		if l, err := decodeLogins(damaged); err == nil {
			t.Errorf("decodeLogins(%v) = %v", damaged, l)
		}
	}
}

func FuzzDecodeLogins(f *testing.F) {
	f.Add(encodeLogins([]cognito.Login{{Provider: 1, Subject: "alice"}, {Provider: 300, Subject: ""}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		logins, err := decodeLogins(b)
		if err != nil {
			return
		}
		again, err := decodeLogins(encodeLogins(logins))
		if err != nil || !cmp.Equal(again, logins) {
			t.Errorf("%v is written as %v", logins, again)
		}
	})
}
