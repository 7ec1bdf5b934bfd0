package move

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/migrate"
)

// Tables are copied as they are, without asking what is in them: the schema of both
// sides is the same, and what a table is like is read from the embedded database.

// left are the tables that are not copied: those of an engine, and those about the
// database itself.
var left = []string{migrate.VersionTable, "attempts", "moving"}

// table is a table and what its columns are.
type table struct {
	name    string
	columns []column
	key     []int // the columns of the primary key, in its order
	parents []string
}

type column struct {
	name string
	kind kind
}

// kind is the type of a column.
type kind int

const (
	integer kind = iota
	text
	blob
)

var kinds = map[string]kind{"BIGINT": integer, "TEXT": text, "BLOB": blob}

// row are the values of a row, by column: int64, string, []byte, or nil.
type row []any

// tablesOf finds the tables of an embedded database, parents before children.
func tablesOf(ctx context.Context, source engine.Engine) (list []*table, err error) {
	v, err := source.View(ctx, engine.Several)
	if err != nil {
		return nil, err
	}
	defer v.End()
	var names []string
	err = each(ctx, v, `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`, nil, func(s engine.Stmt) error {
		if name := s.Text(0); !slices.Contains(left, name) {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		t := &table{name: name}
		place := map[int]int64{}
		err := each(ctx, v, `SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid`, []any{name}, func(s engine.Stmt) error {
			k, ok := kinds[s.Text(1)]
			if !ok {
				return fmt.Errorf("the column %s.%s has the type %s, which is not copied", name, s.Text(0), s.Text(1))
			}
			if at := s.Int(2); at > 0 {
				place[len(t.columns)] = at
				t.key = append(t.key, len(t.columns))
			}
			t.columns = append(t.columns, column{s.Text(0), k})
			return nil
		})
		if err != nil {
			return nil, err
		}
		slices.SortFunc(t.key, func(a, b int) int { return cmp.Compare(place[a], place[b]) })
		if len(t.key) == 0 {
			return nil, fmt.Errorf("the table %s has no primary key", name)
		}
		err = each(ctx, v, `SELECT "table" FROM pragma_foreign_key_list($1)`, []any{name}, func(s engine.Stmt) error {
			t.parents = append(t.parents, s.Text(0))
			return nil
		})
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return parentsFirst(list)
}

// parentsFirst puts tables after those that they refer to.
func parentsFirst(list []*table) (sorted []*table, err error) {
	done := map[string]bool{}
	for len(sorted) < len(list) {
		before := len(sorted)
		for _, t := range list {
			if !done[t.name] && !slices.ContainsFunc(t.parents, func(p string) bool { return p != t.name && !done[p] }) {
				done[t.name], sorted = true, append(sorted, t)
			}
		}
		if len(sorted) == before {
			return nil, fmt.Errorf("tables refer to each other in a circle")
		}
	}
	return sorted, nil
}

// each runs a statement and visits its rows.
func each(ctx context.Context, c engine.Conn, text string, values []any, visit func(engine.Stmt) error) (err error) {
	s, err := c.Prepare(ctx, text)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, s.Close()) }()
	if err := engine.Bind(s, values); err != nil {
		return err
	}
	for {
		more, err := s.Next()
		if err != nil || !more {
			return err
		}
		if err := cmp.Or(visit(s), s.Err()); err != nil {
			return err
		}
	}
}

// query is each for a statement that is a view of its own.
func query(ctx context.Context, e engine.Engine, text string, values []any, visit func(engine.Stmt) error) error {
	v, err := e.View(ctx, engine.Single)
	if err != nil {
		return err
	}
	defer v.End()
	return each(ctx, v, text, values, visit)
}

func (t *table) names() string {
	list := make([]string, len(t.columns))
	for i, c := range t.columns {
		list[i] = c.name
	}
	return strings.Join(list, ", ")
}

func (t *table) keyNames(order string) string {
	list := make([]string, len(t.key))
	for i, at := range t.key {
		list[i] = t.columns[at].name + order
	}
	return strings.Join(list, ", ")
}

// keyOf are the values of a row's primary key.
func (t *table) keyOf(r row) []any {
	key := make([]any, len(t.key))
	for i, at := range t.key {
		key[i] = r[at]
	}
	return key
}

// pageRows is how many rows are read with one statement.
const pageRows = 4096

// page reads the rows behind a key, in the order of the key, and says whether that was
// all. Reading by pages keeps every statement short.
func (t *table) page(ctx context.Context, e engine.Engine, after []any, visit func(row) error) (last []any, all bool, err error) {
	where := ""
	if after != nil {
		where = " WHERE (" + t.keyNames("") + ") > (" + places(1, len(t.key)) + ")"
	}
	n := 0
	err = query(ctx, e, "SELECT "+t.names()+" FROM "+t.name+where+" ORDER BY "+t.keyNames("")+" LIMIT "+strconv.Itoa(pageRows), after, func(s engine.Stmt) error {
		r := t.read(s)
		if err := s.Err(); err != nil {
			return err
		}
		n++
		last = t.keyOf(r)
		return visit(r)
	})
	return last, n < pageRows, err
}

func (t *table) read(s engine.Stmt) row {
	r := make(row, len(t.columns))
	for i, c := range t.columns {
		switch {
		case s.IsNull(i):
		case c.kind == integer:
			r[i] = s.Int(i)
		case c.kind == text:
			r[i] = s.Text(i)
		default:
			r[i] = s.AppendBytes([]byte{}, i)
		}
	}
	return r
}

// places are the placeholders of so many values.
func places(first, n int) string {
	var b []byte
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(append(b, '$'), int64(first+i), 10)
	}
	return string(b)
}

// rows reads all rows behind a key in the order of the key.
func (t *table) rows(ctx context.Context, e engine.Engine, after []any, visit func(row) error) error {
	for {
		last, all, err := t.page(ctx, e, after, visit)
		if err != nil || all {
			return err
		}
		after = last
	}
}

// lastKey is the key of the last row; nil if there is none.
func (t *table) lastKey(ctx context.Context, e engine.Engine) (key []any, err error) {
	err = query(ctx, e, "SELECT "+t.names()+" FROM "+t.name+" ORDER BY "+t.keyNames(" DESC")+" LIMIT 1", nil, func(s engine.Stmt) error {
		key = t.keyOf(t.read(s))
		return nil
	})
	return key, err
}

// count is how many rows there are.
func (t *table) count(ctx context.Context, e engine.Engine) (n int64, err error) {
	err = query(ctx, e, "SELECT COUNT(*) FROM "+t.name, nil, func(s engine.Stmt) error {
		n = s.Int(0)
		return nil
	})
	return n, err
}

// sum is the number of a table's rows, and a hash of them all in the order of the key.
type sum struct {
	rows int64
	hash [sha256.Size]byte
}

// sumOf reads a table from end to end.
func (t *table) sumOf(ctx context.Context, e engine.Engine, step func(rows int64)) (s sum, err error) {
	h, b := sha256.New(), []byte(nil)
	err = t.rows(ctx, e, nil, func(r row) error {
		b = r.encode(b[:0])
		h.Write(b)
		s.rows++
		if s.rows%pageRows == 0 {
			step(s.rows)
		}
		return nil
	})
	h.Sum(s.hash[:0])
	return s, err
}

// encode appends a row so that no two rows are the same bytes.
func (r row) encode(b []byte) []byte {
	for _, v := range r {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
		case string:
			b = append(binary.BigEndian.AppendUint64(append(b, 't'), uint64(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint64(append(b, 'b'), uint64(len(v))), v...)
		}
	}
	return b
}

// size is about how much of a statement a row takes, in bytes.
func (r row) size() (n int) {
	for _, v := range r {
		switch v := v.(type) {
		case string:
			n += len(v)
		case []byte:
			n += len(v)
		}
		n += 8
	}
	return n
}

// insert adds rows, many with a statement: as many as a power of two, so that there are
// few statements.
func (t *table) insert(ctx context.Context, c engine.Conn, rows []row) error {
	for len(rows) > 0 {
		n := 1
		for n*2 <= min(len(rows), t.most()) {
			n *= 2
		}
		var text bytes.Buffer
		fmt.Fprintf(&text, "INSERT INTO %s (%s) VALUES ", t.name, t.names())
		values := make([]any, 0, n*len(t.columns))
		for i, r := range rows[:n] {
			if i > 0 {
				text.WriteString(", ")
			}
			text.WriteString("(" + places(1+i*len(t.columns), len(t.columns)) + ")")
			values = append(values, r...)
		}
		if err := each(ctx, c, text.String(), values, func(engine.Stmt) error { return nil }); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// most is how many rows a statement inserts: few enough for the places that it may have.
func (t *table) most() int { return max(1, 2048/len(t.columns)) }
