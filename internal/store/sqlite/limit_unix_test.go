//go:build linux || darwin

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
)

func init() {
	helpers["limit"] = helpLimit
	helpers["full"] = helpFull
}

// When the disk takes no more, updates fail, nothing acknowledged is lost, and
// work goes on once there is room.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if out, err := helper(t, "limit", path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	db := openAt(t, path)
	checkWhole(t, db)
	if list := names(t, db); len(list) != 1001 {
		t.Errorf("%d things", len(list))
	}
}

// helpLimit limits the size of its files instead of filling a disk: the system
// then refuses writes in the same places.
func helpLimit(path string) error {
	db, err := open(context.Background(), Options{Path: path}, testSchema)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ)
	write := func(i int) error {
		return db.Update(context.Background(), func(tx *Tx) error {
			name := fmt.Sprintf("%0100d", i)
			if err := add(name, 1)(tx); err != nil {
				return err
			}
			_, err := tx.Exec(insertPart, name, 1)
			return err
		})
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	// The log ends here, long before it would be checkpointed.
	if err := setFileLimit(300_000, before.Max); err != nil {
		return err
	}
	done := 0
	for ; done < 1000; done++ {
		if err := write(done); err != nil {
			break
		}
	}
	if done < 10 || done == 1000 {
		return fmt.Errorf("the limit was met after %d updates", done)
	}
	for range 3 {
		if err := write(done); err == nil {
			return errors.New("acknowledged without room")
		}
	}
	// A probe is a page, and finds room for a while where a thing finds none.
	for tries := 0; db.Probe(context.Background()) == nil; tries++ {
		if err := write(done); err == nil || tries == 20 {
			return fmt.Errorf("ready without room: %v", err)
		}
	}
	if err := db.View(context.Background(), func(tx *Tx) error {
		_, found, err := valueOf(tx, fmt.Sprintf("%0100d", done))
		if found {
			return errors.New("refused work is there")
		}
		return err
	}); err != nil {
		return err
	}
	if err := setFileLimit(before.Cur, before.Max); err != nil {
		return err
	}
	if err := db.Probe(context.Background()); err != nil {
		return fmt.Errorf("not ready with room again: %w", err)
	}
	for i := done; i <= 1000; i++ {
		if err := write(i); err != nil {
			return fmt.Errorf("with room again: %w", err)
		}
	}
	return nil // without Close, like a crash
}

func setFileLimit(cur, max uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: cur, Max: max})
}

// A database can be opened, read and closed while its disk takes nothing, and written
// once there is room. What it says of being open is true all the time.
func TestOpenedOnAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := open(t.Context(), Options{Path: path}, testSchema)
	if err != nil {
		t.Fatal(err)
	}
	mustUpdate(t, db, add("a", 1))
	crashed := copyDatabase(t, path, "", "-wal")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"closed": path, "crashed": crashed} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				if out, err := helper(t, "full", path).CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			alone := copyDatabase(t, path, "")
			if _, err := openNames(t, Options{Path: alone}); !errors.Is(err, ErrLogMissing) {
				t.Errorf("copied without its log: %v", err)
			}
			if list, err := openNames(t, Options{Path: path}); err != nil || len(list) != 3 {
				t.Errorf("%q, %v", list, err)
			}
		})
	}
}

// helpFull opens and closes the database without room, and then writes with room, and
// ends like a crash.
func helpFull(path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	var db testDB
	var list []string
	for _, last := range []bool{false, true} {
		if err := setFileLimit(0, before.Max); err != nil {
			return err
		}
		var err error
		if db, err = open(context.Background(), Options{Path: path}, testSchema); err != nil {
			return fmt.Errorf("without room: %w", err)
		}
		if list, err = enginetest.Names(db); err != nil || len(list) == 0 {
			return fmt.Errorf("%d things: %w", len(list), err)
		}
		for range 2 {
			if err := db.Update(context.Background(), add("b", 1)); kind(err) != engine.Unwritable {
				return fmt.Errorf("written without room: %w", err)
			}
		}
		if last {
			break
		}
		if err := db.Close(); err != nil {
			return fmt.Errorf("close: %w", err)
		}
	}
	if err := setFileLimit(before.Cur, before.Max); err != nil {
		return err
	}
	return db.Update(context.Background(), add(fmt.Sprint("b", len(list)), 1))
}
