package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	modernc "modernc.org/sqlite"

	"github.com/daypass/daypass/internal/store/engine"
)

func TestSettings(t *testing.T) {
	db := openTest(t)
	want := map[string]string{
		"journal_mode": "wal", "synchronous": "2", "page_size": "4096", "wal_autocheckpoint": "1000", "temp_store": "2",
		"foreign_keys": "1", "trusted_schema": "0", "busy_timeout": "5000", "query_only": "0",
	}
	read := func(got map[string]string) func(tx *Tx) error {
		return func(tx *Tx) error {
			for name := range want {
				value, err := setting(tx, "PRAGMA "+name)
				if err != nil {
					return err
				}
				got[name] = value
			}
			return nil
		}
	}
	got := map[string]string{}
	mustUpdate(t, db, read(got))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("writer (-want +got)\n", diff)
	}
	if err := db.View(t.Context(), read(got)); err != nil {
		t.Fatal(err)
	}
	want["query_only"] = "1"
	delete(want, "synchronous") // readers sync nothing
	delete(got, "synchronous")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("reader (-want +got)\n", diff)
	}
}

// A setting that did not take is found on the connection, not believed.
func TestSettingsAreVerified(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := makeFile(path); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		run []string
		err string
	}{
		{writeConn.run, ""},
		{append(slices.Clip(writeConn.run), "PRAGMA synchronous = NORMAL"), "the database answers synchronous = 1, and we need 2"},
		{append(slices.Clip(writeConn.run), "PRAGMA journal_mode = DELETE"), "the database answers journal_mode = delete, and we need wal"},
		{[]string{"PRAGMA nonsense ("}, "PRAGMA nonsense ("},
	} {
		s := settings{test.run, writeConn.must}
		base, err := modernc.NewConnector(uri(path))
		if err != nil {
			t.Fatal(err)
		}
		pool := sql.OpenDB(connector{base, s}) // for migrations
		checkError(t, pool.PingContext(t.Context()), test.err)
		pool.Close()
		c, err := openConn(path, s)
		checkError(t, err, test.err)
		if err == nil {
			c.discard()
		}
	}
}

func TestFileModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no file modes")
	}
	path := filepath.Join(t.TempDir(), "new", "daypass.db")
	modes := func() map[string]string {
		m := map[string]string{}
		for _, name := range []string{"", "daypass.db", "daypass.db-wal", "daypass.db.lock"} {
			info, err := os.Stat(filepath.Join(filepath.Dir(path), name))
			if err != nil {
				t.Fatal(err)
			}
			m[name] = info.Mode().String()
		}
		return m
	}
	want := map[string]string{
		"": "drwx------", "daypass.db": "-rw-------", "daypass.db-wal": "-rw-------",
		"daypass.db.lock": "-rw-------",
	}
	db := openAt(t, path)
	mustUpdate(t, db, add("a", 1))
	if diff := cmp.Diff(want, modes()); diff != "" {
		t.Error("new (-want +got)\n", diff)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, openAt(t, path), add("b", 1))
	if diff := cmp.Diff(want, modes()); diff != "" {
		t.Error("tightened (-want +got)\n", diff)
	}
}

// What an earlier version had in its log when it was killed, which shared the index
// of the log with other processes, is there.
func TestLogOfAnEarlierVersion(t *testing.T) {
	was, is := filepath.Join(t.TempDir(), "x.db"), filepath.Join(t.TempDir(), "x.db")
	mustUpdate(t, openAt(t, was), add("a", 1))
	base, err := modernc.NewConnector(strings.TrimSuffix(uri(was), "&vfs=unix-excl"))
	if err != nil {
		t.Fatal(err)
	}
	old := sql.OpenDB(base)
	defer old.Close()
	if _, err := old.Exec(insertThing, []byte("b"), 1, "b", 1); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} { // as they are, without a checkpoint
		b, err := os.ReadFile(was + suffix)
		if errors.Is(err, os.ErrNotExist) && suffix == "-shm" {
			b, err = make([]byte, 32<<10), nil // of another index
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(is+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"a", "b"}, names(t, openAt(t, is))); diff != "" {
		t.Error(diff)
	}
}

func TestPathWithSpecialCharacters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?mode=memory&b#c%20d é", "x?y.db")
	mustUpdate(t, openAt(t, path), add("a", 1))
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := openAt(t, path)
	if _, err := open(t.Context(), Options{Path: path}, testSchema); !errors.Is(err, ErrInUse) {
		t.Errorf("same process: got %v, want %v", err, ErrInUse)
	}
	out, err := helper(t, "open", path).CombinedOutput()
	want := fmt.Sprintf(`^store: open .*x\.db: another process is using this database \(process %d\): stop it first\n$`, os.Getpid())
	if err == nil || !regexp.MustCompile(want).Match(out) {
		t.Errorf("other process: %v, %q; want %s", err, out, want)
	}
	// Nothing that the refused did has touched our locks or our work.
	mustUpdate(t, db, add("a", 1))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := helper(t, "open", path).CombinedOutput(); err != nil {
		t.Errorf("after close: %v, %s", err, out)
	}
}

// helper is a command that runs one of the helpers.
func helper(t *testing.T, name, path string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), "STORE_TEST_HELPER="+name, "STORE_TEST_PATH="+path)
	return cmd
}

// helpOpen opens and closes the database.
func helpOpen(path string) error {
	db, err := open(context.Background(), Options{Path: path}, testSchema)
	if err != nil {
		return err
	}
	return db.Close()
}

func TestErrorKinds(t *testing.T) {
	type kinds struct{ Unique, ForeignKey, Busy bool }
	db := openTest(t)
	mustUpdate(t, db, add("a", 1))
	mustUpdate(t, db, func(tx *Tx) error {
		_, err := tx.Exec(insertPart, "a", 1)
		return err
	})
	for _, test := range []struct {
		name string
		text string
		args []any
		want kinds
	}{
		{"primary key", insertThing, []any{[]byte("a"), 1, "b", 1}, kinds{Unique: true}},
		{"unique", insertThing, []any{[]byte("b"), 1, "a", 1}, kinds{Unique: true}},
		{"no parent", insertPart, []any{"nobody", 1}, kinds{ForeignKey: true}},
		{"not null", insertPart, []any{nil, 1}, kinds{}},
		{"syntax", "SELEC", nil, kinds{}},
		{"double-quoted string", `SELECT "text"`, nil, kinds{}},
	} {
		err := db.Update(t.Context(), func(tx *Tx) error {
			_, err := tx.Exec(test.text, test.args...)
			return err
		})
		if err == nil {
			t.Errorf("%s: no error", test.name)
		}
		if got := (kinds{isUnique(err), isForeignKey(err), isBusy(err)}); got != test.want {
			t.Errorf("%s: got %+v, want %+v (%v)", test.name, got, test.want, err)
		}
	}
	if isUnique(nil) || isUnique(errors.New("UNIQUE constraint failed")) {
		t.Error("isUnique reads text")
	}
}

// Views that come one after the other share a connection, and those that are open at
// the same time have one each.
func TestConnectionsAreUsedAgain(t *testing.T) {
	db := openTest(t)
	mustUpdate(t, db, add("a", 1))
	r := db.Engine.(*Engine).readers
	for depth := range 3 {
		for range 5 {
			var nested func(left int) error
			nested = func(left int) error {
				return db.View(t.Context(), func(tx *Tx) error {
					_, _, err := valueOf(tx, "a")
					if err != nil || left == 0 {
						return err
					}
					return nested(left - 1)
				})
			}
			if err := nested(depth); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(r.idle); got != depth+1 {
			t.Errorf("%d connections are open, want %d", got, depth+1)
		}
	}
}

// Another tool that holds the database is met with a wait, then an error, and no
// harm to the writer.
func TestBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := openAt(t, path)
	mustUpdate(t, db, func(tx *Tx) error {
		_, err := tx.Exec("PRAGMA busy_timeout = 0")
		return err
	})
	other := openRaw(t, path)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), add("a", 1)); !isBusy(err) {
		t.Errorf("got %v, want busy", err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, db, add("b", 1))
	if diff := cmp.Diff([]string{"b"}, names(t, db)); diff != "" {
		t.Error(diff)
	}
}

// What goes in comes out, whatever the placeholders' order.
func TestValues(t *testing.T) {
	db := openTest(t)
	for _, s := range []string{"", "x", "é\u0000z", "'", `"`, "\xff", strings.Repeat("long", 10000)} {
		for _, n := range []int64{0, -1, math.MaxInt64, math.MinInt64} {
			var s2, s3 string
			var b []byte
			var n2 int64
			err := db.View(t.Context(), func(tx *Tx) error {
				err := tx.Each(`SELECT $2, $1, $3, $2`, []any{n, s, []byte(s)}, func(r engine.Stmt) error {
					return engine.Scan(r, []any{&s2, &n2, &b, &s3})
				})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if s2 != s || s3 != s || n2 != n || !bytes.Equal(b, []byte(s)) {
				t.Errorf("got %q %q %d %q, want %q %d", s2, s3, n2, b, s, n)
			}
		}
	}
}

func TestCloseTwice(t *testing.T) {
	db := openTest(t)
	for range 2 {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
