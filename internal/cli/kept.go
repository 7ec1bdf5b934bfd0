package cli

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/daypass/daypass/internal/seal"
)

// maxKept is the longest file that is read, in bytes: a few tokens.
const maxKept = 1 << 20

// drawer is a directory of small files that only their owner can read. A file is
// replaced as a whole, so that who reads needs no lock; who changes one holds its
// lock from before reading it.
type drawer string

// keptName is the name of the file for what some words say together.
func keptName(kind string, words ...string) string {
	hash := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return kind + "-" + hex.EncodeToString(hash[:16])
}

func (d drawer) path(name string) string { return filepath.Join(string(d), name+".json") }

// open makes the directory, and refuses one that others can use.
func (d drawer) open() error {
	if d == "" {
		return exit(exitConfig, "there is no directory to keep credentials in: set HOME or XDG_CONFIG_HOME")
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return exit(exitConfig, "there is no directory to keep credentials in: %v", err)
	}
	info, err := os.Stat(string(d))
	if err != nil {
		return exit(exitConfig, "there is no directory to keep credentials in: %v", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return exit(exitConfig, "%s keeps credentials, and others can use it (mode %04o): run chmod 700 %[1]s", d, info.Mode().Perm())
	}
	return nil
}

// read reads a file into v, which stays as it is if there is none.
func (d drawer) read(name string, v any) error {
	document, err := seal.ReadPrivate(d.path(name), maxKept)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && json.Unmarshal(document, v) != nil {
		err = fmt.Errorf("%s was not written by this command: remove it", d.path(name))
	}
	if err != nil {
		return &exitError{exitConfig, err}
	}
	return nil
}

// write replaces a file.
func (d drawer) write(name string, v any) error {
	document, err := json.Marshal(v)
	if err != nil {
		return err
	}
	path := d.path(name)
	next := path + "." + rand.Text()
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return exit(exitConfig, "credentials cannot be kept: %v", err)
	}
	_, err = f.Write(document)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		_ = os.Remove(next)
		return exit(exitConfig, "credentials cannot be kept: %v", err)
	}
	return nil
}

// lock waits until nobody else holds the lock of a file. The lock ends with the
// process, however that ends.
func (d drawer) lock(ctx context.Context, name string) (unlock func(), err error) {
	type held struct {
		unlock func()
		err    error
	}
	got := make(chan held, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(filepath.Join(string(d), name+".lock")).Lock()
		got <- held{unlock, err}
	}()
	select {
	case h := <-got:
		if h.err != nil {
			return nil, exit(exitConfig, "credentials cannot be kept: %v", h.err)
		}
		return h.unlock, nil
	case <-ctx.Done():
		return nil, ctx.Err() // the process is about to end
	}
}
