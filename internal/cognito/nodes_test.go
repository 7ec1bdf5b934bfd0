package cognito_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// threeNodes runs a test with three nodes on one database of each kind.
func threeNodes(t *testing.T, test func(*testing.T, *rig)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newFleet(t, 3, sharedSQLite(t, 3))) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, newFleet(t, 3, onPostgreSQL(pgtest.Database(t)))) })
}

// sharedSQLite opens so many stores on one engine, and a new engine for the next ones.
func sharedSQLite(t *testing.T, nodes int) func(testing.TB) *store.DB {
	path := filepath.Join(t.TempDir(), "daypass.db")
	var e *sqlite.Engine
	opens := 0
	return func(t testing.TB) *store.DB {
		if opens%nodes == 0 {
			var err error
			if e, err = sqlite.Open(t.Context(), sqlite.Options{Path: path, Schema: store.Schema(), Shared: true}); err != nil {
				t.Fatal(err)
			}
		}
		opens++
		return opened(store.On(t.Context(), e, store.Options{}))(t)
	}
}

// TestModelTogetherOnNodes is TestModelTogether with the callers at three nodes.
func TestModelTogetherOnNodes(t *testing.T) {
	checks(t, "15", "30")
	threeNodes(t, modelTogether)
}

// crowd are inserters at all nodes, and what they were answered.
type crowd struct {
	rig  *rig
	pool cognito.IdentityPoolId

	mu      sync.Mutex
	guests  map[cognito.IdentityId]bool
	owners  map[refLogin]map[cognito.IdentityId]bool
	answers int
	refused map[string]int // by what was said, if it was an answer
	heard   *sync.Cond
	stop    bool
	wg      sync.WaitGroup
}

const inserters = 64

// gather starts inserters of guests and of logins, each of which asks on and on.
func gather(r *rig, pool cognito.IdentityPoolId) *crowd {
	c := &crowd{rig: r, pool: pool, guests: map[cognito.IdentityId]bool{}, owners: map[refLogin]map[cognito.IdentityId]bool{}, refused: map[string]int{}}
	c.heard = sync.NewCond(&c.mu)
	for n := range inserters {
		c.wg.Go(func() {
			i := inserter{rand.New(rand.NewPCG(1, uint64(n))), n, ""}
			for c.ask(&i) {
			}
		})
	}
	return c
}

// inserter is one of a crowd.
type inserter struct {
	*rand.Rand
	node  int
	guest cognito.IdentityId // the last that it was given
}

// ask asks once, and says whether to go on.
func (c *crowd) ask(i *inserter) bool {
	call := call(getID{c.pool, nil})
	var l refLogin
	switch i.IntN(5) {
	case 0:
		l = refLogin{c.rig.issuers.names[i.IntN(3)], modelSubjects[i.IntN(len(modelSubjects))]}
		call = getID{c.pool, []refLogin{l}}
	case 1: // users of whom there are so many that most are new
		l = developer(fmt.Sprint("user-", i.IntN(1000)))
		call = developerToken{c.pool, "", l.subject, nil}
	case 2: // a login for a guest
		if i.guest != "" {
			l = developer("user of " + string(i.guest))
			call = developerToken{c.pool, i.guest, l.subject, nil}
			i.guest = ""
		}
	}
	i.node++
	got := call.ask(context.Background(), c.rig.node(i.node))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers++
	switch {
	case got.Code == "not an answer":
		c.refused[got.Code]++
	case got.Code != "":
		c.refused[got.Code+": "+got.Text]++
	case l == refLogin{}:
		c.guests[got.ID], i.guest = true, got.ID
	default:
		if c.owners[l] == nil {
			c.owners[l] = map[cognito.IdentityId]bool{}
		}
		c.owners[l][got.ID] = true
	}
	c.heard.Broadcast()
	return !c.stop
}

// wait waits until so many more were answered.
func (c *crowd) wait(more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for until := c.answers + more; c.answers < until; {
		c.heard.Wait()
	}
}

// disperse ends the inserters.
func (c *crowd) disperse() {
	c.mu.Lock()
	c.stop = true
	c.mu.Unlock()
	c.wg.Wait()
}

// stored are the identities of a pool that are there, the pool or not.
func (r *rig) stored(number int64) map[cognito.IdentityId]*cognito.Identity {
	r.t.Helper()
	all := map[cognito.IdentityId]*cognito.Identity{}
	err := r.store.View(context.Background(), func(tx cognito.Tx) error {
		clear(all)
		list, err := tx.Identities(number, nil, 1<<20, false)
		for _, i := range list {
			all[cognito.IdentityId(modelRegion+":"+i.GUID.String())] = i
		}
		return err
	})
	if err != nil {
		r.t.Error(err)
	}
	return all
}

// number is that of a pool.
func (r *rig) number(id cognito.IdentityPoolId) (number int64) {
	r.t.Helper()
	err := r.store.View(r.t.Context(), func(tx cognito.Tx) error {
		p, err := tx.Pool(id)
		if err == nil {
			number = p.Number
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return number
}

// check holds what was answered against what is stored: everything that was
// acknowledged is there, and no login has two identities.
func (c *crowd) check(t *testing.T, stored map[cognito.IdentityId]*cognito.Identity) {
	t.Helper()
	for id := range c.guests {
		if stored[id] == nil {
			t.Errorf("guest %s was acknowledged, and is not there", id)
		}
	}
	for l, ids := range c.owners {
		if len(ids) != 1 {
			t.Errorf("%v has the identities %v", l, ids)
		}
		for id := range ids {
			if i := stored[id]; i == nil || len(i.Logins) != 1 || i.Logins[0].Subject != l.subject {
				t.Errorf("%s was acknowledged to %v, and is %v", id, l, i)
			}
		}
	}
	owners := map[cognito.Login]cognito.IdentityId{}
	for id, i := range stored {
		for _, l := range i.Logins {
			if other, taken := owners[l]; taken {
				t.Errorf("%v belongs to %v and to %v", l, id, other)
			}
			owners[l] = id
		}
	}
}

// A node that was told that a pool has no guests any more, or is gone, can rely on
// it: nothing of what is acknowledged then was not there at that moment.
func TestChangesOfPoolsHoldAtOnce(t *testing.T) {
	const rounds = 8
	threeNodes(t, func(t *testing.T, r *rig) {
		for round := range rounds {
			pool := r.newPool(true)
			number := r.number(pool)
			c := gather(r, pool)
			c.wait(3 * inserters)
			off := round%2 == 0
			var want string
			if off {
				want = guestsRefused.Code + ": " + guestsRefused.Text
				if err := r.node(round).settings(pool, func(in *cognito.IdentityPool) { in.AllowUnauthenticatedIdentities = false }); err != nil {
					t.Error(err)
				}
			} else {
				want = "ResourceNotFoundException"
				if _, err := r.node(round).service.DeleteIdentityPool(t.Context(), modelRoot, &cognito.DeleteIdentityPoolInput{IdentityPoolId: pool}); err != nil {
					t.Error(err)
				}
			}
			then := r.stored(number)
			c.wait(3 * inserters)
			c.disperse()
			now := r.stored(number)
			for id := range c.guests {
				if then[id] == nil {
					t.Errorf("round %d: guest %s was made after they were switched off (or the pool deleted)", round, id)
				}
			}
			if off {
				c.check(t, now)
			} else {
				c.check(t, then)
				if len(now) != len(then) {
					t.Errorf("round %d: the deleted pool had %d identities and has %d", round, len(then), len(now))
				}
			}
			for what, n := range c.refused {
				if !strings.HasPrefix(what, want) {
					t.Errorf("round %d: %d times %s", round, n, what)
				}
			}
			if t.Failed() {
				t.FailNow()
			}
		}
	})
}

// settings changes those of a pool.
func (r *rig) settings(pool cognito.IdentityPoolId, change func(*cognito.IdentityPool)) error {
	in, err := r.service.DescribeIdentityPool(context.Background(), modelRoot, &cognito.DescribeIdentityPoolInput{IdentityPoolId: pool})
	if err != nil {
		return err
	}
	changed := *in
	change(&changed)
	_, err = r.service.UpdateIdentityPool(context.Background(), modelRoot, &changed)
	return err
}
