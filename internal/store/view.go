package store

import (
	"context"
	"errors"
	"fmt"
)

// View calls fn with a transaction that reads. All of its statements see the
// same snapshot, taken at the first of them, and never wait for writers. When
// ctx ends, the next statement fails with its error.
//
// A view that asks only the caches never touches the database. There is no
// shorter way for a single statement: beginning and ending a transaction adds
// less than a microsecond to a look-up of seven.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	if db.runAgain {
		if err := db.view(ctx, inVain(fn)); !errors.Is(err, errInVain) {
			return err
		}
	}
	return db.view(ctx, fn)
}

// errInVain undoes a transaction that is run again.
var errInVain = errors.New("store: the transaction has to be run again")

// inVain runs the function of a transaction and then undoes what it did.
func inVain(fn func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error { return errors.Join(fn(tx), errInVain) }
}

func (db *DB) view(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.isClosed() {
		return ErrClosed
	}
	// The generation is read before the snapshot is taken: see cache.
	tx := &Tx{ctx: ctx, connect: db.beginRead, generation: db.generation.Load()}
	defer db.endRead(tx)
	return tx.run(fn)
}

// beginRead gives tx a connection with an open transaction.
func (db *DB) beginRead(tx *Tx) (err error) {
	tx.conn, err = db.readers.take(tx.ctx)
	if err != nil {
		return err
	}
	if err := tx.conn.exec("BEGIN"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return nil
}

// endRead ends the snapshot and gives the connection back. A connection that
// cannot end its transaction is replaced.
func (db *DB) endRead(tx *Tx) {
	tx.over.Store(true)
	if tx.conn == nil {
		return
	}
	if err := tx.conn.exec("ROLLBACK"); err != nil {
		tx.conn.discard() // the snapshot goes with it; fn has what it read
		tx.conn = nil
	}
	db.readers.give(tx.conn)
}

// readers is a pool of read-only connections. Places are handed around in a
// channel; the connection of a place is opened when the place is first used.
type readers struct {
	open   func(context.Context) (*conn, error)
	places chan *conn    // nil where there is no connection yet
	closed chan struct{} // of the DB
}

func newReaders(n int, closed chan struct{}, open func(context.Context) (*conn, error)) *readers {
	r := &readers{open: open, places: make(chan *conn, n), closed: closed}
	for range n {
		r.places <- nil
	}
	return r
}

// take waits for a place. Whoever takes a connection gives it back.
func (r *readers) take(ctx context.Context) (*conn, error) {
	var c *conn
	select {
	case c = <-r.places:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-r.closed:
		return nil, ErrClosed
	}
	if c != nil {
		return c, nil
	}
	c, err := r.open(ctx)
	if err != nil {
		r.places <- nil
		return nil, fmt.Errorf("open a connection: %w", err)
	}
	return c, nil
}

// give returns a connection, or nil when it had to be discarded.
func (r *readers) give(c *conn) { r.places <- c }

// close waits until every place is given back, and closes the connections.
func (r *readers) close() {
	for range cap(r.places) {
		if c := <-r.places; c != nil {
			c.discard() // it has only read
		}
	}
}
