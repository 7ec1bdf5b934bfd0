package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
)

// errOver answers statements on a Tx whose function has returned.
var errOver = errors.New("store: the transaction is over")

// errReading answers a statement made while the rows of another are being read.
var errReading = errors.New("store: a query is still being read; collect its rows first")

// A Tx is one transaction, handed to the functions of [DB.View] and
// [DB.Update]. It is for one goroutine and ends with the function.
//
// The first statement that fails, fails the transaction; see the package
// comment.
type Tx struct {
	ctx        context.Context // asked before each statement of a View; never ends in an Update
	conn       *conn           // nil until the first statement of a View
	connect    func(*Tx) error // gets conn and begins, for a View
	generation uint64          // of the caches, before the snapshot was taken
	writes     bool            // an Update
	reading    bool            // rows are being read
	over       atomic.Bool     // the function has returned
	failed     error           // of the first statement that failed
	hooks      []func()
}

// AfterCommit arranges for f to be called once the transaction is durable and
// before any caller of its group is answered. It is not called when the
// function or the commit fails. f runs on the writer: it must be quick, must
// not panic, and must not use the store. Only an Update has commits to wait
// for; in a View, AfterCommit panics.
func (tx *Tx) AfterCommit(f func()) {
	if !tx.writes {
		panic("store: AfterCommit in a View")
	}
	tx.hooks = append(tx.hooks, f)
}

// exec runs a statement that returns no rows and tells how many rows it
// changed. SQL texts are constants: each is prepared once per connection and
// kept for its life.
func (tx *Tx) exec(text string, args ...any) (changed int64, err error) {
	stmt, err := tx.prepare(text)
	if err != nil {
		return 0, err
	}
	res, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, tx.fail(text, err)
	}
	return res.RowsAffected()
}

// query names a statement that returns rows. Nothing happens until its rows are
// asked for with [query.one] or [all], so there is nothing to close.
func (tx *Tx) query(text string, args ...any) query {
	return query{tx, text, args}
}

// query is a statement that is about to be run.
type query struct {
	tx   *Tx
	text string
	args []any
}

// one scans the first row into dest. found is false, and dest untouched, when
// there is none.
func (q query) one(dest ...any) (found bool, err error) {
	err = q.each(func(rows *sql.Rows) (more bool, err error) {
		found = true
		return false, rows.Scan(dest...)
	})
	return found && err == nil, err
}

// all returns what scan makes of each row. scan reads one row and must not use
// the Tx. No rows is a nil slice.
func all[T any](q query, scan func(*sql.Rows) (T, error)) (list []T, err error) {
	err = q.each(func(rows *sql.Rows) (more bool, err error) {
		v, err := scan(rows)
		list = append(list, v)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// each runs the query and calls visit on row after row until it says stop.
func (q query) each(visit func(*sql.Rows) (more bool, err error)) error {
	stmt, err := q.tx.prepare(q.text)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(context.Background(), q.args...)
	if err != nil {
		return q.tx.fail(q.text, err)
	}
	q.tx.reading = true
	defer func() { q.tx.reading = false }()
	defer rows.Close() // for a visit that panics
	for more := true; more && rows.Next(); {
		if more, err = visit(rows); err != nil {
			return q.tx.fail(q.text, err)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return q.tx.fail(q.text, err)
	}
	return nil
}

// prepare says whether the transaction can take another statement, and finds
// the statement.
func (tx *Tx) prepare(text string) (*sql.Stmt, error) {
	switch {
	case tx.over.Load():
		return nil, errOver
	case tx.failed != nil:
		return nil, tx.failed
	case tx.reading:
		return nil, tx.fail(text, errReading)
	}
	if err := tx.ctx.Err(); err != nil {
		return nil, tx.fail(text, err)
	}
	if tx.conn == nil {
		if err := tx.connect(tx); err != nil {
			return nil, tx.fail(text, err)
		}
	}
	stmt, err := tx.conn.prepare(text)
	if err != nil {
		return nil, tx.fail(text, err)
	}
	return stmt, nil
}

// fail records that a statement failed. Arguments stay out of the error, since
// they may be secret; the text is ours.
func (tx *Tx) fail(text string, err error) error {
	tx.failed = fmt.Errorf("store: %s: %w", oneLine(text), err)
	return tx.failed
}

// run calls fn and returns its error, or else that of a statement it ignored.
func (tx *Tx) run(fn func(*Tx) error) error {
	if err := fn(tx); err != nil {
		return err
	}
	return tx.failed
}
