package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/daypass/daypass/internal/store/engine"
)

// Update implements [engine.Engine]. It is bounded by Options.Update and by ctx. A
// COMMIT that was sent is waited for whatever happens to ctx; when its answer does not
// come, ctx bounds how long the outcome is looked for.
func (e *Engine) Update(ctx context.Context, kind engine.UpdateKind, fn func(engine.Conn) (func(), error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.closing.Load() {
		return engine.ErrClosed
	}
	e.counters.updates.Add(1)
	a := e.attempts.begin()
	defer e.attempts.end(a)
	begin := beginOther
	if kind == engine.Serial {
		begin = beginSerial
	}
	u := &update{e: e, ctx: ctx, begin: begin, waits: kind == engine.Configuring, attempt: a, ends: time.Now().Add(e.opts.Update)}
	return u.do(fn)
}

// update is a call of Update: one attempt, of one or more runs.
type update struct {
	e       *Engine
	ctx     context.Context
	begin   string
	waits   bool // for others of its kind, as long as there is time
	attempt *attempt
	ends    time.Time

	doubt     error  // why it is not known whether a run was committed
	committed func() // what the run returned whose commit is in doubt
	lost      int    // connections
	clashes   int    // with keys
}

// outcome is what became of a run.
type outcome int

const (
	refused outcome = iota // nothing was done, and it is no use to try again
	vain                   // nothing was done, and another run may do it
	done                   // it was committed
	taken                  // an earlier run was committed
	unknown                // it was committed, or not
)

func (u *update) do(fn func(engine.Conn) (func(), error)) error {
	for n := 0; ; n++ {
		result, err := u.run(fn)
		switch result {
		case taken:
			// Its commit may not have been replicated: it is when that of another is.
			if err = u.confirm(); err == nil {
				u.resolved(&u.e.counters.doubtCommitted)
				result = done
			} else {
				result = unknown
			}
		case unknown:
			if u.doubt == nil {
				u.e.counters.inDoubt.Add(1)
			}
			u.doubt = err
		case refused:
			return err
		}
		if result == done {
			if u.committed != nil {
				u.committed()
			}
			return nil
		}
		if err2 := u.pause(n); err2 != nil || errors.Is(err, engine.ErrClosed) {
			if u.doubt != nil {
				u.e.counters.doubtUnresolved.Add(1)
				return &unavailable{fmt.Sprintf("it is not known whether the update was made: %v", err), err}
			}
			return err
		}
	}
}

// resolved counts what became of a doubt, if there was one.
func (u *update) resolved(as interface{ Add(int64) int64 }) {
	if u.doubt != nil {
		as.Add(1)
		u.doubt = nil
	}
}

// pause waits before another run, longer and longer, and says when there is no more
// time for one.
func (u *update) pause(n int) error {
	most := min(2*time.Millisecond<<min(n, 10), 250*time.Millisecond)
	wait := time.Duration(rand.Int64N(int64(most)))
	if time.Now().Add(wait).After(u.ends) {
		return errors.New("there is no more time")
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-u.ctx.Done():
		return u.ctx.Err()
	}
}

// run runs the function once and commits what it did.
func (u *update) run(fn func(engine.Conn) (func(), error)) (result outcome, err error) {
	t := u.transaction(u.attempt)
	finished := false
	defer func() {
		if !finished { // fn has panicked, or ended its goroutine
			t.rollback()
		}
	}()
	if u.doubt != nil {
		// fn may not be called before it is known that no earlier run was committed: its
		// caller would answer what it did in vain.
		if err := t.open(u.ctx); err != nil {
			finished = true
			isTaken := t.taken
			t.rollback()
			if isTaken {
				return taken, err
			}
			return unknown, err
		}
		u.resolved(&u.e.counters.doubtAgain)
	}
	committed, err := fn(t)
	finished = true
	if t.failed != nil && err == nil {
		err = t.failed
	}
	if err != nil {
		return t.gaveUp(u, err)
	}
	u.committed = committed
	if t.c == nil || !t.began {
		t.rollback() // nothing was done
		return done, nil
	}
	return t.commit()
}

// transaction is a run that has not begun.
func (u *update) transaction(a *attempt) *tx {
	return &tx{e: u.e, from: u.e.pool.updates, begin: u.begin, attempt: a, ends: u.ends}
}

// open begins a transaction without a statement.
func (t *tx) open(ctx context.Context) (err error) {
	if t.c, t.reused, err = t.e.take(ctx, t.from); err != nil {
		t.failed = err
		return err
	}
	t.asked = true
	t.ctxEnds, _ = ctx.Deadline()
	if err := t.flight(nil); err != nil {
		if _, ok := errors.AsType[*answerError](err); ok && t.c.broken == nil {
			if err2 := t.c.rest("beginning a transaction"); err2 != nil {
				err = err2
			}
		}
		t.failed = err
	}
	return t.failed
}

// rollback undoes what was done and gives the connection back.
func (t *tx) rollback() {
	if t.c == nil {
		return
	}
	t.stop()
	if t.began {
		t.c.unawaited("ROLLBACK")
	}
	t.e.give(t.from, t.c)
	t.c = nil
}

// mostLost is how often an update is run again because a connection was lost.
const mostLost = 3

// mostClashes is how often an update is run again because of a clash with a key.
const mostClashes = 3

// gaveUp ends a run that failed before its commit. Nothing is in doubt then.
func (t *tx) gaveUp(u *update, err error) (outcome, error) {
	failed := t.failed
	lost := t.c != nil && t.c.broken != nil && !t.c.timeout // read while nobody else has the connection
	t.rollback()
	if a, ok := errors.AsType[*answerError](failed); ok && !a.fatal() {
		if a.code == codeLockTimeout {
			t.e.endStalled(u.ctx)
		}
		switch {
		case a.code == codeReadOnly: // no longer the server that takes writes
			t.e.pool.retire()
			u.lost++
		case a.again(), t.stale:
			t.e.count(a)
			return vain, err
		case u.waits && (a.code == codeLockTimeout || a.code == codeCanceled):
			return vain, err // many were before it
		case u.begin == beginSerial && u.clashes < mostClashes && (a.kind() == engine.Unique || a.kind() == engine.ForeignKey):
			// PostgreSQL says this also of a row that others committed after fn has looked
			// for it. In another run fn finds it, or the clash is one that is true.
			u.clashes++
			t.e.counters.serialization.Add(1)
			return vain, err
		default:
			return refused, err
		}
	} else if !lost {
		return refused, err
	} else {
		t.e.counters.lost.Add(1)
		u.lost++
	}
	if u.lost > mostLost {
		return refused, err
	}
	return vain, err
}

// count counts a run in vain.
func (e *Engine) count(a *answerError) {
	switch a.code {
	case codeSerialization:
		e.counters.serialization.Add(1)
	case codeDeadlock:
		e.counters.deadlocks.Add(1)
	default:
		e.counters.lost.Add(1)
	}
}

// commit commits. Its answer is waited for whatever happens to those who wait for the
// update; nobody cancels it.
func (t *tx) commit() (outcome, error) {
	c := t.c
	c.warned = false
	tag, err := c.run("committing", "COMMIT", time.Now().Add(t.e.opts.Commit))
	warned := c.warned
	t.c = nil
	t.e.give(t.from, c)
	if a, ok := errors.AsType[*answerError](err); ok {
		if c.broken != nil || a.code == codeUnknown {
			return unknown, err
		}
		if a.again() {
			t.e.count(a)
			return vain, err
		}
		return refused, err
	}
	switch {
	case err != nil:
		return unknown, err
	case tag != "COMMIT":
		return refused, fmt.Errorf("PostgreSQL has answered %s to COMMIT", tag)
	case warned:
		// The wait for a standby was given up by somebody.
		return unknown, errors.New("PostgreSQL has warned that the commit may not be replicated")
	}
	return done, nil
}

// confirm commits an update that does nothing. What the server has committed before is
// as safe as that.
func (u *update) confirm() error {
	a := u.e.attempts.begin()
	defer u.e.attempts.end(a)
	t := u.transaction(a)
	t.begin = beginOther
	if err := t.open(u.ctx); err != nil {
		t.rollback()
		return err
	}
	result, err := t.commit()
	if result != done && err == nil {
		err = errors.New("the commit could not be confirmed")
	}
	return err
}
