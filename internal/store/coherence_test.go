package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/fixture"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// A net lies between a node and the database, and does what tests tell it.
type net struct {
	engine.Engine
	before atomic.Pointer[func(text string)] // called before each statement of a view
	after  atomic.Pointer[func()]            // called before a view ends
	asked  atomic.Int64                      // views that were begun
	twice  bool                              // updates are called twice
}

func (n *net) View(ctx context.Context, kind engine.ViewKind) (engine.View, error) {
	n.asked.Add(1)
	v, err := n.Engine.View(ctx, kind)
	if err != nil {
		return nil, err
	}
	return netView{v, n}, nil
}

// Update implements engine.Engine. An engine may call the function again.
func (n *net) Update(ctx context.Context, kind engine.UpdateKind, fn func(engine.Conn) (func(), error)) error {
	if n.twice {
		errAgain := errors.New("again")
		if err := n.Engine.Update(ctx, kind, func(c engine.Conn) (func(), error) {
			_, err := fn(c)
			return nil, errors.Join(err, errAgain)
		}); !errors.Is(err, errAgain) {
			return err
		}
	}
	return n.Engine.Update(ctx, kind, fn)
}

func (n *net) ends(after func()) { n.after.Store(&after) }

func (n *net) do(before func(text string)) { n.before.Store(&before) }

type netView struct {
	engine.View
	net *net
}

func (v netView) Prepare(ctx context.Context, text string) (engine.Stmt, error) {
	if before := v.net.before.Load(); before != nil {
		(*before)(text)
	}
	return v.View.Prepare(ctx, text)
}

func (v netView) End() {
	if after := v.net.after.Load(); after != nil {
		(*after)()
	}
	v.View.End()
}

// node is one of several on a database, with a cache of things.
type node struct {
	*DB
	net *net
	*counted
}

// opener opens so many nodes on one new database.
type opener func(t *testing.T, n int) []*node

// onEach runs a test on each kind of database that several nodes can be on.
func onEach(t *testing.T, test func(*testing.T, opener)) {
	t.Run("SQLite", func(t *testing.T) { test(t, openNodes) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, openPostgresNodes) })
}

func openNodes(t *testing.T, n int) []*node {
	t.Helper()
	e := openShared(t, filepath.Join(t.TempDir(), "x.db"))
	nodes := make([]*node, n)
	for i := range nodes {
		nodes[i] = nodeOn(t, e)
	}
	return nodes
}

// openPostgresNodes has connections of its own for each node.
func openPostgresNodes(t *testing.T, n int) []*node {
	t.Helper()
	url := pgtest.Database(t)
	nodes := make([]*node, n)
	for i := range nodes {
		e, err := postgres.Open(t.Context(), postgres.Options{URL: url, Schema: testSchema})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
		nodes[i] = nodeOn(t, e)
	}
	return nodes
}

func openShared(t *testing.T, path string) engine.Engine {
	t.Helper()
	e, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Schema: testSchema, Shared: true, ReadConns: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func nodeOn(t *testing.T, e engine.Engine) *node {
	t.Helper()
	n := &net{Engine: e}
	db := on(n, Options{})
	if err := db.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &node{db, n, &counted{cache: newCache[string, int64](db, "thing", 10)}}
}

// value reads a thing through the cache, in a View of its own.
func (n *node) value(ctx context.Context, name string) (value int64, err error) {
	err = n.View(ctx, func(tx *Tx) (err error) {
		value, _, err = n.counted.get(tx, name)
		return err
	})
	return value, err
}

func (n *node) want(t *testing.T, name string, want int64) {
	t.Helper()
	if got, err := n.value(t.Context(), name); got != want || err != nil {
		t.Errorf("%s = %d, %v; want %d", name, got, err, want)
	}
}

// What one node has acknowledged, the next View at another obeys, and keeps.
func TestNodesObeyOneAnother(t *testing.T) { onEach(t, testNodesObeyOneAnother) }

func testNodesObeyOneAnother(t *testing.T, openNodes opener) {
	nodes := openNodes(t, 3)
	a := nodes[0]
	mustUpdate(t, a.DB, add("a", 0))
	mustUpdate(t, a.DB, add("b", 7))
	for _, n := range nodes {
		n.want(t, "b", 7)
	}
	for v := range int64(20) {
		mustUpdate(t, nodes[v%3].DB, nodes[v%3].set("a", v))
		for _, n := range nodes {
			n.want(t, "a", v)
			n.want(t, "a", v)
		}
	}
	for _, n := range nodes {
		before := n.loads
		n.want(t, "a", 19)
		n.want(t, "b", 7)
		if n.loads != before {
			t.Error("what did not change is read again")
		}
	}
}

// Many change and read at many nodes, and nobody reads what is older than what was
// acknowledged before.
func TestNodesAreNeverBehindAnAnswer(t *testing.T) { onEach(t, testNodesAreNeverBehindAnAnswer) }

func testNodesAreNeverBehindAnAnswer(t *testing.T, openNodes opener) {
	nodes := openNodes(t, 3)
	const things = 4
	var acknowledged [things]atomic.Int64
	for i := range things {
		mustUpdate(t, nodes[0].DB, add(fmt.Sprint(i), 0))
	}
	var wg sync.WaitGroup
	for worker := range 9 {
		wg.Go(func() {
			n, r := nodes[worker%3], rand.New(rand.NewPCG(1, uint64(worker)))
			c := n.counted.cache
			for range 100 {
				i := r.IntN(things)
				name := fmt.Sprint(i)
				if r.IntN(3) == 0 {
					var wrote int64
					mustUpdate(t, n.DB, func(tx *Tx) (err error) {
						c.invalidate(tx, name)
						_, err = tx.query(`UPDATE thing SET value = value + 1 WHERE name = $1 RETURNING value`, name).one(&wrote)
						return err
					})
					for old := acknowledged[i].Load(); old < wrote && !acknowledged[i].CompareAndSwap(old, wrote); old = acknowledged[i].Load() {
					}
					continue
				}
				least, got := acknowledged[i].Load(), int64(0)
				read := func(ctx context.Context) error {
					return n.View(ctx, func(tx *Tx) (err error) {
						got, _, err = c.get(tx, name, func() (int64, bool, error) { return valueOf(tx, name) })
						return err
					})
				}
				if r.IntN(2) == 0 {
					whole := read
					read = func(ctx context.Context) error { return n.Attend(ctx, whole) }
				}
				if err := read(context.Background()); err != nil || got < least {
					t.Errorf("read %d (%v) after %d was acknowledged", got, err, least)
				}
			}
		})
	}
	wg.Wait()
}

// A load that is overtaken by a change at another node does not stay.
func TestSlowLoadIsOvertaken(t *testing.T) {
	for _, loadFirst := range []bool{true, false} {
		for _, look := range []bool{true, false} { // whether the node looks in between
			t.Run(fmt.Sprintf("load first %v, look %v", loadFirst, look), func(t *testing.T) {
				nodes := openNodes(t, 2)
				a, b := nodes[0], nodes[1]
				mustUpdate(t, a.DB, add("a", 1))
				mustUpdate(t, a.DB, add("b", 1))
				b.want(t, "b", 1)
				runs := 0
				err := b.View(t.Context(), func(tx *Tx) error {
					if _, _, err := valueOf(tx, "b"); err != nil { // takes the snapshot
						return err
					}
					if tx.views == engine.Single { // which has no second statement
						_, _, err := valueOf(tx, "b")
						return err
					}
					if runs++; runs > 1 { // once this node knows of the change
						return nil
					}
					v, _, err := b.cache.get(tx, "a", func() (v int64, found bool, err error) {
						if loadFirst {
							v, found, err = valueOf(tx, "a")
						}
						mustUpdate(t, a.DB, a.set("a", 2))
						if look {
							b.want(t, "b", 1)
						}
						if !loadFirst {
							v, found, err = valueOf(tx, "a")
						}
						return v, found, err
					})
					if v != 1 {
						t.Errorf("the snapshot has %d", v)
					}
					return err
				})
				if err != nil || runs == 0 {
					t.Fatal(runs, err)
				}
				b.want(t, "a", 2)
				b.want(t, "a", 2)
			})
		}
	}
}

// A stamp that was asked for before a request came says nothing to it: the change
// may have been acknowledged since.
func TestEarlierStampDoesNotCount(t *testing.T) { onEach(t, testEarlierStampDoesNotCount) }

func testEarlierStampDoesNotCount(t *testing.T, openNodes opener) {
	for _, attended := range []bool{false, true} {
		nodes := openNodes(t, 2)
		a, b := nodes[0], nodes[1]
		mustUpdate(t, a.DB, add("a", 1))
		b.want(t, "a", 1)
		b.want(t, "a", 1)
		asked, goOn, first := make(chan bool), make(chan bool), true
		b.net.ends(func() {
			if first {
				first = false
				asked <- true // it has its answer, and does not know it yet
				<-goOn
			}
		})
		read := b.cacheOnly
		if attended {
			read = func(ctx context.Context, name string) (v int64, err error) {
				err = b.Attend(ctx, func(ctx context.Context) (err error) {
					v, err = b.cacheOnly(ctx, name)
					return err
				})
				return v, err
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := read(context.Background(), "a"); err != nil {
				t.Error(err)
			}
		})
		<-asked
		mustUpdate(t, a.DB, a.set("a", 2))
		var answered atomic.Bool
		wg.Go(func() {
			defer answered.Store(true)
			if v, err := read(context.Background(), "a"); v != 2 || err != nil {
				t.Errorf("attended %v: read %d, %v", attended, v, err)
			}
		})
		for waits, until := false, time.Now().Add(time.Second); !waits && !answered.Load() && time.Now().Before(until); runtime.Gosched() {
			b.DB.mu.Lock()
			waits = b.next != nil
			b.DB.mu.Unlock()
		}
		close(goOn)
		wg.Wait()
	}
}

// Requests share rounds: however many come at once, the database is asked little.
func TestRoundsAreShared(t *testing.T) {
	b := openNodes(t, 1)[0]
	mustUpdate(t, b.DB, add("a", 1))
	b.want(t, "a", 1)
	b.want(t, "a", 1)
	const many = 100
	var here sync.WaitGroup
	here.Add(many)
	goOn := make(chan bool)
	b.net.do(func(string) { <-goOn })
	before := b.net.asked.Load()
	var wg sync.WaitGroup
	for range many {
		wg.Go(func() {
			here.Done()
			if _, err := b.cacheOnly(context.Background(), "a"); err != nil {
				t.Error(err)
			}
		})
	}
	here.Wait()
	close(goOn)
	wg.Wait()
	if asked := b.net.asked.Load() - before; asked >= many/2 {
		t.Errorf("%d views for %d requests", asked, many)
	}
}

// cacheOnly is value for several goroutines.
func (n *node) cacheOnly(ctx context.Context, name string) (value int64, err error) {
	err = n.View(ctx, func(tx *Tx) (err error) {
		value, _, err = n.cache.get(tx, name, func() (int64, bool, error) { return valueOf(tx, name) })
		return err
	})
	return value, err
}

// A request that is attended asks once, whatever it has found in memory, and all of
// that is judged.
func TestAttend(t *testing.T) { onEach(t, testAttend) }

func testAttend(t *testing.T, openNodes opener) {
	nodes := openNodes(t, 2)
	a, b := nodes[0], nodes[1]
	for _, name := range []string{"a", "b", "c"} {
		mustUpdate(t, a.DB, add(name, 1))
	}
	for range 2 {
		for _, name := range []string{"a", "b", "c"} {
			b.want(t, name, 1)
		}
	}
	before := b.net.asked.Load()
	runs := 0
	if err := b.Attend(t.Context(), func(ctx context.Context) error {
		runs++
		for _, name := range []string{"a", "b", "c"} {
			if v, err := b.value(ctx, name); v != 1 || err != nil {
				t.Errorf("%s = %d, %v", name, v, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if asked := b.net.asked.Load() - before; asked != 1 || runs != 1 {
		t.Errorf("%d views, %d runs; want one of each", asked, runs)
	}

	// A change in between is obeyed: one that came before the request must be.
	mustUpdate(t, a.DB, a.set("b", 2))
	var sum int64
	runs = 0
	if err := b.Attend(t.Context(), func(ctx context.Context) error {
		runs++
		sum = 0
		for _, name := range []string{"a", "b", "c"} {
			v, err := b.value(ctx, name)
			if err != nil {
				return err
			}
			sum += v
		}
		return nil
	}); err != nil || sum != 4 || runs != 2 {
		t.Errorf("sum %d in %d runs, %v; want 4 in 2", sum, runs, err)
	}

	// Nothing is changed by who has not been judged.
	mustUpdate(t, a.DB, a.set("a", 5))
	runs, updates := 0, 0
	if err := b.Attend(t.Context(), func(ctx context.Context) error {
		runs++
		v, err := b.value(ctx, "a")
		if err != nil {
			return err
		}
		return b.Update(ctx, func(tx *Tx) error {
			updates++
			_, err := tx.exec(updateThing, "c", v)
			return err
		})
	}); err != nil || runs != 2 || updates != 1 {
		t.Errorf("%d updates in %d runs, %v; want 1 in 2", updates, runs, err)
	}
	if err := b.View(t.Context(), func(tx *Tx) error {
		if v, _, _ := valueOf(tx, "c"); v != 5 {
			t.Errorf("the update has written %d", v)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}

	// Errors are answers too.
	mustUpdate(t, a.DB, a.set("a", 6))
	if err := b.Attend(t.Context(), func(ctx context.Context) error {
		if v, err := b.value(ctx, "a"); v != 6 {
			return errors.Join(err, errRefused)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// A request that has gone by one position does not go by another, although each was
// reached by a round: the first may have been older than the request.
func TestAttendedGoesByOnePosition(t *testing.T) {
	nodes := openNodes(t, 2)
	a, b := nodes[0], nodes[1]
	mustUpdate(t, a.DB, add("a", 1))
	mustUpdate(t, a.DB, add("b", 1))
	for range 2 {
		b.want(t, "a", 1)
		b.want(t, "b", 1)
	}
	asked, goOn, first := make(chan bool), make(chan bool), true
	b.net.ends(func() {
		if first {
			first = false
			asked <- true
			<-goOn
		}
	})
	mustUpdate(t, a.DB, a.set("a", 2))
	round := make(chan error)
	go func() { round <- rely(context.Background(), b.DB) }()
	<-asked // it knows of the change, and the node does not yet
	runs, old, got := 0, int64(0), int64(0)
	if err := b.Attend(t.Context(), func(ctx context.Context) (err error) {
		if got, err = b.cacheOnly(ctx, "a"); err != nil {
			return err
		}
		if runs++; runs == 1 {
			old = got
			close(goOn)
			if err := <-round; err != nil {
				return err
			}
		}
		_, err = b.cacheOnly(ctx, "b")
		return err
	}); err != nil || old != 1 || got != 2 {
		t.Errorf("read %d and then %d in %d runs, %v", old, got, runs, err)
	}
}

// rely asks for nothing but to go by what is in memory outside of caches.
func rely(ctx context.Context, db *DB) error {
	return db.View(ctx, func(tx *Tx) error {
		tx.Stamp()
		return nil
	})
}

// What is in memory outside of caches is relied on like the rest.
func TestRely(t *testing.T) {
	nodes := openNodes(t, 2)
	a, b := nodes[0], nodes[1]
	mark := revocation.Mark{Target: revocation.Target{Kind: revocation.Role, Name: "r"}, At: time.Unix(1000, 0)}
	for _, n := range nodes {
		n.keep(revocationLog, n.Revocations())
	}
	void := func(ctx context.Context) (void bool) {
		if err := rely(ctx, b.DB); err != nil {
			t.Error(err)
		}
		_, void = b.revoked.Voids(mark)
		return void
	}
	revoke := func(name string) {
		mustUpdate(t, a.DB, func(tx *Tx) error {
			r := revocation.Revocation{Target: revocation.Target{Kind: revocation.Role, Name: name}, Before: mark.At, Created: mark.At}
			tx.outdated = append(tx.outdated, outdated{revocationLog, r})
			return nil
		})
	}
	revoke("other")
	if void(t.Context()) {
		t.Error("void before it is revoked")
	}
	var got []bool
	if err := b.Attend(t.Context(), func(ctx context.Context) error {
		if got = append(got, void(ctx)); len(got) == 1 {
			return nil
		}
		return errRefused
	}); err != nil || len(got) != 1 || got[0] {
		t.Errorf("void: %v, %v", got, err)
	}
	revoke("r")
	got = nil
	if err := b.Attend(t.Context(), func(ctx context.Context) error {
		got = append(got, void(ctx))
		return nil
	}); err != nil || !got[len(got)-1] {
		t.Errorf("void after it is revoked: %v, %v", got, err)
	}
	if !void(t.Context()) {
		t.Error("not void")
	}
}

// The identity look-ups carry a stamp: what the rest of the View found in memory is
// judged without another question.
func TestLookupsCarryTheStamp(t *testing.T) {
	e, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "daypass.db"), Schema: Schema(), Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	key := fixture.MasterKey(t)
	open := func() (*Cognito, *net) {
		n := &net{Engine: e}
		db, err := On(t.Context(), n, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return db.Cognito(key.Box("pool-secret")), n
	}
	a, _ := open()
	b, asked := open()
	p := fixture.Pool(1)
	fixture.AddPool(t, a, p)
	i := fixture.Identity(p, 1, cognito.Login{Provider: 1, Subject: "s"})
	fixture.SaveCognito(t, a, func(tx cognito.Tx) error { return tx.AddIdentity(i) })
	for name, look := range hotLookups {
		t.Run(name, func(t *testing.T) {
			var guests bool
			runs := 0
			ask := func(ctx context.Context) error {
				return b.View(ctx, func(tx cognito.Tx) error {
					runs++
					pool, err := tx.PoolByNumber(p.Number)
					if err != nil {
						return err
					}
					guests = bool(pool.AllowUnauthenticatedIdentities)
					return look(p, i)(tx)
				})
			}
			attended := func(ctx context.Context) error {
				return b.db.Attend(ctx, func(ctx context.Context) error {
					if err := b.View(ctx, func(tx cognito.Tx) error { // as when a token is checked first
						_, err := tx.Pool(p.IdentityPoolId)
						return err
					}); err != nil {
						return err
					}
					return ask(ctx)
				})
			}
			for range 3 {
				if err := errors.Join(ask(t.Context()), attended(t.Context())); err != nil {
					t.Fatal(err)
				}
			}
			for _, request := range []func(context.Context) error{ask, attended} {
				if err := errors.Join(ask(t.Context()), attended(t.Context())); err != nil {
					t.Fatal(err)
				}
				before := asked.asked.Load()
				runs = 0
				if err := request(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := asked.asked.Load() - before; n != 1 || runs != 1 {
					t.Errorf("%d views, %d runs; want one of each", n, runs)
				}
				was := *p
				p = &was
				p.AllowUnauthenticatedIdentities = !p.AllowUnauthenticatedIdentities
				fixture.SaveCognito(t, a, func(tx cognito.Tx) error { return tx.SavePool(p) })
				if err := request(t.Context()); err != nil {
					t.Fatal(err)
				}
				if guests != bool(p.AllowUnauthenticatedIdentities) {
					t.Error("a pool is obeyed that was changed before")
				}
				for range 2 { // it is read anew, and the next one finds it in memory
					if err := request(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			// Nobody is not found, stamp or not.
			if err := b.View(t.Context(), func(tx cognito.Tx) error {
				nobody, err := tx.IdentityByLogin(p.Number, cognito.Login{Provider: 1, Subject: "nobody"})
				if nobody != nil {
					t.Errorf("somebody: %v", nobody)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// exec changes the database behind the back of the nodes.
func (n *node) exec(t *testing.T, text string, values ...any) {
	t.Helper()
	if err := n.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.exec(text, values...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// A node that does not find its place in the log forgets what it has in memory.
func TestNodeFindsNoPlace(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, n *node){
		"gap":          func(t *testing.T, n *node) { n.exec(t, `DELETE FROM change_log WHERE number = 5`) },
		"long absence": func(t *testing.T, n *node) { n.exec(t, `DELETE FROM change_log WHERE number < 7`) },
		"epoch":        func(t *testing.T, n *node) { n.exec(t, `UPDATE change SET epoch = $1`, random()) },
		"other mark":   func(t *testing.T, n *node) { n.exec(t, `UPDATE change_log SET mark = $1 WHERE number = 4`, random()) },
		"everything":   func(t *testing.T, n *node) { n.exec(t, `UPDATE change_log SET what = 'null' WHERE number = 6`) },
		"unknown cache": func(t *testing.T, n *node) {
			n.exec(t, `UPDATE change_log SET what = '[{"c":"later","k":1}]' WHERE number = 6`)
		},
		"unknown key": func(t *testing.T, n *node) {
			n.exec(t, `UPDATE change_log SET what = '[{"c":"thing","k":{}}]' WHERE number = 6`)
		},
		"not understood": func(t *testing.T, n *node) { n.exec(t, `UPDATE change_log SET what = 'x' WHERE number = 6`) },
	} {
		t.Run(name, func(t *testing.T) {
			nodes := openNodes(t, 2)
			a, b := nodes[0], nodes[1]
			mustUpdate(t, a.DB, add("a", 1)) // 2, since a new database has had one
			mustUpdate(t, a.DB, add("b", 1))
			mustUpdate(t, a.DB, add("c", 1)) // 4
			for range 2 {
				b.want(t, "a", 1)
				b.want(t, "b", 1)
			}
			for v := range int64(3) { // 5 to 7
				mustUpdate(t, a.DB, a.set("c", v))
			}
			a.exec(t, updateThing, "a", 2) // of which the log does not tell
			spoil(t, a)
			b.want(t, "a", 2)
			b.want(t, "b", 1)
			mustUpdate(t, a.DB, a.set("b", 3))
			b.want(t, "b", 3)
			b.want(t, "a", 2)
		})
	}
}

// A database that has gone back to an older state, and perhaps on from there, is
// found out: everything is forgotten, and it goes on above all numbers that were seen.
func TestHistoryGoesBack(t *testing.T) { onEach(t, testHistoryGoesBack) }

func testHistoryGoesBack(t *testing.T, openNodes opener) {
	for name, on := range map[string]int{"behind": 0, "equal": 5, "ahead": 8} {
		t.Run(name, func(t *testing.T) {
			nodes := openNodes(t, 2)
			a, b := nodes[0], nodes[1]
			mustUpdate(t, a.DB, add("a", 1))
			mustUpdate(t, a.DB, add("b", 1))
			save := map[string]string{"thing": "old_thing", "change": "old_change", "change_log": "old_log"}
			for table, copy := range save {
				a.exec(t, `CREATE TABLE `+copy+` AS SELECT * FROM `+table)
			}
			for v := range int64(5) {
				mustUpdate(t, a.DB, a.set("a", 10+v))
			}
			for range 2 {
				b.want(t, "a", 14)
				a.want(t, "a", 14)
			}
			seen := b.position.Load().number
			if err := a.Update(t.Context(), func(tx *Tx) error {
				for table, copy := range save {
					if _, err := tx.exec(`DELETE FROM ` + table); err != nil {
						return err
					}
					if _, err := tx.exec(`INSERT INTO ` + table + ` SELECT * FROM ` + copy); err != nil {
						return err
					}
				}
				for n := range on { // by a node that has seen none of what is lost
					if _, err := tx.exec(`UPDATE change SET number = number + 1, mark = $1`, random()); err != nil {
						return err
					}
					if _, err := tx.exec(`INSERT INTO change_log SELECT number, mark, '[{"c":"thing","k":"b"}]' FROM change`); err != nil {
						return err
					}
					if _, err := tx.exec(updateThing, "b", 20+n); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			wantB := int64(1)
			if on > 0 {
				wantB = int64(20 + on - 1)
			}
			var wg sync.WaitGroup
			for _, n := range nodes {
				wg.Go(func() {
					n.want(t, "a", 1)
					n.want(t, "b", wantB)
				})
			}
			wg.Wait()
			p := b.position.Load()
			if p.number <= seen+leapBy/2 || *a.position.Load() != *p {
				t.Errorf("went on from %d with %d, at the other node %d", seen, p.number, a.position.Load().number)
			}
			mustUpdate(t, b.DB, b.set("a", 30))
			a.want(t, "a", 30)
			if again := a.position.Load(); again.epoch != p.epoch || again.number != p.number+1 {
				t.Errorf("from %d to %d", p.number, again.number)
			}
		})
	}
}

// A node that gets no answer refuses in time, and goes on when it gets some.
func TestPartition(t *testing.T) {
	nodes := openNodes(t, 2)
	a, b := nodes[0], nodes[1]
	mustUpdate(t, a.DB, add("a", 1))
	b.want(t, "a", 1)
	b.want(t, "a", 1)
	b.net.Engine = cut{b.net.Engine}
	mustUpdate(t, a.DB, a.set("a", 2))
	began := time.Now()
	synctest.Test(t, func(t *testing.T) { // the wait costs the test no time
		db := on(b.net, Options{})
		c := newCache[string, int64](db, "thing", 10)
		c.entries["a"] = 1
		began := time.Now()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for _, ask := range []func(context.Context) error{
					func(ctx context.Context) error {
						return db.View(ctx, func(tx *Tx) error {
							_, _, err := c.get(tx, "a", func() (int64, bool, error) { return 0, false, nil })
							return err
						})
					},
					func(ctx context.Context) error { return rely(ctx, db) },
					db.Ping,
					func(ctx context.Context) error {
						return db.Attend(ctx, func(ctx context.Context) error { return rely(ctx, db) })
					},
				} {
					if err := ask(t.Context()); !errors.Is(err, ErrUnavailable) {
						t.Errorf("got %v, want %v", err, ErrUnavailable)
					}
				}
				// Whoever needs nothing from memory is not kept waiting by that.
				if err := db.View(t.Context(), func(*Tx) error { return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took > 8*roundWait {
			t.Errorf("refused after %s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := rely(ctx, db); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.Sleep(2 * roundWait) // the round ends
		synctest.Wait()
	})
	_ = began
	b.net.Engine = b.net.Engine.(cut).Engine
	b.want(t, "a", 2)
}

// cut is an engine that answers no view.
type cut struct{ engine.Engine }

func (cut) View(ctx context.Context, _ engine.ViewKind) (engine.View, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// A server that is a standby is not asked.
func TestStandby(t *testing.T) {
	e := openShared(t, filepath.Join(t.TempDir(), "x.db"))
	n := nodeOn(t, e)
	mustUpdate(t, n.DB, add("a", 1))
	n.want(t, "a", 1)
	n.want(t, "a", 1)
	n.texts = textsFor(standby{e})
	if _, err := n.value(t.Context(), "a"); !errors.Is(err, ErrUnavailable) || !errors.Is(err, errStandby) {
		t.Errorf("got %v", err)
	}
}

type standby struct{ engine.Engine }

func (standby) Standby() string { return "1" }

// The number that is handed out is one that what it was decided by has, and every change
// that was acknowledged before is in it.
func TestStampAtOtherNodes(t *testing.T) {
	nodes := openNodes(t, 2)
	a, b := nodes[0], nodes[1]
	for range 3 {
		var change, stamp int64
		mustUpdate(t, a.DB, func(tx *Tx) error { change = tx.Change(); return nil })
		if err := b.View(t.Context(), func(tx *Tx) error { stamp = tx.Stamp(); return nil }); err != nil || stamp != change {
			t.Errorf("stamp %d after change %d, %v", stamp, change, err)
		}
		if err := b.Attend(t.Context(), func(ctx context.Context) error {
			return b.View(ctx, func(tx *Tx) error { stamp = tx.Stamp(); return nil })
		}); err != nil || stamp != change {
			t.Errorf("attended: stamp %d after change %d, %v", stamp, change, err)
		}
	}
}

// An engine that calls a Configure again counts it once.
func TestConfigureIsCalledAgain(t *testing.T) {
	nodes := openNodes(t, 2)
	a, b := nodes[0], nodes[1]
	a.net.twice = true
	for n := range int64(3) { // from the second change on
		runs := 0
		mustUpdate(t, a.DB, func(tx *Tx) error {
			runs++
			if tx.Change() != n+2 {
				t.Errorf("change %d, want %d", tx.Change(), n+2)
			}
			a.cache.invalidate(tx, "a")
			return nil
		})
		number, mark, logged, what := changeRow(t, b.DB)
		if runs != 2 || number != n+2 || mark != logged || what != `[{"c":"thing","k":"a"}]` {
			t.Errorf("%d runs, number %d, %s", runs, number, what)
		}
	}
}

// A request that finds at an update that something has changed since it came finds out
// what, when it looks again.
func TestAttendedLooksAgain(t *testing.T) {
	nodes := openNodes(t, 2)
	a, b := nodes[0], nodes[1]
	mustUpdate(t, a.DB, add("a", 1))
	b.want(t, "a", 1)
	b.want(t, "a", 1)
	tries := 0
	if err := b.Attend(t.Context(), func(ctx context.Context) error {
		for ; tries < 3; tries++ {
			v, err := b.value(ctx, "a")
			if err != nil {
				return err
			}
			if tries == 0 {
				mustUpdate(t, a.DB, a.set("a", 2)) // after the request has come
			}
			err = b.Update(ctx, func(tx *Tx) error {
				if now, _, err := valueOf(tx, "a"); err != nil || now != v {
					return errors.Join(err, errRefused)
				}
				return nil
			})
			if !errors.Is(err, errRefused) {
				return err
			}
		}
		return errRefused
	}); err != nil || tries > 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

// Nobody who is alone with the database is asked anything more.
func TestAloneAsksNothing(t *testing.T) {
	n := &net{Engine: openTest(t).engine}
	db := on(n, Options{})
	if err := db.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &counted{cache: newCache[string, int64](db, "thing", 10)}
	mustUpdate(t, db, add("a", 1))
	c.expect(t, db, "a", 1, 1)
	before := n.asked.Load()
	ctx := t.Context()
	read := func(ctx context.Context) error {
		return db.View(ctx, func(tx *Tx) error {
			_, _, err := c.cache.get(tx, "a", func() (int64, bool, error) { return 0, false, errRefused })
			return err
		})
	}
	if err := errors.Join(read(ctx), db.Attend(ctx, read), rely(ctx, db)); err != nil {
		t.Fatal(err)
	}
	if asked := n.asked.Load() - before; asked != 0 {
		t.Errorf("asked %d times", asked)
	}
	plain := testing.AllocsPerRun(100, func() { read(ctx) })
	if attended := testing.AllocsPerRun(100, func() { db.Attend(ctx, read) }); attended > plain {
		t.Errorf("%v allocations, and %v where nobody attends", attended, plain)
	}
}
