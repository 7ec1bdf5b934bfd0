package datadir_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/seal"
)

func load(t *testing.T, path string) *seal.MasterKey {
	t.Helper()
	key, err := seal.LoadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A key takes the place of another. Whatever of it was done before the process ended, it
// is done again, and at no moment is a key in no file.
func TestTakeMasterKey(t *testing.T) {
	for name, undo := range map[string]func(t *testing.T, dir string, old, next *seal.MasterKey){
		"from the beginning": func(t *testing.T, dir string, old, next *seal.MasterKey) {},
		"the old one was kept": func(t *testing.T, dir string, old, next *seal.MasterKey) {
			write(t, datadir.OldMasterKey(dir, old.Fingerprint()), old.Text().Reveal())
		},
		"the new one was written": func(t *testing.T, dir string, old, next *seal.MasterKey) {
			write(t, datadir.OldMasterKey(dir, old.Fingerprint()), old.Text().Reveal())
			write(t, filepath.Join(dir, "master.key"), next.Text().Reveal())
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			old, err := seal.CreateFile(filepath.Join(dir, "master.key"))
			if err != nil {
				t.Fatal(err)
			}
			if next, err := datadir.NextMasterKey(dir); next != nil || err != nil {
				t.Fatal(next, err)
			}
			next, err := datadir.MakeNextMasterKey(dir)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := datadir.MakeNextMasterKey(dir); err != nil || !again.Equal(next) {
				t.Fatalf("another next key, %v", err)
			}
			if taken, err := datadir.TakeMasterKey(dir, old); taken || err != nil {
				t.Errorf("the key that is there: %t, %v", taken, err)
			}
			if again, err := datadir.NextMasterKey(dir); err != nil || !again.Equal(next) {
				t.Errorf("the next key is gone, %v", err)
			}
			undo(t, dir, old, next)
			for range 2 {
				if _, err := datadir.TakeMasterKey(dir, next); err != nil {
					t.Fatal(err)
				}
			}
			kept := "master.key." + old.Fingerprint()
			if got := namesIn(t, dir); !slices.Equal(got, []string{"master.key", kept}) {
				t.Errorf("left: %q", got)
			}
			if !load(t, filepath.Join(dir, "master.key")).Equal(next) || !load(t, filepath.Join(dir, kept)).Equal(old) {
				t.Error("the files have other keys")
			}
			for _, name := range namesIn(t, dir) {
				if !datadir.IsMasterKey(name) {
					t.Errorf("%s is no master key", name)
				}
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTakeMasterKeyRefuses(t *testing.T) {
	dir := t.TempDir()
	old, err := seal.CreateFile(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	next, err := datadir.MakeNextMasterKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept := datadir.OldMasterKey(dir, old.Fingerprint())
	write(t, kept, next.Text().Reveal())
	if _, err := datadir.TakeMasterKey(dir, next); err == nil || err.Error() != "keeping the old master key: "+kept+" has another master key than its name says: put it elsewhere" {
		t.Errorf("%v", err)
	}
	if !load(t, filepath.Join(dir, "master.key")).Equal(old) {
		t.Error("the key was overwritten")
	}
	write(t, filepath.Join(dir, "master.key.next"), next.Text().Reveal()[:40])
	for name, f := range map[string]func() error{
		"find": func() error { _, err := datadir.NextMasterKey(dir); return err },
		"make": func() error { _, err := datadir.MakeNextMasterKey(dir); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), "not a complete master key: 19 characters follow") {
			t.Errorf("%s: half a key: %v", name, err)
		}
	}
	for _, name := range []string{"master.key.old", "master.key.", "master.key.0123456789ABCDEF", "master.key.0123456789abcdef0", "xmaster.key", "master.keyx0123456789abcdef"} {
		if datadir.IsMasterKey(name) {
			t.Errorf("%s is taken for a master key", name)
		}
	}
}
