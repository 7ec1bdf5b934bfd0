package postgres

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A conn is a connection, with the statements that were prepared on it. It serves one
// transaction at a time.
//
// Each exchange with the server has a deadline. A connection on which one passes, or
// anything else goes wrong, is closed without a word, and never used again: what the
// server makes of that is up to its own timeouts, and a COMMIT goes on.
type conn struct {
	e      *Engine
	host   string
	net    net.Conn
	wire   *pgproto3.Frontend
	pooled bool // a pooler is in between: nothing stays on the server

	stmts      map[string]*stmt
	names      int // how many statements got one
	made, used time.Time
	generation uint64 // of the pool when it was made

	owed    int   // answers that nobody waits for and that come before the next
	status  byte  // of the transaction, as the server said last: I, T or E
	warned  bool  // the server has warned of something since this was cleared
	broken  error // why it is not used any more
	timeout bool  // broken because the server said nothing
	hurried bool  // whoever waits has less time than a statement may take

	parse    pgproto3.Parse // what is sent, so that it need not be made anew
	describe pgproto3.Describe
	bind     pgproto3.Bind
	execute  pgproto3.Execute
	query    pgproto3.Query
}

// breaks gives the connection up, and says why to those who use it.
func (c *conn) breaks(doing string, err error) error {
	if c.broken != nil {
		return c.broken
	}
	text := fmt.Sprintf("PostgreSQL at %s: the connection was lost: %v (while %s)", c.host, err, doing)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.timeout = true
		text = fmt.Sprintf("PostgreSQL at %s: no answer in time (while %s)", c.host, doing)
	}
	c.broken = &unavailable{text, err}
	c.net.Close()
	c.e.counters.broken.Add(1)
	if !c.timeout || !c.hurried {
		c.e.pool.suspect(c)
	}
	return c.broken
}

// close ends the connection when nothing runs on it.
func (c *conn) close() {
	if c.broken != nil {
		return
	}
	c.broken = net.ErrClosed
	if c.net.SetDeadline(time.Now().Add(time.Second)) == nil {
		c.wire.Send(&pgproto3.Terminate{})
		_ = c.wire.Flush() // politeness
	}
	c.net.Close()
}

// flush sends what was prepared to be sent. All that is read until the next flush has
// to come by the deadline.
func (c *conn) flush(doing string, deadline time.Time) error {
	if c.broken != nil {
		return c.broken
	}
	if err := c.net.SetDeadline(deadline); err != nil {
		return c.breaks(doing, err)
	}
	if err := c.wire.Flush(); err != nil {
		return c.breaks(doing, err)
	}
	return nil
}

// receive reads the next message that says something of statements. An error of the
// server is a message; err is a connection that is lost.
func (c *conn) receive(doing string) (pgproto3.BackendMessage, error) {
	for {
		if c.broken != nil {
			return nil, c.broken
		}
		m, err := c.wire.Receive()
		if err != nil {
			return nil, c.breaks(doing, err)
		}
		switch m := m.(type) {
		case *pgproto3.NoticeResponse:
			c.warned = c.warned || m.SeverityUnlocalized == "WARNING" || m.Severity == "WARNING"
		case *pgproto3.ParameterStatus, *pgproto3.NotificationResponse:
		case *pgproto3.ReadyForQuery:
			c.status = m.TxStatus
			return m, nil
		case *pgproto3.ErrorResponse:
			if a := answered(m); a.fatal() {
				// The server ends the connection after this.
				c.breaks(doing, a)
				return nil, c.broken
			}
			return m, nil
		default:
			return m, nil
		}
	}
}

// pay reads the answers that nobody has waited for.
func (c *conn) pay() error {
	for c.owed > 0 {
		m, err := c.receive("ending a transaction")
		if err != nil {
			return err
		}
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			c.owed--
			if c.owed == 0 && c.status != 'I' {
				return c.breaks("ending a transaction", errors.New("it did not end"))
			}
		}
	}
	return nil
}

// rest reads on to the end of an answer.
func (c *conn) rest(doing string) error {
	for {
		m, err := c.receive(doing)
		if err != nil {
			return err
		}
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			return nil
		}
	}
}

// run runs statements without values, and waits for the end. What the server says
// against it is an *answerError.
func (c *conn) run(doing, text string, deadline time.Time) (tag string, err error) {
	c.query.String = text
	c.wire.SendQuery(&c.query)
	c.hurried = false
	if err := c.flush(doing, deadline); err != nil {
		return "", err
	}
	c.e.counters.roundTrips.Add(1)
	if err := c.pay(); err != nil {
		return "", err
	}
	for {
		m, err2 := c.receive(doing)
		if err2 != nil {
			return "", err2
		}
		switch m := m.(type) {
		case *pgproto3.CommandComplete:
			tag = string(m.CommandTag)
		case *pgproto3.ErrorResponse:
			if err == nil {
				err = answered(m)
			}
		case *pgproto3.ReadyForQuery:
			return tag, err
		}
	}
}

// unawaited runs a statement whose answer is read before the next one's.
func (c *conn) unawaited(text string) {
	c.query.String = text
	c.wire.SendQuery(&c.query)
	if c.flush("ending a transaction", time.Now().Add(c.e.opts.Statement)) == nil {
		c.owed++
	}
}

// stmt finds or makes a statement.
func (c *conn) stmt(text string) *stmt {
	if s, ok := c.stmts[text]; ok {
		return s
	}
	s := newStmt(c, text)
	c.stmts[text] = s
	return s
}

// name is a new name for a statement that is prepared on the server.
func (c *conn) name() string {
	if c.pooled {
		return ""
	}
	c.names++
	return "s" + strconv.Itoa(c.names)
}
