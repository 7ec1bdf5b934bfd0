package sqlite

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/store/migrate"
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
		schema fs.FS
		err    string
		tables string
	}{
		{"first", files(one), "", "one"},
		{"again", files(one), "", "one"},
		{"one more", files(one, two), "", "one two"},
		{"broken leaves nothing", files(one, two, broken), "UNIQUE constraint failed: one.a", "one two"},
		{"written by a newer one", files(one), "schema version 2, of which at most 1 is known: " + migrate.ErrNewer.Error(), "one two"},
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
	if !errors.Is(err, migrate.ErrNewer) {
		t.Errorf("%v is not migrate.ErrNewer", err)
	}
}

// A number that was left out is filled in by databases that are beyond it.
func TestMigrationsOutOfOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	all := files(`CREATE TABLE one (a BIGINT);`, `CREATE TABLE two (a BIGINT);`, `CREATE TABLE three (a BIGINT);`)
	gap := maps.Clone(all)
	delete(gap, "0002_test.sql")
	for _, step := range []struct {
		schema fs.FS
		tables string
	}{{gap, "one three"}, {gap, "one three"}, {all, "one three two"}, {all, "one three two"}} {
		db, err := open(t.Context(), Options{Path: path}, step.schema)
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		if got := tables(t, path); got != step.tables {
			t.Errorf("tables %q, want %q", got, step.tables)
		}
	}
}

// tables lists the tables of a database, apart from the book-keeping.
func tables(t *testing.T, path string) string {
	t.Helper()
	rows, err := openRaw(t, path).Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> $1 ORDER BY name`, migrate.VersionTable)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		list = append(list, name)
	}
	return strings.Join(list, " ")
}
