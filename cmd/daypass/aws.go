package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/daypass/daypass/internal/cli"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/declare"
	"github.com/daypass/daypass/internal/instance"
)

// commandLine is the command line of the tables: "daypass cognito-identity …".
func commandLine(p *process, name string, own *kong.Kong) *cli.CLI {
	var services []cli.Service
	for _, s := range instance.Services() {
		service := cli.Service{Word: s.Name, Table: s.Compile(), Wire: client.Wire(s), Variable: strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))}
		switch s.Name {
		case "daypass": // its own: AWS has no such service
			service.Word = "admin"
		case "iam":
			service.Host = func(string) string { return "iam.amazonaws.com" }
		default:
			service.Host = func(region string) string { return s.Name + "." + region + ".amazonaws.com" }
		}
		services = append(services, service)
	}
	c := &cli.CLI{
		Name: name, Version: version(), Services: services,
		Getenv: p.getenv, Stdout: p.stdout, Stderr: p.stderr, Page: page(p), Machine: machine(p),
		Servers: func(ctx context.Context) []cli.Server { return announced(ctx, p.getenv) },
	}
	c.Rehearse = func(ctx context.Context, f *declare.File, account string) error {
		return rehearse(ctx, f, instance.Config{Account: account, Dev: true})
	}
	c.Own, c.Secret = ownCommands(own.Model.Node), asker(p)
	if f, ok := p.stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if c.Width, _, _ = term.GetSize(int(f.Fd())); c.Width == 0 {
			c.Width = 80
		}
		if term.IsTerminal(int(os.Stdin.Fd())) {
			c.Prompt = func(ctx context.Context, prompt, text string, complete completer) (string, error) {
				state, err := term.MakeRaw(int(os.Stdin.Fd()))
				if err != nil {
					return "", err
				}
				defer func() { _ = term.Restore(int(os.Stdin.Fd()), state) }()
				return askLine(struct {
					io.Reader
					io.Writer
				}{os.Stdin, f}, c.Width, prompt, text, complete)
			}
		}
	}
	return c
}

// ownCommands are the commands below a node of the flag parser.
func ownCommands(n *kong.Node) []cli.OwnCommand {
	var all []cli.OwnCommand
	for _, child := range n.Children {
		if child.Hidden {
			continue
		}
		o := cli.OwnCommand{Word: child.Name, Doc: child.Help, Commands: ownCommands(child)}
		for _, f := range child.Flags {
			if !f.Hidden {
				o.Options = append(o.Options, cli.Candidate{Word: "--" + f.Name, Doc: f.Help})
			}
		}
		for _, a := range child.Positional {
			for _, word := range a.EnumSlice() {
				if word != "" {
					o.Commands = append(o.Commands, cli.OwnCommand{Word: word})
				}
			}
		}
		all = append(all, o)
	}
	return all
}

// called is what the tool was called by: "aws" where a link of that name was, and
// daypass otherwise.
func called() string {
	if name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"); name == "aws" {
		return name
	}
	return "daypass"
}

// page starts a pager.
func page(p *process) func([]string) (io.Writer, func(), error) {
	return func(command []string) (io.Writer, func(), error) {
		pager := exec.CommandContext(p.ctx, command[0], command[1:]...)
		pager.Stdout, pager.Stderr = p.stdout, p.stderr
		if _, set := os.LookupEnv("LESS"); !set { // as the AWS CLI: colours, no clearing, no paging of one screen
			pager.Env = append(os.Environ(), "LESS=FRX")
		}
		in, err := pager.StdinPipe()
		if err != nil {
			return nil, nil, err
		}
		if err := pager.Start(); err != nil {
			return nil, nil, err
		}
		return in, func() {
			_ = in.Close()
			_ = pager.Wait() // it may have been left early
		}, nil
	}
}
