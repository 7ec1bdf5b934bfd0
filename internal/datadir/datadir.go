// Package datadir says what a data directory holds, and whether a server may start
// on it.
//
// A database that is gone must not come back as an empty one without a word. So a
// file, the mark, says what became of the database of a directory:
//
//   - making: a first start has begun, and may begin again
//   - made: there is a database, and never another one in this directory
//   - moved: the database is elsewhere now
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
	// ErrMoved answers Prepare and Made for a directory whose database is elsewhere.
	ErrMoved = errors.New("the database was moved")
)

// maxMark is the longest mark that is read, in bytes.
const maxMark = 4096

// The words that a mark begins with.
const (
	making = "making"
	made   = "made"
	moved  = "moved"
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
	case word == moved:
		return false, movedError(dir, rest)
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
	case word == moved:
		return movedError(dir, rest)
	case word == made:
		return nil
	}
	return writeMark(dir, made, fmt.Sprintf("# daypass wrote this on %s, when there was a database in %s.\n"+
		"# It makes no other one here: if the file is missing, restore a backup.\n", stamp(now), Database))
}

// Marked says whether a directory says that it has, or had, a database.
func Marked(dir string) bool {
	word, _, err := readMark(dir)
	return err != nil || word == made || word == moved
}

// Move writes down that the database of a directory is elsewhere: to says where, for
// people. The lock of the database is held.
func Move(dir, to string, now time.Time) error {
	if strings.ContainsAny(to, "\r\n") || len(to) > maxMark/2 {
		return errors.New("the place that a database is moved to has to fit a line")
	}
	return writeMark(dir, moved+" to "+to+" on "+stamp(now), "# daypass does not serve from here any more.\n")
}

func movedError(dir, where string) error {
	return fmt.Errorf("%w: %s says %q. Serve it from there", ErrMoved, filepath.Join(dir, Mark), strings.TrimSpace(moved+" "+where))
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
	case making, made, moved:
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
