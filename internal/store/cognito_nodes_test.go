package store_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/fixture"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// node is a store on a PostgreSQL that others are on, too.
type node struct {
	*store.Cognito
	engine *postgres.Engine
}

// startNodes starts nodes on an empty database.
func startNodes(t testing.TB, n int) []node {
	t.Helper()
	url, key := pgtest.Database(t), fixture.MasterKey(t)
	nodes := make([]node, n)
	for at := range nodes {
		e, err := postgres.Open(t.Context(), postgres.Options{URL: url, Schema: store.Schema()})
		if err != nil {
			t.Fatal(err)
		}
		db, err := store.On(t.Context(), e, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		nodes[at] = node{db.Cognito(key.Box("pool-secret")), e}
	}
	return nodes
}

// guid is one of many.
func guid(n uint64) (g cognito.GUID) {
	binary.BigEndian.PutUint64(g[:], n*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(g[8:], n)
	return g
}

// person is an identity with logins of subjects.
func person(p *cognito.Pool, n uint64, subjects ...int) *cognito.Identity {
	i := fixture.Identity(p, 0)
	i.GUID = guid(n)
	for _, s := range subjects {
		i.Authenticated = true
		i.Logins = append(i.Logins, cognito.Login{Provider: 1, Subject: fmt.Sprint(s)})
	}
	return i
}

// Callers at three nodes want the same logins, in every order. None fails, and none
// has to begin again because others wait for it while it waits for them.
func TestCreationsDoNotDeadlock(t *testing.T) {
	nodes := startNodes(t, 3)
	p := fixture.Pool(1)
	fixture.AddPool(t, nodes[0], p)
	const callers, rounds, subjects = 96, 40, 24
	var mu sync.Mutex
	owners := map[string]cognito.GUID{}
	for round := range rounds { // of logins that nobody has yet
		var wg sync.WaitGroup
		for caller := range callers {
			wg.Go(func() {
				i := person(p, uint64(1+round*callers+caller), round*subjects+rand.IntN(subjects))
				made, err := nodes[caller%len(nodes)].Create(context.Background(), p, i)
				if err != nil {
					t.Error(err)
				}
				if !made {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if other, taken := owners[i.Logins[0].Subject]; taken {
					t.Errorf("%s belongs to %v and %v", i.Logins[0].Subject, other, i.GUID)
				}
				owners[i.Logins[0].Subject] = i.GUID
			})
		}
		wg.Wait()
	}
	for n := range nodes {
		if c := nodes[n].engine.Counters(); c.Deadlocks+c.Serialization > 0 {
			t.Errorf("node %d: %d deadlocks and %d serialization failures", n, c.Deadlocks, c.Serialization)
		}
	}
	for subject, g := range owners {
		i := fixture.ViewCognito(t, nodes[0], func(tx cognito.Tx) (*cognito.Identity, error) {
			return tx.IdentityByLogin(p.Number, cognito.Login{Provider: 1, Subject: subject})
		})
		if i == nil || i.GUID != g {
			t.Errorf("%s belongs to %v, and not to %v", subject, i, g)
		}
	}
}

// Updates at three nodes exchange logins of the same identities, named in every order,
// while others are created. They fail and run again as serializable ones do, and never
// because each waits for the other.
func TestUpdatesDoNotDeadlock(t *testing.T) {
	nodes := startNodes(t, 3)
	p := fixture.Pool(1)
	fixture.AddPool(t, nodes[0], p)
	const people, callers, each = 6, 9, 20
	for n := range people {
		if err := nodes[0].Update(t.Context(), func(tx cognito.Tx) error { return tx.AddIdentity(person(p, uint64(n), 2*n, 2*n+1)) }); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(2, uint64(caller)))
			for range each {
				a, b := rnd.IntN(people), rnd.IntN(people)
				if a == b {
					continue
				}
				if err := nodes[caller%len(nodes)].Update(context.Background(), func(tx cognito.Tx) error { return exchange(tx, guid(uint64(a)), guid(uint64(b))) }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	again := int64(0)
	for n := range nodes {
		c := nodes[n].engine.Counters()
		again += c.Serialization
		if c.Deadlocks > 0 {
			t.Errorf("node %d: %d deadlocks", n, c.Deadlocks)
		}
	}
	t.Logf("%d of %d updates had to run again", again, callers*each)
	for s := range 2 * people {
		l := cognito.Login{Provider: 1, Subject: fmt.Sprint(s)}
		if i := fixture.ViewCognito(t, nodes[0], func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(p.Number, l) }); i == nil {
			t.Errorf("nobody has %v", l)
		}
	}
}

// An update that has found that nobody has a login, and then clashes with a creation of
// another node, looks again.
func TestUpdateLooksAgainAfterAClash(t *testing.T) {
	nodes := startNodes(t, 2)
	p := fixture.Pool(1)
	fixture.AddPool(t, nodes[0], p)
	created, added := person(p, 1, 1), person(p, 2, 1)
	var found *cognito.Identity
	runs := 0
	if err := nodes[0].Update(t.Context(), func(tx cognito.Tx) (err error) {
		runs++
		if found, err = tx.IdentityByLogin(p.Number, added.Logins[0]); found != nil || err != nil {
			return err
		}
		if made, err := nodes[1].Create(t.Context(), p, created); !made || err != nil {
			t.Errorf("%v, %v", made, err)
		}
		return tx.AddIdentity(added)
	}); err != nil {
		t.Fatal(err)
	}
	if found == nil || found.GUID != created.GUID || runs != 2 {
		t.Errorf("found %v in run %d", found, runs)
	}
}

// exchange gives two identities each other's logins.
func exchange(tx cognito.Tx, a, b cognito.GUID) error {
	was := make([]*cognito.Identity, 2)
	for n, g := range []cognito.GUID{a, b} {
		i, err := tx.Identity(g)
		if err != nil {
			return err
		}
		was[n] = i
	}
	x, y := *was[0], *was[1]
	x.Logins, y.Logins = y.Logins, x.Logins
	return tx.SaveIdentities(was, []*cognito.Identity{&x, &y})
}

// Two nodes sweep what a deleted pool leaves behind, one of which dies on the way; they
// are not in each other's way, and nothing is left in the end. Until then no other pool
// gets the number.
func TestNodesSweepTogether(t *testing.T) {
	nodes := startNodes(t, 3)
	p, q := fixture.Pool(1), fixture.Pool(2)
	for _, p := range []*cognito.Pool{p, q} {
		fixture.AddPool(t, nodes[0], p)
	}
	list := fixture.People(p, 6000, 1)
	if err := nodes[0].AddIdentities(t.Context(), append(list, fixture.People(q, 10, 2)...)); err != nil {
		t.Fatal(err)
	}
	fixture.SaveCognito(t, nodes[0], func(tx cognito.Tx) error { return tx.DeletePool(p) })
	left := func(of *cognito.Pool) int {
		return len(fixture.ViewCognito(t, nodes[2], func(tx cognito.Tx) ([]*cognito.Identity, error) {
			return tx.Identities(of.Number, nil, 1<<20, false)
		}))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dies, die := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { nodes[0].Run(dies, time.Now, func(error) {}) })
	wg.Go(func() { nodes[1].Run(ctx, time.Now, func(err error) { t.Error(err) }) })
	for left(p) > 4000 {
	}
	die()
	if err := nodes[0].engine.Close(); err != nil {
		t.Error(err)
	}
	for left(p) > 0 {
	}
	cancel()
	wg.Wait()
	if n := left(q); n != 10 {
		t.Errorf("the other pool has %d identities, want 10", n)
	}
	for n := range nodes {
		if c := nodes[n].engine.Counters(); c.Deadlocks+c.Serialization > 0 {
			t.Errorf("node %d: %d deadlocks and %d serialization failures", n, c.Deadlocks, c.Serialization)
		}
	}
}

func TestMain(m *testing.M) { pgtest.Main(m) }
