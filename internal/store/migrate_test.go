package store

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	const (
		one    = `CREATE TABLE one (a {{text}} PRIMARY KEY, b {{bytes}}) {{without_rowid}};`
		two    = `INSERT INTO one VALUES ('x', NULL); CREATE TABLE two (a BIGINT);`
		broken = `CREATE TABLE three (a BIGINT); INSERT INTO one VALUES ('x', NULL);`
		repair = `CREATE TABLE three (a BIGINT);`
	)
	for _, test := range []struct {
		name   string
		schema migrations
		err    string
		tables string
	}{
		{"first", files(one), "", "one"},
		{"again", files(one), "", "one"},
		{"one more", files(one, two), "", "one two"},
		{"broken leaves nothing", files(one, two, broken), "UNIQUE constraint failed: one.a", "one two"},
		{"written by a newer one", files(one), "schema version 2, of which at most 1 is known: " + ErrNewer.Error(), "one two"},
		{"two at once", files(one, two, repair, `DROP TABLE three; CREATE TABLE four (a BIGINT);`), "", "four one two"},
	} {
		t.Run(test.name, func(t *testing.T) {
			db, err := open(t.Context(), Options{Path: path}, test.schema)
			checkError(t, err, test.err)
			if err == nil {
				db.Close()
			}
			if got := tables(t, path); got != test.tables {
				t.Errorf("tables %q, want %q", got, test.tables)
			}
		})
	}
	_, err := open(t.Context(), Options{Path: path}, files(one))
	if !errors.Is(err, ErrNewer) {
		t.Errorf("%v is not ErrNewer", err)
	}
}

// A number that was left out stays out: a database that is beyond it refuses it.
func TestMigrationsInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	schema := files(`CREATE TABLE one (a BIGINT);`, `CREATE TABLE two (a BIGINT);`, `CREATE TABLE three (a BIGINT);`)
	all := schema.files.(fstest.MapFS)
	second := all["0002_test.sql"]
	delete(all, "0002_test.sql")
	db, err := open(t.Context(), Options{Path: path}, schema)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	all["0002_test.sql"] = second
	_, err = open(t.Context(), Options{Path: path}, schema)
	checkError(t, err, "missing (out-of-order) migration")
	if got := tables(t, path); got != "one three" {
		t.Errorf("tables %q", got)
	}
}

// tables lists the tables of a database, apart from the book-keeping.
func tables(t *testing.T, path string) string {
	t.Helper()
	rows, err := openRaw(t, path).Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> $1 ORDER BY name`, versionTable)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		name, err := scanString(rows)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, name)
	}
	return strings.Join(list, " ")
}

func TestRender(t *testing.T) {
	postgres := words{bytes: "BYTEA", text: `TEXT COLLATE "C"`}
	for _, test := range []struct {
		words    words
		in, want string
		err      string
	}{
		{sqliteWords, "CREATE TABLE t (a {{text}}, b {{bytes}}) {{without_rowid}};", "CREATE TABLE t (a TEXT, b BLOB) WITHOUT ROWID;", ""},
		{postgres, "CREATE TABLE t (a {{text}}, b {{bytes}}) {{without_rowid}};", `CREATE TABLE t (a TEXT COLLATE "C", b BYTEA) ;`, ""},
		{sqliteWords, "{{byte}}", "", "unknown word {{byte}}"},
		{sqliteWords, "{{ text }}", "", "unknown word {{ text }}"},
		{sqliteWords, "-- +goose Down\nDROP TABLE t;", "", "migrations go forward"},
		{sqliteWords, "--  +goose  no transaction\nVACUUM;", "", "migrations go forward"},
	} {
		got, err := test.words.render([]byte(test.in))
		checkError(t, err, test.err)
		if err == nil && string(got) != test.want {
			t.Errorf("%s: got %s, want %s", test.in, got, test.want)
		}
	}
}

func TestRenderedIsAFileSystem(t *testing.T) {
	fsys := rendered{fstest.MapFS{"a.sql": {Data: []byte("{{bytes}}")}, "b.sql": {Data: []byte("{{what}}")}}, sqliteWords}
	got, err := fs.ReadFile(fsys, "a.sql")
	if err != nil || string(got) != "BLOB" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = fs.ReadFile(fsys, "b.sql")
	checkError(t, err, "b.sql: unknown word {{what}}")
	_, err = fs.ReadFile(fsys, "c.sql")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
