package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"modernc.org/sqlite"
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

// files makes migrations of the texts, numbered from 1.
func files(texts ...string) migrations {
	m := fstest.MapFS{}
	for i, text := range texts {
		m[fmt.Sprintf("%04d_test.sql", i+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
	}
	return migrations{m, sqliteWords}
}

// testSchema stands in for the real one: a hot table, and one that refers to
// it.
var testSchema = files(`
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

const (
	insertThing = `INSERT INTO thing (id, pool, name, value) VALUES ($1, $2, $3, $4)`
	insertPart  = `INSERT INTO part (whole, n) VALUES ($1, $2)`
	selectThing = `SELECT value FROM thing WHERE name = $1`
	selectNames = `SELECT name FROM thing ORDER BY name`
	updateThing = `UPDATE thing SET value = $2 WHERE name = $1`
)

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
	if err := db.Update(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

// names lists the things there are.
func names(t testing.TB, db *DB) (list []string) {
	t.Helper()
	err := db.View(context.Background(), func(tx *Tx) (err error) {
		list, err = all(tx.query(selectNames), scanString)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func scanString(rows *sql.Rows) (s string, err error) {
	err = rows.Scan(&s)
	return s, err
}

// valueOf reads a thing within a transaction.
func valueOf(tx *Tx, name string) (value int64, found bool, err error) {
	found, err = tx.query(selectThing, name).one(&value)
	return value, found, err
}

// openRaw opens one more connection to the file, as another tool would.
func openRaw(t testing.TB, path string) *sql.DB {
	t.Helper()
	base, err := sqlite.NewConnector(dsn(path))
	if err != nil {
		t.Fatal(err)
	}
	pool := sql.OpenDB(base)
	pool.SetMaxOpenConns(1)
	t.Cleanup(func() { pool.Close() })
	return pool
}

// checkError wants an error that contains the text, or none when it is empty.
func checkError(t testing.TB, err error, text string) {
	t.Helper()
	switch {
	case err == nil && text != "":
		t.Errorf("no error, want %q", text)
	case err != nil && (text == "" || !strings.Contains(err.Error(), text)):
		t.Errorf("error %q, want %q", err, text)
	}
}
