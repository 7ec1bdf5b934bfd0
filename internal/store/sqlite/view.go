package sqlite

import (
	"context"
	"fmt"
	"sync"

	"github.com/daypass/daypass/internal/store/engine"
)

// View implements [engine.Engine]. A second statement costs no more than the first, so
// that Single views may have one, unless the engine behaves like another.
func (e *Engine) View(ctx context.Context, kind engine.ViewKind) (engine.View, error) {
	if e.closing.Load() {
		return nil, engine.ErrClosed
	}
	v, err := e.readers.take(ctx)
	if err != nil {
		return nil, err
	}
	v.single, v.asked = e.shared && kind == engine.Single, false
	return v, nil
}

// A view is a connection that reads, and the snapshot that it has.
//
// Most views make one look-up and find their row. SQLite takes a snapshot with the
// first statement and keeps it while a statement stands on a row, also without a
// transaction: so the statement stays there until the view ends, and BEGIN and
// ROLLBACK, which cost a fifth of the look-up, are left out. Whatever else is done
// begins a transaction first, which takes over the snapshot. A first look-up that
// finds nothing stands nowhere: it is done again within a transaction.
type view struct {
	*conn
	readers *readers
	holding *stmt // the statement that stands on a row and holds the snapshot
	began   bool

	single, asked bool // may have one statement, and has had it
}

// step goes to the next row of a statement.
func (v *view) step(s *stmt, first bool) (row bool, err error) {
	if v.began {
		return s.sql.Step()
	}
	if first {
		if row, err = s.sql.Step(); err != nil {
			return false, err
		}
		if row {
			v.holding = s
			return true, nil
		}
		s.sql.Reset()
	}
	if err := v.begin(); err != nil {
		return false, err
	}
	return s.sql.Step()
}

// begin begins a transaction, with the snapshot that there is.
func (v *view) begin() error {
	if err := v.exec("BEGIN"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	v.began, v.holding = true, nil
	return nil
}

// another says that there will be another statement.
func (v *view) another() error {
	if v.single && v.asked {
		return engine.ErrSeveral
	}
	v.asked = true
	s := v.holding
	if s == nil {
		return nil
	}
	if err := v.begin(); err != nil {
		return err
	}
	s.reset()
	return nil
}

// End implements [engine.View]. A connection that cannot end its transaction is
// replaced: the snapshot goes with it, and what was read has been read.
func (v *view) End() {
	switch {
	case v.began:
		v.began = false
		if err := v.exec("ROLLBACK"); err != nil {
			v.discard()
			v.readers.give(nil)
			return
		}
	case v.holding != nil:
		v.holding.reset()
		v.holding = nil
	}
	v.readers.give(v)
}

// readers is a pool of read-only connections. The one that was used last is used
// next, and another is opened when all are in use: each has a cache of pages, and
// few connections that are used much have better ones, in less memory, than many
// that take turns.
type readers struct {
	open   func() (*conn, error)
	places chan struct{} // a value for each view that may begin
	closed chan struct{} // of the Engine

	mu   sync.Mutex
	idle []*view
}

func newReaders(n int, closed chan struct{}, open func() (*conn, error)) *readers {
	r := &readers{open: open, places: make(chan struct{}, n), closed: closed}
	for range n {
		r.places <- struct{}{}
	}
	return r
}

// take waits for a place. Whoever takes a connection gives it back.
func (r *readers) take(ctx context.Context) (*view, error) {
	select {
	case <-r.places:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.closed:
		return nil, engine.ErrClosed
	}
	r.mu.Lock()
	if last := len(r.idle) - 1; last >= 0 {
		v := r.idle[last]
		r.idle = r.idle[:last]
		r.mu.Unlock()
		return v, nil
	}
	r.mu.Unlock()
	c, err := r.open()
	if err != nil {
		r.places <- struct{}{}
		return nil, fmt.Errorf("open a connection: %w", err)
	}
	c.view = &view{conn: c, readers: r}
	return c.view, nil
}

// give returns a connection, or nil when it had to be discarded.
func (r *readers) give(v *view) {
	if v != nil {
		r.mu.Lock()
		r.idle = append(r.idle, v)
		r.mu.Unlock()
	}
	r.places <- struct{}{}
}

// close waits until every place is given back, and closes the connections.
func (r *readers) close() {
	for range cap(r.places) {
		<-r.places
	}
	for _, v := range r.idle {
		v.discard() // it has only read
	}
}
