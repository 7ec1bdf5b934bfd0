package jmespath

import (
	"os"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
)

func lines(t testing.TB, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

func document(t testing.TB) awsapi.Node {
	t.Helper()
	n, err := awsapi.ParseJSON([]byte(strings.Join(lines(t, "document.json"), "\n")))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func search(expression string, n awsapi.Node) (string, error) {
	e, err := Parse(expression)
	if err != nil {
		return "", err
	}
	out, err := e.Search(n)
	return string(out.AppendJSON(nil)), err
}

// The evaluator answers as the AWS CLI's own does, byte for byte.
func TestAnswers(t *testing.T) {
	n, want := document(t), lines(t, "answers.txt")
	for i, expression := range lines(t, "expressions.txt") {
		switch got, err := search(expression, n); {
		case strings.HasPrefix(want[i], "!"):
			if err == nil {
				t.Errorf("%s: %s, want an error (%s)", expression, got, want[i])
			}
		case err != nil:
			t.Errorf("%s: %v, want %s", expression, err, want[i])
		case got != want[i]:
			t.Errorf("%s: %s, want %s", expression, got, want[i])
		}
	}
}

func TestRefused(t *testing.T) {
	for expression, want := range map[string]string{
		"$.a":                      "the root node ($) is not part of the JMESPath specification that the AWS CLI implements",
		"a + b":                    "arithmetic is not part of the JMESPath specification that the AWS CLI implements",
		"let $x = a in $x":         "a let expression is not part of the JMESPath specification that the AWS CLI implements",
		"nope(@)":                  "Unknown function: nope()",
		"length(@, @)":             "Expected 1 argument for function length(), received 2",
		"abs('x')":                 `In function abs(), invalid type for value: "x", expected one of: number, received: "string"`,
		"a\u0080":                  "the expression has the control character U+0080",
		strings.Repeat("a", 1<<17): "the expression is longer than 65536 bytes",
	} {
		if _, err := search(expression, awsapi.Node{Kind: awsapi.Map}); err == nil || err.Error() != want {
			t.Errorf("%.40s: %v, want %s", expression, err, want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, expression := range lines(f, "expressions.txt") {
		f.Add(expression)
	}
	n := document(f)
	f.Fuzz(func(t *testing.T, expression string) {
		e, err := Parse(expression)
		if err != nil {
			return
		}
		first, err1 := e.Search(n)
		second, err2 := e.Search(n)
		if a, b := string(first.AppendJSON(nil)), string(second.AppendJSON(nil)); a != b || (err1 == nil) != (err2 == nil) {
			t.Errorf("%s, %v and then %s, %v", a, err1, b, err2)
		}
	})
}
