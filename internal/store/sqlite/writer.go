package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/store/engine"
)

// maxGroup bounds how many updates share a commit, and so how long the first of
// them waits for the last.
const maxGroup = 256

// Update implements [engine.Engine]. Updates run one after the other, whatever their
// kind; those that wait for the same commit share it.
//
// A ctx that ends before fn was begun takes the update out of the queue, and
// Update returns its error. Once begun, fn runs to its end whatever happens to
// ctx, and Update returns what became of it. A panic of fn undoes its work and
// goes on to the caller of Update.
func (e *Engine) Update(ctx context.Context, _ engine.UpdateKind, fn func(engine.Conn) (func(), error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	u := &update{turn: make(chan struct{}, 1)}
	if err := e.writer.enqueue(u); err != nil {
		return err
	}
	if err := u.wait(ctx); err != nil {
		return err
	}
	var err error
	if u.conn != nil {
		err = e.writer.perform(u, fn)
	}
	<-u.group.done
	// The failure of the group comes first: fn may have refused because of
	// what another member did, and that has now not happened.
	if u.group.err != nil {
		return u.group.err
	}
	return err
}

// The states of an update. Whoever moves it away from waiting decides.
const (
	waiting int32 = iota
	begun
	abandoned
)

// update is a call of Update: a place in the queue.
type update struct {
	state atomic.Int32
	turn  chan struct{} // gets a value when the update is begun

	// Set before turn.
	group *group
	conn  *conn // nil when the group failed before it came to this update

	// Set before the turn goes back to the writer.
	ok        bool   // fn returned without an error
	committed func() // called after the commit
}

// group is the fate that the updates of a transaction share.
type group struct {
	done chan struct{} // closed after the commit and its hooks
	err  error         // set before done is closed
}

// wait waits for the update's turn, or gives up its place when ctx ends first.
func (u *update) wait(ctx context.Context) error {
	select {
	case <-u.turn:
	case <-ctx.Done():
		if u.state.CompareAndSwap(waiting, abandoned) {
			return ctx.Err()
		}
		<-u.turn
	}
	return nil
}

// writer owns the connection that writes. Its goroutine begins and ends the
// transactions; in between it lends the connection to one caller after the
// other, each running its own function on its own goroutine. So a panic, its
// stack, and even runtime.Goexit are the caller's and cannot stop the writer.
type writer struct {
	open   func() (*conn, error)
	conn   *conn         // nil when it must be opened anew
	back   chan struct{} // the caller returns the connection
	marked bool          // the main file says that it is open
	lost   bool          // and is to say that changes were lost

	// What was committed goes into the main file when nobody has written for a while.
	idle     *time.Timer
	patience time.Duration
	behind   bool // the main file may lack something

	mu     sync.Mutex
	queue  []*update
	closed bool
	wake   chan struct{} // holds a value when the queue may have something
	ended  chan struct{} // closed when the goroutine has ended
}

// defaultIdle is long enough not to come between two updates of a server that has
// something to do.
const defaultIdle = 2 * time.Second

// newWriter starts a writer on c; open makes another connection when c has to
// be given up.
func newWriter(c *conn, open func() (*conn, error), marked, lost bool, patience time.Duration) *writer {
	w := &writer{
		open: open, conn: c, marked: marked, lost: lost, patience: patience, idle: time.NewTimer(patience),
		back:  make(chan struct{}, 1),
		wake:  make(chan struct{}, 1),
		ended: make(chan struct{}),
	}
	go w.loop()
	return w
}

// enqueue accepts an update: from here on it is run, unless it is abandoned.
func (w *writer) enqueue(u *update) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return engine.ErrClosed
	}
	w.queue = append(w.queue, u)
	w.signal()
	return nil
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// close accepts no more updates, waits for those accepted, makes the database say
// that it is closed, and closes the connection.
func (w *writer) close() error {
	w.mu.Lock()
	w.closed = true
	w.signal()
	w.mu.Unlock()
	<-w.ended
	if w.marked && w.connect() == nil {
		// Where it cannot be made to say so, the log stays beside it: nothing is lost.
		_ = w.conn.markClosed()
	}
	if w.conn == nil {
		return nil
	}
	return w.conn.discard()
}

// loop commits group after group until the writer is closed and nobody waits.
func (w *writer) loop() {
	defer close(w.ended)
	for {
		batch, closed := w.take()
		for len(batch) > 0 {
			batch = w.commit(batch)
		}
		if closed {
			return
		}
	}
}

// take returns what waits, at most a group. It waits for something, and says
// whether that was the last.
func (w *writer) take() (batch []*update, last bool) {
	for {
		w.mu.Lock()
		n := min(len(w.queue), maxGroup)
		batch = append(batch, w.queue[:n]...)
		clear(w.queue[:n])
		w.queue = w.queue[n:]
		rest, closed := len(w.queue), w.closed
		w.mu.Unlock()
		switch {
		case rest == 0 && closed:
			return batch, true
		case n > 0:
			return batch, false
		}
		w.rest()
		// Whoever can run now may be about to come: let them, and share the commit.
		// Where nobody can, this does not wait.
		runtime.Gosched()
	}
}

// rest waits for something to do. When that takes long, what was committed is written
// into the main file. If it cannot be, the next update will tell.
func (w *writer) rest() {
	for w.behind && w.conn != nil {
		w.idle.Reset(w.patience)
		select {
		case <-w.wake:
			w.idle.Stop()
			return
		case <-w.idle.C:
			whole, _ := w.conn.checkpoint("PASSIVE")
			w.behind = !whole
		}
	}
	<-w.wake
}

// commit runs the updates of a batch as one group. If the transaction is lost
// on the way, it returns those it had not begun.
func (w *writer) commit(batch []*update) (rest []*update) {
	g := &group{done: make(chan struct{})}
	defer close(g.done)

	if err := w.begin(); err != nil {
		g.err = fmt.Errorf("store: begin: %w", err)
		for _, u := range batch {
			w.lend(u, g, nil)
		}
		return nil
	}
	alone := len(batch) == 1
	var committed []func() // of those that succeeded, nil where one has nothing to call
	for i, u := range batch {
		ok, err := w.member(u, g, alone)
		if err != nil {
			g.err = fmt.Errorf("store: transaction lost: %w", err)
			w.rollback()
			return batch[i+1:]
		}
		if ok {
			committed = append(committed, u.committed)
		}
	}
	if len(committed) == 0 {
		w.rollback()
		return nil
	}
	if err := w.conn.exec("COMMIT"); err != nil {
		g.err = fmt.Errorf("store: commit: %w", err)
		w.rollback()
		return nil
	}
	w.behind = true
	for _, f := range committed {
		if f != nil {
			f()
		}
	}
	return nil
}

// member runs one update within the transaction, under a savepoint unless it is
// alone in it. err says that the whole transaction is lost.
func (w *writer) member(u *update, g *group, alone bool) (ok bool, err error) {
	if !alone {
		if err := w.conn.exec("SAVEPOINT member"); err != nil {
			// Told like one who had begun: it shares the transaction's fate.
			w.lend(u, g, nil)
			return false, err
		}
	}
	w.conn.failed = nil
	if !w.lend(u, g, w.conn) {
		return false, w.undo(alone, nil)
	}
	if !u.ok {
		return false, w.undo(alone, w.conn.failed)
	}
	if alone {
		return true, nil
	}
	return true, w.conn.exec("RELEASE member")
}

// undo takes back the work of a member. Without a savepoint that is left to the
// end of the transaction. SQLite may have rolled everything back on its own
// after an error like a full disk: then there is no savepoint to return to.
func (w *writer) undo(alone bool, cause error) error {
	if alone {
		return nil
	}
	if err := w.conn.exec("ROLLBACK TO member"); err != nil {
		return errors.Join(cause, err)
	}
	return w.conn.exec("RELEASE member")
}

// lend gives an update its turn and waits until it is over. It answers false
// when the update was abandoned. Without a connection there is nothing to wait for.
func (w *writer) lend(u *update, g *group, c *conn) bool {
	if !u.state.CompareAndSwap(waiting, begun) {
		return false
	}
	u.group, u.conn = g, c
	u.turn <- struct{}{}
	if c != nil {
		<-w.back
	}
	return true
}

// perform runs fn with the connection that u was lent, and gives it back even
// when fn does not return.
func (w *writer) perform(u *update, fn func(engine.Conn) (func(), error)) (err error) {
	defer func() { w.back <- struct{}{} }()
	u.committed, err = fn(u.conn)
	u.ok = err == nil
	return err
}

// connect opens the connection if the last one was given up.
func (w *writer) connect() (err error) {
	if w.conn == nil {
		if w.conn, err = w.open(); err != nil {
			return fmt.Errorf("open a connection: %w", err)
		}
	}
	return nil
}

// begin opens the transaction.
func (w *writer) begin() error {
	if err := w.connect(); err != nil {
		return err
	}
	if !w.marked {
		if err := w.conn.markOpen(w.lost); err != nil {
			w.rollback()
			return err
		}
		w.marked = true
	}
	if err := w.conn.exec("BEGIN IMMEDIATE"); err != nil {
		w.rollback()
		return err
	}
	return nil
}

// rollback ends the transaction. After an error nobody can be sure of the
// connection's state, so one that has nothing to roll back is given up.
func (w *writer) rollback() {
	if err := w.conn.exec("ROLLBACK"); err != nil {
		w.conn.discard() // closing it undoes whatever was open
		w.conn = nil
	}
}
