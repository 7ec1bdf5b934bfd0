package storetest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/store/fixture"
)

func testPoolIsStoredWholeAndSeenAtOnce(t *testing.T, db *rig) {
	c := db.cognito(t)
	p := fixture.Pool(1)
	p.SupportedLoginProviders = cognito.IdentityProviders{"accounts.google.com": "app", "api.twitter.com": "key;secret"}
	fixture.AddPool(t, c, p)
	if p.Number < 1 || p.Number >= 1<<31 {
		t.Errorf("number %d", p.Number)
	}
	get := func(tx cognito.Tx) (*cognito.Pool, error) { return tx.Pool(p.IdentityPoolId) }
	if diff := cmp.Diff(p, fixture.ViewCognito(t, c, get)); diff != "" {
		t.Errorf("stored pool (-want +got)\n%s", diff)
	}
	changed := *p
	changed.IdentityPoolName, changed.Version = "renamed", 2
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.SavePool(&changed) })
	for _, get := range []func(cognito.Tx) (*cognito.Pool, error){get, func(tx cognito.Tx) (*cognito.Pool, error) { return tx.PoolByNumber(p.Number) }} {
		if diff := cmp.Diff(&changed, fixture.ViewCognito(t, c, get)); diff != "" {
			t.Errorf("changed pool (-want +got)\n%s", diff)
		}
	}
}

func testProviderSecretIsSealed(t *testing.T, db *rig) {
	c := db.cognito(t)
	p := fixture.Pool(1)
	p.SupportedLoginProviders = cognito.IdentityProviders{"api.twitter.com": "consumerkey;consumersecret"}
	fixture.AddPool(t, c, p)
	var body string
	db.read(t, `SELECT body FROM pools`, &body)
	if body == "" || strings.Contains(body, "consumer") {
		t.Errorf("body %q: the consumer secret is readable", body)
	}
	err := db.Cognito(fixture.MasterKey(t).Box("pool-secret")).View(t.Context(), func(tx cognito.Tx) error {
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
		fixture.AddPool(t, c, fixture.Pool(n))
	}
	west := fixture.Pool(4)
	west.IdentityPoolId = "us-west-2:00000000-0000-4000-8000-000000000000"
	fixture.AddPool(t, c, west)
	page := fixture.ViewCognito(t, c, func(tx cognito.Tx) ([]*cognito.Pool, error) {
		return tx.Pools("123456789012", "us-east-1", fixture.Pool(1).IdentityPoolId, 5)
	})
	if len(page) != 2 || page[0].IdentityPoolId != fixture.Pool(2).IdentityPoolId || page[1].IdentityPoolId != fixture.Pool(3).IdentityPoolId {
		t.Errorf("page %v", page)
	}
	if n := fixture.ViewCognito(t, c, func(tx cognito.Tx) (int, error) { return tx.CountPools("123456789012", "us-east-1") }); n != 3 {
		t.Errorf("count %d, want 3", n)
	}
}

func testIdentityByLogin(t *testing.T, db *rig) {
	c := db.cognito(t)
	p, q := fixture.Pool(1), fixture.Pool(2)
	fixture.AddPool(t, c, p)
	fixture.AddPool(t, c, q)
	alice := cognito.Login{Provider: 1, Subject: "alice"}
	i := fixture.Identity(p, 1, alice, cognito.Login{Provider: 2, Subject: strings.Repeat("é", 600)})
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(i) })
	for _, get := range []func(tx cognito.Tx) (*cognito.Identity, error){
		func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(i.GUID) },
		func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(p.Number, i.Logins[0]) },
		func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(p.Number, i.Logins[1]) },
	} {
		if diff := cmp.Diff(i, fixture.ViewCognito(t, c, get)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	for _, none := range []struct {
		pool int64
		l    cognito.Login
	}{{q.Number, alice}, {p.Number, cognito.Login{Provider: 2, Subject: "alice"}}, {p.Number, cognito.Login{Provider: 1, Subject: "Alice"}}} {
		if got := fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(none.pool, none.l) }); got != nil {
			t.Errorf("%v leads to %v", none, got)
		}
	}
}

// The schema itself refuses a second owner of a login.
func testSchemaHoldsTheInvariant(t *testing.T, db *rig) {
	c := db.cognito(t)
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p)
	alice := cognito.Login{Provider: 1, Subject: "alice"}
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(fixture.Identity(p, 1, alice)) })
	err := c.Update(t.Context(), func(tx cognito.Tx) error { return tx.AddIdentity(fixture.Identity(p, 2, alice)) })
	if !db.isUnique(err) {
		t.Errorf("a second owner: error %v, want a uniqueness violation", err)
	}
	if got := fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(fixture.GUID(2)) }); got != nil {
		t.Error("half of the second owner is stored")
	}
}

func testLoginsMoveBetweenIdentities(t *testing.T, db *rig) {
	c := db.cognito(t)
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p)
	a, b := cognito.Login{Provider: 1, Subject: "a"}, cognito.Login{Provider: 2, Subject: "b"}
	was := []*cognito.Identity{fixture.Identity(p, 1, a), fixture.Identity(p, 2, b)}
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error {
		for _, i := range was {
			if err := tx.AddIdentity(i); err != nil {
				return err
			}
		}
		return nil
	})
	is := []*cognito.Identity{fixture.Identity(p, 1, a, b), fixture.Identity(p, 2)}
	is[1].Authenticated, is[1].Disabled, is[1].MergedInto = true, true, fixture.GUID(1)
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.SaveIdentities(was, is) })
	for _, l := range []cognito.Login{a, b} {
		got := fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(p.Number, l) })
		if diff := cmp.Diff(is[0], got); diff != "" {
			t.Errorf("%v (-want +got)\n%s", l, diff)
		}
	}
	if diff := cmp.Diff(is[1], fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(fixture.GUID(2)) })); diff != "" {
		t.Errorf("disabled (-want +got)\n%s", diff)
	}
	shown := fixture.ViewCognito(t, c, func(tx cognito.Tx) ([]*cognito.Identity, error) { return tx.Identities(p.Number, nil, 10, true) })
	if len(shown) != 1 || shown[0].GUID != fixture.GUID(1) {
		t.Errorf("without disabled ones: %v", shown)
	}
}

func testIdentitiesArePagedInOrder(t *testing.T, db *rig) {
	c := db.cognito(t)
	p, q := fixture.Pool(1), fixture.Pool(2)
	fixture.AddPool(t, c, p)
	fixture.AddPool(t, c, q)
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error {
		for _, n := range []byte{200, 3, 1, 127, 128} {
			if err := tx.AddIdentity(fixture.Identity(p, n)); err != nil {
				return err
			}
		}
		return tx.AddIdentity(fixture.Identity(q, 2))
	})
	var got []byte
	var after *cognito.GUID
	for {
		page := fixture.ViewCognito(t, c, func(tx cognito.Tx) ([]*cognito.Identity, error) { return tx.Identities(p.Number, after, 2, false) })
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
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p)
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(fixture.Identity(p, 1)) })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx, time.Now, func(err error) { t.Error(err) }) }()
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.DeletePool(p) })
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

func testCheckAccount(t *testing.T, db *rig) {
	key := unlock(t, db, fixture.MasterKey(t))
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

// Identities that are stored together are what they are when each is stored on its
// own, and found by their logins.
func testAddIdentities(t *testing.T, db *rig) {
	c := db.cognito(t)
	p, other := fixture.Pool(1), fixture.Pool(2)
	fixture.AddPool(t, c, p)
	fixture.AddPool(t, c, other)
	const n = 3*64 + 7
	list := append(fixture.People(p, n, 1), fixture.Identity(other, 1, cognito.Login{Provider: 1, Subject: "a"}, cognito.Login{Provider: 2, Subject: "b"}))
	if err := c.AddIdentities(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	for _, want := range list {
		got := []*cognito.Identity{fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(want.GUID) })}
		for _, l := range want.Logins {
			got = append(got, fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(want.Pool, l) }))
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
		"a login that is there":     fixture.Identity(p, 7, list[n-2].Logins...),
	} {
		if err := c.AddIdentities(t.Context(), append(fixture.People(p, n, 2), bad)); !db.isUnique(err) {
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

// Identities that are created together are stored as each would be on its own: those
// whose pool is as it was read and whose login nobody has.
func testCreate(t *testing.T, db *rig) {
	c := db.cognito(t)
	p, q, gone := fixture.Pool(1), fixture.Pool(2), fixture.Pool(3)
	for _, p := range []*cognito.Pool{p, q, gone} {
		fixture.AddPool(t, c, p)
	}
	was := *q
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.SavePool(q) })
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.DeletePool(gone) })
	alice, bob := cognito.Login{Provider: 1, Subject: "alice"}, cognito.Login{Provider: 1, Subject: "bob"}
	taken := fixture.Identity(p, 1, alice)
	type creation struct {
		pool *cognito.Pool
		i    *cognito.Identity
		want bool
	}
	first := creation{p, taken, true}
	rest := []creation{
		{p, fixture.Identity(p, 2), true},
		{q, fixture.Identity(q, 3), true},
		{p, fixture.Identity(p, 4, bob), true},
		{q, fixture.Identity(q, 5, alice), true},
		{p, fixture.Identity(p, 6, alice), false},
		{&was, fixture.Identity(q, 7), false},
		{&was, fixture.Identity(q, 8, bob), false},
		{gone, fixture.Identity(gone, 9), false},
		{gone, fixture.Identity(gone, 10, alice), false},
	}
	for n := range byte(40) {
		rest = append(rest, creation{p, fixture.Identity(p, 20+n), true}, creation{p, fixture.Identity(p, 100+n, cognito.Login{Provider: 2, Subject: string('a' + rune(n))}), true})
	}
	create := func(n creation) {
		created, err := c.Create(context.Background(), n.pool, n.i)
		if created != n.want || err != nil {
			t.Errorf("%v: %v, %v", n.i, created, err)
		}
	}
	create(first)
	together(rest, create)
	for _, n := range append(rest, first) {
		got := fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.Identity(n.i.GUID) })
		want := n.i
		if !n.want {
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		for _, l := range n.i.Logins {
			owner := fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(n.i.Pool, l) })
			switch {
			case n.want && (owner == nil || owner.GUID != n.i.GUID):
				t.Errorf("%v is found by its login as %v", n.i, owner)
			case !n.want && owner != nil && owner.GUID == n.i.GUID:
				t.Errorf("%v is found by its login", n.i)
			}
		}
	}

	// One that is there already disturbs none that come with it.
	fresh := make([]creation, 0, 30)
	for n := range byte(30) {
		fresh = append(fresh, creation{p, fixture.Identity(p, 200+n), true})
	}
	together(append(fresh, creation{p, taken, false}, creation{p, rest[0].i, false}), func(n creation) {
		created, err := c.Create(context.Background(), n.pool, n.i)
		if twice := n.i == rest[0].i; created != n.want || db.isUnique(err) != twice || !twice && err != nil {
			t.Errorf("%v: %v, %v", n.i, created, err)
		}
	})
	several := fixture.Identity(p, 250, bob, cognito.Login{Provider: 2, Subject: "bob"})
	if created, err := c.Create(t.Context(), p, several); created || err == nil {
		t.Error("one with two logins is created")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if created, err := c.Create(ended, p, fixture.Identity(p, 251)); created || !errors.Is(err, context.Canceled) {
		t.Errorf("for nobody: %v, %v", created, err)
	}
}

// together calls f with each of list at the same time.
func together[T any](list []T, f func(T)) {
	var wg sync.WaitGroup
	for _, v := range list {
		wg.Go(func() { f(v) })
	}
	wg.Wait()
}
