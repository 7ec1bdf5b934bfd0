package postgres

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/store/engine"
)

// The table of attempts belongs to the engine. The key of a row is the number of a
// node's life, which is random, and of an update in it.
const (
	makeAttempts  = `CREATE TABLE IF NOT EXISTS attempts (id BYTEA NOT NULL PRIMARY KEY, made BIGINT NOT NULL)`
	writeAttempt  = `INSERT INTO attempts (id, made) VALUES ($1, (EXTRACT(EPOCH FROM now()) * 1000)::BIGINT)`
	sweepAttempts = `DELETE FROM attempts WHERE id >= $1 AND id < $2`
	sweepDead     = `DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE made < (EXTRACT(EPOCH FROM now()) * 1000)::BIGINT - 86400000 LIMIT $1)`
)

// attempts numbers the updates, and knows which are not over: only their rows are
// needed.
type attempts struct {
	mu    sync.Mutex
	life  [8]byte
	next  uint64
	open  map[uint64]struct{}
	swept uint64        // the rows below are gone
	many  chan struct{} // holds a value when there is much to sweep
}

// attempt is an update, with all of its runs.
type attempt struct {
	number uint64
	id     [16]byte
}

func (a *attempts) init() {
	rand.Read(a.life[:])
	a.open, a.many = map[uint64]struct{}{}, make(chan struct{}, 1)
}

func (a *attempts) begin() *attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.next
	a.next++
	a.open[n] = struct{}{}
	if a.next-a.swept > sweepBatch {
		select {
		case a.many <- struct{}{}:
		default:
		}
	}
	return &attempt{number: n, id: a.key(n)}
}

func (a *attempts) key(n uint64) (id [16]byte) {
	copy(id[:], a.life[:])
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

func (a *attempts) end(t *attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, t.number)
}

// over is the next range of updates that are over, at most a batch.
func (a *attempts) over() (from, to uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	to = min(a.next, a.swept+sweepBatch)
	for n := range a.open {
		to = min(to, n)
	}
	return a.swept, to
}

// Rows are removed a batch at a time, when there is one or some time has passed; those
// of lives that ended without removing theirs, after a day by the server's clock.
const (
	sweepBatch = 2000
	sweepEvery = 10 * time.Second
	deadEvery  = time.Hour
)

// sweep removes the rows of updates that are over, until the engine is closed.
func (e *Engine) sweep() {
	defer close(e.swept)
	often, seldom := time.NewTicker(sweepEvery), time.NewTicker(deadEvery)
	defer often.Stop()
	defer seldom.Stop()
	for {
		select {
		case <-e.closed:
			return
		case <-seldom.C:
			for n := int64(sweepBatch); n == sweepBatch; {
				var err error
				if n, err = e.remove(sweepDead, func(s engine.Stmt) { s.BindInt(1, sweepBatch) }); err != nil {
					break // the next time
				}
			}
		case <-e.attempts.many:
			e.sweepOver()
		case <-often.C:
			e.sweepOver()
		}
	}
}

// sweepOver removes the rows of updates that are over. What fails is done the next
// time.
func (e *Engine) sweepOver() {
	for {
		from, to := e.attempts.over()
		if from == to {
			return
		}
		first, last := e.attempts.key(from), e.attempts.key(to)
		if _, err := e.remove(sweepAttempts, func(s engine.Stmt) { s.BindID(1, first); s.BindID(2, last) }); err != nil {
			return
		}
		e.attempts.mu.Lock()
		e.attempts.swept = to
		e.attempts.mu.Unlock()
		if to-from < sweepBatch {
			return
		}
	}
}

// remove runs a statement that may be lost, on a connection that nobody uses, without
// an attempt of its own.
func (e *Engine) remove(text string, bind func(engine.Stmt)) (removed int64, err error) {
	c := e.pool.pop()
	if c == nil {
		return 0, errors.New("no connection is free")
	}
	t := &tx{e: e, c: c, begin: beginOther, asked: true, ends: time.Now().Add(e.opts.Statement)}
	s := c.stmt(text).begin(t)
	bind(s)
	if _, err = s.Next(); err == nil {
		removed = s.Changed()
	}
	err = errors.Join(err, s.Close())
	if err == nil {
		_, err = c.run("sweeping", "COMMIT", t.deadline())
	} else {
		c.unawaited("ROLLBACK")
	}
	e.pool.push(c)
	return removed, err
}
