package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changeRow reads the row that counts changes, and its counterpart in the log.
func changeRow(t *testing.T, db *DB) (number int64, mark, logged, what string) {
	t.Helper()
	err := db.View(t.Context(), func(tx *Tx) error {
		var a, b []byte
		_, err := tx.query(`SELECT c.number, c.mark, l.mark, l.what FROM change c JOIN change_log l ON l.number = c.number`).one(&number, &a, &b, &what)
		mark, logged = string(a), string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return number, mark, logged, what
}

// Each Configure takes the next number and is logged with its mark and what it made
// out of date. What fails takes none, and neither does another Update.
func TestChangesAreCounted(t *testing.T) {
	db := openTest(t)
	c := newCache[string, int64](db, "thing", 10)
	versions := newCache[versionKey, int64](db, "version", 10)
	marks := map[string]bool{}
	for n := int64(2); n <= 4; n++ { // a new database has had one change
		err := db.Configure(t.Context(), func(tx *Tx) error {
			c.invalidate(tx, fmt.Sprint("a", n))
			versions.invalidate(tx, versionKey{"P", int(n)})
			if tx.Change() != n || tx.Stamp() != n {
				t.Errorf("change %d, stamp %d; want %d", tx.Change(), tx.Stamp(), n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Configure(t.Context(), func(tx *Tx) error { return errRefused }); !errors.Is(err, errRefused) {
			t.Fatal(err)
		}
		for _, transaction := range []func(func(*Tx) error) error{
			func(fn func(*Tx) error) error { return db.View(t.Context(), fn) },
			func(fn func(*Tx) error) error { return db.Update(t.Context(), fn) },
		} {
			if err := transaction(func(tx *Tx) error {
				if tx.Stamp() != n {
					t.Errorf("stamp %d, want %d", tx.Stamp(), n)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		number, mark, logged, what := changeRow(t, db)
		if number != n || len(mark) != 16 || mark != logged || marks[mark] {
			t.Errorf("number %d, want %d; mark %x, logged %x", number, n, mark, logged)
		}
		marks[mark] = true
		if diff := cmp.Diff(fmt.Sprintf(`[{"c":"thing","k":"a%d"},{"c":"version","k":{"Policy":"P","Number":%d}}]`, n, n), what); diff != "" {
			t.Error(diff)
		}
	}
}

// The log does not grow without end, and has no gap.
func TestLogIsTrimmed(t *testing.T) {
	db := openTest(t)
	mustUpdate(t, db, func(tx *Tx) error { return nil })
	if err := db.Update(t.Context(), func(tx *Tx) error { // as if there had been many
		if _, err := tx.exec(`WITH RECURSIVE n (n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM n WHERE n < $1)
			INSERT INTO change_log (number, mark, what) SELECT n, mark, 'null' FROM n, change`, 2*logKept-1); err != nil {
			return err
		}
		_, err := tx.exec(`UPDATE change SET number = $1`, 2*logKept-1)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, db, func(tx *Tx) error { return nil })
	var least, most, rows int64
	if err := db.View(t.Context(), func(tx *Tx) error {
		_, err := tx.query(`SELECT MIN(number), MAX(number), COUNT(*) FROM change_log`).one(&least, &most, &rows)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if least != logKept+1 || most != 2*logKept || rows != logKept {
		t.Errorf("%d rows from %d to %d are left", rows, least, most)
	}
}

// A change of very much says so instead of naming it.
func TestLogOfMuch(t *testing.T) {
	for n, want := range map[int]string{0: "[]", mostOutdated: `[{"c":"thing","k":"a"},`, mostOutdated + 1: "null"} {
		list := make([]outdated, n)
		for i := range list {
			list[i] = outdated{"thing", "a"}
		}
		if got, err := logged(list[:n:n], false); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%d: %.40s, %v", n, got, err)
		}
	}
}

// Whoever opens the database again goes on counting where it was.
func TestCountingGoesOn(t *testing.T) {
	db := openTest(t)
	mustUpdate(t, db, func(tx *Tx) error { return nil })
	for range 2 {
		other := on(db.engine, Options{})
		if err := other.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := other.View(t.Context(), func(tx *Tx) error {
			if tx.Stamp() != 2 {
				t.Errorf("stamp %d", tx.Stamp())
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
