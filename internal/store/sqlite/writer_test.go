package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	binding "zombiezen.com/go/sqlite"

	"github.com/daypass/daypass/internal/store/engine"
)

var errRefused = errors.New("refused")

// gate occupies the writer: updates made before open is called wait, and form
// one group. It is for use in a synctest bubble.
func gate(t *testing.T, db testDB) (open func()) {
	t.Helper()
	shut := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.Update(context.Background(), func(*Tx) error { <-shut; return nil }); err != nil {
			t.Error("gate:", err)
		}
	})
	synctest.Wait()
	return func() {
		close(shut)
		wg.Wait()
	}
}

// together starts the updates one after the other behind a gate, so that they
// are one group in this order, and returns their errors.
func together(t *testing.T, db testDB, fns ...func(*Tx) error) []error {
	t.Helper()
	open := gate(t, db)
	errs := make([]error, len(fns))
	var wg sync.WaitGroup
	for i, fn := range fns {
		wg.Go(func() { errs[i] = db.Update(context.Background(), fn) })
		synctest.Wait()
	}
	open()
	wg.Wait()
	return errs
}

func TestFailingMemberHurtsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTest(t)
		refuse := func(tx *Tx) error {
			return errors.Join(add("refused", 1)(tx), errRefused)
		}
		clash := func(tx *Tx) error {
			return errors.Join(add("clash", 1)(tx), add("clash", 2)(tx))
		}
		ignore := func(tx *Tx) error {
			add("ignored", 1)(tx)
			add("ignored", 2)(tx) // fails
			add("ignored too", 3)(tx)
			return nil
		}
		errs := together(t, db, add("a", 1), refuse, add("b", 1), clash, ignore, add("c", 1))
		if !errors.Is(errs[1], errRefused) || !isUnique(errs[3]) || !isUnique(errs[4]) {
			t.Errorf("errors of the failing: %v", errs)
		}
		if err := errors.Join(errs[0], errs[2], errs[5]); err != nil {
			t.Errorf("errors of the others: %v", err)
		}
		if diff := cmp.Diff([]string{"a", "b", "c"}, names(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFailingAlone(t *testing.T) {
	db := openTest(t)
	err := db.Update(t.Context(), func(tx *Tx) error { return errors.Join(add("a", 1)(tx), errRefused) })
	if !errors.Is(err, errRefused) {
		t.Error(err)
	}
	mustUpdate(t, db, add("b", 1))
	if diff := cmp.Diff([]string{"b"}, names(t, db)); diff != "" {
		t.Error(diff)
	}
}

// Members see what earlier members of their group did.
func TestMembersAreSerial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTest(t)
		mustUpdate(t, db, add("n", 0))
		increment := func(tx *Tx) error {
			n, _, err := valueOf(tx, "n")
			if err != nil {
				return err
			}
			_, err = tx.Exec(updateThing, "n", n+1)
			return err
		}
		fns := make([]func(*Tx) error, maxGroup+10)
		for i := range fns {
			fns[i] = increment
		}
		if err := errors.Join(together(t, db, fns...)...); err != nil {
			t.Fatal(err)
		}
		err := db.View(t.Context(), func(tx *Tx) error {
			n, _, err := valueOf(tx, "n")
			if n != int64(len(fns)) {
				t.Errorf("n = %d, want %d", n, len(fns))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// When the commit fails, everybody is told, nothing is there, and the next
// update works.
func TestCommitFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTest(t)
		hooked := false
		orphan := func(tx *Tx) error { // comes to light at the commit
			tx.AfterCommit(func() { hooked = true })
			_, err := tx.Exec("PRAGMA defer_foreign_keys = ON")
			if err == nil {
				_, err = tx.Exec(insertPart, "nobody", 1)
			}
			return err
		}
		refuse := func(*Tx) error { return errRefused }
		for i, err := range together(t, db, add("a", 1), orphan, refuse, add("b", 1)) {
			checkError(t, err, "store: commit: ")
			if !isForeignKey(err) {
				t.Errorf("%d: %v", i, err)
			}
		}
		if hooked {
			t.Error("hook called")
		}
		if err := db.Update(t.Context(), orphan); !isForeignKey(err) {
			t.Error("alone:", err)
		}
		mustUpdate(t, db, add("c", 1))
		if diff := cmp.Diff([]string{"c"}, names(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

// A full database takes the transaction with it, in SQLite's own way. Members
// that had begun are told; the others get a transaction of their own.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTest(t)
		setLimit := func(pages int) {
			mustUpdate(t, db, func(tx *Tx) error {
				_, err := tx.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
				return err
			})
		}
		mustUpdate(t, db, add("before", 1))
		setLimit(1) // as many as there are
		full := func(err error) bool { return binding.ErrCode(err) == binding.ResultFull }
		big := add(strings.Repeat("x", 1<<20), 1)
		errs := together(t, db, add("a", 1), big, add("b", 1))
		if !full(errs[0]) || !full(errs[1]) {
			t.Errorf("not told of a full database: %v", errs)
		}
		if errs[2] != nil {
			t.Error(errs[2])
		}
		setLimit(1) // it is the connection's, and that was given up
		if err := db.Update(t.Context(), big); !full(err) {
			t.Error("alone:", err)
		}
		setLimit(1 << 20)
		mustUpdate(t, db, add("after", 1))
		if diff := cmp.Diff([]string{"after", "b", "before"}, names(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

// A connection that is not in the state it should be in is replaced, and takes
// its locks with it.
func TestConnectionInDoubt(t *testing.T) {
	db := openTest(t)
	var before *conn
	err := db.Update(t.Context(), func(tx *Tx) error {
		before = tx.Conn.(*conn)
		return errors.Join(before.exec("ROLLBACK"), before.exec("SAVEPOINT other"), add("a", 1)(tx), before.exec("RELEASE other"))
	})
	checkError(t, err, "store: commit: SQL logic error: cannot commit - no transaction is active")
	mustUpdate(t, db, func(tx *Tx) error {
		if tx.Conn == before {
			t.Error("the same connection")
		}
		return add("b", 1)(tx)
	})
}

// Closing a connection ends its transaction, whatever was open on it.
func TestDiscardReleases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := openAt(t, path)
	for range 2 {
		c, err := openConn(path, writeConn)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.exec("PRAGMA busy_timeout = 0"), c.exec("BEGIN IMMEDIATE"), c.exec("DELETE FROM part")); err != nil {
			t.Fatal(err)
		}
		if err := c.discard(); err != nil {
			t.Fatal(err)
		}
	}
	mustUpdate(t, db, add("a", 1))
}

func TestPanicIsTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTest(t)
		open := gate(t, db)
		var wg sync.WaitGroup
		var stack string
		wg.Go(func() {
			defer func() {
				if got := recover(); got != "boom" {
					t.Errorf("recovered %v", got)
				}
				stack = string(callers())
			}()
			db.Update(context.Background(), func(tx *Tx) error {
				if err := add("panicked", 1)(tx); err != nil {
					return err
				}
				panic("boom")
			})
		})
		synctest.Wait()
		wg.Go(func() { // as t.FailNow does
			db.Update(context.Background(), func(tx *Tx) error {
				if err := add("left", 1)(tx); err != nil {
					return err
				}
				runtime.Goexit()
				return nil
			})
		})
		synctest.Wait()
		wg.Go(func() { mustUpdate(t, db, add("a", 1)) })
		synctest.Wait()
		open()
		wg.Wait()
		if !strings.Contains(stack, "TestPanicIsTheCallers") {
			t.Errorf("the stack of the panic is not the caller's:\n%s", stack)
		}
		if diff := cmp.Diff([]string{"a"}, names(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

func callers() []byte {
	buf := make([]byte, 1<<16)
	return buf[:runtime.Stack(buf, false)]
}

func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTest(t)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Update(ended, add("ended before", 1)); !errors.Is(err, context.Canceled) {
			t.Errorf("ended before: %v", err)
		}

		open := gate(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := db.Update(ctx, add("ended in the queue", 1)); !errors.Is(err, context.Canceled) {
				t.Errorf("ended in the queue: %v", err)
			}
		})
		wg.Go(func() { mustUpdate(t, db, add("other", 1)) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		open()
		wg.Wait()

		ctx, cancel = context.WithCancel(t.Context())
		err := db.Update(ctx, func(tx *Tx) error {
			cancel()
			synctest.Wait()
			return errors.Join(add("ended while running", 1)(tx), add("ended while running 2", 1)(tx))
		})
		if err != nil {
			t.Errorf("ended while running: %v", err)
		}
		want := []string{"ended while running", "ended while running 2", "other"}
		if diff := cmp.Diff(want, names(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

// Hooks run in order, when others can already read the work and before any
// caller has an answer.
func TestAfterCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTest(t)
		var mu sync.Mutex
		var events []string
		event := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, s)
		}
		hooked := func(name string, result error) func(*Tx) error {
			return func(tx *Tx) error {
				tx.AfterCommit(func() { event(name + " first of " + strings.Join(names(t, db), "")) })
				tx.AfterCommit(func() { event(name + " second") })
				return errors.Join(add(name, 1)(tx), result)
			}
		}
		open := gate(t, db)
		var wg sync.WaitGroup
		for _, fn := range []func(*Tx) error{hooked("a", nil), hooked("b", errRefused), hooked("c", nil)} {
			wg.Go(func() {
				db.Update(context.Background(), fn)
				event("answer")
			})
			synctest.Wait()
		}
		open()
		wg.Wait()
		want := []string{"a first of ac", "a second", "c first of ac", "c second", "answer", "answer", "answer"}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Error(diff)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := openTest(t)
		open := gate(t, db)
		var wg sync.WaitGroup
		acknowledged := make([]bool, maxGroup*2)
		for i := range acknowledged {
			wg.Go(func() {
				acknowledged[i] = db.Update(context.Background(), add(fmt.Sprint(i), 1)) == nil
			})
		}
		synctest.Wait()
		wg.Go(func() {
			if err := db.Close(); err != nil {
				t.Error("close:", err)
			}
		})
		synctest.Wait()
		if err := db.Update(t.Context(), add("late", 1)); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("late update: %v", err)
		}
		if err := db.View(t.Context(), func(*Tx) error { return nil }); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("late view: %v", err)
		}
		open()
		wg.Wait()
		if slices.Contains(acknowledged, false) {
			t.Error("an accepted update was not run")
		}
	})
}

// No update is lost, doubled or half done among many writers and readers.
func TestManyWriters(t *testing.T) {
	db := openTest(t)
	var wg sync.WaitGroup
	const writers, each = 32, 20
	for i := range writers {
		wg.Go(func() {
			for j := range each {
				name := fmt.Sprintf("%d-%d", i, j)
				err := db.Update(context.Background(), func(tx *Tx) error {
					if err := add(name, 1)(tx); err != nil {
						return err
					}
					if _, err := tx.Exec(insertPart, name, 1); err != nil {
						return err
					}
					if j%3 == 0 {
						return errRefused
					}
					return nil
				})
				if (j%3 == 0) != errors.Is(err, errRefused) {
					t.Error(err)
				}
			}
		})
	}
	for range 4 {
		wg.Go(func() {
			for range 50 {
				checkWhole(t, db)
			}
		})
	}
	wg.Wait()
	if got, want := checkWhole(t, db), writers*13; got != want {
		t.Errorf("%d things, want %d", got, want)
	}
}

// checkWhole wants each thing to have its part, and counts them.
func checkWhole(t *testing.T, db testDB) (things int) {
	var parts int
	err := db.View(t.Context(), func(tx *Tx) error {
		_, err1 := tx.One(`SELECT count(*) FROM thing`, nil, &things)
		_, err2 := tx.One(`SELECT count(*) FROM part`, nil, &parts)
		return errors.Join(err1, err2)
	})
	if err != nil {
		t.Error(err)
	}
	if things != parts {
		t.Errorf("%d things, %d parts", things, parts)
	}
	return things
}
