package sqlite

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/daypass/daypass/internal/store/migrate"
)

// copyDatabase copies the files of a database into a directory of their own, those
// of these suffixes.
func copyDatabase(t testing.TB, path string, suffixes ...string) (copied string) {
	t.Helper()
	copied = filepath.Join(t.TempDir(), filepath.Base(path))
	for _, suffix := range suffixes {
		b, err := os.ReadFile(path + suffix)
		if err == nil {
			err = os.WriteFile(copied+suffix, b, 0o600)
		}
		if err != nil && !(suffix != "" && errors.Is(err, os.ErrNotExist)) {
			t.Fatal(err)
		}
	}
	return copied
}

// openNames opens a database, reads the names in it, and closes it.
func openNames(t testing.TB, opts Options) ([]string, error) {
	t.Helper()
	db, err := open(t.Context(), opts, testSchema)
	if err != nil {
		return nil, err
	}
	list := names(t, db)
	return list, db.Close()
}

func present(t testing.TB, path, suffix string) bool {
	t.Helper()
	_, err := os.Stat(path + suffix)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// A main file that was copied alone while it was open is refused; one that was
// closed is whole.
func TestCopies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := openAt(t, path)
	fresh := copyDatabase(t, path, "")
	mustUpdate(t, db, add("a", 1))
	alone, both := copyDatabase(t, path, ""), copyDatabase(t, path, "", "-wal")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if present(t, path, "-wal") {
		t.Error("the log is there after the end")
	}
	closed := copyDatabase(t, path, "")

	for name, path := range map[string]string{"with a commit": alone, "without one": fresh} {
		for range 2 { // being refused changes nothing
			_, err := openNames(t, Options{Path: path})
			if want := "in the worst case all of them. Put " + path + "-wal back, or restore a backup. Start with --accept-loss"; !errors.Is(err, ErrLogMissing) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", name, err, want)
			}
		}
	}
	for name, test := range map[string]struct {
		path string
		want []string
	}{"both": {both, []string{"a"}}, "closed": {closed, []string{"a"}}} {
		if list, err := openNames(t, Options{Path: test.path}); err != nil || !slices.Equal(list, test.want) {
			t.Errorf("%s: %q, %v", name, list, err)
		}
	}

	// Who accepts the loss is not asked again. That it was lost is known until somebody
	// has dealt with it.
	if list, err := openNames(t, Options{Path: alone, AcceptLoss: true}); err != nil || len(list) > 0 {
		t.Errorf("accepted: %q, %v", list, err)
	}
	for _, lost := range []bool{true, false} {
		db, err := open(t.Context(), Options{Path: alone}, testSchema)
		if err != nil {
			t.Fatal(err)
		}
		e := db.Engine.(*Engine)
		if e.Lost() != lost {
			t.Errorf("lost: %v, want %v", e.Lost(), lost)
		}
		if err := errors.Join(e.LossHandled(t.Context()), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A file that cannot be opened by this version is left as it is, with its log.
func TestRefusedKeepsTheLog(t *testing.T) {
	newer := maps.Clone(testSchema.(fstest.MapFS))
	maps.Copy(newer, fstest.MapFS{"0002_more.sql": {Data: []byte("-- +goose Up\nCREATE TABLE more (a BIGINT);\n")}})
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := open(t.Context(), Options{Path: path}, newer)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	mustUpdate(t, db, add("a", 1))
	crashed := copyDatabase(t, path, "", "-wal")
	if _, err := open(t.Context(), Options{Path: crashed}, testSchema); !errors.Is(err, migrate.ErrNewer) {
		t.Fatalf("an older schema: %v", err)
	}
	db2, err := open(t.Context(), Options{Path: crashed}, newer)
	if err != nil {
		t.Fatal(err)
	}
	if list := names(t, db2); !slices.Equal(list, []string{"a"}) {
		t.Errorf("%q", list)
	}
	if err := db2.Close(); err != nil {
		t.Error(err)
	}
}

// When nobody writes for a while the main file has everything, and not before.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.db")
		db := openAt(t, path)
		has := func() int {
			t.Helper()
			list, err := openNames(t, Options{Path: copyDatabase(t, path, ""), AcceptLoss: true})
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		for n := range 5 {
			mustUpdate(t, db, add(fmt.Sprint("a", n), 1))
			time.Sleep(defaultIdle - 1)
		}
		if n := has(); n != 0 {
			t.Errorf("%d things in the main file while somebody writes", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if n := has(); n != 5 {
			t.Errorf("%d things in the main file after a while", n)
		}
		mustUpdate(t, db, add("b", 1))
		time.Sleep(defaultIdle)
		synctest.Wait()
		if n := has(); n != 6 {
			t.Errorf("%d things in the main file after another while", n)
		}
	})
}
