package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	modernc "modernc.org/sqlite"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
)

// The helper processes of the tests are this binary, told by the environment
// what to do.
func TestMain(m *testing.M) {
	if path := os.Getenv("STORE_TEST_PATH"); path != "" {
		if err := helpers[os.Getenv("STORE_TEST_HELPER")](path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var helpers = map[string]func(path string) error{
	"open":  helpOpen,
	"write": helpWrite,
}

type (
	testDB = enginetest.DB
	Tx     = enginetest.Tx
)

var (
	files      = enginetest.Files
	testSchema = enginetest.Schema
	add        = enginetest.Add
	valueOf    = enginetest.ValueOf
	checkError = enginetest.CheckError
)

const (
	insertThing = enginetest.InsertThing
	insertPart  = enginetest.InsertPart
	updateThing = enginetest.UpdateThing
)

func open(ctx context.Context, opts Options, schema fs.FS) (db testDB, err error) {
	opts.Schema = schema
	e, err := Open(ctx, opts)
	return testDB{Engine: e}, err
}

// openTest opens a new database and closes it when the test ends.
func openTest(t testing.TB) testDB {
	return openAt(t, filepath.Join(t.TempDir(), "data", "test.db"))
}

func openAt(t testing.TB, path string) testDB {
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

func mustUpdate(t testing.TB, db testDB, fn func(*Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// names lists the things there are.
func names(t testing.TB, db testDB) []string {
	t.Helper()
	list, err := enginetest.Names(db)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// setting runs a PRAGMA within a transaction, and returns what it answers.
func setting(tx *Tx, text string) (string, error) {
	switch c := tx.Conn.(type) {
	case *conn:
		return c.pragma(text)
	default:
		return c.(*view).pragma(text)
	}
}

// openRaw opens one more connection to the file, as another tool would.
func openRaw(t testing.TB, path string) *sql.DB {
	t.Helper()
	base, err := modernc.NewConnector(uri(path))
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(base)
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() { pool.Close() })
	return pool
}

// kind is what an error means to the engine.
func kind(err error) engine.ErrorKind { return (*Engine)(nil).ErrorKind(err) }

func isUnique(err error) bool     { return kind(err) == engine.Unique }
func isForeignKey(err error) bool { return kind(err) == engine.ForeignKey }
func isBusy(err error) bool       { return kind(err) == engine.TryAgain }
