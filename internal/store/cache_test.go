package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// counted is a cached getter that counts its loads.
type counted struct {
	*cache[string, int64]
	loads int
}

func (c *counted) get(tx *Tx, name string) (int64, bool, error) {
	return c.cache.get(tx, name, func() (int64, bool, error) {
		c.loads++
		return valueOf(tx, name)
	})
}

func (c *counted) set(name string, value int64) func(*Tx) error {
	return func(tx *Tx) error {
		c.invalidate(tx, name)
		_, err := tx.exec(updateThing, name, value)
		return err
	}
}

// expect reads through the cache in a view of its own.
func (c *counted) expect(t *testing.T, db *DB, name string, want int64, loads int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *Tx) error {
		got, _, err := c.get(tx, name)
		if got != want {
			t.Errorf("%s = %d, want %d", name, got, want)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if c.loads != loads {
		t.Errorf("%d loads, want %d", c.loads, loads)
	}
}

func TestCache(t *testing.T) {
	db := openTest(t)
	c := &counted{cache: newCache[string, int64](db, "thing", 10)}
	mustUpdate(t, db, add("a", 1))
	mustUpdate(t, db, add("b", 7))
	c.expect(t, db, "a", 1, 1)
	c.expect(t, db, "a", 1, 1)
	c.expect(t, db, "b", 7, 2)

	// An update reads the database, and its own work.
	mustUpdate(t, db, func(tx *Tx) error {
		if err := c.set("a", 2)(tx); err != nil {
			return err
		}
		if v, _, err := c.get(tx, "a"); v != 2 || err != nil {
			t.Errorf("within the update: %d, %v", v, err)
		}
		c.loads = 2
		c.expect(t, db, "a", 1, 2) // not committed: others see the old one
		return nil
	})
	c.expect(t, db, "a", 2, 3)
	c.expect(t, db, "b", 7, 3) // not touched

	// What fails invalidates nothing.
	err := db.Configure(t.Context(), func(tx *Tx) error { return errors.Join(c.set("a", 3)(tx), errRefused) })
	if !errors.Is(err, errRefused) {
		t.Error(err)
	}
	c.expect(t, db, "a", 2, 3)

	// What is not there is asked for again.
	c.expect(t, db, "nobody", 0, 4)
	c.expect(t, db, "nobody", 0, 5)
}

// A view that loaded before a commit must not put the old value in after the
// invalidation. Both orders of load and commit within the view are tried.
func TestCacheRefusesStaleValue(t *testing.T) {
	for _, loadFirst := range []bool{true, false} {
		t.Run(fmt.Sprint("load first ", loadFirst), func(t *testing.T) {
			db := openTest(t)
			c := &counted{cache: newCache[string, int64](db, "thing", 10)}
			mustUpdate(t, db, add("a", 1))
			err := db.View(t.Context(), func(tx *Tx) error {
				if _, _, err := valueOf(tx, "b"); err != nil { // takes the snapshot
					return err
				}
				_, _, err := c.cache.get(tx, "a", func() (v int64, found bool, err error) {
					if loadFirst {
						v, found, err = valueOf(tx, "a")
					}
					mustUpdate(t, db, c.set("a", 2))
					if !loadFirst {
						v, found, err = valueOf(tx, "a")
					}
					if v != 1 {
						t.Errorf("the snapshot has %d", v)
					}
					return v, found, err
				})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			c.expect(t, db, "a", 2, 1)
		})
	}
}

// A value put in between the commit and the invalidation is removed by it.
func TestCacheForgetsWhatCameBetween(t *testing.T) {
	db := openTest(t)
	c := &counted{cache: newCache[string, int64](db, "thing", 10)}
	mustUpdate(t, db, add("a", 1))
	err := db.View(t.Context(), func(old *Tx) error {
		if _, _, err := valueOf(old, "a"); err != nil {
			return err
		}
		mustUpdate(t, db, func(tx *Tx) error {
			tx.AfterCommit(func() { // committed, not yet invalidated
				if _, _, err := c.get(old, "a"); err != nil {
					t.Error(err)
				}
			})
			return c.set("a", 2)(tx)
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c.expect(t, db, "a", 2, 2)
}

func TestCacheIsBounded(t *testing.T) {
	db := openTest(t)
	c := newCache[int, int](db, "number", 3)
	err := db.View(t.Context(), func(tx *Tx) error {
		for i := range 100 {
			c.get(tx, i, func() (int, bool, error) { return i, true, nil })
			c.get(tx, i, func() (int, bool, error) { return 0, false, errRefused }) // a hit
			if _, _, err := c.get(tx, -1, func() (int, bool, error) { return 0, true, errRefused }); err != errRefused {
				t.Error(err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.entries) != 3 {
		t.Errorf("%d entries", len(c.entries))
	}
}

// Whoever reads after an answer reads what was answered, or newer.
func TestCacheIsNeverBehindAnAnswer(t *testing.T) {
	db := openTest(t)
	c := newCache[string, int64](db, "thing", 10)
	mustUpdate(t, db, add("a", 0))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				var wrote, read int64
				mustUpdate(t, db, func(tx *Tx) (err error) {
					c.invalidate(tx, "a")
					_, err = tx.query(`UPDATE thing SET value = value + 1 WHERE name = $1 RETURNING value`, "a").one(&wrote)
					return err
				})
				err := db.View(context.Background(), func(tx *Tx) (err error) {
					read, _, err = c.get(tx, "a", func() (int64, bool, error) { return valueOf(tx, "a") })
					return err
				})
				if err != nil || read < wrote {
					t.Errorf("wrote %d, then read %d (%v)", wrote, read, err)
				}
			}
		})
	}
	wg.Wait()
}
