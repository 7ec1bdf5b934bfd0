package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/cli"
)

// Tab completes what only one word fits, and lists the others.
func TestPromptCompletes(t *testing.T) {
	words := []cli.Candidate{{Word: "list-roles", Doc: "Lists roles."}, {Word: "list-users", Doc: "Lists users."}, {Word: "get-role"}}
	complete := func(line string) (fit []cli.Candidate, partial string) {
		partial = line[strings.LastIndexByte(line, ' ')+1:]
		for _, c := range words {
			if strings.HasPrefix(c.Word, partial) {
				fit = append(fit, c)
			}
		}
		return fit, partial
	}
	for keys, want := range map[string]string{
		"g\t--x\r":           "iam get-role --x",
		"l\t\tr\t\r":         "iam list-roles ",
		"x\t\r":              "iam x",
		"\x7f\x7f\x7f\x7f\r": "",
	} {
		var out bytes.Buffer
		line, err := askLine(struct {
			io.Reader
			io.Writer
		}{strings.NewReader(keys), &out}, 40, "> daypass ", "iam ", complete)
		if err != nil || line != want {
			t.Errorf("%q: %q, %v", keys, line, err)
		}
		if strings.Contains(keys, "\t\t") && !strings.Contains(out.String(), "list-users  Lists users.") {
			t.Errorf("%q: no list in %q", keys, out.String())
		}
	}
	if _, err := askLine(struct {
		io.Reader
		io.Writer
	}{strings.NewReader("\x04"), io.Discard}, 40, "> ", "", complete); err != io.EOF {
		t.Errorf("Ctrl-D: %v", err)
	}
}
