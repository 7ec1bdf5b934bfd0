package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be daypass: for the scripts, and for the tests
// that need a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"daypass": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"wait4": waitFor, "private": private,
	}, Setup: func(e *testscript.Env) error {
		e.Setenv("HOME", e.WorkDir)
		e.Setenv("TMPDIR", os.TempDir())
		return nil
	}})
}

// waitFor waits until a file is there: "wait4 FILE".
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	dir := filepath.Dir(ts.MkAbs(args[0]))
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		_, _ = os.ReadDir(dir) // look again
	}
	ts.Fatalf("%s does not appear", args[0])
}

// private checks that nobody but the owner can use a file: "private FILE".
func private(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Mode().Perm() != 0o600 {
		ts.Fatalf("%s has mode %v", args[0], info.Mode())
	}
}
