package cli

import (
	"context"

	"github.com/daypass/daypass/internal/declare"
)

const exportWord = "export"

const exportDoc = "Print what a server has as a file for daypass apply: pools with their IDs, roles, policies, providers, and users with the IDs of their keys. No secrets."

var exportOptions = []*option{
	{name: "developer-users", doc: "Print the developer users of identity pools too. daypass apply gives them new identities on another server."},
}

// export does the command.
func (c *CLI) export(ctx context.Context, g *globals, args []string) error {
	got, err := parseAll(args, exportOptions)
	if err != nil {
		return err
	}
	write, err := fileForm(g, exportWord)
	if err != nil {
		return err
	}
	if g.query != nil {
		return usageError("export prints a whole file: --query does not go with it.")
	}
	settings, err := c.settings(ctx, g, c.service(identityPools))
	if err != nil {
		return err
	}
	call, o := c.calls(g, settings), declare.ExportOptions{Region: first(settings.region, defaultRegion), DeveloperUsers: got.has("developer-users")}
	if o.Regions, err = declare.Regions(ctx, call, o.Region); err != nil {
		return err
	}
	file, err := declare.Export(ctx, call, o)
	if err != nil {
		return err
	}
	text, err := write(file)
	if err != nil {
		return exit(exitGeneral, "%w", err)
	}
	_, err = c.Stdout.Write(text)
	return err
}

// fileForm is how a command writes a file: in the form that --output names.
func fileForm(g *globals, command string) (func(*declare.File) ([]byte, error), error) {
	switch form := g.word("output"); form {
	case "", "yaml":
		return (*declare.File).YAML, nil
	case "json":
		return (*declare.File).JSON, nil
	default:
		return nil, usageError("%s prints yaml or json, and no %s.", command, form)
	}
}

func (c *CLI) helpExport(g *globals) error {
	name := c.Name + " " + exportWord
	return c.helpCommand(g, &commandPage{
		name: name,
		doc: []string{
			exportDoc,
			"The command reads the server with your rights. Applied to the same server, the file changes nothing. Secret access keys are not in it: daypass apply takes those that the server does not have from the environment variables that the file names.",
		},
		synopsis: []string{name + " [--output yaml|json] [--developer-users] [options]"},
		options:  exportOptions,
		example:  []string{name + " > seed.yaml"},
	})
}
