// Package postgres is the engine of the store for PostgreSQL, which several nodes
// share.
//
// # What it needs of a database
//
// Only what databases of the same protocol have too: transactions, row locks and
// unique keys. There are no advisory locks, no LISTEN, no sequences, no triggers.
//
// # Round trips
//
// What a transaction begins with is sent together with its first statement, and a
// statement is prepared, the first time, in the flight that runs it. So a view of
// one statement is one round trip, and one of n is n. An update of n statements is
// n+1, the last of which is the COMMIT. Nobody waits for the end of a view.
//
// # Commits in doubt
//
// A COMMIT whose answer does not come has happened or not. Each update begins by
// writing the ID of its attempt under a unique key. In doubt it is run again with
// the same ID: if that is taken, the first run was committed, and what it has
// answered counts. The second run's function is only called when the ID was not
// taken, and the first run can then never be committed any more.
//
// A COMMIT is never cancelled. One that waits for a synchronous standby would
// become visible without being replicated. Its connection is closed, and the server
// goes on. For the same reason a taken ID alone is not believed: another, empty
// update is committed after it, and what that has waited for includes the first.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/daypass/daypass/internal/store/engine"
)

// Options says which database to open, and how long to wait for it.
type Options struct {
	// URL is the database, as libpq has it: postgres://user:password@host:port/name.
	// There may be several hosts, separated by commas; the one that takes writes is
	// used. What is missing comes from the environment (PGUSER and the like) and the
	// password file.
	URL string

	// Schema are the migrations: numbered .sql files.
	Schema fs.FS

	// Connect bounds how long one host may take to accept a connection. Zero means
	// connect_timeout of the URL, or else five seconds, or two if there are several
	// hosts.
	Connect time.Duration
	// Wait bounds how long a transaction waits for a connection, including to have one
	// made. Zero means five seconds.
	Wait time.Duration
	// Statement bounds a statement. Zero means five seconds.
	Statement time.Duration
	// Idle bounds how long a transaction may wait for its next statement: its locks keep
	// others waiting, and its node may be cut off. Zero means three seconds.
	Idle time.Duration
	// Commit bounds how long the answer to a COMMIT is waited for before it is in
	// doubt. Zero means ten seconds.
	Commit time.Duration
	// Update bounds an update with all of its runs. Zero means 25 seconds.
	Update time.Duration
	// Migration bounds one migration, or the wait for another node that applies it.
	// Zero means an hour.
	Migration time.Duration
}

// Engine is an open database.
type Engine struct {
	opts     Options
	target   target
	config   *pgconn.Config // as it was when the engine was opened
	hosts    []host         // in the order of the URL
	good     atomic.Int32   // the host that took the last connection
	database string         // for messages

	// The statements of settings, which are the same for each connection, and for each
	// transaction behind a pooler.
	ofConnection, ofTransaction string

	pool      pool
	described sync.Map // text to *description: what the server has said of statements
	attempts  attempts
	counters  counters
	upgrade   engine.Upgrade
	known     atomic.Int64 // the last migration that this node knows, once the schema is there

	closing atomic.Bool
	closed  chan struct{} // closed when Close is called
	swept   chan struct{} // closed when the sweeper has ended
}

var _ engine.Engine = (*Engine)(nil)

// Open opens the database and brings its schema up to date. ctx bounds the opening.
func Open(ctx context.Context, opts Options) (*Engine, error) {
	e := &Engine{closed: make(chan struct{}), swept: make(chan struct{})}
	if err := e.configure(opts); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	e.attempts.init()
	if err := e.migrate(ctx); err != nil {
		e.pool.close()
		return nil, fmt.Errorf("store: open %s: %w", e.database, err)
	}
	go e.sweep()
	return e, nil
}

// String names the database for people: where it is, and no password.
func (e *Engine) String() string { return e.database }

// Standby implements [engine.Engine].
func (e *Engine) Standby() string { return "CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END" }

// Alone implements [engine.Engine].
func (e *Engine) Alone() bool { return false }

// Upgraded implements [engine.Engine].
func (e *Engine) Upgraded() engine.Upgrade { return e.upgrade }

// Probe implements [engine.Engine]: it writes the ID of an attempt.
func (e *Engine) Probe(ctx context.Context) error {
	return e.Update(ctx, engine.Joining, func(c engine.Conn) (func(), error) {
		s, err := c.Prepare(ctx, `SELECT 1`)
		if err != nil {
			return nil, err
		}
		_, err = s.Next()
		return nil, errors.Join(err, s.Close())
	})
}

// Close implements [engine.Engine]. Closing again does nothing. What runs is bounded,
// and so is Close.
func (e *Engine) Close() error {
	if e.closing.Swap(true) {
		return nil
	}
	close(e.closed)
	e.pool.drain()
	<-e.swept
	e.sweepOver()
	e.pool.close()
	return nil
}

// counters count what the engine does.
type counters struct {
	roundTrips, views, viewsAgain, updates               atomic.Int64
	serialization, deadlocks, lost                       atomic.Int64
	inDoubt, doubtCommitted, doubtAgain, doubtUnresolved atomic.Int64
	connected, broken, waited, stalled                   atomic.Int64
}

// Counters is what an engine has done since it was opened.
type Counters struct {
	RoundTrips int64 // answers that somebody has waited for
	Views      int64 // views that were begun
	ViewsAgain int64 // views that were asked again on another connection
	Updates    int64 // updates, each once

	// Runs of updates that were in vain: serialization failures (40001), deadlocks
	// (40P01), and connections that were lost before the commit.
	Serialization, Deadlocks, Lost int64

	// Commits whose answer did not come, and what became of them.
	InDoubt, DoubtCommitted, DoubtAgain, DoubtUnresolved int64

	Connected int64 // connections that were made
	Broken    int64 // connections that were given up because something failed
	Waited    int64 // transactions that waited for a connection
	Stalled   int64 // sessions that this node has ended: see endStalled
}

// Counters says what the engine has done.
func (e *Engine) Counters() Counters {
	c := &e.counters
	return Counters{
		RoundTrips: c.roundTrips.Load(), Views: c.views.Load(), ViewsAgain: c.viewsAgain.Load(), Updates: c.updates.Load(),
		Serialization: c.serialization.Load(), Deadlocks: c.deadlocks.Load(), Lost: c.lost.Load(),
		InDoubt: c.inDoubt.Load(), DoubtCommitted: c.doubtCommitted.Load(), DoubtAgain: c.doubtAgain.Load(), DoubtUnresolved: c.doubtUnresolved.Load(),
		Connected: c.connected.Load(), Broken: c.broken.Load(), Waited: c.waited.Load(), Stalled: c.stalled.Load(),
	}
}

// dialer makes the TCP connections: a peer that is gone is noticed.
var dialer = net.Dialer{
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 3 * time.Second, Count: 3},
	Control:         control,
}
