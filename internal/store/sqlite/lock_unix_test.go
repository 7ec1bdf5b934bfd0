//go:build unix

package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Deleting the file of the lock lets nobody in, and takes nothing from whoever has
// the database.
func TestLockOutlivesItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db := openAt(t, path)
	for range 2 { // the first one that is refused makes the file again
		if err := os.Remove(path + ".lock"); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t.Context(), Options{Path: path}, testSchema); !errors.Is(err, ErrInUse) {
			t.Errorf("same process: got %v, want %v", err, ErrInUse)
		}
		if out, err := helper(t, "open", path).CombinedOutput(); err == nil || !strings.Contains(string(out), ErrInUse.Error()) {
			t.Errorf("other process: %v, %q", err, out)
		}
	}
	mustUpdate(t, db, add("a", 1))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := helper(t, "open", path).CombinedOutput(); err != nil {
		t.Errorf("after close: %v, %s", err, out)
	}
}
