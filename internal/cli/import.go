package cli

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/declare"
)

const (
	importWord           = "import"
	importAWSWord        = "aws"
	importIdentitiesWord = "identities"
)

const (
	importDoc           = "Bring identity pools from Amazon Cognito, and the IDs of their identities."
	importAWSDoc        = "Print identity pools of an AWS account, with their roles, policies and login providers, as a file for daypass apply."
	importIdentitiesDoc = "Store identity IDs that daypass import aws has written to a file."
)

var importAWSOptions = []*option{
	{name: "identity-pool-id", takes: many, repeats: true, doc: "The IDs of the identity pools. Absent, all of the region."},
	{name: "adopt-until", takes: one, doc: "Have the pools adopt until this date: the first sign-in of a login asks GetId of AWS and keeps the ID that it gives. See docs/moving-from-aws.md."},
	{name: "questions-per-second", takes: one, number: true, doc: "How often each pool may ask, with --adopt-until. The default is 10."},
	{name: "identities", takes: one, doc: "Write the identity IDs to this file, for daypass import identities. Whoever can read it can act as any guest: the command creates it for you alone."},
	{name: "from-endpoint", takes: one, doc: "The URL of the service in place of AWS, such as that of another daypass."},
}

var importIdentitiesOptions = []*option{
	{name: "file", takes: one, required: true, doc: "The file that daypass import aws --identities has written; -f for short."},
}

// importCommand does the command of a second word.
func (c *CLI) importCommand(ctx context.Context, g *globals, args []string, help bool) error {
	word, left := firstWord(args)
	if word == "help" || slices.Equal(left, []string{"help"}) {
		help = true
	}
	switch {
	case word == importAWSWord && help:
		return c.helpImportAWS(g)
	case word == importAWSWord:
		return c.importAWS(ctx, g, left)
	case word == importIdentitiesWord && help:
		return c.helpImportIdentities(g)
	case word == importIdentitiesWord:
		return c.importIdentities(ctx, g, left)
	case help || word == "":
		return c.helpImport(g)
	}
	return callError("argument command: " + invalidChoice(word, []string{importAWSWord, importIdentitiesWord}))
}

// importAWS prints what is in an AWS account.
func (c *CLI) importAWS(ctx context.Context, g *globals, args []string) error {
	got, err := parseAll(args, importAWSOptions)
	if err != nil {
		return err
	}
	write, err := fileForm(g, importWord+" "+importAWSWord)
	if err != nil {
		return err
	}
	from := first(got.word("from-endpoint"), AWSEndpoint)
	settings, err := c.settingsFrom(ctx, g, from, c.service(identityPools))
	if err != nil {
		return err
	}
	o := declare.ImportOptions{Region: first(settings.region, defaultRegion), Pools: got["identity-pool-id"]}
	for _, id := range o.Pools {
		if region, _, ok := strings.Cut(id, ":"); !ok || region != o.Region {
			return usageError("--identity-pool-id %s: the ID is not of the region %s. Name the region with --region.", visible(id), o.Region)
		}
	}
	if o.Adopt, err = adopting(got, from); err != nil {
		return err
	}
	call := c.callsOf(g, from)
	file, err := declare.Import(ctx, call, o)
	if err != nil {
		return err
	}
	printed, err := write(file)
	if err != nil {
		return exit(exitGeneral, "%w", err)
	}
	if path := got.word("identities"); path != "" {
		if err := c.writeIdentities(ctx, call, o.Region, file.PoolIDs(), path); err != nil {
			return err
		}
	}
	_, err = c.Stdout.Write(printed)
	return err
}

// adopting is how the pools adopt that are imported from somewhere.
func adopting(got given, from string) (awsapi.Node, error) {
	if !got.has("adopt-until") {
		if got.has("questions-per-second") {
			return awsapi.Node{}, usageError("--questions-per-second goes with --adopt-until.")
		}
		return awsapi.Node{}, nil
	}
	until, err := timestamp("--adopt-until", got.word("adopt-until"))
	if err != nil {
		return awsapi.Node{}, err
	}
	a := object("Until", until)
	if n := got.word("questions-per-second"); n != "" {
		a.Members = append(a.Members, awsapi.Member{Name: "QuestionsPerSecond", Value: awsapi.Node{Kind: awsapi.Number, Text: n}})
	}
	if from != AWSEndpoint {
		u, err := url.Parse(from)
		if err != nil || u.Scheme != "https" {
			return a, usageError("--adopt-until: pools can adopt from an https endpoint only.")
		}
		a.Members = append(a.Members, awsapi.Member{Name: "Host", Value: text(u.Host)})
	}
	return a, nil
}

// at are the options with another endpoint.
func (g *globals) at(endpoint string) *globals {
	other := *g
	other.given = given{}
	for name, words := range g.given {
		other.given[name] = words
	}
	other.given["endpoint-url"] = []string{endpoint}
	return &other
}

// settingsFrom are the settings of a service that is imported from.
func (c *CLI) settingsFrom(ctx context.Context, g *globals, endpoint string, service *Service) (*settings, error) {
	s, err := c.settings(ctx, g.at(endpoint), service)
	if err == nil {
		s.endpoint.from = "--from-endpoint"
	}
	return s, err
}

const (
	// importTries is how often a call of an import is tried: accounts are throttled.
	importTries = 10
	// importPace is between two pages of ListIdentities of AWS, which lets five a second
	// through.
	importPace = 250 * time.Millisecond
)

// callsOf calls the services at an endpoint, each at its own host where that is AWS.
func (c *CLI) callsOf(g *globals, endpoint string) declare.Caller {
	of := map[string]*settings{}
	return func(ctx context.Context, service, name, region string, in awsapi.Node) (awsapi.Node, error) {
		at := of[service]
		if at == nil {
			var err error
			if at, err = c.settingsFrom(ctx, g, endpoint, c.serviceOf(service)); err != nil {
				return awsapi.Node{}, err
			}
			at.maxTries = max(at.maxTries, importTries)
			of[service] = at
		}
		if at.endpoint.aws {
			if service == "iam" {
				region = defaultRegion // that IAM is signed for, wherever one is
			}
			if name == "ListIdentities" {
				select {
				case <-ctx.Done():
					return awsapi.Node{}, ctx.Err()
				case <-time.After(importPace):
				}
			}
		}
		return c.calls(g, at)(ctx, service, name, region, in)
	}
}

// writeIdentities writes the identities of pools to a file, a page in a line.
func (c *CLI) writeIdentities(ctx context.Context, call declare.Caller, region string, pools []string, path string) (err error) {
	path = c.expand(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the user names it
	if err != nil {
		return exit(exitGeneral, "--identities: %w", err)
	}
	w := bufio.NewWriter(f)
	defer func() {
		if err == nil {
			err = w.Flush()
		}
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			_ = os.Remove(path)
		}
	}()
	total := 0
	for _, pool := range pools {
		err := declare.Identities(ctx, call, region, pool,
			func(err error) {
				fmt.Fprintf(c.Stderr, "The developer users of %s are not imported: %s\n", pool, visible(err.Error()))
			},
			func(page awsapi.Node) error {
				total += len(page.Member("Identities").List)
				_, err := w.Write(append(page.AppendJSON(nil), '\n'))
				return err
			})
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(c.Stderr, "%d identities are in %s.\n", total, path)
	return nil
}

// maxIdentitiesLine is the longest line of a file of identities, in bytes.
const maxIdentitiesLine = 4 << 20

// importIdentities stores the identities of a file.
func (c *CLI) importIdentities(ctx context.Context, g *globals, args []string) error {
	got, err := parseAll(args, importIdentitiesOptions)
	if err != nil {
		return err
	}
	if err := missing(importIdentitiesOptions, got, nil); err != nil {
		return err
	}
	settings, err := c.settings(ctx, g, c.service(identityPools))
	if err != nil {
		return err
	}
	name := got.word("file")
	f, err := os.Open(c.expand(name))
	if err != nil {
		return usageError("--file: %w", err)
	}
	defer f.Close()
	input, call := c.serviceOf("daypass").Table.Row("ImportIdentities").Input(), c.calls(g, settings)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxIdentitiesLine)
	var added, present, deleted int64
	line := 0
	for lines.Scan() {
		line++
		page, err := awsapi.ParseJSON(lines.Bytes())
		if err == nil && page.Kind != awsapi.Map {
			err = fmt.Errorf("not an object")
		}
		if err == nil {
			page, err = times(page, input)
		}
		if err != nil { // its text may quote the line, which has the IDs of guests
			return exit(exitGeneral, "%s:%d: this is no page of identities, as daypass import aws --identities writes them. %d identities were stored before it.", name, line, added)
		}
		region, _, _ := strings.Cut(textAt(page, "IdentityPoolId"), ":")
		out, err := call(ctx, "daypass", "ImportIdentities", first(region, settings.region, defaultRegion), page)
		if err != nil {
			return notStored(err, name, line, added)
		}
		added, present = added+countAt(out, "Added"), present+countAt(out, "Present")
		if m := out.Member("Deleted"); m != nil {
			deleted += int64(len(m.List))
		}
	}
	if err := lines.Err(); err != nil {
		return exit(exitGeneral, "%s:%d: %w", name, line+1, err)
	}
	fmt.Fprintf(c.Stdout, "%d identities stored; %d were there already.\n", added, present)
	if deleted > 0 {
		fmt.Fprintf(c.Stdout, "%d were deleted on this server, and stay so.\n", deleted)
	}
	return nil
}

func countAt(n awsapi.Node, name string) int64 {
	if m := n.Member(name); m != nil && m.Kind == awsapi.Number {
		return number(*m)
	}
	return 0
}

// notStored is an error, with how much was done before it.
func notStored(err error, name string, line int, added int64) error {
	return &exitError{exitService, fmt.Errorf("%s:%d: %w\n%d identities were stored before. Import the file again when this is mended.", name, line, err, added)} //nolint:staticcheck // sentences for a person
}

func (c *CLI) helpImport(g *globals) error {
	name := c.Name + " " + importWord
	return c.helpCommand(g, &commandPage{
		name:     name,
		doc:      []string{importDoc, importAWSWord + ": " + importAWSDoc, importIdentitiesWord + ": " + importIdentitiesDoc},
		synopsis: []string{name + " aws [options]", name + " identities -f <file> [options]"},
		example:  []string{name + " aws --identities ids.jsonl > aws.yaml"},
	})
}

func (c *CLI) helpImportAWS(g *globals) error {
	name := c.Name + " " + importWord + " " + importAWSWord
	return c.helpCommand(g, &commandPage{
		name: name,
		doc: []string{
			importAWSDoc,
			"The command reads AWS with the credentials of the environment or of --profile, and changes nothing there. Managed policies of AWS become inline policies. See docs/moving-from-aws.md.",
		},
		synopsis: []string{name + " [--identity-pool-id <id> ...] [--adopt-until <date>] [--identities <file>] [--output yaml|json] [options]"},
		options:  importAWSOptions,
		example:  []string{name + " --region eu-central-1 --adopt-until 2027-06-30 --identities ids.jsonl > aws.yaml"},
	})
}

func (c *CLI) helpImportIdentities(g *globals) error {
	name := c.Name + " " + importWord + " " + importIdentitiesWord
	return c.helpCommand(g, &commandPage{
		name: name,
		doc: []string{
			importIdentitiesDoc,
			"The identity pools must be there, and adopt if identities have logins. What is stored already stays as it is, so that a file can be imported again.",
		},
		synopsis: []string{name + " -f <file> [options]"},
		options:  importIdentitiesOptions,
		example:  []string{name + " -f ids.jsonl"},
	})
}
