package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

func TestViewIsOneSnapshot(t *testing.T) {
	db := openTest(t)
	mustUpdate(t, db, add("a", 1))
	err := db.View(t.Context(), func(tx *Tx) error {
		before, _, err1 := valueOf(tx, "a")
		mustUpdate(t, db, func(tx *Tx) error {
			_, err := tx.exec(updateThing, "a", 2)
			return err
		})
		after, _, err2 := valueOf(tx, "a")
		if before != 1 || after != 1 {
			t.Errorf("values %d, %d in one snapshot", before, after)
		}
		return errors.Join(err1, err2)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(tx *Tx) error {
		if v, _, _ := valueOf(tx, "a"); v != 2 {
			t.Errorf("the next view sees %d", v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A view during an update sees what was there before it, and does not wait.
func TestViewDuringUpdate(t *testing.T) {
	db := openTest(t)
	mustUpdate(t, db, add("a", 1))
	mustUpdate(t, db, func(tx *Tx) error {
		if err := add("b", 1)(tx); err != nil {
			return err
		}
		if diff := cmp.Diff([]string{"a"}, names(t, db)); diff != "" {
			t.Error(diff)
		}
		return nil
	})
}

func TestViewCannotWrite(t *testing.T) {
	db := openTest(t)
	err := db.View(t.Context(), add("a", 1))
	checkError(t, err, "attempt to write a readonly database")
	defer func() {
		if got := recover(); got != "store: AfterCommit in a View" {
			t.Errorf("recovered %v", got)
		}
		if list := names(t, db); list != nil {
			t.Errorf("there are %v", list)
		}
	}()
	db.View(t.Context(), func(tx *Tx) error {
		tx.AfterCommit(func() {})
		return nil
	})
}

func TestOneAndAll(t *testing.T) {
	db := openTest(t)
	for _, name := range []string{"b", "a-b", "B", "a", "_"} {
		mustUpdate(t, db, add(name, int64(len(name))))
	}
	err := db.View(t.Context(), func(tx *Tx) error {
		v := int64(-7)
		if found, err := tx.query(selectThing, "nobody").one(&v); found || err != nil || v != -7 {
			t.Errorf("nobody: %d %v %v", v, found, err)
		}
		if found, err := tx.query(selectThing, "a-b").one(&v); !found || err != nil || v != 3 {
			t.Errorf("a-b: %d %v %v", v, found, err)
		}
		none, err := all(tx.query(`SELECT name FROM thing WHERE name = $1`, "nobody"), scanText[string])
		if none != nil || err != nil {
			t.Errorf("none: %v %v", none, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"B", "_", "a", "a-b", "b"}, names(t, db)); diff != "" {
		t.Error("not in the order of bytes", diff)
	}
}

func TestFailedStatementFailsTheView(t *testing.T) {
	db := openTest(t)
	for _, test := range []struct {
		name string
		fn   func(*Tx) error
		want string
	}{
		{"syntax", func(tx *Tx) error { _, err := tx.exec("SELEC\n\t1"); return err }, `store: SELEC 1: SQL logic error: near "SELEC": syntax error`},
		{"ignored", func(tx *Tx) error { tx.exec("SELEC"); return nil }, "store: SELEC: "},
		{"later ones answer with the first", func(tx *Tx) error { tx.exec("SELEC"); _, err := tx.exec("OTHER"); return err }, "store: SELEC: "},
		{"scan", func(tx *Tx) error {
			var n int
			_, err := tx.query("SELECT 'secret'").one(&n)
			return err
		}, "column 0 is of type SQLITE_TEXT, and not SQLITE_INTEGER"},
		{"nested", func(tx *Tx) error {
			_, err := all(tx.query("SELECT 1"), func(row) (int, error) {
				_, err := tx.exec("SELECT 2")
				return 0, err
			})
			return err
		}, errReading.Error()},
		{"missing argument", func(tx *Tx) error { _, err := tx.exec("SELECT $1, $2", 1); return err }, "1 values for 2 placeholders"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkError(t, db.View(t.Context(), test.fn), test.want)
			checkError(t, db.Update(t.Context(), test.fn), test.want)
		})
	}
	names(t, db) // the connections still work
}

func TestViewContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "x.db"), ReadConns: 1}, testSchema)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()

		ctx, cancel := context.WithCancel(t.Context())
		err = db.View(ctx, func(tx *Tx) error {
			if _, _, err := valueOf(tx, "a"); err != nil {
				return err
			}
			go func() { synctest.Wait(); cancel() }()
			// The only connection is taken: this one waits until ctx ends.
			return db.View(ctx, func(inner *Tx) error {
				_, _, err := valueOf(inner, "a")
				return err
			})
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("waiting for a connection: %v", err)
		}
		if err := db.View(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("ended before: %v", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		err = db.View(ctx, func(tx *Tx) error {
			cancel()
			_, _, err := valueOf(tx, "a")
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("between statements: %v", err)
		}
		names(t, db)
	})
}

// A view whose function panics gives its connection back.
func TestViewPanic(t *testing.T) {
	db, err := open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "x.db"), ReadConns: 1}, testSchema)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, fn := range []func(*Tx) error{
		func(tx *Tx) error { valueOf(tx, "a"); panic("boom") },
		func(tx *Tx) error {
			_, err := all(tx.query("SELECT 1"), func(row) (int, error) { panic("boom") })
			return err
		},
	} {
		func() {
			defer func() {
				if recover() != "boom" {
					t.Error("no panic")
				}
			}()
			db.View(t.Context(), fn)
		}()
		names(t, db)
	}
}

func TestTxEndsWithItsFunction(t *testing.T) {
	db := openTest(t)
	var kept []*Tx
	keep := func(tx *Tx) error { kept = append(kept, tx); return nil }
	mustUpdate(t, db, keep)
	if err := db.View(t.Context(), keep); err != nil {
		t.Fatal(err)
	}
	for _, tx := range kept {
		if err := add("a", 1)(tx); !errors.Is(err, errOver) {
			t.Errorf("got %v, want %v", err, errOver)
		}
	}
}
