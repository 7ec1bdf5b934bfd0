package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/engine"
)

// errOver answers statements on a Tx whose function has returned.
var errOver = errors.New("store: the transaction is over")

// errReading answers a statement made while the rows of another are being read.
var errReading = errors.New("store: a query is still being read; collect its rows first")

// A Tx is one transaction, handed to the functions of [DB.View], [DB.Update] and
// [DB.Configure]. It is for one goroutine and ends with the function.
//
// The first statement that fails, fails the transaction; see the package
// comment.
type Tx struct {
	ctx        context.Context
	db         *DB
	conn       engine.Conn     // nil until the first statement of a View
	snapshot   engine.View     // that conn is, in a View
	views      engine.ViewKind // that snapshot is
	generation uint64          // of the caches, before the snapshot was taken
	writes     bool            // an Update
	configures bool            // one that may change what is cached
	number     int64           // of the change that this is, or that it began after
	outdated   []outdated      // what it changes of what is cached
	everything bool            // it changes all that is cached
	basis      *basis          // of a View on a database that others change too
	sealing    *seal.KeyID     // see sealingKey; nil before it was asked for
	reading    bool            // rows are being read
	over       atomic.Bool     // the function has returned
	failed     error           // of the first statement that failed
	hooks      []func()
}

// AfterCommit arranges for f to be called once the transaction is durable and
// before any caller of its group is answered. It is not called when the
// function or the commit fails. f keeps others waiting: it must be quick, must
// not panic, and must not use the store. Only an Update has commits to wait
// for; in a View, AfterCommit panics.
func (tx *Tx) AfterCommit(f func()) {
	if !tx.writes {
		panic("store: AfterCommit in a View")
	}
	tx.hooks = append(tx.hooks, f)
}

// committed calls the hooks.
func (tx *Tx) committed() {
	for _, f := range tx.hooks {
		f()
	}
}

// exec runs a statement that returns no rows and tells how many rows it
// changed. SQL texts are constants: each is prepared once per connection and
// kept for its life. The values are those that [engine.Bind] knows.
func (tx *Tx) exec(text string, values ...any) (changed int64, err error) {
	s, err := tx.prepare(text, values)
	if err != nil {
		return 0, err
	}
	_, err = s.Next()
	changed = s.Changed()
	if err := cmp.Or(err, s.Close()); err != nil {
		return 0, tx.fail(text, err)
	}
	return changed, nil
}

// query names a statement that returns rows. Nothing happens until its rows are
// asked for with [query.one], [query.each] or [all], so there is nothing to close.
func (tx *Tx) query(text string, values ...any) query {
	return query{tx, text, values}
}

// query is a statement that is about to be run.
type query struct {
	tx     *Tx
	text   string
	values []any
}

// one scans the first row into dest. found is false, and dest untouched, when
// there is none.
func (q query) one(dest ...any) (found bool, err error) {
	s, err := q.tx.prepare(q.text, q.values)
	if err != nil {
		return false, err
	}
	found, err = s.Next()
	if err == nil && found {
		err = engine.Scan(s, dest)
	}
	if err := cmp.Or(err, s.Close()); err != nil {
		return false, q.tx.fail(q.text, err)
	}
	return found, nil
}

// row is a row of a query, whose columns are read where it is given.
type row = engine.Stmt

// mostReceived is how many bytes of rows are brought together of one statement: a
// database that sends more has not had them from daypass.
const mostReceived = 256 << 20

var errTooLarge = errors.New("the database answers more than daypass stores")

// all returns what scan makes of each row. scan reads one row and must not use
// the Tx. No rows is a nil slice.
func all[T any](q query, scan func(row) (T, error)) (list []T, err error) {
	err = q.each(func(r row) (more bool, err error) {
		if s, ok := r.(interface{ Received() int64 }); ok && s.Received() > mostReceived {
			return false, errTooLarge
		}
		v, err := scan(r)
		list = append(list, v)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// each runs the query and calls visit on row after row until it says stop.
func (q query) each(visit func(row) (more bool, err error)) (err error) {
	s, err := q.tx.prepare(q.text, q.values)
	if err != nil {
		return err
	}
	q.tx.reading = true
	defer func() { // also for a visit that panics
		q.tx.reading = false
		if err = cmp.Or(err, s.Close()); err != nil {
			err = q.tx.fail(q.text, err)
		}
	}()
	for more := true; more; {
		if more, err = s.Next(); err != nil || !more {
			return err
		}
		if more, err = visit(s); err != nil {
			return err
		}
	}
	return nil
}

// prepare says whether the transaction can take another statement, and finds
// the statement and gives it its values.
func (tx *Tx) prepare(text string, values []any) (engine.Stmt, error) {
	s, err := tx.statement(text)
	if err != nil {
		return nil, err
	}
	if err := engine.Bind(s, values); err != nil {
		s.Close()
		return nil, tx.fail(text, err)
	}
	return s, nil
}

// statement says whether the transaction can take another statement, and finds
// the statement. Whoever uses it directly fails the transaction with what fails.
func (tx *Tx) statement(text string) (engine.Stmt, error) {
	switch {
	case tx.over.Load():
		return nil, errOver
	case tx.failed != nil:
		return nil, tx.failed
	case tx.reading:
		return nil, tx.fail(text, errReading)
	}
	if tx.conn == nil {
		v, err := tx.db.engine.View(tx.ctx, tx.views)
		if err != nil {
			return nil, tx.fail(text, err)
		}
		tx.conn, tx.snapshot = v, v
	}
	s, err := tx.conn.Prepare(tx.ctx, text)
	if err != nil {
		return nil, tx.fail(text, err)
	}
	return s, nil
}

// fail records that a statement failed. Values stay out of the error, since they
// may be secret; the text is ours.
func (tx *Tx) fail(text string, err error) error {
	if tx.db.engine.ErrorKind(err) == engine.Unavailable {
		tx.failed = fmt.Errorf("store: %w", err) // the cause first, and which statement met it hardly matters
	} else {
		tx.failed = fmt.Errorf("store: %s: %w", oneLine(text), err)
	}
	return tx.failed
}

// oneLine folds the white space of a statement, for messages, and cuts it off where it
// becomes long: those of many rows have thousands of placeholders.
func oneLine(text string) string {
	const most = 400
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = text[:most] + "…"
	}
	return text
}

// run calls fn and returns its error, or else that of a statement it ignored.
func (tx *Tx) run(fn func(*Tx) error) error {
	if err := fn(tx); err != nil {
		return err
	}
	return tx.failed
}

// view calls the function of a View and gives its snapshot up.
func (tx *Tx) view(fn func(*Tx) error) error {
	defer tx.end()
	return tx.run(fn)
}

// again makes the transaction of a View new, for one of a kind.
func (tx *Tx) again(kind engine.ViewKind) {
	basis := tx.basis
	if basis != nil {
		*basis = newBasis(basis.at)
	}
	*tx = Tx{views: kind, basis: basis}
}

// end ends the transaction for whoever has kept it.
func (tx *Tx) end() {
	tx.over.Store(true)
	if tx.snapshot != nil {
		tx.snapshot.End()
	}
}
