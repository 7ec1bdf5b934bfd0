package bench

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/fixture"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// databaseVariable tells a daypass in a process of its own which PostgreSQL it is a
// node of; without it, it has the embedded store.
const databaseVariable = "DAYPASS_BENCH_DATABASE"

// developerProvider is that of a pool.
const developerProvider = "login.bench"

// fleetUsers are fewer than in other benchmarks, and still more than a memory of
// signatures holds.
const fleetUsers = 20_000

// database is the one that the environment names; nil for none.
func database() instance.Database {
	if u := os.Getenv(databaseVariable); u != "" {
		return func(ctx context.Context, schema fs.FS) (engine.Engine, error) {
			return postgres.Open(ctx, postgres.Options{URL: u, Schema: schema})
		}
	}
	return nil
}

// onDatabase starts this daypass as a node of a database.
func onDatabase(database string) func(b *testing.B, dir string) *process {
	return func(b *testing.B, dir string) *process {
		b.Helper()
		b.Setenv(databaseVariable, database)
		defer os.Unsetenv(databaseVariable) // Setenv restores what was before
		return thisDaypass(b, dir)
	}
}

// BenchmarkFleet compares nodes on PostgreSQL with the embedded store, and tells what
// a request costs the database.
func BenchmarkFleet(b *testing.B) {
	if os.Getenv("DAYPASS_BENCH_FLEET") == "" {
		b.Skip("make bench-fleet runs this")
	}
	c := newCrowd(b, fleetUsers)
	c.signTokens(b)
	settle(b)            // and with us the database, which is started by us
	s := pgtest.Start(b) // not durable: what counts is CPU time and conversations
	name, database := s.Database(b)
	w := newWorld(b, c, onDatabase(database))
	w.admit(b)
	embedded := newWorld(b, c, thisDaypass)
	embedded.admit(b)

	// Known users, and new ones.
	all := func(of func(*world, *user) request) func(*world) deck {
		return func(w *world) deck { return w.everybody(&w.tokensAt, func(u *user) request { return of(w, u) }) }
	}
	callers := func(w *world) deck { return w.everybody(&w.signedAt, w.getCallerIdentity) }
	kinds := []struct {
		name    string
		callers int
		deck    func(*world) deck
		missed  does
	}{
		{"GetId", connections, all((*world).getID), does{"Signatures": 1}},
		{"GetCredentialsForIdentity", connections, all((*world).getCredentials), does{"Signatures": 1}},
		{"GetCallerIdentity", connections, callers, does{"SigningKeys": 1}},
		{"DescribeIdentityPool", connections, func(w *world) deck { return w.aFew(w.describePool) }, does{}},
		{"new-guest", 64, (*world).guests, does{}},
	}
	for _, k := range kinds {
		b.Run(k.name, func(b *testing.B) {
			defer w.daypass.profile(b.Name())()
			ours, theirs := dial(b, w.daypass.addr, k.callers), dial(b, embedded.daypass.addr, k.callers)
			mine, others := k.deck(w), k.deck(embedded)
			var cost []float64 // of the database, for each round
			p := measure(b, comparison{
				warm: func() {
					cost = nil
					w.daypass.turn(b, ours, few, mine.next)
					embedded.daypass.turn(b, theirs, few, others.next)
				},
				first:  costing(b, s, &cost, func() round { return w.daypass.turn(b, ours, 0, mine.next) }),
				second: func() round { return embedded.daypass.turn(b, theirs, 0, others.next) },
				missed: k.missed, bare: k.missed, waits: true,
			})
			p.metrics(b, "embedded")
			ratio, spread := p.verdict()
			node, _ := p.medians((*round).cost)
			table.say(b, k.name+fleetCost, 1/ratio, "times", fmt.Sprintf("±%.0f %%, %.1f µs", 100*spread, node))
			slices.Sort(cost)
			table.say(b, k.name+", CPU of the database", cost[len(cost)/2], "µs", fmt.Sprintf("a request, median of %d; %.0f to %.0f", len(cost), cost[0], cost[len(cost)-1]))
		})
	}

	// What a request says to the database.
	p := pgtest.NewProxy(b, s.Addr())
	proxied := onDatabase(s.URLOf(name, p.Addr()))(b, w.dir)
	for _, k := range kinds {
		b.Run("round-trips/"+k.name, func(b *testing.B) {
			b.ReportMetric(0, "ns/op")
			at := *w
			at.daypass = proxied
			d, conns := k.deck(&at), dial(b, proxied.addr, k.callers)
			proxied.turn(b, conns, few, d.next)
			trips, statements := p.RoundTrips(), p.Statements()
			n := proxied.turn(b, conns, 4000, d.next).n
			table.say(b, k.name+fleetTrips, float64(p.RoundTrips()-trips)/float64(n), "a request",
				fmt.Sprintf("%.2f statements; %d requests over %d connections", float64(p.Statements()-statements)/float64(n), n, k.callers))
		})
	}
	proxied.stop()

	b.Run("through-pgbouncer", func(b *testing.B) { w.throughBouncer(b, s, database) })
	b.Run("nodes", func(b *testing.B) { w.grow(b, s, database) })
	b.Run("conflicts", func(b *testing.B) { w.conflicts(b, s, database) })
	w.daypass.stop()
	embedded.daypass.stop()
	b.Run("inserts", grouped)
}

// costing has a turn note what a request costs the database, in microseconds.
func costing(b *testing.B, s *pgtest.Server, costs *[]float64, turn func() round) func() round {
	return func() round {
		before := s.CPU(b)
		r := turn()
		*costs = append(*costs, float64((s.CPU(b)-before).Nanoseconds())/1000/float64(r.n))
		return r
	}
}

// throughBouncer compares a node behind pgbouncer, where statements are unnamed, with one
// that is not.
func (w *world) throughBouncer(b *testing.B, s *pgtest.Server, database string) {
	pooled := onDatabase(pgtest.Bouncer(b, database, connections))(b, w.dir)
	defer pooled.stop()
	at := *w
	at.daypass = pooled
	// Each goes through all users by itself: of the half of them, a node would remember
	// the signatures.
	d, e := at.everybody(&at.tokensAt, at.getCredentials), w.everybody(&w.tokensAt, w.getCredentials)
	ours, theirs := dial(b, pooled.addr, connections), dial(b, w.daypass.addr, connections)
	var cost [2][]float64 // of the database
	signature := does{"Signatures": 1}
	p := measure(b, comparison{
		warm: func() {
			pooled.turn(b, ours, few, d.next)
			w.daypass.turn(b, theirs, few, e.next)
		},
		first:  costing(b, s, &cost[0], func() round { return pooled.turn(b, ours, 0, d.next) }),
		second: costing(b, s, &cost[1], func() round { return w.daypass.turn(b, theirs, 0, e.next) }),
		missed: signature, bare: signature, waits: true,
	})
	p.metrics(b, "direct")
	ratio, spread := p.verdict()
	table.say(b, "GetCredentialsForIdentity through pgbouncer, CPU over that without", 1/ratio, "times", fmt.Sprintf("±%.0f %%", 100*spread))
	for n, name := range []string{"through pgbouncer", "directly"} {
		slices.Sort(cost[n])
		table.say(b, "GetCredentialsForIdentity "+name+", CPU of the database", cost[n][len(cost[n])/2], "µs", "a request, without pgbouncer's own")
	}
}

// grow has one, two and three nodes answer at the same time, as many requests as they
// can. What a request costs a node and the database must not grow with them.
func (w *world) grow(b *testing.B, s *pgtest.Server, database string) {
	b.ReportMetric(0, "ns/op")
	nodes := []*process{w.daypass}
	for len(nodes) < 3 {
		nodes = append(nodes, onDatabase(database)(b, w.dir))
	}
	defer nodes[1].stop()
	defer nodes[2].stop()
	type result struct{ rate, node, database float64 }
	for n := 1; n <= len(nodes); n++ {
		var conns caller
		for _, node := range nodes[:n] {
			conns = append(conns, dial(b, node.addr, connections/n)...)
		}
		d := w.everybody(&w.tokensAt, w.getCredentials)
		var all [rounds]result
		for k := range rounds + 1 {
			cpu := func() (sum time.Duration) {
				for _, node := range nodes[:n] {
					sum += node.cpuTime()
				}
				return sum
			}
			began, node, db := time.Now(), cpu(), s.CPU(b)
			took, err := conns.send(0, roundTime(), d.next)
			if err != nil {
				b.Fatal(err)
			}
			each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(len(took)) }
			r := result{float64(len(took)) / time.Since(began).Seconds(), each(cpu() - node), each(s.CPU(b) - db)}
			if k > 0 { // the first warms
				all[k-1] = r
			}
		}
		of := func(what func(result) float64) (float64, float64) {
			var list [rounds]float64
			for k := range list {
				list[k] = what(all[k])
			}
			return middle(list)
		}
		rate, spread := of(func(r result) float64 { return r.rate })
		node, nodeSpread := of(func(r result) float64 { return r.node })
		db, dbSpread := of(func(r result) float64 { return r.database })
		table.say(b, fmt.Sprintf("GetCredentialsForIdentity, nodes: %d", n), rate, "requests/s",
			fmt.Sprintf("±%.0f %%; %.1f µs of a node ±%.0f %%, %.1f µs of the database ±%.0f %%", 100*spread, node, 100*nodeSpread, db, 100*dbSpread))
	}
}

// conflicts counts how many links the database refuses because of another, for eight
// callers at three nodes. They are run again: no caller sees it.
func (w *world) conflicts(b *testing.B, s *pgtest.Server, database string) {
	b.ReportMetric(0, "ns/op")
	nodes := []*process{w.daypass, onDatabase(database)(b, w.dir), onDatabase(database)(b, w.dir)}
	defer nodes[1].stop()
	defer nodes[2].stop()
	const callers, links = 8, 2000
	text, err := w.root().JSON(b.Context(), cognito.API, "CreateIdentityPool", map[string]any{
		"IdentityPoolName": "conflicts", "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": developerProvider})
	var made struct{ IdentityPoolId string }
	if err == nil {
		err = json.Unmarshal(text, &made)
	}
	if err != nil {
		b.Fatal(err)
	}
	here := *w
	here.pool = made.IdentityPoolId
	guests := make([]user, links)
	here.visit(b, guests, func(*user) request { return here.getGuestID() }, func(u *user, a *answer) { u.identity = a.IdentityId })
	failures := func() int { return strings.Count(s.Log(b), "could not serialize access") }
	before, left := failures(), atomic.Int64{}
	left.Store(links)
	var wg sync.WaitGroup
	for k := range callers {
		wg.Go(func() {
			at := here
			at.daypass = nodes[k%len(nodes)]
			root := at.root()
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				if _, err := root.JSON(b.Context(), cognito.API, "GetOpenIdTokenForDeveloperIdentity", map[string]any{"IdentityPoolId": here.pool,
					"IdentityId": guests[n].identity, "Logins": map[string]string{developerProvider: fmt.Sprint("developer-", n)}}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	table.say(b, "serialization failures", 1000*float64(failures()-before)/links, "in 1,000 links", fmt.Sprintf("%d callers at three nodes, each for other identities; all succeeded", callers))
}

// grouped compares what the store makes of 64 callers with new guests with a
// statement of its own for each, which looks at the pool as well, on connections of
// their own.
func grouped(b *testing.B) {
	s := pgtest.Start(b, pgtest.Durable)
	_, database := s.Database(b)
	b.Setenv(databaseVariable, database)
	p := launch(b, "fleet-inserts", b.TempDir())
	conn := dial(b, p.addr, 1)
	cost := map[string]*[]float64{"store": {}, "single": {}} // of the database
	turn := func(how string) func() round {
		const n = 6000
		order := request{post(p.addr, "/"+how+"/64/"+strconv.Itoa(n), nil, nil), holds("")}
		return costing(b, s, cost[how], func() round {
			r := p.turn(b, conn, 1, func(int) request { return order })
			r.n, r.took = n, nil
			return r
		})
	}
	store, single := turn("store"), turn("single")
	measure(b, comparison{
		warm: func() { store(); single() }, first: store, second: single,
		missed: does{"store": 1}, bare: does{"single": 1}, byRate: true,
	}).metrics(b, "single")
	for how, name := range map[string]string{"store": "a guest in a group", "single": "a guest with a statement of its own"} {
		each := *cost[how]
		slices.Sort(each)
		n := len(each)
		table.say(b, name+", CPU of the database", each[n/2], "µs", fmt.Sprintf("median of %d; %.0f to %.0f", n, each[0], each[n-1]))
	}
}

// fleetInserts makes guests, through the store or by statements of their own.
type fleetInserts struct {
	db            *store.DB
	cognito       *store.Cognito
	pool          *cognito.Pool
	conns         []*pgconn.PgConn
	store, single atomic.Int64 // rows
}

func openFleetInserts(string) (*server, error) {
	ctx := context.Background()
	e, err := postgres.Open(ctx, postgres.Options{URL: os.Getenv(databaseVariable), Schema: store.Schema()})
	if err != nil {
		return nil, err
	}
	db, err := store.On(ctx, e, store.Options{})
	if err != nil {
		return nil, err
	}
	key, err := seal.Generate(nil)
	if err != nil {
		return nil, err
	}
	f := &fleetInserts{db: db, cognito: db.Cognito(key.Box("pool-secret")), pool: fixture.Pool(1)}
	if err := f.cognito.Configure(ctx, func(tx cognito.Tx) error { return tx.AddPool(f.pool) }); err != nil {
		return nil, err
	}
	for range 64 {
		c, err := pgconn.Connect(ctx, os.Getenv(databaseVariable))
		if err != nil {
			return nil, err
		}
		if _, err := c.Prepare(ctx, "insert", `INSERT INTO identities (id, pool, created, modified, state, merged_into, logins)
			SELECT $1, number, $3, $3, 0, NULL, NULL FROM pools WHERE number = $2 FOR SHARE`, nil); err != nil {
			return nil, err
		}
		f.conns = append(f.conns, c)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /{how}/{callers}/{n}", f)
	return &server{mux, io.NopCloser(nil), func() any {
		return map[string]int64{"store": f.store.Load(), "single": f.single.Load()}
	}}, nil
}

// ServeHTTP makes n guests for so many callers.
func (f *fleetInserts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	callers, _ := strconv.Atoi(r.PathValue("callers"))
	n, _ := strconv.Atoi(r.PathValue("n"))
	insert := f.throughStore
	if r.PathValue("how") == "single" {
		insert = f.byItself
	}
	var wg sync.WaitGroup
	var left atomic.Int64
	var failed atomic.Pointer[error]
	left.Store(int64(n))
	for k := range callers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := insert(r.Context(), k); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		http.Error(w, (*err).Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, n)
}

func (f *fleetInserts) throughStore(ctx context.Context, _ int) error {
	i := &cognito.Identity{Pool: f.pool.Number, Created: time.Now().UTC().Truncate(time.Millisecond)}
	i.Modified = i.Created
	_, _ = rand.Read(i.GUID[:])
	made, err := f.cognito.Create(ctx, f.pool, i)
	if err == nil && made {
		f.store.Add(1)
	}
	return err
}

func (f *fleetInserts) byItself(ctx context.Context, caller int) error {
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	text := func(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
	r := f.conns[caller].ExecPrepared(ctx, "insert", [][]byte{id, text(f.pool.Number), text(time.Now().UnixMilli())}, []int16{1, 0, 0}, nil).Read()
	if r.Err == nil {
		f.single.Add(1)
	}
	return r.Err
}
