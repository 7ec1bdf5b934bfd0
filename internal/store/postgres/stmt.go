package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/daypass/daypass/internal/store/engine"
)

// The types of values, by the number that the protocol has for them.
const (
	typeUnknown = 0 // the server finds out
	typeBool    = 16
	typeBytes   = 17
	typeName    = 19
	typeInt8    = 20
	typeInt2    = 21
	typeInt4    = 23
	typeText    = 25
	typeVarchar = 1043
	typeNumeric = 1700
)

// description is what the server says of a statement: the types of its parameters and
// of its columns.
type description struct {
	params, columns []uint32
}

// A stmt is a statement of a connection. Its values go to the server when its first
// row is asked for.
type stmt struct {
	c      *conn
	text   string
	name   string // on the server; "" is good for one flight
	kept   bool   // the server has it under its name
	reads  bool   // it only reads
	params int
	doing  string
	what   *description // nil until the server was asked

	t       *tx
	bound   int
	types   []uint32
	spans   [][2]int // of values in arena; from < 0: NULL
	arena   []byte
	values  [][]byte
	formats []int16
	running bool // rows may come
	run     bool // it was run
	row     [][]byte
	changed int64
	rows    int
	err     error

	received int64 // bytes of rows
}

var _ engine.Stmt = (*stmt)(nil)

var (
	placeholder = regexp.MustCompile(`\$[0-9]+`)
	onlyReads   = regexp.MustCompile(`(?i)^\s*(SELECT|WITH)\b`)
	writes      = regexp.MustCompile(`(?i)\b(INSERT|UPDATE|DELETE|SHARE)\b`)
)

var errUnrun = errors.New("the statement has not been run")

func newStmt(c *conn, text string) *stmt {
	s := &stmt{c: c, text: text, doing: "running " + short(text)}
	for _, p := range placeholder.FindAllString(text, -1) {
		n, _ := strconv.Atoi(p[1:])
		s.params = max(s.params, n)
	}
	s.types, s.spans, s.values = make([]uint32, s.params), make([][2]int, s.params), make([][]byte, s.params)
	s.formats = make([]int16, s.params)
	s.reads = onlyReads.MatchString(text) && !writes.MatchString(text)
	if d, ok := c.e.described.Load(text); ok {
		s.what = d.(*description)
	}
	return s
}

// short is the beginning of a statement, for messages.
func short(text string) string {
	const most = 40
	text = oneLine(text)
	if len(text) > most {
		text = text[:most] + "…"
	}
	return text
}

// begin is called before a statement gets its values.
func (s *stmt) begin(t *tx) *stmt {
	s.t, s.bound, s.err, s.run, s.running, s.row, s.changed, s.rows, s.received = t, 0, nil, false, false, nil, 0, 0, 0
	s.arena = s.arena[:0]
	for n := range s.spans {
		s.spans[n] = [2]int{-1, -2} // not given
	}
	return s
}

// largeArena is how many bytes of values a statement keeps room for.
const largeArena = 16 << 10

// value takes note of a value that was added to the arena from a place on.
func (s *stmt) value(place int, kind uint32, from int) {
	if place < 1 || place > s.params {
		if s.err == nil {
			s.err = fmt.Errorf("there is no placeholder $%d", place)
		}
		return
	}
	if s.spans[place-1][1] == -2 {
		s.bound++
	}
	s.types[place-1], s.spans[place-1] = kind, [2]int{from, len(s.arena)}
}

// BindNull implements [engine.Stmt].
func (s *stmt) BindNull(place int) { s.value(place, typeUnknown, -1) }

// BindInt implements [engine.Stmt].
func (s *stmt) BindInt(place int, v int64) {
	from := len(s.arena)
	s.arena = binary.BigEndian.AppendUint64(s.arena, uint64(v))
	s.value(place, typeInt8, from)
}

// BindText implements [engine.Stmt]. PostgreSQL knows no text with a NUL byte, and none
// that is not UTF-8.
func (s *stmt) BindText(place int, v string) {
	if s.err == nil && (strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v)) {
		s.err = fmt.Errorf("the text for $%d has a NUL byte or is not UTF-8, which PostgreSQL does not store", place)
		return
	}
	from := len(s.arena)
	s.arena = append(s.arena, v...)
	s.value(place, typeText, from)
}

// BindBytes implements [engine.Stmt].
func (s *stmt) BindBytes(place int, v []byte) {
	from := len(s.arena)
	s.arena = append(s.arena, v...)
	s.value(place, typeBytes, from)
}

// BindID implements [engine.Stmt].
func (s *stmt) BindID(place int, v [16]byte) {
	from := len(s.arena)
	s.arena = append(s.arena, v[:]...)
	s.value(place, typeBytes, from)
}

// encode makes the values what the server expects.
func (s *stmt) encode() error {
	if s.bound != s.params {
		return fmt.Errorf("%d values for %d placeholders", s.bound, s.params)
	}
	for n, span := range s.spans {
		if span[0] < 0 {
			s.values[n] = nil
			continue
		}
		v := s.arena[span[0]:span[1]:span[1]]
		if len(v) == 0 {
			v = empty // nil would be NULL
		}
		s.formats[n] = 1
		if s.types[n] == typeInt8 && (s.what == nil || s.what.params[n] != typeInt8) {
			i := int64(binary.BigEndian.Uint64(v))
			kind := uint32(typeUnknown)
			if s.what != nil {
				kind = s.what.params[n]
			}
			switch kind {
			case typeInt4:
				if i != int64(int32(i)) {
					return fmt.Errorf("the value for $%d is too large", n+1)
				}
				v = v[4:]
			case typeInt2:
				if i != int64(int16(i)) {
					return fmt.Errorf("the value for $%d is too large", n+1)
				}
				v = v[6:]
			default: // also where it is not known yet: the server reads digits as what it wants
				v, s.formats[n] = strconv.AppendInt(nil, i, 10), 0
			}
		}
		s.values[n] = v
	}
	return nil
}

var (
	binaryFormat = []int16{1}
	empty        = []byte{}
)

// send puts the messages that run the statement with its values in a row. Until the
// server is told to synchronize, an error of one statement skips those after it.
func (s *stmt) send() {
	c := s.c
	if !s.kept {
		s.name = c.name()
		types := s.types
		if s.what != nil {
			types = s.what.params
		} else {
			for n, kind := range types {
				if kind == typeInt8 {
					types[n] = typeUnknown
				}
			}
		}
		c.parse.Name, c.parse.Query, c.parse.ParameterOIDs = s.name, s.text, types
		c.wire.SendParse(&c.parse)
		if s.what == nil || !c.pooled {
			c.describe.ObjectType, c.describe.Name = 'S', s.name
			c.wire.SendDescribe(&c.describe)
		}
	}
	c.bind.PreparedStatement, c.bind.Parameters = s.name, s.values
	c.bind.ParameterFormatCodes, c.bind.ResultFormatCodes = s.formats, binaryFormat
	c.wire.SendBind(&c.bind)
	c.wire.SendExecute(&c.execute)
	if cap(s.arena) > largeArena {
		s.arena = nil
		clear(s.values)
	}
}

// head reads what comes before the first row.
func (s *stmt) head() error {
	described := description{}
	for {
		m, err := s.c.receive(s.doing)
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.ParseComplete:
			s.kept = !s.c.pooled
		case *pgproto3.ParameterDescription:
			described.params = slices.Clone(m.ParameterOIDs)
		case *pgproto3.RowDescription:
			for _, f := range m.Fields {
				described.columns = append(described.columns, f.DataTypeOID)
			}
			s.describe(&described)
		case *pgproto3.NoData:
			s.describe(&described)
		case *pgproto3.BindComplete:
			if s.what == nil || len(s.what.params) != s.params {
				return s.c.breaks(s.doing, errors.New("the server did not say what the statement is"))
			}
			return nil
		case *pgproto3.ErrorResponse:
			return answered(m)
		default:
			return s.c.breaks(s.doing, fmt.Errorf("unexpected message %T", m))
		}
	}
}

func (s *stmt) describe(d *description) {
	s.what = d
	s.c.e.described.Store(s.text, d)
}

// next reads the next row, or the end of them.
func (s *stmt) next() (row bool, err error) {
	m, err := s.c.receive(s.doing)
	if err != nil {
		return false, err
	}
	switch m := m.(type) {
	case *pgproto3.DataRow:
		s.row = m.Values
		for _, v := range m.Values {
			s.received += int64(len(v))
		}
		if len(s.row) != len(s.what.columns) {
			return false, s.c.breaks(s.doing, errors.New("a row has other columns than the statement"))
		}
		return true, nil
	case *pgproto3.CommandComplete:
		s.row, s.changed = nil, rowsOf(m.CommandTag)
		return false, nil
	case *pgproto3.EmptyQueryResponse:
		s.row = nil
		return false, nil
	case *pgproto3.ErrorResponse:
		return false, answered(m)
	}
	return false, s.c.breaks(s.doing, fmt.Errorf("unexpected message %T", m))
}

// rowsOf is the number at the end of a command tag: of INSERT 0 5, 5.
func rowsOf(tag []byte) (n int64) {
	digits := tag[bytes.LastIndexByte(tag, ' ')+1:]
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Next implements [engine.Stmt].
func (s *stmt) Next() (bool, error) {
	if s.err != nil {
		return false, s.err
	}
	if s.run && !s.running {
		return false, nil // after the last row
	}
	if !s.run {
		if err := s.encode(); err != nil {
			s.err = err
			return false, err
		}
		s.run = true
		if err := s.t.start(s); err != nil {
			return false, s.failed(err)
		}
		s.running = true
	}
	if s.rows++; s.rows%256 == 0 { // many rows may take longer than one
		if err := s.c.net.SetDeadline(s.t.deadline()); err != nil {
			return false, s.failed(s.c.breaks(s.doing, err))
		}
	}
	row, err := s.next()
	if err != nil {
		return false, s.failed(err)
	}
	if !row {
		if err := s.finish(); err != nil {
			return false, s.failed(err)
		}
	}
	return row, nil
}

// finish reads what comes after the last row.
func (s *stmt) finish() error {
	s.running = false
	if err := s.c.rest(s.doing); err != nil {
		return err
	}
	return s.t.check()
}

// failed ends the statement, and with it its transaction.
func (s *stmt) failed(err error) error {
	if a, ok := errors.AsType[*answerError](err); ok && s.c.broken == nil {
		if err2 := s.c.rest(s.doing); err2 != nil {
			err = err2
		}
		if s.kept && (a.code == codeUnsupported || a.code == codeNoStatement) {
			// A migration has changed what it reads.
			s.c.e.described.Delete(s.text)
			s.kept, s.what, s.t.stale = false, nil, true
		}
	}
	s.running, s.row = false, nil
	if a, ok := err.(*answerError); ok && a.kind() == engine.Unavailable {
		err = fmt.Errorf("%w (while %s)", err, s.doing)
	}
	s.t.failed, s.err = err, err
	return err
}

// Close implements [engine.Stmt].
func (s *stmt) Close() error {
	for s.running && s.err == nil {
		row, err := s.next()
		if err == nil && !row {
			err = s.finish()
		}
		if err != nil {
			s.failed(err)
		}
	}
	err := s.err
	s.row, s.run, s.t = nil, false, nil
	return err
}

// Changed implements [engine.Stmt].
func (s *stmt) Changed() int64 { return s.changed }

// Received is how many bytes the rows had so far.
func (s *stmt) Received() int64 { return s.received }

// Err implements [engine.Stmt].
func (s *stmt) Err() error { return s.err }

// column is a value of the row and its type.
func (s *stmt) column(n int) ([]byte, uint32, bool) {
	if s.row == nil || n < 0 || n >= len(s.row) {
		if s.err == nil {
			s.err = errUnrun
			if s.row != nil {
				s.err = fmt.Errorf("there is no column %d", n)
			}
		}
		return nil, 0, false
	}
	return s.row[n], s.what.columns[n], true
}

// IsNull implements [engine.Stmt].
func (s *stmt) IsNull(column int) bool {
	v, _, ok := s.column(column)
	return ok && v == nil
}

// wrong is a column of another type than it is asked for.
func (s *stmt) wrong(column int, v []byte, got uint32, want string) {
	if s.err != nil {
		return
	}
	if v == nil {
		s.err = fmt.Errorf("column %d is NULL, and not %s", column, want)
		return
	}
	s.err = fmt.Errorf("column %d is of type %d, and not %s", column, got, want)
}

// Int implements [engine.Stmt]. Truth is 1 or 0, as in SQLite.
func (s *stmt) Int(column int) int64 {
	v, kind, ok := s.column(column)
	if !ok {
		return 0
	}
	switch {
	case kind == typeInt8 && len(v) == 8:
		return int64(binary.BigEndian.Uint64(v))
	case kind == typeInt4 && len(v) == 4:
		return int64(int32(binary.BigEndian.Uint32(v)))
	case kind == typeInt2 && len(v) == 2:
		return int64(int16(binary.BigEndian.Uint16(v)))
	case kind == typeBool && len(v) == 1:
		return int64(v[0])
	case kind == typeNumeric && v != nil:
		if n, ok := numeric(v); ok {
			return n
		}
	}
	s.wrong(column, v, kind, "an integer")
	return 0
}

// numeric reads a sum of integers: digits to the base of 10,000.
func numeric(v []byte) (n int64, ok bool) {
	if len(v) < 8 {
		return 0, false
	}
	digits, weight := int(binary.BigEndian.Uint16(v)), int(int16(binary.BigEndian.Uint16(v[2:])))
	sign := binary.BigEndian.Uint16(v[4:])
	if sign != 0 && sign != 0x4000 || len(v) != 8+2*digits || digits > weight+1 || weight > 4 {
		return 0, false
	}
	for i := range weight + 1 {
		digit := int64(0)
		if i < digits {
			digit = int64(binary.BigEndian.Uint16(v[8+2*i:]))
		}
		if n > (1<<63-1-digit)/10_000 {
			return 0, false
		}
		n = n*10_000 + digit
	}
	if sign != 0 {
		n = -n
	}
	return n, true
}

// Text implements [engine.Stmt].
func (s *stmt) Text(column int) string {
	v, kind, ok := s.column(column)
	if !ok {
		return ""
	}
	if v == nil || kind != typeText && kind != typeVarchar && kind != typeName {
		s.wrong(column, v, kind, "a text")
		return ""
	}
	return string(v)
}

// AppendBytes implements [engine.Stmt].
func (s *stmt) AppendBytes(to []byte, column int) []byte {
	v, kind, ok := s.column(column)
	if !ok {
		return to
	}
	if v == nil || kind != typeBytes && kind != typeText && kind != typeVarchar {
		s.wrong(column, v, kind, "a byte string")
		return to
	}
	return append(to, v...)
}

// move gives the statement, with its values, to another connection.
func (s *stmt) move(to *conn) {
	s.c, s.kept = to, false
	to.stmts[s.text] = s
}

// until is the earlier of two moments; the zero one is never.
func until(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
