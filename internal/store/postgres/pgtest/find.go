package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	urlVariable     = "DAYPASS_TEST_POSTGRES"
	requireVariable = "DAYPASS_TEST_REQUIRE"
)

// Main runs the tests of a package that can do nothing without PostgreSQL, for its
// TestMain. Where PostgreSQL is missing it runs none of them: "go test" then says
// "no tests to run" of the package, and with -v why.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main without the exit.
func Run(m *testing.M) int {
	if _, err := programs(); err != nil && os.Getenv(urlVariable) == "" && !required() {
		fmt.Printf("testing: warning: no tests to run\nPostgreSQL is missing: %v\n", err)
		return 0
	}
	return m.Run()
}

// missing skips the test, or fails it where PostgreSQL is required.
func missing(t testing.TB, err error) {
	t.Helper()
	if required() {
		t.Fatalf("PostgreSQL is missing, and %s asks for it: %v", requireVariable, err)
	}
	t.Skipf("PostgreSQL is missing, so that this is not tested: %v", err)
}

func required() bool {
	list := strings.Split(os.Getenv(requireVariable), ",")
	return slices.Contains(list, "all") || slices.Contains(list, "postgres")
}

// places are where installers put the server programs, beside the PATH.
var places = []string{
	"/usr/lib/postgresql/*/bin",         // Debian
	"/usr/pgsql-*/bin",                  // PostgreSQL's packages for Red Hat
	"/opt/homebrew/opt/postgresql*/bin", // Homebrew
	"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin",
	"/Library/PostgreSQL/*/bin",
}

// programs finds the folder of the server programs, those of the newest version.
var programs = sync.OnceValues(func() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(path)) {
			return filepath.Dir(path), nil
		}
	}
	best, newest := "", -1.0
	for _, place := range places {
		dirs, err := filepath.Glob(place)
		if err != nil {
			return "", err
		}
		for _, dir := range dirs {
			if v := version(dir); v > newest && complete(dir) {
				best, newest = dir, v
			}
		}
	}
	if best == "" {
		return "", errors.New(urlVariable + " is not set, and the programs postgres and initdb are neither in the PATH nor in " + strings.Join(places, ", "))
	}
	return best, nil
})

// complete says whether a folder has the programs that we run.
func complete(dir string) bool {
	for _, name := range []string{"postgres", "initdb", "pg_basebackup"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// version is the number in the path of a folder of programs, like the 15 of 15/bin,
// pgsql-15/bin or postgresql@15/bin, 0 where there is none.
func version(dir string) float64 {
	dir = filepath.Base(filepath.Dir(dir))
	v, _ := strconv.ParseFloat(dir[strings.LastIndexAny(dir, "@-l")+1:], 64)
	return v
}
