package store

import (
	"context"
	"database/sql"
	"strings"
)

// A conn is one connection with its prepared statements. It serves one
// transaction at a time.
//
// Statements run under a context that never ends. An interrupted statement may
// take its whole transaction with it, and the driver starts a goroutine and
// installs a progress handler for each statement that could be interrupted,
// which costs more than the statement.
type conn struct {
	sql   *sql.Conn
	stmts map[string]*sql.Stmt
}

// openConn takes a connection of its own out of pool.
func openConn(ctx context.Context, pool *sql.DB) (*conn, error) {
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{sql: c, stmts: map[string]*sql.Stmt{}}, nil
}

// prepare finds or makes the prepared statement. Parsing on each use would add
// a third to a simple look-up, and more to a join.
func (c *conn) prepare(text string) (*sql.Stmt, error) {
	if stmt, ok := c.stmts[text]; ok {
		return stmt, nil
	}
	stmt, err := c.sql.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	c.stmts[text] = stmt
	return stmt, nil
}

// exec runs a statement without arguments: BEGIN, COMMIT and their kind.
func (c *conn) exec(text string) error {
	stmt, err := c.prepare(text)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(context.Background())
	return err
}

// discard closes the connection for good, and with it any transaction that is
// open on it. Its statements come first: database/sql does not close those of a
// [sql.Conn], and SQLite keeps a connection with statements, and its locks,
// alive. The pool keeps no idle connections, so that giving back is closing.
func (c *conn) discard() error {
	for _, stmt := range c.stmts {
		stmt.Close() // its error is that of the last run
	}
	return c.sql.Close()
}

// oneLine folds the white space of a statement, for messages.
func oneLine(text string) string {
	return strings.Join(strings.Fields(text), " ")
}
