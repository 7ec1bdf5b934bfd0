package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/declare"
)

const applyWord = "apply"

const applyDoc = "Bring a server to what a file says: pools with the IDs that you choose, roles, policies, providers, users and keys."

var applyOptions = []*option{
	{name: "file", takes: one, required: true, doc: "The file, YAML or JSON; -f for short. See docs/seed.md."},
	{name: "dry-run", doc: "Show what would change, and change nothing."},
	{name: "schema", doc: "Print the JSON Schema of files, for editors, and do nothing else."},
	{name: "prune", doc: "Delete what the file does not name, of the kinds that it declares, such as Roles. Pools with identities, users with access keys and what something else uses stay; --dry-run shows them too."},
	{name: "prune-pool", takes: one, repeats: true, doc: "With --prune: the ID of an identity pool to delete with its identities. Repeatable."},
	{name: "prune-user", takes: one, repeats: true, doc: "With --prune: the name of a user to delete with its access keys. Repeatable."},
	{name: "reuse-id", doc: "Create identity pools with IDs that deleted pools had. Roles and stores may still trust them."},
}

// apply does the command.
func (c *CLI) apply(ctx context.Context, g *globals, args []string) error {
	got, err := parseAll(args, applyOptions)
	if err != nil {
		return err
	}
	if got.has("schema") {
		_, err := c.Stdout.Write(declare.Schema(c.tables()))
		return err
	}
	if err := missing(applyOptions, got, nil); err != nil {
		return err
	}
	if (got.has("prune-pool") || got.has("prune-user")) && !got.has("prune") {
		return usageError("--prune-pool and --prune-user go with --prune.")
	}
	file, err := c.declared(got.word("file"))
	if err != nil {
		return err
	}
	settings, err := c.settings(ctx, g, c.service(identityPools))
	if err != nil {
		return err
	}
	call := c.calls(g, settings)
	region := first(settings.region, defaultRegion)
	if c.Rehearse != nil {
		account, err := declare.Account(ctx, call, region)
		if err != nil {
			return notApplied(err, 0)
		}
		if err := c.Rehearse(ctx, file, account); err != nil {
			return exit(exitGeneral, "%w\nNothing was changed.", err)
		}
	}
	o := declare.Options{Region: region, ReuseID: got.has("reuse-id")}
	if got.has("prune") {
		o.Prune = &declare.Prune{Pools: got["prune-pool"], Users: got["prune-user"]}
		if o.Prune.Regions, err = declare.Regions(ctx, call, region); err != nil {
			return notApplied(err, 0)
		}
	}
	steps, err := file.Plan(ctx, call, o)
	if err != nil {
		return notApplied(err, 0)
	}
	told := 0
	tell := func(s declare.Step) {
		fmt.Fprintln(c.Stdout, visibleLine(s.Text))
		if !s.Skipped {
			told++
		}
	}
	if got.has("dry-run") {
		for _, s := range steps {
			tell(s)
		}
	} else if err := file.Apply(ctx, call, steps, tell); err != nil {
		return notApplied(err, told-1) // the last one was told of and failed
	}
	if told == 0 {
		fmt.Fprintln(c.Stdout, "Nothing to change.")
	}
	return nil
}

// calls calls any operation of a server, in any region.
func (c *CLI) calls(g *globals, s *settings) declare.Caller {
	return func(ctx context.Context, service, name, region string, in awsapi.Node) (awsapi.Node, error) {
		of, own := c.serviceOf(service), *s
		own.region = region
		one := &caller{cli: c, globals: g, settings: &own, op: &operation{service: of, row: of.Table.Row(name)}}
		defer one.close()
		return one.call(ctx, in)
	}
}

// notApplied is an error, with how much was done before it.
func notApplied(err error, done int) error {
	var service *exitError
	switch {
	case err == nil:
		return nil
	case done > 0:
		err = fmt.Errorf("%w\n%d changes were made before this one. Mend the file and apply it again.", err, done) //nolint:staticcheck // sentences for a person
	default:
		err = fmt.Errorf("%w\nNothing was changed.", err) //nolint:staticcheck // a sentence for a person
	}
	if errors.As(err, &service) {
		return &exitError{service.code, err}
	}
	return exit(exitGeneral, "%w", err)
}

// declared reads a file.
func (c *CLI) declared(name string) (*declare.File, error) {
	text, err := declare.ReadFile(name)
	if err != nil {
		return nil, usageError("--file: %w", err)
	}
	file, err := declare.Parse(declare.Source{Name: name, Text: text, Getenv: c.getenv, Services: c.tables()})
	if err != nil {
		return nil, usageError("%w", err)
	}
	return file, nil
}

// tables are those of the services.
func (c *CLI) tables() (all []awsapi.Service) {
	for _, s := range c.Services {
		all = append(all, s.Table.Service)
	}
	return all
}

func (c *CLI) helpApply(g *globals) error {
	name := c.Name + " " + applyWord
	return c.helpCommand(g, &commandPage{
		name: name,
		doc: []string{
			applyDoc,
			"The command compares the file with the server and makes the calls that are missing, with your rights. Applied again, it changes nothing. What the file says of an entity is all of it: members that it leaves out go back to their defaults. Entities that it does not name stay as they are.",
		},
		synopsis: []string{name + " -f <file> [--dry-run] [options]", name + " --schema"},
		options:  applyOptions,
		example:  []string{name + " -f seed.yaml --dry-run"},
	})
}
