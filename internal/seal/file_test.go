package seal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/daypass/daypass/internal/seal"
)

func TestPrivateFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secrets")
	if _, err := seal.ReadPrivate(path, 8); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: got %v", err)
	}
	if err := seal.WriteNew(path, []byte("12345678")); err != nil {
		t.Fatal(err)
	}
	if err := seal.WriteNew(path, []byte("another")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("written twice: got %v", err)
	}
	if got, err := seal.ReadPrivate(path, 8); string(got) != "12345678" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("files left: %v, %v", entries, err)
	}
	refused := func(path string, limit int, want string) {
		t.Helper()
		if got, err := seal.ReadPrivate(path, limit); got != nil || err == nil || err.Error() != want {
			t.Errorf("got %q, %v\nwant %s", got, err, want)
		}
	}
	refused(path, 7, path+" is longer than 7 bytes")
	refused(dir, 8, dir+" is not a regular file")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	refused(path, 8, path+" has mode 0640: only its owner may have access; run chmod 600 "+path)
}
