package store

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/sqlite"
)

var errRefused = errors.New("refused")

var checkError = enginetest.CheckError

// testSchema is that of enginetest, and what every Configure writes.
var testSchema = withChanges(enginetest.Schema)

// withChanges adds what every Configure writes to a schema of one file.
func withChanges(schema fs.FS) fs.FS {
	changes, err := fs.ReadFile(Schema(), "0011_changes.sql")
	if err != nil {
		panic(err)
	}
	things, err := fs.ReadFile(schema, "0001_test.sql")
	if err != nil {
		panic(err)
	}
	return fstest.MapFS{"0001_things.sql": {Data: things}, "0002_changes.sql": {Data: changes}}
}

const (
	insertThing = enginetest.InsertThing
	selectThing = enginetest.SelectThing
	selectNames = enginetest.SelectNames
	updateThing = enginetest.UpdateThing
)

// open opens a database with any schema.
func open(ctx context.Context, opts Options, schema fs.FS) (*DB, error) {
	e, err := sqlite.Open(ctx, sqlite.Options{Path: opts.Path, ReadConns: opts.ReadConns, Schema: schema})
	if err != nil {
		return nil, err
	}
	db := on(e, opts)
	return db, db.start(ctx)
}

// openTest opens a new database and closes it when the test ends.
func openTest(t testing.TB) *DB {
	return openAt(t, filepath.Join(t.TempDir(), "data", "test.db"))
}

func openAt(t testing.TB, path string) *DB {
	t.Helper()
	db, err := open(t.Context(), Options{Path: path}, testSchema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return db
}

// add returns a function that inserts a thing.
func add(name string, value int64) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := tx.exec(insertThing, []byte(name), 1, name, value)
		return err
	}
}

func mustUpdate(t testing.TB, db *DB, fn func(*Tx) error) {
	t.Helper()
	if err := db.Configure(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// names lists the things there are.
func names(t testing.TB, db *DB) (list []string) {
	t.Helper()
	err := db.View(context.Background(), func(tx *Tx) (err error) {
		list, err = all(tx.query(selectNames), scanText[string])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// valueOf reads a thing within a transaction.
func valueOf(tx *Tx, name string) (value int64, found bool, err error) {
	found, err = tx.query(selectThing, name).one(&value)
	return value, found, err
}

// openReal opens a new database with the schema of daypass.
func openReal(t *testing.T) *DB {
	t.Helper()
	return reopen(t, nil, filepath.Join(t.TempDir(), "daypass.db"))
}
