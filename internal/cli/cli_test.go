package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsjson"
	"github.com/daypass/daypass/internal/awsquery"
	"github.com/daypass/daypass/internal/cli"
	"github.com/daypass/daypass/internal/instance"
)

// tool is the command line of all services, without an environment.
func tool() (c *cli.CLI, out, errs *bytes.Buffer) {
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	c = &cli.CLI{Name: "daypass", Version: "test", Stdout: out, Stderr: errs}
	for _, s := range instance.Services() {
		service := cli.Service{Word: s.Name, Table: s.Compile(), Wire: awsquery.Protocol{}}
		if s.Target != "" {
			service.Wire = awsjson.Protocol{}
		}
		c.Services = append(c.Services, service)
	}
	return c, out, errs
}

// A command of several words has its page behind all of them, too.
func TestHelpBehindAVerb(t *testing.T) {
	for _, args := range [][]string{{"target", "help"}, {"target", "check", "help"}, {"target", "check", "--help"}, {"doctor", "help"}} {
		c, out, errs := tool()
		if code := c.Run(context.Background(), args); code != 0 || !strings.Contains(out.String(), "\nSYNOPSIS\n") {
			t.Errorf("%s: exit code %d: %s%s", args, code, out, errs)
		}
	}
}

// Every operation has a page of help, with words for every option, and an
// example that runs as far as the options go.
func TestHelpOfEveryOperation(t *testing.T) {
	c, out, errs := tool()
	pages := 0
	for _, s := range c.Services {
		if s.Table.Doc == "" || s.Table.Source == nil {
			t.Errorf("%s has no words", s.Word)
		}
		if code := c.Run(context.Background(), []string{s.Word, "help"}); code != 0 {
			t.Fatalf("%s help: exit code %d: %s", s.Word, code, errs)
		}
		var words []string
		for line := range strings.Lines(out.String()) {
			if word := strings.TrimSpace(line); strings.HasPrefix(line, "   ") && !strings.HasPrefix(line, "    ") && !strings.Contains(word, " ") {
				words = append(words, word)
			}
		}
		out.Reset()
		for _, word := range words {
			if code := c.Run(context.Background(), []string{s.Word, word, "help"}); code != 0 {
				t.Fatalf("%s %s help: exit code %d: %s", s.Word, word, code, errs)
			}
			page := out.String()
			out.Reset()
			pages++
			for _, heading := range []string{"NAME", "DESCRIPTION", "SYNOPSIS", "OPTIONS", "EXAMPLE"} {
				if !strings.Contains(page, "\n"+heading+"\n") {
					t.Errorf("%s %s help lacks %s", s.Word, word, heading)
				}
			}
			_, example, _ := strings.Cut(page, "\nEXAMPLE\n")
			example, _, _ = strings.Cut(strings.TrimSpace(strings.ReplaceAll(example, " \\\n", " ")), "\n")
			args := strings.Fields(example)[1:]
			for i := range args {
				args[i] = strings.NewReplacer("file://policy.json", "{}", "file://token", strings.Repeat("x", 20), "file://secret", strings.Repeat("x", 20), "file://metadata.xml", strings.Repeat("x", 1000)).Replace(args[i])
			}
			// A skeleton of the output checks the input and sends nothing.
			if code := c.Run(context.Background(), append(args, "--generate-cli-skeleton", "output")); code != 0 {
				t.Errorf("%s: exit code %d: %s", example, code, errs)
			}
			out.Reset()
			errs.Reset()
		}
	}
	want := 0
	for _, s := range instance.Services() {
		want += len(s.Operations)
	}
	if pages != want {
		t.Errorf("%d pages of help for %d operations", pages, want)
	}
}

func FuzzShorthand(f *testing.F) {
	for _, s := range []string{"a=b", "a=b,c=d", "a=b,c", "a=[b,{c=d}],e='f g'", `a="b\"c"`, `a=b\,c`, "a@=file://x", "a={b=[c,d],e=f}", "a==b", "=", "a=[", "a={b", "ä=ü"} {
		f.Add(s)
	}
	c, out, errs := tool()
	f.Fuzz(func(t *testing.T, value string) {
		out.Reset()
		errs.Reset()
		code := c.Run(context.Background(), []string{"cognito-identity", "tag-resource", "--resource-arn", strings.Repeat("a", 20), "--tags=" + value, "--generate-cli-skeleton", "output"})
		if code != 0 && code != 252 && code != 255 || code != 0 && errs.Len() == 0 {
			t.Errorf("%q: exit code %d: %s", value, code, errs)
		}
	})
}
