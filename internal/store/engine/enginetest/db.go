// Package enginetest holds what is true of every engine of the store: [Run] runs
// the tests on one of them.
package enginetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/daypass/daypass/internal/store/engine"
)

// Files makes migrations of the texts, numbered from 1.
func Files(texts ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i, text := range texts {
		m[fmt.Sprintf("%04d_test.sql", i+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
	}
	return m
}

// Schema stands in for the real one: a hot table, and one that refers to it.
var Schema fs.FS = Files(`
CREATE TABLE thing (
	id    {{bytes}} NOT NULL,
	pool  BIGINT NOT NULL,
	name  {{text}} NOT NULL UNIQUE,
	value BIGINT NOT NULL,
	PRIMARY KEY (id, pool)
) {{without_rowid}};
CREATE TABLE part (
	whole {{text}} NOT NULL REFERENCES thing (name) ON DELETE CASCADE,
	n     BIGINT NOT NULL,
	PRIMARY KEY (whole, n)
) {{without_rowid}};
`)

// Statements on the tables of Schema. JoinPart adds a part to a thing whose value is
// 1, and nothing to another. (Without WHERE, SQLite reads ON as that of a join.)
const (
	JoinPart = `WITH open AS (SELECT name FROM thing WHERE name = $1 AND value = 1 FOR SHARE)
		INSERT INTO part (whole, n) SELECT name, $2 FROM open WHERE true ON CONFLICT DO NOTHING`
	InsertThing = `INSERT INTO thing (id, pool, name, value) VALUES ($1, $2, $3, $4)`
	InsertPart  = `INSERT INTO part (whole, n) VALUES ($1, $2)`
	SelectThing = `SELECT value FROM thing WHERE name = $1`
	SelectNames = `SELECT name FROM thing ORDER BY name`
	UpdateThing = `UPDATE thing SET value = $2 WHERE name = $1`
)

// DB is an engine with the calls that tests like to make.
type DB struct{ engine.Engine }

// Tx is a view or an update of a DB. Like that of the store, it fails as a whole
// when a statement fails.
type Tx struct {
	engine.Conn
	ctx    context.Context
	failed error
	hooks  []func()
}

// View reads, and runs fn again where it needs a view of several statements.
func (db DB) View(ctx context.Context, fn func(*Tx) error) error {
	err := db.ViewAs(ctx, engine.Single, fn)
	if errors.Is(err, engine.ErrSeveral) {
		err = db.ViewAs(ctx, engine.Several, fn)
	}
	return err
}

// ViewAs reads, in a view of a kind.
func (db DB) ViewAs(ctx context.Context, kind engine.ViewKind, fn func(*Tx) error) error {
	v, err := db.Engine.View(ctx, kind)
	if err != nil {
		return err
	}
	defer v.End()
	tx := &Tx{Conn: v, ctx: ctx}
	err = fn(tx)
	return cmp.Or(tx.failed, err)
}

// Update reads and writes.
func (db DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.UpdateAs(ctx, engine.Serial, fn)
}

// UpdateAs reads and writes, in an update of a kind.
func (db DB) UpdateAs(ctx context.Context, kind engine.UpdateKind, fn func(*Tx) error) error {
	return db.Engine.Update(ctx, kind, func(c engine.Conn) (func(), error) {
		tx := &Tx{Conn: c, ctx: ctx}
		err := cmp.Or(fn(tx), tx.failed)
		return func() {
			for _, f := range tx.hooks {
				f()
			}
		}, err
	})
}

// AfterCommit has f called after the commit.
func (tx *Tx) AfterCommit(f func()) { tx.hooks = append(tx.hooks, f) }

// Exec runs a statement and says how many rows it changed.
func (tx *Tx) Exec(text string, values ...any) (changed int64, err error) {
	err = tx.run(text, values, func(s engine.Stmt) error {
		_, err := s.Next()
		changed = s.Changed()
		return err
	})
	return changed, err
}

// One reads the first row of a statement with one value or none.
func (tx *Tx) One(text string, value any, dest ...any) (found bool, err error) {
	var values []any
	if value != nil {
		values = []any{value}
	}
	err = tx.run(text, values, func(s engine.Stmt) error {
		if found, err = s.Next(); err != nil || !found {
			return err
		}
		return engine.Scan(s, dest)
	})
	return found && err == nil, err
}

// Each calls visit with each row of a statement.
func (tx *Tx) Each(text string, values []any, visit func(engine.Stmt) error) error {
	return tx.run(text, values, func(s engine.Stmt) error {
		for {
			if row, err := s.Next(); err != nil || !row {
				return err
			}
			if err := visit(s); err != nil {
				return err
			}
		}
	})
}

func (tx *Tx) run(text string, values []any, do func(engine.Stmt) error) (err error) {
	if tx.failed != nil {
		return tx.failed
	}
	defer func() { tx.failed = err }()
	s, err := tx.Prepare(tx.ctx, text)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, s.Close()) }()
	if err := engine.Bind(s, values); err != nil {
		return err
	}
	return do(s)
}

// Add is an update that adds a thing.
func Add(name string, value int64) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.Exec(InsertThing, []byte(name), 1, name, value)
		return err
	}
}

// ValueOf reads the value of a thing.
func ValueOf(tx *Tx, name string) (value int64, found bool, err error) {
	found, err = tx.One(SelectThing, name, &value)
	return value, found, err
}

// Names lists the names of the things.
func Names(db DB) (list []string, err error) {
	err = db.View(context.Background(), func(tx *Tx) error {
		list = nil
		return tx.Each(SelectNames, nil, func(s engine.Stmt) error {
			list = append(list, s.Text(0))
			return s.Err()
		})
	})
	return list, err
}

// CheckError wants an error that contains the text, or none when it is empty.
func CheckError(t testing.TB, err error, text string) {
	t.Helper()
	switch {
	case err == nil && text != "":
		t.Errorf("no error, want %q", text)
	case err != nil && (text == "" || !strings.Contains(err.Error(), text)):
		t.Errorf("error %q, want %q", err, text)
	}
}
