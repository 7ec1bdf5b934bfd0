package main

import (
	"bufio"
	"fmt"
	"slices"

	"github.com/alecthomas/kong"

	"github.com/daypass/daypass/internal/cli"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: ${enum}."`
}

// Help is what --help says beside the flags.
func (completionCommand) Help() string {
	return "Bash: source <(daypass completion bash). Zsh: source <(daypass completion zsh). Fish: daypass completion fish | source."
}

// Run prints the script.
func (c completionCommand) Run(p *process, parser *kong.Kong) error {
	_, err := fmt.Fprint(p.stdout, commandLine(p, "daypass", parser).Completion(c.Shell))
	return err
}

// wordsAsked are the words of a command line that a completion script asks about:
// "completion words -- WORD …".
func wordsAsked(args []string) ([]string, bool) {
	asks := []string{"completion", "words", "--"}
	if len(args) < len(asks) || !slices.Equal(args[:len(asks)], asks) || called() == "aws" {
		return nil, false
	}
	return args[len(asks):], true
}

func printCandidates(p *process, candidates []cli.Candidate) int {
	w := bufio.NewWriter(p.stdout)
	for _, c := range candidates {
		fmt.Fprintf(w, "%s\t%s\n", c.Word, c.Doc)
	}
	_ = w.Flush() // a shell that does not read gets no candidates
	return exitOK
}

type manCommand struct {
	Words []string `arg:"" optional:"" name:"command" help:"A command or subcommand, such as cognito-identity get-id; without one, you get the page of the tool."`
}

// Help is what --help says beside the flags.
func (manCommand) Help() string { return "To read it: daypass man | man -l -" }

// Run prints the page.
func (c manCommand) Run(p *process, parser *kong.Kong) error {
	if err := commandLine(p, "daypass", parser).Man(p.stdout, c.Words); err != nil {
		return usageError{err}
	}
	return nil
}
