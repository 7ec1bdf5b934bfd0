package daypass_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var updateDocs = flag.Bool("update", false, "write docs/causes.md anew")

const causesHead = `# Causes

What a client sees is AWS's error, which often does not tell one cause from another, on purpose. The operator finds the
true cause in the log: the line of the request (by the ID that the client got as ` + "`x-amzn-RequestId`" + `) has it as
` + "`cause=`" + `, with a ` + "`detail=`" + ` where there is more to say.

This page is written from the source by ` + "`go test . -run TestCauses -update`" + `.

`

// docs/causes.md lists every cause, in the words of the constant's comment.
func TestCauses(t *testing.T) {
	var page strings.Builder
	page.WriteString(causesHead)
	chapters := []struct{ dir, title, prefix string }{
		{"server", "Requests", ""},
		{"sigv4", "Signatures", ""},
		{"cognito", "Identity pools", ""},
		{"adopt", "Adoption", ""},
		{"login", "Logins", "login-"},
		{"saml", "SAML responses", "login-saml-"},
		{"sts", "STS", ""},
		{"target", "Targets", ""},
		{"iam", "IAM", ""},
		{"admin", "Revocations", ""},
		{"gateway", "S3 gateways", ""},
		{"forwardauth", "Forward authentication", ""},
	}
	written := map[string]bool{}
	for _, c := range chapters {
		rows := causesOf(t, filepath.Join("internal", c.dir), c.prefix)
		if len(rows) == 0 {
			t.Errorf("no causes in %s", c.dir)
		}
		fmt.Fprintf(&page, "## %s\n\n| cause | meaning |\n|---|---|\n%s\n", c.title, strings.Join(rows, ""))
		written[c.dir] = true
	}
	for name := range packages(t) { // the chapters have an order and titles, but may not forget anybody
		if rows := causesOf(t, filepath.Join("internal", name), ""); len(rows) > 0 && !written[name] {
			t.Errorf("package %s has causes, %s, and no chapter", name, rows[0])
		}
	}
	const file = "docs/causes.md"
	if *updateDocs {
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil || string(stored) != page.String() {
		t.Errorf("%s is not what the source says (%v): go test . -run TestCauses -update", file, err)
	}
}

// causesOf finds the constants of a package whose type is Cause.
func causesOf(t *testing.T, dir, prefix string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && isCause(v.Type) {
				rows = append(rows, causeRow(t, v, prefix))
			}
			return true
		})
	}
	slices.Sort(rows)
	return rows
}

func isCause(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "Cause"
	case *ast.SelectorExpr:
		return e.Sel.Name == "Cause"
	}
	return false
}

func causeRow(t *testing.T, v *ast.ValueSpec, prefix string) string {
	t.Helper()
	code, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
	if err != nil {
		t.Fatal(err)
	}
	comment := v.Doc
	if comment == nil {
		comment = v.Comment
	}
	if comment == nil {
		t.Fatalf("the cause %s has no comment", code)
	}
	return fmt.Sprintf("| `%s%s` | %s |\n", prefix, code, strings.Join(strings.Fields(comment.Text()), " "))
}
