package move

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/backup"
	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
)

// The errors that callers look for.
var (
	// ErrNotEmpty answers Restore where a directory has something already.
	ErrNotEmpty = errors.New("the data directory is not empty")
	// ErrOtherKey answers Restore where a directory has another master key.
	ErrOtherKey = errors.New("the data directory has another master key")
)

// staging is the directory, in the data directory, in which a restored database is made
// ready.
const staging = "restoring"

// Restore makes the database of a backup that of a data directory.
type Restore struct {
	// File is the backup.
	File string
	// DataDir is the directory. There is no database in it, unless Replace keeps the one
	// that there is aside.
	DataDir string
	Replace bool
	// Keys finds the master keys.
	Keys func(h *backup.Header) (Keys, error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// reached is told of each step, in tests.
	reached func(step string)
}

// Keys are the master keys of a restore.
type Keys struct {
	// Backup is the one that the backup was made with.
	Backup *seal.MasterKey
	// Seal is the one that the restored database is sealed with; nil for that of the
	// backup.
	Seal *seal.MasterKey
	// Keep says to write it into the data directory.
	Keep bool
}

// Restored is what a Restore has done.
type Restored struct {
	*backup.Header
	// Aside is where what was in the directory is now; empty if there was nothing.
	Aside string
	// SealedWith is the fingerprint of the master key of the restored database.
	SealedWith string
	// KeyFile is where that key was written to; empty if it was not.
	KeyFile string
}

// Run restores. The directory has the old database or the new one when it returns, and
// is refused by servers where it does not return.
//
// Everything that was issued before is void: what is in the backup may since have been
// revoked, and what was issued after it belongs to a future that is lost.
func (r Restore) Run(ctx context.Context) (out Restored, err error) {
	if r.Now == nil {
		r.Now = time.Now
	}
	if r.reached == nil {
		r.reached = func(string) {}
	}
	file, err := os.Open(r.File)
	if err != nil {
		return out, err
	}
	defer file.Close()
	image := bufio.NewReader(file)
	if out.Header, err = backup.Read(image); err != nil {
		return out, fmt.Errorf("%s: %w", r.File, err)
	}
	keys, err := r.Keys(out.Header)
	if err != nil {
		return out, err
	}
	if keys.Seal == nil {
		keys.Seal = keys.Backup
	}
	out.SealedWith = keys.Seal.Fingerprint()
	if err := out.Prove(keys.Backup); err != nil {
		return out, fmt.Errorf("%s: %w", r.File, err)
	}
	if err := os.MkdirAll(r.DataDir, 0o700); err != nil {
		return out, err
	}
	lock, err := store.Lock(filepath.Join(r.DataDir, datadir.Database))
	if err != nil {
		return out, fmt.Errorf("%s: %w", r.DataDir, err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	d, err := r.directory(keys.Seal)
	if err != nil {
		return out, err
	}
	if err := d.stage(ctx, out.Header, keys, image); err != nil {
		return out, errors.Join(fmt.Errorf("%s: %w", r.File, err), d.undo())
	}
	if err := d.replace(); err != nil {
		return out, err // to be run again
	}
	if d.aside != "" {
		out.Aside = filepath.Join(r.DataDir, d.aside)
	}
	if keys.Keep && !d.hasKey {
		out.KeyFile = filepath.Join(r.DataDir, datadir.MasterKey)
		if err := seal.WriteNew(out.KeyFile, []byte(keys.Seal.Text().Reveal()+"\n")); err != nil {
			return out, err
		}
	}
	if err := syncDir(r.DataDir); err != nil {
		return out, err
	}
	r.reached("in place")
	if err := os.RemoveAll(d.path(staging)); err != nil {
		return out, err
	}
	return out, datadir.Restored(r.DataDir, r.Now())
}

// directory is a data directory that is restored into.
type directory struct {
	Restore
	// unfinished says that a restore has begun, so that what has a name of the
	// database's is what it has left.
	unfinished bool
	// old are the files that are kept aside, and aside where, in the directory.
	old   []string
	aside string
	// hasKey says that the directory has the key.
	hasKey bool
}

func (d *directory) path(elements ...string) string {
	return filepath.Join(append([]string{d.DataDir}, elements...)...)
}

// directory looks what a data directory has.
func (r Restore) directory(key *seal.MasterKey) (*directory, error) {
	d := &directory{Restore: r}
	var err error
	if d.aside, d.unfinished, err = datadir.Restoring(r.DataDir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(r.DataDir)
	if err != nil {
		return nil, err
	}
	var strange []string
	for _, e := range entries {
		switch name := e.Name(); {
		case name == datadir.Database+".lock", name == "lost+found", name == staging, d.unfinished && (name == datadir.Mark || name == d.aside):
		case name == datadir.RootCredentials: // which belongs to no database
		case name != datadir.MasterKey && datadir.IsMasterKey(name): // keys are never removed
		case name == datadir.MasterKey:
			found, err := seal.LoadFile(d.path(name))
			d.hasKey = err == nil && found.Fingerprint() == key.Fingerprint()
			if !d.hasKey {
				d.old = append(d.old, name)
			}
		case name == datadir.Mark, name == datadir.Database, strings.HasPrefix(name, datadir.Database+"-"):
			d.old = append(d.old, name)
		default:
			strange = append(strange, name)
		}
	}
	switch {
	case slices.Contains(d.old, datadir.MasterKey) && d.unfinished && (d.aside == "" || exists(d.path(d.aside, datadir.MasterKey))):
		return nil, fmt.Errorf("%w: %s. Put it elsewhere", ErrOtherKey, d.path(datadir.MasterKey)) // keys are never removed
	case d.unfinished || r.Replace:
	case len(strange) > 0 || slices.ContainsFunc(d.old, func(name string) bool { return name != datadir.MasterKey }):
		return nil, fmt.Errorf("%w: %s. Give another one, or --replace, which keeps the database that is there aside", ErrNotEmpty, r.DataDir)
	case len(d.old) > 0:
		return nil, fmt.Errorf("%w: %s. Give another directory, or --replace, which keeps the key aside", ErrOtherKey, d.path(datadir.MasterKey))
	}
	if !d.unfinished && len(d.old) > 0 {
		d.aside = "replaced-" + r.Now().UTC().Format("20060102T150405Z")
	}
	return d, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// begin writes down that a restore has begun: servers refuse the directory from now on.
func (d *directory) begin() error {
	if d.unfinished {
		return nil
	}
	d.unfinished = true
	return datadir.Restore(d.DataDir, d.aside, d.Now())
}

// stage makes the database ready beside the directory's own. Where there is none, a
// server must not make an empty one meanwhile.
func (d *directory) stage(ctx context.Context, h *backup.Header, keys Keys, image io.Reader) error {
	if len(d.old) == 0 {
		if err := d.begin(); err != nil {
			return err
		}
	}
	d.reached("begun")
	if err := os.RemoveAll(d.path(staging)); err != nil {
		return err
	}
	if err := os.Mkdir(d.path(staging), 0o700); err != nil {
		return err
	}
	path := d.path(staging, datadir.Database)
	if err := seal.WriteNewFrom(path, func(w io.Writer) error {
		_, err := io.Copy(w, h.Image(image))
		return err
	}); err != nil {
		return err
	}
	d.reached("copied")
	contents, err := store.Inspect(ctx, path)
	if err != nil {
		return err
	}
	if contents.Schema != h.Schema || !maps.Equal(contents.Rows, h.Rows) {
		return fmt.Errorf("%w: its database does not have what its header says", backup.ErrDamaged)
	}
	if err := prepare(ctx, path, keys, d.Now); err != nil {
		return err
	}
	d.reached("prepared")
	return nil
}

// prepare brings a restored database up to date, voids what was issued before, and seals
// it anew where another key is to seal it.
func prepare(ctx context.Context, path string, keys Keys, now func() time.Time) (err error) {
	db, err := store.Open(ctx, store.Options{Path: path, Existing: true, Now: now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Unlock(ctx, keys.Backup); err != nil {
		return err
	}
	if err := db.Restored(ctx); err != nil || keys.Seal.Equal(keys.Backup) {
		return err
	}
	return db.SealWith(ctx, keys.Seal)
}

// undo leaves the directory as it was. A restore that was interrupted before has
// changed it already, and stays unfinished.
func (d *directory) undo() error {
	err := os.RemoveAll(d.path(staging))
	if d.unfinished && d.aside == "" && len(d.old) == 0 {
		err = errors.Join(err, datadir.Forget(d.DataDir))
	}
	return err
}

// replace puts the database in its place, and what was there aside. After an
// interruption, a name that is aside already is that of the new one in the directory.
func (d *directory) replace() error {
	if err := d.begin(); err != nil {
		return err
	}
	d.reached("replacing")
	if d.aside != "" {
		if err := os.Mkdir(d.path(d.aside), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	for _, name := range d.old {
		if name == datadir.Mark {
			continue // it says that a restore has begun
		}
		var err error
		if d.aside == "" || exists(d.path(d.aside, name)) {
			err = os.Remove(d.path(name))
		} else {
			err = os.Rename(d.path(name), d.path(d.aside, name))
		}
		if err != nil {
			return err
		}
		d.reached("aside " + name)
	}
	if d.aside != "" {
		if err := syncDir(d.path(d.aside)); err != nil {
			return err
		}
	}
	staged, err := os.ReadDir(d.path(staging))
	if err != nil {
		return err
	}
	for _, e := range staged {
		if strings.HasSuffix(e.Name(), ".lock") {
			continue
		}
		if err := os.Rename(d.path(staging, e.Name()), d.path(e.Name())); err != nil {
			return err
		}
		d.reached("placed " + e.Name())
	}
	return nil
}

// syncDir makes the names in a directory durable, where the system can.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = d.Sync() // Windows and some file systems cannot, and need not
	return d.Close()
}
