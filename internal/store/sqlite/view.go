package sqlite

import (
	"context"
	"fmt"

	"github.com/daypass/daypass/internal/store/engine"
)

// View implements [engine.Engine].
func (e *Engine) View(ctx context.Context) (engine.View, error) {
	if e.closing.Load() {
		return nil, engine.ErrClosed
	}
	v, err := e.readers.take(ctx)
	if err != nil {
		return nil, err
	}
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

// readers is a pool of read-only connections. Places are handed around in a
// channel; the connection of a place is opened when the place is first used.
type readers struct {
	open   func() (*conn, error)
	places chan *view    // nil where there is no connection yet
	closed chan struct{} // of the Engine
}

func newReaders(n int, closed chan struct{}, open func() (*conn, error)) *readers {
	r := &readers{open: open, places: make(chan *view, n), closed: closed}
	for range n {
		r.places <- nil
	}
	return r
}

// take waits for a place. Whoever takes a connection gives it back.
func (r *readers) take(ctx context.Context) (*view, error) {
	var v *view
	select {
	case v = <-r.places:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.closed:
		return nil, engine.ErrClosed
	}
	if v != nil {
		return v, nil
	}
	c, err := r.open()
	if err != nil {
		r.places <- nil
		return nil, fmt.Errorf("open a connection: %w", err)
	}
	c.view = &view{conn: c, readers: r}
	return c.view, nil
}

// give returns a connection, or nil when it had to be discarded.
func (r *readers) give(v *view) { r.places <- v }

// close waits until every place is given back, and closes the connections.
func (r *readers) close() {
	for range cap(r.places) {
		if v := <-r.places; v != nil {
			v.discard() // it has only read
		}
	}
}
