package cli

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
)

func goldenLines(t testing.TB, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/shorthand/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

// The parser answers as the AWS CLI's own does, and refuses with its sentences
// (testdata/shorthand/make.py).
func TestShorthand(t *testing.T) {
	noFiles := func(string) (string, bool, error) { return "", false, nil }
	want := goldenLines(t, "answers.txt")
	for i, value := range goldenLines(t, "values.txt") {
		n, err := parseShorthand(value, noFiles)
		got := string(n.AppendJSON(nil))
		if err != nil {
			got = "!" + string(text(err.Error()).AppendJSON(nil))
		}
		if got != want[i] {
			t.Errorf("%s: %s, want %s", value, got, want[i])
		}
	}
}

// A value after @= is that of a file.
func TestShorthandFromFiles(t *testing.T) {
	files := func(name string) (string, bool, error) {
		return "content of " + name, strings.HasPrefix(name, "file://"), nil
	}
	for value, want := range map[string]string{
		"a@=file://x":            `{"a":"content of file://x"}`,
		"a@=file://x,b=file://y": `{"a":"content of file://x","b":"file://y"}`,
		"a={b@=file://x,c=d}":    `{"a":{"b":"content of file://x","c":"d"}}`,
		"a@=[file://x,file://y]": `{"a":["content of file://x","content of file://y"]}`,
		"a@=x":                   "a value after @= names a file: x does not begin with file:// or fileb://",
		"a@={b=file://x}":        "a value after @= names a file",
		"a@file://x":             "Expected: '=', received: 'f' for input:\na@file://x\n  ^",
	} {
		n, err := parseShorthand(value, files)
		got := string(n.AppendJSON(nil))
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{`{}`, `[]`, `"a"`, `[1,"a",null,true]`, `{"b":1,"a":[{"c":"d"},{"e":{"f":[]}}]}`, `[[1,[2]],3]`, `{"a":{"b":[{"c":1},2]}}`} {
		f.Add([]byte(s))
	}
	print := func(n awsapi.Node) string {
		var b bytes.Buffer
		w := bufio.NewWriter(&b)
		textOf(w, n, "", nil)
		_ = w.Flush()
		return b.String()
	}
	var scalars func(n awsapi.Node) []string
	scalars = func(n awsapi.Node) (all []string) {
		for _, e := range n.List {
			all = append(all, scalars(e)...)
		}
		for _, m := range n.Members {
			all = append(all, scalars(m.Value)...)
		}
		if isScalar(n) {
			all = append(all, str(n))
		}
		return all
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		n, err := awsapi.ParseJSON(document)
		if err != nil {
			return
		}
		out := print(n)
		if out != print(n) {
			t.Errorf("%s is printed in two ways", document)
		}
		if out != "" && !strings.HasSuffix(out, "\n") {
			t.Errorf("%s: %q does not end its line", document, out)
		}
		for _, s := range scalars(n) { // nothing is lost
			if !strings.Contains(out, s) {
				t.Errorf("%s: %q lacks %q", document, out, s)
			}
		}
	})
}
