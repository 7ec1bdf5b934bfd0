package store

import (
	"context"
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

func TestPoolIsStoredWholeAndSeenAtOnce(t *testing.T) {
	_, c, _ := openCognito(t)
	p := newPool(1)
	p.SupportedLoginProviders = cognito.IdentityProviders{"accounts.google.com": "app", "api.twitter.com": "key;secret"}
	addPool(t, c, p)
	if p.Number < 1 || p.Number >= 1<<31 {
		t.Errorf("number %d", p.Number)
	}
	get := func(tx cognito.Tx) (*cognito.Pool, error) { return tx.Pool(p.IdentityPoolId) }
	if diff := cmp.Diff(p, viewCognito(t, c, get)); diff != "" {
		t.Errorf("stored pool (-want +got)\n%s", diff)
	}
	changed := *p
	changed.IdentityPoolName, changed.Version = "renamed", 2
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.SavePool(&changed) })
	for _, get := range []func(cognito.Tx) (*cognito.Pool, error){get, func(tx cognito.Tx) (*cognito.Pool, error) { return tx.PoolByNumber(p.Number) }} {
		if diff := cmp.Diff(&changed, viewCognito(t, c, get)); diff != "" {
			t.Errorf("changed pool (-want +got)\n%s", diff)
		}
	}
}

func TestProviderSecretIsSealed(t *testing.T) {
	db, c, _ := openCognito(t)
	p := newPool(1)
	p.SupportedLoginProviders = cognito.IdentityProviders{"api.twitter.com": "consumerkey;consumersecret"}
	addPool(t, c, p)
	var body string
	err := db.View(t.Context(), func(tx *Tx) error {
		_, err := tx.query(`SELECT body FROM pools`).one(&body)
		return err
	})
	if err != nil || body == "" || strings.Contains(body, "consumer") {
		t.Errorf("body %q, %v: the consumer secret is readable", body, err)
	}
	other, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Cognito(other.Box("pool-secret")).View(t.Context(), func(tx cognito.Tx) error {
		_, err := tx.Pool(p.IdentityPoolId)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "api.twitter.com") {
		t.Errorf("another master key: error %v", err)
	}
}

func TestPoolsAreListedByRegionInOrder(t *testing.T) {
	_, c, _ := openCognito(t)
	for _, n := range []int{3, 1, 2} {
		addPool(t, c, newPool(n))
	}
	west := newPool(4)
	west.IdentityPoolId = "us-west-2:00000000-0000-4000-8000-000000000000"
	addPool(t, c, west)
	page := viewCognito(t, c, func(tx cognito.Tx) ([]*cognito.Pool, error) {
		return tx.Pools("123456789012", "us-east-1", newPool(1).IdentityPoolId, 5)
	})
	if len(page) != 2 || page[0].IdentityPoolId != newPool(2).IdentityPoolId || page[1].IdentityPoolId != newPool(3).IdentityPoolId {
		t.Errorf("page %v", page)
	}
	if n := viewCognito(t, c, func(tx cognito.Tx) (int, error) { return tx.CountPools("123456789012", "us-east-1") }); n != 3 {
		t.Errorf("count %d, want 3", n)
	}
}

func TestIdentityByLogin(t *testing.T) {
	_, c, _ := openCognito(t)
	p, q := newPool(1), newPool(2)
	addPool(t, c, p)
	addPool(t, c, q)
	alice := cognito.Login{Provider: 1, Subject: "alice"}
	i := newIdentity(p, 1, alice, cognito.Login{Provider: 2, Subject: strings.Repeat("é", 600)})
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(i) })
	for _, get := range []func(tx cognito.Tx) (*cognito.Identity, error){
		func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(i.GUID) },
		func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(p.Number, i.Logins[0]) },
		func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(p.Number, i.Logins[1]) },
	} {
		if diff := cmp.Diff(i, viewCognito(t, c, get)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	for _, none := range []struct {
		pool int64
		l    cognito.Login
	}{{q.Number, alice}, {p.Number, cognito.Login{Provider: 2, Subject: "alice"}}, {p.Number, cognito.Login{Provider: 1, Subject: "Alice"}}} {
		if got := viewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(none.pool, none.l) }); got != nil {
			t.Errorf("%v leads to %v", none, got)
		}
	}
}

// The schema itself refuses a second owner of a login.
func TestSchemaHoldsTheInvariant(t *testing.T) {
	_, c, _ := openCognito(t)
	p := newPool(1)
	addPool(t, c, p)
	alice := cognito.Login{Provider: 1, Subject: "alice"}
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(newIdentity(p, 1, alice)) })
	err := c.Update(t.Context(), func(tx cognito.Tx) error { return tx.AddIdentity(newIdentity(p, 2, alice)) })
	if !isUnique(err) {
		t.Errorf("a second owner: error %v, want a uniqueness violation", err)
	}
	if got := viewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(guid(2)) }); got != nil {
		t.Error("half of the second owner is stored")
	}
}

func TestLoginsMoveBetweenIdentities(t *testing.T) {
	_, c, _ := openCognito(t)
	p := newPool(1)
	addPool(t, c, p)
	a, b := cognito.Login{Provider: 1, Subject: "a"}, cognito.Login{Provider: 2, Subject: "b"}
	was := []*cognito.Identity{newIdentity(p, 1, a), newIdentity(p, 2, b)}
	saveCognito(t, c, func(tx cognito.Tx) error {
		for _, i := range was {
			if err := tx.AddIdentity(i); err != nil {
				return err
			}
		}
		return nil
	})
	is := []*cognito.Identity{newIdentity(p, 1, a, b), newIdentity(p, 2)}
	is[1].Authenticated, is[1].Disabled, is[1].MergedInto = true, true, guid(1)
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.SaveIdentities(was, is) })
	for _, l := range []cognito.Login{a, b} {
		got := viewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(p.Number, l) })
		if diff := cmp.Diff(is[0], got); diff != "" {
			t.Errorf("%v (-want +got)\n%s", l, diff)
		}
	}
	if diff := cmp.Diff(is[1], viewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(guid(2)) })); diff != "" {
		t.Errorf("disabled (-want +got)\n%s", diff)
	}
	shown := viewCognito(t, c, func(tx cognito.Tx) ([]*cognito.Identity, error) { return tx.Identities(p.Number, nil, 10, true) })
	if len(shown) != 1 || shown[0].GUID != guid(1) {
		t.Errorf("without disabled ones: %v", shown)
	}
}

func TestIdentitiesArePagedInOrder(t *testing.T) {
	_, c, _ := openCognito(t)
	p, q := newPool(1), newPool(2)
	addPool(t, c, p)
	addPool(t, c, q)
	saveCognito(t, c, func(tx cognito.Tx) error {
		for _, n := range []byte{200, 3, 1, 127, 128} {
			if err := tx.AddIdentity(newIdentity(p, n)); err != nil {
				return err
			}
		}
		return tx.AddIdentity(newIdentity(q, 2))
	})
	var got []byte
	var after *cognito.GUID
	for {
		page := viewCognito(t, c, func(tx cognito.Tx) ([]*cognito.Identity, error) { return tx.Identities(p.Number, after, 2, false) })
		if len(page) == 0 {
			break
		}
		for _, i := range page {
			got = append(got, i.GUID[0])
		}
		after = &page[len(page)-1].GUID
	}
	if diff := cmp.Diff([]byte{1, 3, 127, 128, 200}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
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

// Run sweeps what was left from before and what is deleted while it runs.
func TestRunSweeps(t *testing.T) {
	db, c, _ := openCognito(t)
	p := newPool(1)
	addPool(t, c, p)
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(newIdentity(p, 1)) })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx, time.Now, func(err error) { t.Error(err) }) }()
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.DeletePool(p) })
	deadline := time.After(20 * time.Second)
	for count(t, db, "identities")+count(t, db, "dead_pools") > 0 {
		select {
		case <-deadline:
			t.Fatal("not swept")
		default:
		}
	}
	cancel()
	<-done
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

func TestCheckMasterKey(t *testing.T) {
	db, _, key := openCognito(t)
	other, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := db.CheckMasterKey(t.Context(), key); err != nil {
			t.Errorf("the database's own key: %v", err)
		}
	}
	want := "the master key is not the one that this database was made with (the key given is " + other.Fingerprint() + ")"
	if err := db.CheckMasterKey(t.Context(), other); err == nil || err.Error() != want {
		t.Errorf("another key: error %v, want %s", err, want)
	}
}

func TestCheckAccount(t *testing.T) {
	db, _, key := openCognito(t)
	for range 2 {
		if err := db.CheckAccount(t.Context(), key, "123456789012"); err != nil {
			t.Errorf("the database's own account: %v", err)
		}
	}
	const want = "the database belongs to another account: start with --account-id 123456789012"
	if err := db.CheckAccount(t.Context(), key, "999999999999"); err == nil || err.Error() != want {
		t.Errorf("another account: error %v, want %s", err, want)
	}
}
