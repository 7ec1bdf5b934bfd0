package storetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/store"
)

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

func addPool(t *testing.T, c *store.Cognito, p *cognito.Pool) {
	t.Helper()
	if err := c.Configure(t.Context(), func(tx cognito.Tx) error { return tx.AddPool(p) }); err != nil {
		t.Fatal(err)
	}
}

func viewCognito[T any](t *testing.T, c *store.Cognito, get func(cognito.Tx) (T, error)) (v T) {
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

func saveCognito(t *testing.T, c *store.Cognito, change func(cognito.Tx) error) {
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

func testPoolIsStoredWholeAndSeenAtOnce(t *testing.T, db *rig) {
	c := db.cognito(t)
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

func testProviderSecretIsSealed(t *testing.T, db *rig) {
	c := db.cognito(t)
	p := newPool(1)
	p.SupportedLoginProviders = cognito.IdentityProviders{"api.twitter.com": "consumerkey;consumersecret"}
	addPool(t, c, p)
	var body string
	db.read(t, `SELECT body FROM pools`, &body)
	if body == "" || strings.Contains(body, "consumer") {
		t.Errorf("body %q: the consumer secret is readable", body)
	}
	err := db.Cognito(masterKey(t).Box("pool-secret")).View(t.Context(), func(tx cognito.Tx) error {
		_, err := tx.Pool(p.IdentityPoolId)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "api.twitter.com") {
		t.Errorf("another master key: error %v", err)
	}
}

func testPoolsAreListedByRegionInOrder(t *testing.T, db *rig) {
	c := db.cognito(t)
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

func testIdentityByLogin(t *testing.T, db *rig) {
	c := db.cognito(t)
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
func testSchemaHoldsTheInvariant(t *testing.T, db *rig) {
	c := db.cognito(t)
	p := newPool(1)
	addPool(t, c, p)
	alice := cognito.Login{Provider: 1, Subject: "alice"}
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(newIdentity(p, 1, alice)) })
	err := c.Update(t.Context(), func(tx cognito.Tx) error { return tx.AddIdentity(newIdentity(p, 2, alice)) })
	if !db.isUnique(err) {
		t.Errorf("a second owner: error %v, want a uniqueness violation", err)
	}
	if got := viewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(guid(2)) }); got != nil {
		t.Error("half of the second owner is stored")
	}
}

func testLoginsMoveBetweenIdentities(t *testing.T, db *rig) {
	c := db.cognito(t)
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

func testIdentitiesArePagedInOrder(t *testing.T, db *rig) {
	c := db.cognito(t)
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

// Run sweeps what was left from before and what is deleted while it runs.
func testRunSweeps(t *testing.T, db *rig) {
	c := db.cognito(t)
	p := newPool(1)
	addPool(t, c, p)
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(newIdentity(p, 1)) })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx, time.Now, func(err error) { t.Error(err) }) }()
	saveCognito(t, c, func(tx cognito.Tx) error { return tx.DeletePool(p) })
	deadline := time.After(20 * time.Second)
	for db.count(t, "identities")+db.count(t, "dead_pools") > 0 {
		select {
		case <-deadline:
			t.Fatal("not swept")
		default:
		}
	}
	cancel()
	<-done
}

func testCheckMasterKey(t *testing.T, db *rig) {
	key := masterKey(t)
	other := masterKey(t)
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

func testCheckAccount(t *testing.T, db *rig) {
	key := masterKey(t)
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
func testAddIdentities(t *testing.T, db *rig) {
	c := db.cognito(t)
	p, other := newPool(1), newPool(2)
	addPool(t, c, p)
	addPool(t, c, other)
	const n = 3*64 + 7
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
		if err := c.AddIdentities(t.Context(), append(people(p, n, 2), bad)); !db.isUnique(err) {
			t.Errorf("%s: %v, want a uniqueness violation", name, err)
		}
	}
	if got := db.count(t, "identities"); got != n+1 {
		t.Errorf("%d identities, want %d", got, n+1)
	}
	if err := c.AddIdentities(t.Context(), nil); err != nil {
		t.Errorf("none: %v", err)
	}
}
