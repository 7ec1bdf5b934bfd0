package seal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/seal"
)

// What a start that was killed has left goes, and nothing else.
func TestRemoveLeftovers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".daypass-123456", ".daypass-1", ".daypass-notes", ".daypass", "daypass-12", "master.key"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".daypass-77"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := seal.RemoveLeftovers(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{".daypass", ".daypass-77", ".daypass-notes", "daypass-12", "master.key"}; !slices.Equal(left, want) {
		t.Errorf("%q are left, want %q", left, want)
	}
}

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
	for name, err := range map[string]error{
		"secrets":   seal.WriteNew(path, []byte("another")),
		"no/secret": seal.Replace(filepath.Join(dir, "no", "secret"), nil),
		"secrets/":  seal.Replace(dir, nil),
	} {
		if err == nil || strings.Contains(err.Error(), ".daypass-") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v, want an error that names the file and no temporary one", name, err)
		}
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
