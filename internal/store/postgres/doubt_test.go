package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// quick are short waits, for tests in which they pass.
var quick = Options{Statement: time.Second, Commit: 500 * time.Millisecond}

// increment adds one to the value of a thing.
func increment(name string) func(*enginetest.Tx) error {
	return func(tx *enginetest.Tx) error {
		_, err := tx.Exec(`UPDATE thing SET value = value + 1 WHERE name = $1`, name)
		return err
	}
}

// once has a fault happen at the first of the moments that are meant.
func once(fault pgtest.Fault, meant func(pgtest.Moment) bool) func(pgtest.Moment) pgtest.Fault {
	var happened atomic.Bool
	return func(m pgtest.Moment) pgtest.Fault {
		if meant(m) && happened.CompareAndSwap(false, true) {
			return fault
		}
		return pgtest.Pass
	}
}

// A commit whose answer does not come is found out: the update happens once, and what
// its caller has is what the run that was committed gave.
func TestCommitInDoubt(t *testing.T) {
	for _, test := range []struct {
		name     string
		answered bool
		fault    pgtest.Fault
		runs     int
	}{
		{"reset before the server", false, pgtest.Reset, 2},
		{"reset before the client", true, pgtest.Reset, 1},
		{"stalled before the server", false, pgtest.Stall, 2},
		{"stalled before the client", true, pgtest.Stall, 1},
		{"half a commit", false, pgtest.Cut, 2},
		{"half an answer", true, pgtest.Cut, 1},
	} {
		kinds := map[engine.UpdateKind]string{engine.Serial: "serial", engine.Configuring: "configuring", engine.Joining: "joining"}
		for kind, name := range kinds {
			if kind != engine.Serial && test.fault != pgtest.Reset {
				continue // the others take their time
			}
			t.Run(test.name+", "+name, func(t *testing.T) {
				db, e, p := proxied(t, quick)
				if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
					t.Fatal(err)
				}
				p.At(once(test.fault, func(m pgtest.Moment) bool { return m.SQL == "COMMIT" && m.Answered == test.answered }))
				runs, hooks, answer := 0, 0, 0
				err := db.UpdateAs(t.Context(), kind, func(tx *enginetest.Tx) error {
					runs++
					answer = 0 // as functions do that may be run again
					tx.AfterCommit(func() { hooks += answer })
					if err := increment("n")(tx); err != nil {
						return err
					}
					answer = runs
					return nil
				})
				if err != nil || runs != test.runs || answer != runs || hooks != runs {
					t.Errorf("after %d runs the caller has %d and its hook %d, %v; want %d", runs, answer, hooks, err, test.runs)
				}
				if value := valueOf(t, db, "n"); value != 1 {
					t.Errorf("it was done %d times", value)
				}
				c := e.Counters()
				if c.InDoubt != 1 || c.DoubtCommitted+c.DoubtAgain != 1 || c.DoubtCommitted != int64(2-test.runs) || c.DoubtUnresolved != 0 {
					t.Errorf("counted %+v", c)
				}
				if n := p.Cancels(); n != 0 {
					t.Errorf("%d statements were cancelled", n)
				}
			})
		}
	}
}

func valueOf(t *testing.T, db enginetest.DB, name string) (value int64) {
	t.Helper()
	if err := db.View(t.Context(), func(tx *enginetest.Tx) (err error) {
		value, _, err = enginetest.ValueOf(tx, name)
		return err
	}); err != nil {
		t.Error(err)
	}
	return value
}

// A connection that is lost before the commit leaves no doubt.
func TestLostBeforeCommit(t *testing.T) {
	db, e, p := proxied(t, quick)
	if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
		t.Fatal(err)
	}
	p.At(once(pgtest.Reset, func(m pgtest.Moment) bool { return strings.HasPrefix(m.SQL, "UPDATE") }))
	if err := db.Update(t.Context(), increment("n")); err != nil {
		t.Error(err)
	}
	if value, c := valueOf(t, db, "n"), e.Counters(); value != 1 || c.Lost != 1 || c.InDoubt != 0 {
		t.Errorf("%d, %+v", value, c)
	}
}

// The server is killed while many commit, and started again: each update that was
// answered is there once, and one whose outcome is unknown at most once.
func TestServerKilledUnderUpdates(t *testing.T) {
	s := pgtest.Start(t, pgtest.Durable)
	_, at := s.Database(t)
	killedUnderUpdates(t, at, func() {
		s.Kill(t)
		s.Start(t)
	})
}

// The server is killed while many commit, and replaced by its synchronous standby.
func TestServerReplacedUnderUpdates(t *testing.T) {
	s := pgtest.Start(t)
	name, _ := s.Database(t)
	standby := s.Standby(t, "second")
	s.Synchronous(t, "second")
	killedUnderUpdates(t, s.URLOf(name, s.Addr(), standby.Addr()), func() {
		s.Kill(t)
		standby.Promote(t)
	})
}

func killedUnderUpdates(t *testing.T, url string, kill func()) {
	e := open(t, Options{URL: url, Schema: enginetest.Schema})
	db := enginetest.DB{Engine: e}
	const callers = 8
	var answered, unknown [callers]atomic.Int64
	var all atomic.Int64
	enough := make(chan struct{}, 1000)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for caller := range callers {
		name := fmt.Sprint(caller)
		if err := db.Update(t.Context(), enginetest.Add(name, 0)); err != nil {
			t.Fatal(err)
		}
		kind := []engine.UpdateKind{engine.Serial, engine.Configuring, engine.Joining}[caller%3]
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				err := db.UpdateAs(context.Background(), kind, increment(name))
				switch {
				case err == nil:
					answered[caller].Add(1)
					if all.Add(1)%100 == 0 {
						select {
						case enough <- struct{}{}:
						default:
						}
					}
				case strings.Contains(err.Error(), "it is not known"):
					unknown[caller].Add(1)
				case db.ErrorKind(err) != engine.Unavailable && db.ErrorKind(err) != engine.Unwritable:
					t.Error(err)
				}
			}
		})
	}
	<-enough
	kill()
	for len(enough) > 0 {
		<-enough
	}
	<-enough
	close(stop)
	wg.Wait()
	for caller := range callers {
		value := valueOf(t, db, fmt.Sprint(caller))
		if least := answered[caller].Load(); value < least || value > least+unknown[caller].Load() {
			t.Errorf("%d updates were answered, %d have an unknown outcome, and %d were done", least, unknown[caller].Load(), value)
		}
	}
	t.Logf("%+v", e.Counters())
}

// A commit that waits for its standby longer than anybody waits for it is not
// cancelled, and is answered when the standby is back. Taken alone is not believed:
// what the primary shows after a restart may be on no standby.
func TestCommitWaitsForStandby(t *testing.T) {
	primary := pgtest.Start(t)
	_, at := primary.Database(t)
	p := pgtest.NewProxy(t, primary.Addr())
	e := open(t, Options{URL: through(t, p, at), Schema: enginetest.Schema, Statement: time.Second, Commit: time.Second,
		// A handshake that takes too long cancels what it asks, which is no commit.
		Connect: time.Minute, Wait: time.Minute, Update: 2 * time.Minute})
	db := enginetest.DB{Engine: e}
	if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
		t.Fatal(err)
	}
	standby := primary.Standby(t, "second")
	primary.Synchronous(t, "second")
	for _, restart := range []bool{false, true} {
		standby.Stop(t)
		was, runs := e.Counters(), 0
		ended := make(chan error, 1)
		before := valueOf(t, db, "n")
		go func() {
			ended <- db.Update(t.Context(), func(tx *enginetest.Tx) error {
				runs++
				return increment("n")(tx)
			})
		}()
		for e.Counters().InDoubt == was.InDoubt {
			time.Sleep(10 * time.Millisecond)
		}
		if restart {
			primary.Kill(t)
			primary.Start(t)
			for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
				select {
				case err := <-ended:
					t.Fatalf("answered %v while no standby has it", err)
				default:
				}
			}
		}
		standby.Start(t)
		if err := <-ended; err != nil || runs != 1 {
			t.Errorf("restart %v: %v after %d runs", restart, err, runs)
		}
		if value := valueOf(t, db, "n"); value != before+1 {
			t.Errorf("restart %v: done %d times", restart, value-before)
		}
	}
	if n := p.Cancels(); n != 0 {
		t.Errorf("%d statements were cancelled", n)
	}
}

// The rows of attempts are removed when the updates are over.
func TestAttemptsAreSwept(t *testing.T) {
	e := open(t, Options{URL: pgtest.Database(t), Schema: enginetest.Schema})
	db := enginetest.DB{Engine: e}
	if err := db.Update(t.Context(), enginetest.Add("n", 0)); err != nil {
		t.Fatal(err)
	}
	rows := func() (n int64) {
		if err := db.View(t.Context(), func(tx *enginetest.Tx) error {
			_, err := tx.One(`SELECT COUNT(*) FROM attempts`, nil, &n)
			return err
		}); err != nil {
			t.Error(err)
		}
		return n
	}
	// One that is not over keeps its row, and those after it.
	if err := db.Update(t.Context(), func(tx *enginetest.Tx) error {
		if _, err := tx.Exec(enginetest.UpdateThing, "n", 1); err != nil {
			return err
		}
		if err := db.Update(t.Context(), enginetest.Add("m", 0)); err != nil {
			return err
		}
		e.sweepOver()
		if n := rows(); n != 1 {
			t.Errorf("%d rows are left, want that of the update inside", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	e.sweepOver()
	if n := rows(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	// Those of a node that is gone.
	if err := db.Update(t.Context(), func(tx *enginetest.Tx) error {
		for id, age := range map[string]int64{"young": 3_600_000, "old": 90_000_000} {
			if _, err := tx.Exec(`INSERT INTO attempts (id, made) VALUES ($1, (EXTRACT(EPOCH FROM now()) * 1000)::BIGINT - $2)`, []byte(id), age); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if n, err := e.remove(sweepDead, func(s engine.Stmt) { s.BindInt(1, sweepBatch) }); n != 1 || err != nil {
		t.Errorf("removed %d, %v", n, err)
	}
}

// Closing ends the search for an outcome.
func TestClosedInDoubt(t *testing.T) {
	db, e, p := proxied(t, quick)
	p.At(func(m pgtest.Moment) pgtest.Fault {
		if m.SQL != "COMMIT" {
			return pgtest.Pass
		}
		e.closing.Store(true)
		return pgtest.Reset
	})
	err := db.Update(t.Context(), enginetest.Add("n", 0))
	e.closing.Store(false)
	p.Resume(t)
	enginetest.CheckError(t, err, "it is not known whether the update was made: store: the database is closed")
	if c := e.Counters(); c.DoubtUnresolved != 1 || db.ErrorKind(err) != engine.Unavailable {
		t.Errorf("%+v, kind %d", c, db.ErrorKind(err))
	}
}

var errOwn = errors.New("own")

// A function that fails after a doubt that was resolved ends the update with its error.
func TestRefusedAfterDoubt(t *testing.T) {
	db, e, p := proxied(t, quick)
	p.At(once(pgtest.Reset, func(m pgtest.Moment) bool { return m.SQL == "COMMIT" && !m.Answered }))
	runs := 0
	err := db.Update(t.Context(), func(tx *enginetest.Tx) error {
		if runs++; runs == 2 {
			return errOwn
		}
		return enginetest.Add("n", 0)(tx)
	})
	if c := e.Counters(); !errors.Is(err, errOwn) || c.DoubtAgain != 1 {
		t.Errorf("%v, %+v", err, c)
	}
	if names, err := enginetest.Names(db); len(names) != 0 || err != nil {
		t.Error(names, err)
	}
}
