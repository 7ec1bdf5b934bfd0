package postgres

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// bounded runs something that has to end in a bounded time, with an error of a kind
// that says what happened.
func bounded(t *testing.T, db enginetest.DB, most time.Duration, kind engine.ErrorKind, says string, run func() error) {
	t.Helper()
	began := time.Now()
	err := run()
	if took := time.Since(began); took > most {
		t.Errorf("it took %v, want at most %v", took, most)
	}
	enginetest.CheckError(t, err, says)
	if got := db.ErrorKind(err); err != nil && got != kind {
		t.Errorf("%v is of kind %d, want %d", err, got, kind)
	}
}

// Bytes that stop end within bounds, and when they flow again so does the engine.
func TestStalls(t *testing.T) {
	opts := Options{Connect: time.Second, Wait: time.Second, Statement: time.Second, Commit: time.Second, Update: 4 * time.Second}
	db, _, p := proxied(t, opts)
	if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
		t.Fatal(err)
	}
	read := func() error {
		return db.View(t.Context(), func(tx *enginetest.Tx) error { _, _, err := enginetest.ValueOf(tx, "n"); return err })
	}
	write := func() error {
		return db.Update(t.Context(), increment("n"))
	}
	const most = 10 * time.Second
	p.StallAll()
	bounded(t, db, most, engine.Unavailable, "no answer in time (while running SELECT value", read)
	bounded(t, db, most, engine.Unavailable, "no answer in time (while connecting)", read)
	bounded(t, db, most, engine.Unavailable, "no answer in time (while connecting)", write)
	p.Resume(t)
	bounded(t, db, most, engine.Other, "", read)
	bounded(t, db, most, engine.Other, "", write)
	p.At(func(m pgtest.Moment) pgtest.Fault {
		if strings.HasPrefix(m.SQL, "UPDATE") {
			return pgtest.Stall
		}
		return pgtest.Pass
	})
	bounded(t, db, most, engine.Unavailable, "no answer in time (while running UPDATE", write)
	p.At(func(m pgtest.Moment) pgtest.Fault {
		if m.SQL == "COMMIT" {
			return pgtest.Stall
		}
		return pgtest.Pass
	})
	bounded(t, db, most, engine.Unavailable, "it is not known whether the update was made", write)
	p.Refuse()
	bounded(t, db, most, engine.Unavailable, "refused", read)
	bounded(t, db, most, engine.Unavailable, "refused", write)
	bounded(t, db, most, engine.Unavailable, "refused", func() error { return db.Probe(t.Context()) })
	p.Resume(t)
	bounded(t, db, most, engine.Other, "", read)
	bounded(t, db, most, engine.Other, "", write)
	bounded(t, db, most, engine.Other, "", func() error { return db.Probe(t.Context()) })
}

// A node that is cut off in the middle of a change does not keep the others from theirs
// for longer than some seconds, whether the server has got whole statements from it or
// half of one.
func TestCutOffInAChange(t *testing.T) {
	for name, test := range map[string]struct {
		fault pgtest.Fault
		ends  bool // by the other node; else by the server itself
		meant func(pgtest.Moment) bool
	}{
		"between statements":          {pgtest.Stall, false, func(m pgtest.Moment) bool { return strings.HasPrefix(m.SQL, "UPDATE") && m.Answered }},
		"in the middle of one":        {pgtest.Cut, true, func(m pgtest.Moment) bool { return strings.HasPrefix(m.SQL, "SELECT value") && !m.Answered }},
		"in the middle of the commit": {pgtest.Cut, false, func(m pgtest.Moment) bool { return m.SQL == "COMMIT" && !m.Answered }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits
			opts := Options{Statement: 2 * time.Second, Idle: time.Second, Update: 15 * time.Second}
			direct, p, through := pgtest.Proxied(t)
			opts.Schema, opts.URL = enginetest.Schema, through
			db := enginetest.DB{Engine: open(t, opts)}
			opts.URL = direct
			healthy := open(t, opts)
			other := enginetest.DB{Engine: healthy}
			if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
				t.Fatal(err)
			}
			var happened atomic.Bool
			stalled := make(chan struct{})
			p.At(func(m pgtest.Moment) pgtest.Fault {
				switch {
				case happened.Load():
					return pgtest.Stall // nothing gets through any more, on whichever connection
				case test.meant(m):
					happened.Store(true)
					close(stalled)
					return test.fault
				}
				return pgtest.Pass
			})
			ended := make(chan error, 1)
			go func() {
				ended <- db.UpdateAs(context.Background(), engine.Configuring, func(tx *enginetest.Tx) error {
					if err := increment("n")(tx); err != nil {
						return err
					}
					_, _, err := enginetest.ValueOf(tx, "n")
					return err
				})
			}()
			<-stalled
			bounded(t, other, 10*time.Second, engine.Other, "", func() error {
				return other.UpdateAs(t.Context(), engine.Configuring, increment("n"))
			})
			p.Resume(t)
			p.ResetAll()
			err := <-ended
			want := int64(1)
			if err == nil { // it had the time to run again
				want = 2
			}
			if value := valueOf(t, other, "n"); value != want {
				t.Errorf("the value is %d, want %d; the node that was cut off says %v", value, want, err)
			}
			if c := healthy.Counters(); (c.Stalled > 0) != test.ends {
				t.Errorf("ended %d sessions", c.Stalled)
			}
		})
	}
}

// Somebody else's session that holds a lock is nobody's to end, whoever waits for it.
func TestOthersSessionsStay(t *testing.T) {
	url := pgtest.Database(t)
	e := open(t, Options{URL: url, Schema: enginetest.Schema, Statement: time.Second, Idle: 500 * time.Millisecond})
	db := enginetest.DB{Engine: e}
	if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
		t.Fatal(err)
	}
	c, err := pgconn.Connect(t.Context(), url+"&application_name=psql")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	if _, err := c.Exec(t.Context(), `BEGIN; UPDATE thing SET value = 7 WHERE name = 'n'`).ReadAll(); err != nil {
		t.Fatal(err)
	}
	bounded(t, db, 8*time.Second, engine.TryAgain, "lock timeout", func() error { return db.UpdateAs(t.Context(), engine.Joining, increment("n")) })
	if _, err := c.Exec(t.Context(), "COMMIT").ReadAll(); err != nil {
		t.Error(err)
	}
	if value := valueOf(t, db, "n"); value != 7 || e.Counters().Stalled != 0 {
		t.Errorf("the value is %d, %+v", value, e.Counters())
	}
}

// A server that was away while nobody asked is asked again, and nobody notices.
func TestIdleConnectionsThatAreGone(t *testing.T) {
	db, e, p := proxied(t, Options{})
	if err := db.Update(t.Context(), enginetest.Add("n", 7)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		p.ResetAll()
		if value := valueOf(t, db, "n"); value != 7 {
			t.Errorf("read %d", value)
		}
		p.ResetAll()
		if err := db.Update(t.Context(), func(tx *enginetest.Tx) error { _, err := tx.Exec(enginetest.UpdateThing, "n", 7); return err }); err != nil {
			t.Error(err)
		}
	}
	if c := e.Counters(); c.ViewsAgain == 0 || c.InDoubt != 0 {
		t.Errorf("%+v", c)
	}
}

// Slow statements, locks and a pool in which everything is in use are bounded.
func TestSlow(t *testing.T) {
	url := pgtest.Database(t)
	db := enginetest.DB{Engine: open(t, Options{URL: url + "&pool_max_conns=4", Schema: enginetest.Schema, Statement: time.Second, Wait: time.Second, Idle: time.Minute})}
	if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
		t.Fatal(err)
	}
	view := func(text string) func() error {
		return func() error {
			return db.View(t.Context(), func(tx *enginetest.Tx) error {
				return tx.Each(text, nil, func(engine.Stmt) error { return nil })
			})
		}
	}
	const most = 8 * time.Second
	bounded(t, db, most, engine.Unavailable, "statement timeout", view(`SELECT 1 FROM generate_series(1, 4000000000) AS n WHERE n < 0`))

	// A lock.
	locked, over := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	change := func(tx *enginetest.Tx) error { _, err := tx.Exec(enginetest.UpdateThing, "n", 1); return err }
	wg.Go(func() {
		if err := db.UpdateAs(context.Background(), engine.Configuring, func(tx *enginetest.Tx) error {
			err := change(tx)
			close(locked)
			<-over
			return err
		}); err != nil {
			t.Error(err)
		}
	})
	<-locked
	// Who configures waits for others as long as there is time.
	ended := make(chan error, 1)
	go func() { ended <- db.UpdateAs(context.Background(), engine.Configuring, change) }()
	bounded(t, db, most, engine.TryAgain, "lock timeout", func() error { return db.UpdateAs(t.Context(), engine.Joining, change) })
	select {
	case err := <-ended:
		t.Errorf("it did not wait: %v", err)
	default:
	}
	close(over)
	wg.Wait()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	// All connections for views, and none of those for updates.
	over = make(chan struct{})
	held := make(chan struct{}, 2)
	for range 2 {
		wg.Go(func() {
			if err := db.View(context.Background(), func(tx *enginetest.Tx) error {
				_, _, err := enginetest.ValueOf(tx, "n")
				held <- struct{}{}
				<-over
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	<-held
	<-held
	bounded(t, db, most, engine.Unavailable, "all 2 connections to PostgreSQL at", view(enginetest.SelectNames))
	bounded(t, db, most, engine.Other, "", func() error { return db.Update(t.Context(), change) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := db.View(ctx, func(tx *enginetest.Tx) error { return change(tx) }); err != context.DeadlineExceeded {
		t.Errorf("waiting for a connection ended with %v", err)
	}
	close(over)
	wg.Wait()
	bounded(t, db, most, engine.Other, "", view(enginetest.SelectNames))
}

// A server that answers more than daypass stores is given up before that is in memory.
func TestLargeAnswers(t *testing.T) {
	db := enginetest.DB{Engine: open(t, Options{URL: pgtest.Database(t), Schema: enginetest.Schema})}
	length := func(n int) func() error {
		return func() error {
			return db.View(t.Context(), func(tx *enginetest.Tx) error {
				return tx.Each(`SELECT repeat('x', $1)`, []any{n}, func(s engine.Stmt) error {
					if got := len(s.Text(0)); got != n {
						t.Errorf("read %d bytes", got)
					}
					return nil
				})
			})
		}
	}
	bounded(t, db, time.Minute, engine.Unavailable, "invalid body length: expected at most 16777216, but got 17000006 (while running SELECT repeat('x', $1))", length(17_000_000))
	bounded(t, db, time.Minute, engine.Other, "", length(1<<20))
}

// Whoever has less time than a statement may take gets no other connection into
// suspicion.
func TestHurry(t *testing.T) {
	db := enginetest.DB{Engine: open(t, Options{URL: pgtest.Database(t), Schema: enginetest.Schema})}
	e := db.Engine.(*Engine)
	if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	was := e.pool.generation()
	bounded(t, db, 5*time.Second, engine.Unavailable, "no answer in time (while running SELECT pg_sleep", func() error {
		return db.View(ctx, func(tx *enginetest.Tx) error {
			return tx.Each(`SELECT pg_sleep(3)`, nil, func(engine.Stmt) error { return nil })
		})
	})
	if got := e.pool.generation(); got != was {
		t.Error("all connections are given up because of one who was in a hurry")
	}
}

// What PostgreSQL does not store is refused before it is sent.
func TestTextsThatAreNone(t *testing.T) {
	db := enginetest.DB{Engine: open(t, Options{URL: pgtest.Database(t), Schema: enginetest.Schema})}
	for _, name := range []string{"a\x00b", "\xff", "\xed\xa0\x80"} {
		enginetest.CheckError(t, db.Update(t.Context(), enginetest.Add(name, 1)), "the text for $3 has a NUL byte or is not UTF-8")
	}
}

// A sum is a NUMERIC, and is an integer here.
func TestNumeric(t *testing.T) {
	db := enginetest.DB{Engine: open(t, Options{URL: pgtest.Database(t), Schema: enginetest.Schema})}
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "-1": -1, "9999": 9999, "10000": 10000, "100000000": 100000000, "123456789012345678": 123456789012345678, "-20000": -20000,
	} {
		var got int64
		if err := db.View(t.Context(), func(tx *enginetest.Tx) error { _, err := tx.One(`SELECT `+text+`::NUMERIC`, nil, &got); return err }); err != nil || got != want {
			t.Errorf("%s is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"0.5", "1e30", "'NaN'", "9223372036854775808"} {
		if err := db.View(t.Context(), func(tx *enginetest.Tx) error {
			_, err := tx.One(`SELECT `+text+`::NUMERIC`, nil, new(int64))
			return err
		}); err == nil {
			t.Errorf("%s is an integer", text)
		}
	}
}
