package seal

import (
	"fmt"
	"os"
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
	text, err := readPrivate(f, maxKeyFile)
	if err != nil {
		return nil, fmt.Errorf("master key file %w", err)
	}
	key, err := ParseMasterKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("master key file %s: %w", path, err)
	}
	return key, nil
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
	if err := WriteNew(path, []byte(key.Text().Reveal()+"\n")); err != nil {
		return nil, fmt.Errorf("creating the master key file: %w", err)
	}
	return key, nil
}
