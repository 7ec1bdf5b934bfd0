package seal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxKeyFile bounds what is read of a key file, in bytes: a key has 69
// characters, a file that is much longer is something else.
const maxKeyFile = 1024

// LoadFile reads a master key from a file that holds its text form and nothing
// else but white space around it. A file that anybody but its owner may read or
// write is refused. A file that is not there is an error that wraps
// [io/fs.ErrNotExist].
func LoadFile(path string) (*MasterKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the master key file: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := checkPrivate(f); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the master key file: %w", err)
	}
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("master key file %s is longer than %d bytes", path, maxKeyFile)
	}
	key, err := ParseMasterKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("master key file %s: %w", path, err)
	}
	return key, nil
}

// checkPrivate looks at the opened file, not at its name, so that what was
// checked is what is read.
func checkPrivate(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("reading the mode of the master key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("master key file %s is not a regular file", f.Name())
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("master key file %s has mode %#o: only its owner may have access; run chmod 600 %[1]s", f.Name(), perm)
	}
	return nil
}

// CreateFile makes a new master key and stores it, mode 0600, in a file that
// must not exist yet; if it does the error wraps [io/fs.ErrExist] and the file is
// untouched. When CreateFile returns the file is durable: whatever the key has
// sealed can be opened after a power failure.
//
// The file appears complete or not at all. A second process that starts at the
// same time and gets that error can load the key at once.
func CreateFile(path string) (*MasterKey, error) {
	key, err := Generate(nil)
	if err != nil {
		return nil, err
	}
	if err := writeNew(path, []byte(key.Text().Reveal()+"\n")); err != nil {
		return nil, fmt.Errorf("creating the master key file: %w", err)
	}
	return key, nil
}

// writeNew writes under a temporary name and then links it to path, because
// O_EXCL alone would leave an empty file behind when the process dies in
// between. Link fails where the name is taken, as O_EXCL does.
func writeNew(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".daypass-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(data)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the entries of a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
