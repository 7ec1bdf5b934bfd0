package store

import (
	"bytes"
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/store/engine"
)

// Where records of requests are required, what a request changes is committed together
// with a record of it: there is neither without the other, whatever becomes of the
// server in between. The records wait in a table until the sinks have them.
//
// A node delivers what it has committed, in order. What nobody delivers for a while,
// because its node is gone or its sinks are down, another node takes over. Should both
// be alive, the sinks have some records twice, and never less than once.
const (
	// recordsTaken is how long a record waits for its node before another takes it over.
	recordsTaken = time.Minute
	// recordsEvery is how often a node looks for such records, and tries again to
	// deliver its own after a failure.
	recordsEvery = 10 * time.Second
	recordsRetry = time.Second
	// recordBatch is how many records are delivered at once.
	recordBatch = 256
)

// records are the records that wait for the sinks.
type records struct {
	// of gives the record of the request that a context is of; nil for none.
	of     func(context.Context) []byte
	node   [16]byte
	number atomic.Int64
	wake   chan struct{} // holds a value when there are records
}

// KeepRecords has each update that a request makes store the record of the request,
// which of gives. It gives nil where a context is of no request. It is called before the
// first update.
func (db *DB) KeepRecords(of func(context.Context) []byte) { db.records.of = of }

// unrecorded is a context for what a request needs to be done, and has not asked for:
// its record would say that the request has succeeded when this is committed.
func unrecorded(ctx context.Context) context.Context {
	return context.WithValue(ctx, unrecordedKey{}, true)
}

type unrecordedKey struct{}

// record is the record of the request of a context; nil for none.
func (db *DB) record(ctx context.Context) []byte {
	if db.records.of == nil || ctx.Value(unrecordedKey{}) != nil {
		return nil
	}
	return db.records.of(ctx)
}

// keepRecord stores a record in the transaction of what it is of.
func (tx *Tx) keepRecord(record []byte) error {
	if record == nil {
		return nil
	}
	r := &tx.db.records
	_, err := tx.exec(`INSERT INTO audit_records (node, number, owner, since, record) VALUES ($1, $2, $1, $3, $4)`,
		r.node[:], r.number.Add(1), tx.db.now().UnixMilli(), record)
	if err == nil {
		tx.AfterCommit(r.awake)
	}
	return err
}

func (r *records) awake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// DeliverRecords gives the records to write, in order, until ctx ends, and then once
// more. Those that write has taken are removed. It tells failed what goes wrong and tries
// again.
func (db *DB) DeliverRecords(ctx context.Context, write func(context.Context, []byte) error, failed func(error)) {
	looked := time.Time{}
	for ctx.Err() == nil {
		wait := recordsEvery
		err := db.deliverAll(ctx, write)
		if now := db.now(); err == nil && (now.Sub(looked) >= recordsEvery || now.Before(looked)) {
			looked = now
			var taken bool
			if taken, err = db.takeRecords(ctx); taken {
				wait = 0
			}
		}
		if err != nil && ctx.Err() == nil {
			failed(err)
			wait = recordsRetry
		}
		again := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-db.records.wake:
		case <-again.C:
		}
		again.Stop()
	}
	// What has no record in the sinks yet gets it now or at the next start.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	var err error
	if db.alone { // nobody else takes what the process before left, if there was no time to
		_, err = db.takeRecords(last)
	}
	if err = cmp.Or(err, db.deliverAll(last, write)); err != nil {
		failed(err)
	}
}

func (db *DB) deliverAll(ctx context.Context, write func(context.Context, []byte) error) error {
	for {
		more, err := db.deliver(ctx, write)
		if err != nil || !more {
			return err
		}
	}
}

// deliver gives a batch of this node's records to write, and removes them. It says
// whether there may be more.
func (db *DB) deliver(ctx context.Context, write func(context.Context, []byte) error) (more bool, err error) {
	type key struct {
		node   []byte
		number int64
	}
	var keys []key
	var text bytes.Buffer
	owner := db.records.node[:]
	err = db.View(ctx, func(tx *Tx) error {
		keys = nil
		text.Reset()
		return tx.query(`SELECT node, number, record FROM audit_records WHERE owner = $1 ORDER BY number, node LIMIT $2`, owner, recordBatch).each(func(r row) (bool, error) {
			keys = append(keys, key{r.AppendBytes(nil, 0), r.Int(1)})
			text.Write(r.AppendBytes(nil, 2))
			return true, r.Err()
		})
	})
	if err != nil || len(keys) == 0 {
		return false, err
	}
	if err := write(ctx, text.Bytes()); err != nil {
		return false, err
	}
	// What the sinks have is removed, also when ctx ends: they would have it twice.
	return len(keys) == recordBatch, db.update(unrecorded(context.WithoutCancel(ctx)), engine.Joining, func(tx *Tx) error {
		for _, k := range keys {
			if _, err := tx.exec(`DELETE FROM audit_records WHERE node = $1 AND number = $2`, k.node, k.number); err != nil {
				return err
			}
		}
		return nil
	})
}

// takeRecords makes records this node's that nobody delivers, and says whether there
// were any. A node that is alone takes those of the process before it at once.
func (db *DB) takeRecords(ctx context.Context) (taken bool, err error) {
	now, before := db.now(), db.now().Add(-recordsTaken)
	if db.alone {
		before = now.Add(24 * 365 * time.Hour) // whatever the clock was then
	}
	owner := db.records.node[:]
	err = db.View(ctx, func(tx *Tx) error {
		var one int64
		taken, err = tx.query(`SELECT 1 FROM audit_records WHERE since < $1 AND owner <> $2 LIMIT 1`, before.UnixMilli(), owner).one(&one)
		return err
	})
	if err != nil || !taken {
		return false, err
	}
	err = db.update(unrecorded(ctx), engine.Serial, func(tx *Tx) error {
		_, err := tx.exec(`UPDATE audit_records SET owner = $1, since = $2 WHERE since < $3 AND owner <> $1`, owner, now.UnixMilli(), before.UnixMilli())
		return err
	})
	return err == nil, err
}
