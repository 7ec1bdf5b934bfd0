package seal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/seal"
)

func TestCreateFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")
	created, err := seal.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got != 0o600 {
		t.Errorf("mode: got %v", got)
	}
	loaded, err := seal.LoadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !loaded.Text().Equal(created.Text()) {
		t.Error("the key loaded is not the key created")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("files left: %v, %v", entries, err)
	}
}

func TestCreateFileKeepsExisting(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.CreateFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want fs.ErrExist", err)
	}
	if got, err := os.ReadFile(path); string(got) != "precious" || err != nil {
		t.Errorf("file now holds %q, %v", got, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("files left: %v, %v", entries, err)
	}
}

func TestCreateFileNeedsDirectory(t *testing.T) {
	_, err := seal.CreateFile(filepath.Join(t.TempDir(), "missing", "master.key"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
}

// Processes that start together: one creates the key, the others load the same.
func TestCreateFileConcurrently(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	keys := make([]*seal.MasterKey, 16)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := seal.CreateFile(path)
			if errors.Is(err, fs.ErrExist) {
				key, err = seal.LoadFile(path)
			}
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	wg.Wait()
	for _, key := range keys {
		if key == nil || !key.Text().Equal(keys[0].Text()) {
			t.Fatal("not everybody has the same key")
		}
	}
}

func TestLoadFileRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	open := func(mode os.FileMode) (string, string) {
		path := write(fmt.Sprintf("mode-%o", mode), vectorText, mode)
		return path, fmt.Sprintf("master key file %s has mode %#o: only its owner may have access; run chmod 600 %s", path, mode, path)
	}
	type row struct{ path, want string }
	rows := []row{}
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o620, 0o602, 0o666, 0o610} {
		path, want := open(mode)
		rows = append(rows, row{path, want})
	}
	empty := write("empty", "", 0o600)
	cut := write("cut", vectorText[:60], 0o600)
	long := write("long", vectorText+strings.Repeat("\n", 1000), 0o600)
	rows = append(rows,
		row{dir, "master key file " + dir + " is not a regular file"},
		row{empty, "master key file " + empty + `: not a master key: it must begin with "daypass-master-key-1:"`},
		row{cut, "master key file " + cut + `: not a complete master key: 39 characters follow "daypass-master-key-1:", must be 48`},
		row{long, "master key file " + long + " is longer than 1024 bytes"},
	)
	for _, r := range rows {
		key, err := seal.LoadFile(r.path)
		if err == nil || err.Error() != r.want || key != nil {
			t.Errorf("got  %v\nwant %s", err, r.want)
		}
	}
	if _, err := seal.LoadFile(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
}

func TestLoadFile(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o400} {
		for _, content := range []string{vectorText, vectorText + "\n", vectorText + "\r\n"} {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(content), mode); err != nil {
				t.Fatal(err)
			}
			key, err := seal.LoadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := key.Text().Reveal(); got != vectorText {
				t.Errorf("%q: read as %s", content, got)
			}
		}
	}
}
