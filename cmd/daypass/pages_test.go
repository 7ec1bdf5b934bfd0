package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// provider runs "daypass idp" until the script ends and puts its issuer into the
// variable ISSUER, and what Logins calls it into IDP: "provider".
func provider(ts *testscript.TestScript, _ bool, _ []string) {
	exe, err := os.Executable()
	ts.Check(err)
	c := exec.Command(exe)
	c.Args = []string{"daypass", "idp", "--listen", "127.0.0.1:0"}
	c.Dir = ts.MkAbs(".")
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	ts.Defer(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if _, issuer, ok := strings.Cut(lines.Text(), "OpenID provider for development: "); ok {
			ts.Setenv("ISSUER", issuer)
			_, host, _ := strings.Cut(issuer, "://")
			ts.Setenv("IDP", host)
			return
		}
	}
	ts.Fatalf("the provider does not start")
}

// commandsOfPage writes commands of a page of the documentation into a file, for a
// shell that stops at the first one that fails: "commandsof PAGE START FILE", from
// the indented line that begins with START to the end of its block. They call
// daypass for aws, and the provider of the script for that of the page.
func commandsOfPage(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile(filepath.Join("..", "..", args[0]))
	ts.Check(err)
	_, rest, ok := strings.Cut(string(text), "\n    "+args[1])
	if !ok {
		ts.Fatalf("%s has no command %q", args[0], args[1])
	}
	var script strings.Builder
	script.WriteString("set -e\n")
	for line := range strings.SplitSeq("    "+args[1]+rest, "\n") {
		line, indented := strings.CutPrefix(line, "    ")
		if !indented {
			break
		}
		if words, ok := strings.CutPrefix(line, "aws "); ok {
			line = "daypass " + words
		}
		fmt.Fprintln(&script, line)
	}
	_, host, _ := strings.Cut(ts.Getenv("ISSUER"), "://")
	what := strings.NewReplacer("./daypass ", "daypass ", "127.0.0.1:4601", host)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(what.Replace(script.String())), 0o600))
}

// exampleOfPage writes the first example of YAML of a page of the documentation into a
// file: "exampleof PAGE FILE".
func exampleOfPage(ts *testscript.TestScript, _ bool, args []string) {
	text, err := os.ReadFile(filepath.Join("..", "..", args[0]))
	ts.Check(err)
	_, rest, ok := strings.Cut(string(text), "\n```yaml\n")
	example, _, end := strings.Cut(rest, "```\n")
	if !ok || !end {
		ts.Fatalf("%s has no example", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(example), 0o600))
}
