package postgres

import (
	"net/url"
	"testing"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// through is the URL of a database through a proxy.
func through(t testing.TB, p *pgtest.Proxy, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = p.Addr()
	return u.String()
}

// hostOf is the host and port of a URL.
func hostOf(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// proxied opens a database of the test's through a proxy.
func proxied(t testing.TB, opts Options) (enginetest.DB, *Engine, *pgtest.Proxy) {
	t.Helper()
	database := pgtest.Database(t)
	p := pgtest.NewProxy(t, hostOf(t, database))
	opts.URL, opts.Schema = through(t, p, database), enginetest.Schema
	e := open(t, opts)
	return enginetest.DB{Engine: e}, e, p
}

// What transactions cost, from the first time on, and what is counted.
func TestRoundTrips(t *testing.T) {
	db, e, p := proxied(t, Options{})
	value := func(tx *enginetest.Tx) error { _, _, err := enginetest.ValueOf(tx, "a"); return err }
	names := func(tx *enginetest.Tx) error {
		return tx.Each(enginetest.SelectNames, nil, func(engine.Stmt) error { return nil })
	}
	update := func(kind engine.UpdateKind, fns ...func(*enginetest.Tx) error) func() error {
		return func() error {
			return db.UpdateAs(t.Context(), kind, func(tx *enginetest.Tx) error {
				for _, fn := range fns {
					if err := fn(tx); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	change := func(tx *enginetest.Tx) error { _, err := tx.Exec(enginetest.UpdateThing, "a", 2); return err }
	for range 2 { // statements are prepared the first time
		for _, test := range []struct {
			name string
			run  func() error
			want int64
		}{
			{"a look-up", func() error { return db.ViewAs(t.Context(), engine.Single, value) }, 1},
			{"a view of several statements", func() error {
				return db.ViewAs(t.Context(), engine.Several, func(tx *enginetest.Tx) error {
					if err := value(tx); err != nil {
						return err
					}
					return names(tx)
				})
			}, 2},
			{"a view that turns out to be one of several", func() error {
				return db.View(t.Context(), func(tx *enginetest.Tx) error {
					if err := value(tx); err != nil {
						return err
					}
					return names(tx)
				})
			}, 3},
			{"a view that asks nothing", func() error {
				return db.ViewAs(t.Context(), engine.Single, func(*enginetest.Tx) error { return nil })
			}, 0},
			{"an update of one statement", update(engine.Serial, change), 2},
			{"an update of two statements", update(engine.Configuring, value, change), 3},
			{"a join", update(engine.Joining, change), 2},
			{"an update that does nothing", update(engine.Serial), 0},
		} {
			was := e.Counters().RoundTrips
			if err := test.run(); err != nil {
				t.Fatal(err)
			}
			if got := e.Counters().RoundTrips - was; got != test.want {
				t.Errorf("%s takes %d round trips, want %d", test.name, got, test.want)
			}
		}
	}
	// The proxy sees the same for look-ups. (It counts the ends of views too.)
	was := p.RoundTrips()
	for range 10 {
		if err := db.ViewAs(t.Context(), engine.Single, value); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.RoundTrips() - was; got > 11 {
		t.Errorf("10 look-ups were %d round trips", got)
	}
}

func BenchmarkLookUp(b *testing.B) {
	e := open(b, Options{URL: pgtest.Database(b), Schema: enginetest.Schema})
	benchmarkLookUp(b, e)
}

func BenchmarkLookUpThroughBouncer(b *testing.B) {
	e := open(b, Options{URL: pgtest.Bouncer(b, pgtest.Database(b), 12), Schema: enginetest.Schema})
	benchmarkLookUp(b, e)
}

func benchmarkLookUp(b *testing.B, e *Engine) {
	db := enginetest.DB{Engine: e}
	if err := db.Update(b.Context(), enginetest.Add("a", 1)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		v, err := e.View(b.Context(), engine.Single)
		if err != nil {
			b.Fatal(err)
		}
		s, err := v.Prepare(b.Context(), enginetest.SelectThing)
		if err != nil {
			b.Fatal(err)
		}
		s.BindText(1, "a")
		if row, err := s.Next(); err != nil || !row || s.Int(0) != 1 {
			b.Fatal(row, err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		v.End()
	}
}
