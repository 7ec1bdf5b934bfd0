// Command daypass is a self-hosted Amazon Cognito identity pools service.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/daypass/daypass/internal/acme"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// commands are the subcommands. Every flag is an environment variable too:
// --data-dir is DAYPASS_DATA_DIR.
type commands struct {
	Serve      serveCommand      `cmd:"" help:"Run the server."`
	Demo       demoCommand       `cmd:"" help:"Run a temporary server and walk through a sign-in."`
	IDP        idpCommand        `cmd:"" name:"idp" help:"Run an OpenID and SAML provider for development, or make its tokens."`
	Key        keyCommand        `cmd:"" help:"Make a master key."`
	Migrate    migrateCommand    `cmd:"" help:"Move the database of a data directory into PostgreSQL, while no server runs on it."`
	Restore    restoreCommand    `cmd:"" help:"Restore a backup into a data directory, while no server runs on it."`
	Root       rootCommand       `cmd:"" help:"Reset the root credentials of a server that is stopped."`
	Completion completionCommand `cmd:"" help:"Print a script that completes commands and options in a shell."`
	Man        manCommand        `cmd:"" help:"Print a page for man(1): of the tool, a command or a subcommand."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

// process is what a command has of the outside world.
type process struct {
	ctx            context.Context
	stdout, stderr io.Writer
	getenv         func(string) string
}

// usageError is a mistake in how the command was called.
type usageError struct{ error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	stderr := newLogWriter(os.Stderr, maxQueuedLog, logPatience)
	stderr.room = room(os.Stderr)
	code := run(&process{ctx, os.Stdout, stderr, os.Getenv}, os.Args[1:])
	stderr.close(logCloseTimeout)
	os.Exit(code)
}

// exited carries an exit code out of the flag parser, which would rather exit.
type exited int

// run does a command and gives its exit code.
func run(p *process, args []string) (code int) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case exited:
			code = int(e)
		default:
			panic(e)
		}
	}()
	var c commands
	parser, err := newParser(p, &c)
	if err != nil {
		return fail(p, err, "")
	}
	if len(args) > 0 && (args[0] == "--help" || args[0] == "-h") {
		args = []string{"help"} // the page with all commands, those from the tables too
	}
	if words, ok := wordsAsked(args); ok {
		return printCandidates(p, commandLine(p, "daypass", parser).Candidates(words))
	}
	if !ownCommand(parser, args) {
		return commandLine(p, called(), parser).Run(p.ctx, args)
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		if e, ok := errors.AsType[*kong.ParseError](err); ok {
			chosen = e.Context
		}
		return fail(p, usageError{err}, commandOf(chosen))
	}
	return fail(p, chosen.Run(p, parser), commandOf(chosen))
}

// commandOf names the command that was asked for, such as "daypass idp token".
func commandOf(c *kong.Context) string {
	if c == nil || c.Selected() == nil {
		return "daypass"
	}
	return c.Selected().FullPath()
}

// newParser is the parser of the commands that are not made from a table.
func newParser(p *process, c *commands) (*kong.Kong, error) {
	return kong.New(c, kong.Name("daypass"),
		kong.Description("Amazon Cognito identity pools, self-hosted: any sign-in becomes scoped temporary AWS-style credentials."),
		kong.DefaultEnvars("DAYPASS"), kong.UsageOnError(), kong.Writers(p.stdout, p.stderr),
		kong.Vars{"limits": limitNames(), "badtokens": badTokens(), "badresponses": badResponses(), "datadir": defaultDataDir, "acmeDirectory": acme.LetsEncrypt}, kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Exit(func(code int) { panic(exited(code)) }))
}

// ownCommand says whether the arguments are those of a command that is not made
// from a table.
func ownCommand(parser *kong.Kong, args []string) bool {
	if called() == "aws" || len(args) == 0 {
		return false
	}
	return slices.ContainsFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == args[0] })
}

// fail prints an error and gives the exit code for it. A mistake in how a command
// was called comes with the name of its help.
func fail(p *process, err error, command string) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(p.stderr, "daypass: %v\n", err)
	var u usageError
	if errors.As(err, &u) {
		fmt.Fprintf(p.stderr, "Run \"%s --help\" for the flags.\n", command)
		return exitUsage
	}
	return exitError
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(p *process) error {
	fmt.Fprintln(p.stdout, "daypass "+version())
	return nil
}

// version is the version of the module, or the commit that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel " + s.Value[:12]
		}
	}
	return "devel"
}
