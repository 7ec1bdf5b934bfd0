package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

// Changes of what is cached are counted, in the one row of the table change, and
// logged, in the table change_log. Both are written by each Configure, on every
// engine: its first statement takes the next number, whose row lock lets no other
// Configure go on before this one has ended, so that numbers are in the order of
// the commits and none is left out. Its last one says what it has made out of date.
//
// A new database has had one change, so that zero is the number of none: what bears
// it was issued by a version that did not count.

const (
	insertChange = `INSERT INTO change (id, epoch, number, mark) VALUES (1, $1, 1, $2) ON CONFLICT DO NOTHING`
	insertFirst  = `INSERT INTO change_log (number, mark, what) SELECT number, mark, '[]' FROM change WHERE number = 1 ON CONFLICT DO NOTHING`
	takeNumber   = `UPDATE change SET number = number + 1, mark = $1 WHERE id = 1 RETURNING number`
	insertLog    = `INSERT INTO change_log (number, mark, what) VALUES ($1, $2, $3)`
	trimLog      = `DELETE FROM change_log WHERE number <= $1`
)

// logKept is how many changes stay in the log; a node that is further behind
// forgets all that it has cached. Those beyond go logBatch at a time.
const (
	logKept  = 4096
	logBatch = 64
)

// outdated names an entity that a change makes out of date.
type outdated struct {
	Cache string `json:"c"`
	Key   any    `json:"k"`
}

// mostOutdated is how many entities the log names for one change. One of more has
// made all that is cached out of date.
const mostOutdated = 300

// random is 16 bytes that nobody has: an epoch or a mark.
func random() (b [16]byte) {
	rand.Read(b[:])
	return b
}

// start sees to it that the row is there which counts changes, and goes on from it.
func (db *DB) start(ctx context.Context) error {
	find := func(tx *Tx) error {
		_, err := readPosition(tx)
		return err
	}
	err := db.plainView(ctx, new(Tx), find)
	if errors.Is(err, errUncounted) {
		err = db.Update(ctx, func(tx *Tx) error {
			if _, err := tx.exec(insertChange, random(), random()); err != nil {
				return err
			}
			_, err := tx.exec(insertFirst)
			return err
		})
	}
	if err == nil {
		err = db.startOver(ctx)
	}
	if err == nil {
		db.changed(db.position.Load().number)
	}
	return err
}

// counted is the function of a Configure, between the statements that count it.
func (tx *Tx) counted(fn func(*Tx) error) func(*Tx) error {
	return func(*Tx) error {
		mark := random()
		counts, err := tx.query(takeNumber, mark).one(&tx.number)
		if err == nil && !counts {
			err = errUncounted
		}
		if err != nil {
			return err
		}
		if err := tx.run(fn); err != nil {
			return err
		}
		what, err := logged(tx.outdated, tx.everything)
		if err != nil {
			return err
		}
		if _, err := tx.exec(insertLog, tx.number, mark, what); err != nil {
			return err
		}
		if tx.number > logKept && tx.number%logBatch == 0 {
			if _, err := tx.exec(trimLog, tx.number-logKept); err != nil {
				return err
			}
		}
		// The last of the hooks: whoever has the number has what it stands for.
		tx.AfterCommit(func() { tx.db.changed(tx.number) })
		return nil
	}
}

// logged is the text of the log: the entities, or null for all there are.
func logged(list []outdated, everything bool) (string, error) {
	if everything || len(list) > mostOutdated {
		return "null", nil
	}
	if list == nil {
		list = []outdated{}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("store: the log of changes: %w", err)
	}
	return string(text), nil
}

// changed remembers the number of a change that is committed.
func (db *DB) changed(number int64) {
	for {
		known := db.number.Load()
		if number <= known || db.number.CompareAndSwap(known, number) {
			return
		}
	}
}

// Change is the number of this transaction, which is a Configure. A later one has a
// greater number, at whichever node it is made.
func (tx *Tx) Change() int64 {
	if !tx.configures {
		panic("store: only a Configure has a number")
	}
	return tx.number
}

// Stamp is the number of a change that is no later than what the transaction goes by
// and, in a View, no earlier than any that was acknowledged before the request came. So
// what is handed out now and bears it was not yet subject to changes with greater
// numbers, and was subject to all others. That of a Configure is its own.
func (tx *Tx) Stamp() int64 {
	tx.rely()
	return tx.number
}

// known is the number of a change that what is in memory has.
func (db *DB) known() int64 {
	if db.alone {
		return db.number.Load()
	}
	return db.position.Load().number
}
