package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/daypass/daypass/internal/store/engine"
)

// What transactions begin with. A view of one statement has no beginning, and each of
// the others says its level, whatever the database has by default.
const (
	beginView   = `BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY`
	beginSerial = `BEGIN ISOLATION LEVEL SERIALIZABLE, READ WRITE`
	beginOther  = `BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE`
)

// inRecovery asks a server behind a pooler what others were asked when they were
// connected to: whether it is a standby.
const inRecovery = `SELECT pg_is_in_recovery()`

var errStandby = errors.New("the server is a standby")

// A tx is a view or one run of an update.
type tx struct {
	e      *Engine
	c      *conn
	reused bool // c was used before: the server may have ended it
	from   places

	begin   string // what it begins with, before its first statement
	single  bool   // a view of one statement, which has no beginning
	attempt *attempt

	ctxEnds time.Time // when ctx ends, or never
	ends    time.Time // of the update with all of its runs
	asked   bool      // there was a statement
	began   bool      // the beginning was sent
	taken   bool      // the attempt's ID was: an earlier run was committed
	stale   bool      // a statement has to be prepared anew
	failed  error     // of the first statement that failed
	last    *stmt     // that was run
}

var (
	_ engine.View = (*tx)(nil)
	_ engine.Conn = (*tx)(nil)
)

// View implements [engine.Engine].
func (e *Engine) View(ctx context.Context, kind engine.ViewKind) (engine.View, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, reused, err := e.take(ctx, e.pool.views)
	if err != nil {
		return nil, err
	}
	e.counters.views.Add(1)
	return &tx{e: e, c: c, reused: reused, from: e.pool.views, begin: beginView, single: kind == engine.Single}, nil
}

// End implements [engine.View].
func (t *tx) End() {
	t.stop()
	if t.began {
		t.c.unawaited("COMMIT")
	}
	t.e.give(t.from, t.c)
}

// stop reads what is left of a statement that nobody has closed.
func (t *tx) stop() {
	if t.last != nil && t.last.t == t && t.last.running {
		_ = t.last.Close() // what fails, breaks the connection
	}
}

// Prepare implements [engine.Conn]. ctx bounds the statement by its deadline; nothing
// looks whether it ends before, since statements are short.
func (t *tx) Prepare(ctx context.Context, text string) (engine.Stmt, error) {
	switch {
	case t.failed != nil:
		return nil, t.failed
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case t.single && t.asked:
		return nil, engine.ErrSeveral
	}
	if t.c == nil {
		var err error
		if t.c, t.reused, err = t.e.take(ctx, t.from); err != nil {
			t.failed = err
			return nil, err
		}
	}
	t.asked = true
	t.ctxEnds, _ = ctx.Deadline()
	return t.c.stmt(text).begin(t), nil
}

// slack is how much later than the server's own timeouts ours are.
const slack = time.Second

// deadline is when the answer to a statement has to be there.
func (t *tx) deadline() time.Time {
	ours := time.Now().Add(t.e.opts.Statement + slack)
	ends := until(until(ours, t.ctxEnds), t.ends)
	if t.c != nil {
		t.c.hurried = ends.Before(ours)
	}
	return ends
}

// start sends a statement, after what the transaction begins with, and reads up to its
// first row. A view whose connection turns out to be gone asks again on another.
func (t *tx) start(s *stmt) error {
	first := !t.began && t.last == nil
	t.last = s
	err := t.flight(s)
	if err == nil || !first || !t.reused || t.attempt != nil || s.c.broken == nil || s.c.timeout {
		return err
	}
	ctx, cancel := context.WithDeadline(context.Background(), t.deadline())
	defer cancel()
	c, err2 := t.e.connect(ctx)
	if err2 != nil {
		return err2
	}
	t.e.counters.viewsAgain.Add(1)
	t.c, t.reused, t.began = c, false, false
	s.move(c)
	return t.flight(s)
}

func (t *tx) flight(s *stmt) error {
	c := t.c
	prefix := make([]*stmt, 0, 4)
	pooled := c.pooled && !t.began
	if !t.began && !(t.single && s.reads) {
		t.began = true
		prefix = append(prefix, c.stmt(t.begin).begin(t))
		if pooled {
			prefix = append(prefix, c.stmt(t.e.ofTransaction).begin(t))
		}
		if t.attempt != nil {
			w := c.stmt(writeAttempt).begin(t)
			w.BindBytes(1, t.attempt.id[:])
			prefix = append(prefix, w)
		}
	}
	if pooled {
		// Any server may answer. One that a connection leads to stays what it is.
		prefix = append(prefix, c.stmt(inRecovery).begin(t))
	}
	doing := "beginning a transaction"
	if s != nil {
		doing = s.doing
	}
	for _, p := range prefix {
		if err := p.encode(); err != nil {
			return err
		}
		p.doing = doing
		p.send()
	}
	if s != nil {
		s.send()
	}
	c.wire.SendSync(&pgproto3.Sync{})
	if err := c.flush(doing, t.deadline()); err != nil {
		return err
	}
	t.e.counters.roundTrips.Add(1)
	if err := c.pay(); err != nil {
		return err
	}
	for _, p := range prefix {
		err := p.head()
		standby := false
		for row := true; err == nil && row; {
			if row, err = p.next(); row && p.text == inRecovery {
				standby = p.Int(0) != 0
			}
		}
		if a, ok := errors.AsType[*answerError](err); ok {
			t.taken = p.text == writeAttempt && a.code == codeUnique
			standby = a.code == codeUnsupported || a.code == codeReadOnly // it does not begin what may write
		}
		if standby {
			return c.breaks(doing, errStandby)
		}
		if err != nil {
			return err
		}
	}
	if s == nil {
		if err := c.rest(doing); err != nil {
			return err
		}
		return t.check()
	}
	return s.head()
}

// check looks whether the server is where the transaction thinks that it is.
func (t *tx) check() error {
	want := byte('I')
	if t.began {
		want = 'T'
	}
	if t.c.status != want {
		return t.c.breaks("checking the transaction", errors.New("it is not in the state that it should be in"))
	}
	return nil
}
