package faults

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// How long it goes, by DAYPASS_FAULTS.
var (
	// long says that the tests may take minutes.
	long = os.Getenv("DAYPASS_FAULTS") != ""
	// writers are the clients that make changes at a time, and rounds how often a test
	// does its harm.
	writers, rounds = 24, 1
)

func TestMain(m *testing.M) {
	flag.Parse()
	switch os.Getenv("DAYPASS_FAULTS") {
	case "":
		leaveOut("^(TestLong|TestPatroni|TestBeside)")
	case "patroni":
		_ = flag.Set("test.run", "^TestPatroni")
	case "beside":
		_ = flag.Set("test.run", "^TestBeside")
	default:
		leaveOut("^(TestPatroni|TestBeside)")
		writers, rounds = 64, 2
	}
	_ = flag.Set("test.parallel", "8") // what is parallel waits
	code := pgtest.Run(m)
	if built != "" {
		_ = os.RemoveAll(filepath.Dir(built)) // a temporary folder
	}
	os.Exit(code)
}

// leaveOut leaves tests out, unless the command line says which.
func leaveOut(tests string) {
	if flag.Lookup("test.skip").Value.String() == "" {
		_ = flag.Set("test.skip", tests)
	}
}

var (
	building sync.Once
	built    string // the path of the binary
)

// binary makes the binary, once.
func binary(t *testing.T) string {
	t.Helper()
	building.Do(func() {
		dir, err := os.MkdirTemp("", "daypass-faults-")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "daypass")
		if out, err := exec.Command("go", "build", "-trimpath", "-o", path, "github.com/daypass/daypass/cmd/daypass").CombinedOutput(); err != nil {
			t.Fatalf("build: %v\n%s", err, out)
		}
		built = path
	})
	if built == "" {
		t.Fatal("the binary cannot be built")
	}
	return built
}
