// Package datadir says what a data directory holds, and whether a server may start
// on it.
//
// A database that is gone must not come back as an empty one without a word. So a
// file, the mark, says what became of the database of a directory:
//
//   - making: a first start has begun, and may begin again
//   - made: there is a database, and never another one in this directory
//   - moving: the database is being copied elsewhere, or that was interrupted
//   - moved: the database is elsewhere now
//   - restoring: a backup is being restored, or that was interrupted
//
// Directories that earlier versions made have no mark, and get one when their
// database has been opened.
package datadir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/seal"
)

// The files of a data directory.
const (
	Database        = "daypass.db"
	MasterKey       = "master.key"
	RootCredentials = "root-credentials"
	Mark            = "daypass.mark"
)

var (
	// ErrNoDatabase answers Prepare for a directory that has lost its database, as far
	// as can be seen.
	ErrNoDatabase = errors.New("the database is missing")
	// ErrUnfinished answers Prepare and Made for a directory that a backup was being
	// restored into.
	ErrUnfinished = errors.New("a restore was not finished")
	// ErrMoved answers Prepare and Made for a directory whose database is elsewhere.
	ErrMoved = errors.New("the database was moved")
)

// maxMark is the longest mark that is read, in bytes.
const maxMark = 4096

// The words that a mark begins with.
const (
	making = "making"
	made   = "made"
	moving = "moving"
	moved  = "moved"

	restoring = "restoring"
)

// Prepare says whether a server may start on a directory, before it makes anything
// there, and whether it may make the database. It may in a directory that has nothing
// of daypass in it, or where its first start was not finished. insist does so where a
// key or root credentials are there already, but never where a database has been.
func Prepare(dir string, insist bool) (mayMake bool, err error) {
	word, rest, err := readMark(dir)
	if err != nil {
		return false, err
	}
	is := func(name string) (bool, error) {
		_, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	database, err := is(Database)
	switch {
	case err != nil:
		return false, err
	case word == moved, word == moving:
		return false, movedError(dir, word, rest)
	case word == restoring:
		return false, unfinishedError(dir)
	case word == making:
		return true, nil
	case word == made && database:
		return false, nil
	case word == made:
		return false, fmt.Errorf("%w: %s is not there, where one was made (%s says so). Put it back, or restore a backup. "+
			"To start with an empty database, use another directory", ErrNoDatabase, filepath.Join(dir, Database), Mark)
	case database:
		return insist, nil
	}
	for _, name := range []string{MasterKey, RootCredentials} {
		there, err := is(name)
		if err != nil {
			return false, err
		}
		if there && !insist {
			return false, fmt.Errorf("%w: %s is there, but not %s. Put it back, or restore a backup. "+
				"If there never was one, start with --init, which makes an empty database", ErrNoDatabase, filepath.Join(dir, name), Database)
		}
	}
	return true, writeMark(dir, making, "# A first start of daypass has begun here.\n")
}

// Made writes down that a directory has a database, once that has been opened and
// while its lock is held.
func Made(dir string, now time.Time) error {
	switch word, rest, err := readMark(dir); {
	case err != nil:
		return err
	case word == moved, word == moving:
		return movedError(dir, word, rest)
	case word == restoring:
		return unfinishedError(dir)
	case word == made:
		return nil
	}
	return writeMade(dir, now)
}

func writeMade(dir string, now time.Time) error {
	return writeMark(dir, made, fmt.Sprintf("# daypass wrote this on %s, when there was a database in %s.\n"+
		"# It makes no other one here: if the file is missing, restore a backup.\n", stamp(now), Database))
}

// Marked says whether a directory says that it has, or had, a database.
func Marked(dir string) bool {
	word, _, err := readMark(dir)
	return err != nil || word != "" && word != making
}

// Restore writes down that a backup is being restored into a directory, and where, in
// it, what was there is kept; empty for nothing. The lock of the database is held.
func Restore(dir, aside string, now time.Time) error {
	return writeMark(dir, strings.TrimSpace(restoring+" "+aside), "# daypass restore began on "+stamp(now)+". Run it again, until it is finished.\n")
}

// Restoring says whether a restore into a directory was begun and not finished, and
// where what was there is kept.
func Restoring(dir string) (aside string, unfinished bool, err error) {
	word, rest, err := readMark(dir)
	if err != nil || word != restoring {
		return "", false, err
	}
	if rest != "" && (rest != filepath.Base(rest) || !strings.HasPrefix(rest, "replaced-")) {
		return "", false, fmt.Errorf("%s names %q, which no restore does", filepath.Join(dir, Mark), rest)
	}
	return rest, true, nil
}

// Restored writes down that a directory has the database of a backup.
func Restored(dir string, now time.Time) error { return writeMade(dir, now) }

// Forget removes the mark of a directory into which nothing was restored.
func Forget(dir string) error { return os.Remove(filepath.Join(dir, Mark)) }

func unfinishedError(dir string) error {
	return fmt.Errorf("%w: %s says so. Run daypass restore again", ErrUnfinished, filepath.Join(dir, Mark))
}

// Moving writes down that the database of a directory is being copied elsewhere: where
// says so for people. The lock of the database is held.
func Moving(dir, where string, now time.Time) error {
	return writeMark(dir, moving+" to "+where, "# daypass migrate began on "+stamp(now)+". Run it again, until it is finished.\n")
}

// Move writes down that the database of a directory is elsewhere.
func Move(dir, where string, now time.Time) error {
	return writeMark(dir, moved+" to "+where, "# daypass does not serve from here any more. That was on "+stamp(now)+".\n")
}

// MayMove says whether the database of a directory may be copied somewhere.
func MayMove(dir, where string) error {
	if strings.ContainsAny(where, "\r\n") || len(where) > maxMark/2 {
		return errors.New("the place that a database is moved to has to fit a line")
	}
	switch word, rest, err := readMark(dir); {
	case err != nil:
		return err
	case (word == moved || word == moving) && rest != "to "+where:
		return movedError(dir, word, rest)
	case word == restoring:
		return unfinishedError(dir)
	}
	return nil
}

// Moved says whether the database of a directory is elsewhere.
func Moved(dir string) (bool, error) {
	word, _, err := readMark(dir)
	return word == moved, err
}

func movedError(dir, word, where string) error {
	if word == moving {
		return fmt.Errorf("%w: %s says %q, and that was not finished. Run daypass migrate again", ErrMoved, filepath.Join(dir, Mark), word+" "+where)
	}
	return fmt.Errorf("%w: %s says %q. Serve it from there", ErrMoved, filepath.Join(dir, Mark), word+" "+where)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// readMark reads the mark of a directory: its first word, and the rest of its first
// line; empty where there is none.
func readMark(dir string) (word, rest string, err error) {
	path := filepath.Join(dir, Mark)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxMark))
	if err != nil {
		return "", "", fmt.Errorf("%s cannot be read: %w", path, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	word, rest, _ = strings.Cut(strings.TrimSpace(line), " ")
	switch word {
	case making, made, moving, moved, restoring:
		return word, rest, nil
	}
	return "", "", fmt.Errorf("%s begins with %.20q, which this version of daypass does not know", path, word)
}

func writeMark(dir, line, rest string) error {
	if err := seal.Replace(filepath.Join(dir, Mark), []byte(line+"\n"+rest)); err != nil {
		return fmt.Errorf("writing the mark of the database: %w", err)
	}
	return nil
}
