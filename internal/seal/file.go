package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ReadPrivate reads a file that holds a secret and has at most limit bytes. One
// that anybody but its owner may read or write is refused. A file that is not
// there is an error that wraps [io/fs.ErrNotExist].
func ReadPrivate(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readPrivate(f, limit)
}

func readPrivate(f *os.File, limit int) ([]byte, error) {
	if err := checkPrivate(f); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", f.Name(), err)
	}
	if len(text) > limit {
		return nil, fmt.Errorf("%s is longer than %d bytes", f.Name(), limit)
	}
	return text, nil
}

// checkPrivate looks at the opened file, not at its name, so that what was
// checked is what is read.
func checkPrivate(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("%s has no mode that can be read: %w", f.Name(), err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", f.Name())
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && runtime.GOOS != "windows" { // whose modes say nothing of readers
		return fmt.Errorf("%s has mode %#o: only its owner may have access; run chmod 600 %[1]s", f.Name(), perm)
	}
	return nil
}

// WriteNew writes a secret, mode 0600, to a file that must not exist yet; if it
// does the error wraps [io/fs.ErrExist] and the file is untouched. The file
// appears complete or not at all, and is durable when WriteNew returns.
func WriteNew(path string, data []byte) error { return WriteNewFrom(path, these(data)) }

// WriteNewFrom is WriteNew for what a function writes. When the function fails, there
// is no file.
func WriteNewFrom(path string, from func(io.Writer) error) error {
	// Link fails where the name is taken, as O_EXCL does, which alone would leave an
	// empty file behind when the process dies in between.
	return write(path, from, link)
}

// Replace writes a secret, mode 0600, to a file that may exist. Whoever reads it meanwhile
// has the old one or the new one, and the new one is durable when Replace returns.
func Replace(path string, data []byte) error { return write(path, these(data), os.Rename) }

func these(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}

// write writes a file under a temporary name and then gives it its own.
func write(path string, from func(io.Writer) error, name func(from, to string) error) error {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, leftover+"*") // mode 0600
	if err != nil {
		return withName(path, err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // it may have been renamed
	err = from(temp)
	if err == nil {
		err = temp.Sync()
	}
	if err := errors.Join(withName(path, err), withName(path, temp.Close())); err != nil {
		return err
	}
	if err := name(temp.Name(), path); err != nil {
		return withName(path, err)
	}
	return syncDir(dir)
}

// withName gives an error of a file the name that the file was to get: its temporary
// one says nothing to anybody.
func withName(path string, err error) error {
	switch e := err.(type) { // of the file itself, and not what they may wrap
	case *fs.PathError:
		return &fs.PathError{Op: e.Op, Path: path, Err: e.Err}
	case *os.LinkError:
		return &fs.PathError{Op: "create", Path: path, Err: e.Err}
	}
	return err
}

// link gives a file its name, unless that is taken. Where the file system has no links,
// as memory sticks have not, the name is taken by an empty file first.
func link(temp, path string) error {
	err := os.Link(temp, path)
	if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// leftover begins the names of files that are not finished.
const leftover = ".daypass-"

// RemoveLeftovers removes what writing that was killed has left in a directory.
// Nobody may be writing there: hold the lock of the directory.
func RemoveLeftovers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		number, ours := strings.CutPrefix(e.Name(), leftover)
		if !ours || !e.Type().IsRegular() || strings.Trim(number, "0123456789") != "" {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes the entries of a directory durable. On Windows there is no way to.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
