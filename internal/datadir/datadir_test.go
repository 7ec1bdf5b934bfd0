package datadir_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/datadir"
)

var when = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// What a directory has, by name and content, decides who may start there.
func TestPrepare(t *testing.T) {
	const key, root, db, mark = datadir.MasterKey, datadir.RootCredentials, datadir.Database, datadir.Mark
	type files map[string]string
	const lost, init, elsewhere = "Put it back, or restore a backup", "start with --init", "use another directory"
	for name, test := range map[string]struct {
		files   files
		mayMake bool // without --init
		err     string
		insists bool // may make with --init
		refused string
	}{
		"empty":                           {files{}, true, "", true, ""},
		"others' files":                   {files{"lost+found": ""}, true, "", true, ""},
		"a first start that was killed":   {files{mark: "making\n", key: "k"}, true, "", true, ""},
		"and had a database already":      {files{mark: "making\n", key: "k", root: "r", db: ""}, true, "", true, ""},
		"of an earlier version":           {files{key: "k", root: "r", db: "d"}, false, "", true, ""},
		"with given secrets":              {files{db: "d"}, false, "", true, ""},
		"a key alone":                     {files{key: "k"}, false, "master.key is there, but not daypass.db. " + lost, true, ""},
		"root credentials alone":          {files{root: "r"}, false, "root-credentials is there, but not daypass.db", true, ""},
		"made":                            {files{mark: "made\n# x\n", key: "k", db: "d"}, false, "", false, ""},
		"made, and the database is gone":  {files{mark: "made\n", key: "k", root: "r"}, false, "daypass.db is not there, where one was made", false, elsewhere},
		"and the secrets are elsewhere":   {files{mark: "made\n"}, false, "daypass.db is not there, where one was made", false, elsewhere},
		"moved":                           {files{mark: "moved to postgres://db/x on 2026\n", key: "k", db: "d"}, false, `says "moved to postgres://db/x on 2026"`, false, "was moved"},
		"moving":                          {files{mark: "moving to postgres://db/x\n", key: "k", db: "d"}, false, "Run daypass migrate again", false, "daypass migrate"},
		"restoring":                       {files{mark: "restoring\n", key: "k"}, false, "a restore was not finished", false, "Run daypass restore again"},
		"restoring over another":          {files{mark: "restoring replaced-x\n", key: "k", db: "d"}, false, "a restore was not finished", false, "Run daypass restore again"},
		"a mark of a later version":       {files{mark: "shared\n", key: "k", db: "d"}, false, `begins with "shared", which this version`, false, "this version"},
		"a mark that is cut off":          {files{mark: "", key: "k", db: "d"}, false, `begins with ""`, false, "this version"},
		"a mark that is something else":   {files{mark: strings.Repeat("x", 1<<20)}, false, `begins with "xxxxxxxxxxxxxxxxxxxx"`, false, "this version"},
		"a key alone, but not for --init": {files{key: "k"}, false, init, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, insist := range []bool{false, true} {
				dir := t.TempDir()
				for name, text := range test.files {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, text := test.mayMake, test.err
				if insist {
					want, text = test.insists, test.refused
				}
				for range 2 { // the answer stays as long as nothing is made
					got, err := datadir.Prepare(dir, insist)
					if got != want || (err == nil) != (text == "") || err != nil && !strings.Contains(err.Error(), text) {
						t.Errorf("insisting %v: may make %v, %v; want %v, %q", insist, got, err, want, text)
					}
					if insist && want && err == nil {
						insist = false // what --init has begun goes on without it
						if test.files[db] != "" {
							want = false // there was nothing to begin
						}
					}
				}
			}
		})
	}
}

// What was made is not made again, and what was moved is not served.
func TestMarks(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if _, err := datadir.Prepare(dir, false); err != nil {
			t.Fatal(err)
		}
	}
	if datadir.Marked(dir) {
		t.Error("marked before it was made")
	}
	for range 2 {
		if err := datadir.Made(dir, when); err != nil || !datadir.Marked(dir) {
			t.Fatal(err)
		}
	}
	for _, insist := range []bool{false, true} {
		if _, err := datadir.Prepare(dir, insist); !errors.Is(err, datadir.ErrNoDatabase) {
			t.Errorf("insisting %v: %v", insist, err)
		}
	}
	if err := datadir.MayMove(dir, "a\nb"); err == nil {
		t.Error("two lines were taken for one")
	}
	if err := datadir.Move(dir, "postgres://db/daypass", when); err != nil {
		t.Fatal(err)
	}
	_, err := datadir.Prepare(dir, true)
	if err2 := datadir.Made(dir, when); !errors.Is(err, datadir.ErrMoved) || !errors.Is(err2, datadir.ErrMoved) || err.Error() != err2.Error() ||
		!strings.Contains(err.Error(), "moved to postgres://db/daypass\"") {
		t.Errorf("%v, %v", err, err2)
	}
	info, err := os.Stat(filepath.Join(dir, datadir.Mark))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
