package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/daypass/daypass/internal/seal"
)

// nextMasterKey is the file of a master key that is to take the place of the one in
// MasterKey. A key that was replaced stays in a file of its own: MasterKey, a point and
// its fingerprint. Keys are never removed, since backups may need them.
//
// Whenever the process ends, every key that something may be sealed with is in a file: the
// next one before anything is, and the old one before the new one takes its name.
const nextMasterKey = MasterKey + ".next"

// NextMasterKey finds the master key of a directory that is to take the place of the other
// one; nil for none.
func NextMasterKey(dir string) (*seal.MasterKey, error) {
	key, err := seal.LoadFile(filepath.Join(dir, nextMasterKey))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return key, err
}

// MakeNextMasterKey is NextMasterKey, and makes the key where there is none.
func MakeNextMasterKey(dir string) (*seal.MasterKey, error) {
	key, err := NextMasterKey(dir)
	if key == nil && err == nil {
		key, err = seal.CreateFile(filepath.Join(dir, nextMasterKey))
	}
	return key, err
}

// IsMasterKey says whether a name is that of a file which holds a master key, or held
// one before.
func IsMasterKey(name string) bool {
	const digits = 16
	if name == MasterKey || name == nextMasterKey {
		return true
	}
	ok := len(name) == len(MasterKey)+1+digits && name[:len(MasterKey)+1] == MasterKey+"."
	for n := len(MasterKey) + 1; ok && n < len(name); n++ {
		ok = '0' <= name[n] && name[n] <= '9' || 'a' <= name[n] && name[n] <= 'f'
	}
	return ok
}

// OldMasterKey is the file of a directory in which a master key that was replaced stays.
func OldMasterKey(dir, fingerprint string) string {
	return filepath.Join(dir, MasterKey+"."+fingerprint)
}

// TakeMasterKey makes a key the master key of a directory, once the database is sealed with
// it, and keeps the one that was there. It says whether it had to.
func TakeMasterKey(dir string, key *seal.MasterKey) (taken bool, err error) {
	path := filepath.Join(dir, MasterKey)
	old, err := seal.LoadFile(path)
	if err != nil {
		return false, err
	}
	if !old.Equal(key) {
		kept := OldMasterKey(dir, old.Fingerprint())
		err := seal.WriteNew(kept, keyText(old))
		if errors.Is(err, fs.ErrExist) {
			var there *seal.MasterKey
			if there, err = seal.LoadFile(kept); err == nil && !there.Equal(old) {
				err = fmt.Errorf("%s has another master key than its name says: put it elsewhere", kept)
			}
		}
		if err != nil {
			return false, fmt.Errorf("keeping the old master key: %w", err)
		}
		if err := seal.Replace(path, keyText(key)); err != nil {
			return false, fmt.Errorf("writing the new master key: %w", err)
		}
		taken = true
	}
	next, err := NextMasterKey(dir)
	if err == nil && next != nil && next.Equal(key) {
		err = os.Remove(filepath.Join(dir, nextMasterKey))
	}
	return taken, err
}

func keyText(key *seal.MasterKey) []byte { return []byte(key.Text().Reveal() + "\n") }
