package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A command that is printed over several lines can be pasted: a line that goes on ends
// with one backslash.
func TestPrintedCommandsGoOn(t *testing.T) {
	continued := 0
	for _, dir := range []string{".", "../../internal/cli"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				l, ok := n.(*ast.BasicLit)
				if !ok || l.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(l.Value)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(text, "\\\\\n") {
					t.Errorf("%s: a line ends with two backslashes, and the shell would run it without the next", set.Position(l.Pos()))
				}
				continued += strings.Count(text, "\\\n")
				return true
			})
		}
	}
	if continued < 2 {
		t.Errorf("%d lines go on: the test looks in the wrong place", continued)
	}
}
