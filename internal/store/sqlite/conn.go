package sqlite

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	binding "zombiezen.com/go/sqlite"

	"github.com/daypass/daypass/internal/store/engine"
)

// A conn is one connection with its prepared statements. It serves one
// transaction at a time.
//
// Statements ignore their context. An interrupted statement may take its whole
// transaction with it, and whatever could interrupt it, a goroutine and a handler
// for each, costs more than the statement.
type conn struct {
	sql    *binding.Conn
	stmts  map[string]*stmt
	view   *view // nil on the connection that writes
	failed error // of the last statement that failed, in this update
}

// openConn opens a connection to the file with settings, and checks them.
func openConn(path string, s settings) (_ *conn, err error) {
	c := &conn{stmts: map[string]*stmt{}}
	if c.sql, err = binding.OpenConn(uri(path), binding.OpenReadWrite|binding.OpenURI); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.discard()
		}
	}()
	if err := c.sql.SetDefensive(true); err != nil { // the schema tables cannot be written to
		return nil, err
	}
	return c, s.apply(c.pragma)
}

// pragma runs a statement outside of transactions and returns its first column,
// if it has one.
func (c *conn) pragma(text string) (value string, err error) {
	s, _, err := c.sql.PrepareTransient(text)
	if err != nil {
		return "", cause(err)
	}
	defer s.Finalize()
	if row, err := s.Step(); err != nil || !row {
		return "", cause(err)
	}
	return s.ColumnText(0), nil
}

// Prepare implements [engine.Conn].
func (c *conn) Prepare(ctx context.Context, text string) (engine.Stmt, error) {
	if c.view != nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := c.view.another(); err != nil {
			return nil, err
		}
	}
	s, err := c.prepare(text)
	if err != nil {
		c.failed = err
		return nil, err
	}
	return s, nil
}

// rowLocks are the words that lock rows, which SQLite does not have and one writer
// does not need.
var rowLocks = regexp.MustCompile(`\s+FOR (SHARE|UPDATE)( OF \w+)?( SKIP LOCKED)?\b`)

// prepare finds or makes the prepared statement. Parsing on each use would add
// a third to a simple look-up, and more to a join.
func (c *conn) prepare(text string) (*stmt, error) {
	if s, ok := c.stmts[text]; ok {
		return s, nil
	}
	sql, err := c.sql.Prepare(rowLocks.ReplaceAllLiteralString(text, ""))
	if err != nil {
		return nil, cause(err)
	}
	s := &stmt{conn: c, sql: sql, places: make([]int, sql.BindParamCount())}
	for n := range s.places {
		place, err := strconv.Atoi(strings.TrimPrefix(sql.BindParamName(n+1), "$"))
		if err != nil || place < 1 || place > len(s.places) || s.places[place-1] != 0 {
			sql.Finalize()
			return nil, errPlaces
		}
		s.places[place-1] = n + 1 // SQLite counts them as they come
	}
	c.stmts[text] = s
	return s, nil
}

// exec runs a statement without values: BEGIN, COMMIT and their kind.
func (c *conn) exec(text string) error {
	s, err := c.prepare(text)
	if err != nil {
		return err
	}
	defer s.sql.Reset()
	_, err = s.sql.Step()
	return cause(err)
}

// discard closes the connection for good, and with it any transaction that is
// open on it.
func (c *conn) discard() error { return cause(c.sql.Close()) }

// cause is what SQLite says, without what the binding puts before it.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

var (
	errPlaces = errors.New("placeholders are $1, $2 and so on, and none is left out")
	errUnrun  = errors.New("the statement has not been run")
)

// A stmt is a prepared statement of a connection.
type stmt struct {
	conn   *conn
	sql    *binding.Stmt
	places []int // where SQLite has the placeholder of a place
	bound  int   // how many have got a value
	large  bool  // a value of some size, which would be kept until the next run
	run    bool
	err    error // of values or columns
}

var _ engine.Stmt = (*stmt)(nil)

// at is where SQLite has a placeholder, if there is one. What the binding is told of
// others it would remember, and complain of the next time.
func (s *stmt) at(place int) (param int, ok bool) {
	if place > len(s.places) {
		s.err = fmt.Errorf("there is no placeholder $%d", place)
		return 0, false
	}
	s.bound++
	return s.places[place-1], true
}

// BindNull implements [engine.Stmt].
func (s *stmt) BindNull(place int) {
	if param, ok := s.at(place); ok {
		s.sql.BindNull(param)
	}
}

// BindInt implements [engine.Stmt].
func (s *stmt) BindInt(place int, v int64) {
	if param, ok := s.at(place); ok {
		s.sql.BindInt64(param, v)
	}
}

// BindText implements [engine.Stmt].
func (s *stmt) BindText(place int, v string) {
	if param, ok := s.at(place); ok {
		s.large = s.large || len(v) > largeValue
		s.sql.BindText(param, v)
	}
}

// BindBytes implements [engine.Stmt].
func (s *stmt) BindBytes(place int, v []byte) {
	if param, ok := s.at(place); ok {
		s.large = s.large || len(v) > largeValue
		s.sql.BindBytes(param, v)
	}
}

// largeValue is how many bytes of a value may stay in a statement.
const largeValue = 1024

// BindID implements [engine.Stmt].
func (s *stmt) BindID(place int, v [16]byte) { s.BindBytes(place, v[:]) }

// Next implements [engine.Stmt].
func (s *stmt) Next() (bool, error) {
	if s.err != nil {
		return false, s.err
	}
	first := !s.run
	if first && s.bound != len(s.places) {
		s.err = fmt.Errorf("%d values for %d placeholders", s.bound, len(s.places))
		return false, s.err
	}
	s.run = true
	var row bool
	var err error
	if v := s.conn.view; v != nil {
		row, err = v.step(s, first)
	} else {
		row, err = s.sql.Step()
	}
	if err != nil {
		s.conn.failed = cause(err)
		s.err = s.conn.failed
	}
	return row, s.err
}

// is checks the type of a column.
func (s *stmt) is(column int, one, other binding.ColumnType) bool {
	if !s.run {
		s.err = errUnrun
		return false
	}
	got := s.sql.ColumnType(column)
	if got == one || got == other {
		return true
	}
	if s.err == nil {
		s.err = fmt.Errorf("column %d is of type %s, and not %s", column, got, one)
	}
	return false
}

// IsNull implements [engine.Stmt].
func (s *stmt) IsNull(column int) bool { return s.sql.ColumnType(column) == binding.TypeNull }

// Int implements [engine.Stmt].
func (s *stmt) Int(column int) int64 {
	if !s.is(column, binding.TypeInteger, binding.TypeInteger) {
		return 0
	}
	return s.sql.ColumnInt64(column)
}

// Text implements [engine.Stmt].
func (s *stmt) Text(column int) string {
	if !s.is(column, binding.TypeText, binding.TypeText) {
		return ""
	}
	return s.sql.ColumnText(column)
}

// AppendBytes implements [engine.Stmt].
func (s *stmt) AppendBytes(to []byte, column int) []byte {
	if !s.is(column, binding.TypeBlob, binding.TypeText) {
		return to
	}
	n, more := len(to), s.sql.ColumnLen(column)
	to = slices.Grow(to, more)[:n+more]
	s.sql.ColumnBytes(column, to[n:])
	return to
}

// Err implements [engine.Stmt].
func (s *stmt) Err() error { return s.err }

// Changed implements [engine.Stmt].
func (s *stmt) Changed() int64 { return int64(s.conn.sql.Changes()) }

// Close implements [engine.Stmt].
func (s *stmt) Close() error {
	err := s.err
	s.bound, s.run, s.err = 0, false, nil
	if v := s.conn.view; v == nil || v.holding != s {
		s.reset()
	}
	return err
}

// reset takes the statement back to before its first row. What can fail has failed
// before, in the last step.
func (s *stmt) reset() {
	s.sql.Reset()
	if s.large {
		s.sql.ClearBindings()
		s.large = false
	}
}
