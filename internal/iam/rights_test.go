package iam_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/iam"
)

// Whoever may change the rights of those within a boundary only must be asked
// about that boundary by every operation that changes rights, those to come too.
// So no list says which those are: they are the ones whose methods come to the
// functions of the store by which a user or role gets a policy or loses one.
func TestRightsAreChangedWithinABoundary(t *testing.T) {
	calls := callsOf(t)
	changes := []string{"UsePolicy", "DropPolicy", "PutInlinePolicy", "DeleteInlinePolicy"}
	// What is deleted loses its boundary with all that it has; AWS asks about the
	// boundary in neither case.
	exempt := []string{"DeleteRole", "DeleteUser"}
	asked := 0
	for _, op := range iam.Operations(nil).Operations {
		reached := map[string]bool{}
		reach(calls, op.Name, reached)
		if !slices.ContainsFunc(changes, func(name string) bool { return reached[name] }) || slices.Contains(exempt, op.Name) {
			continue
		}
		if asked++; !slices.Contains(op.Subject.Keys, "iam:PermissionsBoundary") {
			t.Errorf("%s changes rights, and its row does not say so (aboutRightsOf): it lacks the condition key iam:PermissionsBoundary", op.Name)
		}
	}
	if asked != 14 {
		t.Errorf("%d operations change rights: is it the ones that the Service Authorization Reference lists with iam:PermissionsBoundary?", asked)
	}
	for _, name := range changes {
		if !slices.ContainsFunc(slices.Collect(maps.Values(calls)), func(called []string) bool { return slices.Contains(called, name) }) {
			t.Errorf("nobody calls %s of the store: how do rights change now?", name)
		}
	}
}

func reach(calls map[string][]string, name string, reached map[string]bool) {
	if reached[name] {
		return
	}
	reached[name] = true
	for _, called := range calls[name] {
		reach(calls, called, reached)
	}
}

// callsOf reads which names each function and method of the package calls.
func callsOf(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string][]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				ast.Inspect(fn, func(n ast.Node) bool {
					switch n := n.(type) {
					case *ast.SelectorExpr:
						calls[fn.Name.Name] = append(calls[fn.Name.Name], n.Sel.Name)
					case *ast.Ident:
						if n != fn.Name {
							calls[fn.Name.Name] = append(calls[fn.Name.Name], n.Name)
						}
					}
					return true
				})
			}
		}
	}
	return calls
}
