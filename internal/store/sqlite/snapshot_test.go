package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/store/engine"
)

// emptyFile is a file for a copy.
func emptyFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a copy?x=1#%.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// While writers are at work, a copy has what there was at one moment: all of each
// update or nothing, and everything that was acknowledged before it began. It is
// nobody else's to read.
func TestSnapshot(t *testing.T) {
	db := openTest(t)
	e := db.Engine.(*Engine)
	stop, writers := make(chan struct{}), sync.WaitGroup{}
	started := make(chan struct{}, 1)
	for w := range 4 {
		writers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				err := db.Update(context.Background(), func(tx *Tx) error {
					name := fmt.Sprint(w, "-", n)
					if err := add(name, 1)(tx); err != nil {
						return err
					}
					_, err := tx.Exec(insertPart, name, n)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				select {
				case started <- struct{}{}:
				default:
				}
			}
		})
	}
	<-started
	for range 5 {
		before := len(names(t, db))
		to := emptyFile(t)
		if err := e.Snapshot(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		found, err := Inspect(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		if things := found.Rows["thing"]; things < int64(before) || things != found.Rows["part"] || found.Schema != 1 || len(found.Rows) != 2 {
			t.Errorf("%+v, of %d things before", found, before)
		}
		if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(to), "*")); len(left) != 1 {
			t.Errorf("beside the copy: %q", left)
		}
		copied := openAt(t, to)
		checkWhole(t, copied)
		if diff := cmp.Diff(len(names(t, copied)), int(found.Rows["thing"])); diff != "" {
			t.Error(diff)
		}
	}
	close(stop)
	writers.Wait()
}

// The data directory of a server may be a relative path, and so is that of the copy then.
func TestSnapshotRelative(t *testing.T) {
	db := openTest(t)
	if err := db.Update(t.Context(), add("a", 1)); err != nil {
		t.Fatal(err)
	}
	to := emptyFile(t)
	t.Chdir(filepath.Dir(filepath.Dir(to)))
	relative := filepath.Join(filepath.Base(filepath.Dir(to)), filepath.Base(to))
	if err := db.Engine.(*Engine).Snapshot(t.Context(), relative); err != nil {
		t.Fatal(err)
	}
	if found, err := Inspect(t.Context(), to); err != nil || found.Rows["thing"] != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// What was deleted is not in a copy, not even in pages that are free.
func TestSnapshotForgets(t *testing.T) {
	db := openTest(t)
	const secret = "the-name-that-was-deleted"
	for n := range 300 {
		if err := db.Update(t.Context(), add(fmt.Sprint(secret, n), 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.Exec(`DELETE FROM thing`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	to := emptyFile(t)
	if err := db.Engine.(*Engine).Snapshot(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(to)
	if err != nil || strings.Contains(string(b), secret) {
		t.Errorf("it is there, %v", err)
	}
}

func TestSnapshotEnds(t *testing.T) {
	db := openTest(t)
	e := db.Engine.(*Engine)
	if err := db.Update(t.Context(), add("a", 1)); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Snapshot(gone, emptyFile(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits for it: %v", err)
	}
	if err := e.snapshot(t.Context(), emptyFile(t), -1); !errors.Is(err, ErrLogGrew) {
		t.Errorf("the log has grown: %v", err)
	}
	full := emptyFile(t)
	if err := os.WriteFile(full, []byte("something"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Snapshot(t.Context(), full); err == nil {
		t.Error("it overwrites a file")
	}
	if err := db.Update(t.Context(), add("b", 1)); err != nil {
		t.Errorf("writing on: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Snapshot(t.Context(), emptyFile(t)); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("a closed database: %v", err)
	}
}

func TestInspectFindsDamage(t *testing.T) {
	db := openTest(t)
	for n := range 500 {
		if err := db.Update(t.Context(), add(fmt.Sprint("thing-", n), 1)); err != nil {
			t.Fatal(err)
		}
	}
	to := emptyFile(t)
	if err := db.Engine.(*Engine).Snapshot(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) string {
		path := emptyFile(t)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	broken := append([]byte{}, good...)
	clear(broken[len(broken)-4096:])
	for name, b := range map[string][]byte{"empty": nil, "text": []byte("no database, but text"), "cut": good[:len(good)/4096/2*4096], "a page of zeros": broken} {
		if found, err := Inspect(t.Context(), write(b)); err == nil {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if _, err := Inspect(t.Context(), write(good)); err != nil {
		t.Error(err)
	}
	if _, err := Inspect(t.Context(), filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a file that is not there is well")
	}
}
