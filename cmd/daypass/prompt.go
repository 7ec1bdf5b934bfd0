package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/daypass/daypass/internal/cli"
)

// completer gives the words that a line can go on with, and how much of its end is
// the word that is being written.
type completer = func(line string) (candidates []cli.Candidate, partial string)

// askLine asks for a line on a terminal: it begins as text, and Tab completes it as
// far as only one word fits, and lists the words that fit.
func askLine(rw io.ReadWriter, width int, prompt, text string, complete completer) (string, error) {
	t := term.NewTerminal(io.ReadWriter(struct {
		io.Reader
		io.Writer
	}{io.MultiReader(strings.NewReader(text), rw), rw}), prompt)
	_ = t.SetSize(width, 25) // only sizes below zero are refused
	t.AutoCompleteCallback = func(line string, at int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		before, after := line[:at], line[at:]
		candidates, partial := complete(before)
		if len(candidates) == 0 {
			return line, at, true
		}
		common := candidates[0].Word
		for _, c := range candidates[1:] {
			for !strings.HasPrefix(c.Word, common) {
				common = common[:len(common)-1]
			}
		}
		switch {
		case len(candidates) == 1:
			common += " "
		case common == partial:
			list(t, width, candidates)
		}
		before = strings.TrimSuffix(before, partial) + common
		return before + after, len(before), true
	}
	return t.ReadLine()
}

// asker asks for secrets on the terminal, which does not show them; nil where there is
// no terminal.
func asker(p *process) func(prompt string) (string, error) {
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return nil
	}
	return func(prompt string) (string, error) {
		_, _ = io.WriteString(p.stderr, prompt) // who cannot see it can still answer
		secret, err := term.ReadPassword(in)
		_, _ = io.WriteString(p.stderr, "\n")
		return string(secret), err
	}
}

// list shows words and what they mean.
func list(w io.Writer, width int, candidates []cli.Candidate) {
	longest := 0
	for _, c := range candidates {
		longest = max(longest, len(c.Word))
	}
	var out strings.Builder
	for _, c := range candidates {
		line := []rune(fmt.Sprintf("  %-*s  %s", longest, c.Word, c.Doc))
		if len(line) >= width {
			line = append(line[:max(width-2, 0)], '…')
		}
		out.WriteString(strings.TrimRight(string(line), " ") + "\r\n")
	}
	_, _ = io.WriteString(w, out.String()) // the terminal is gone: so is who asked
}
