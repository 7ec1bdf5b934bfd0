package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

// rootCommand is what there is to do with root credentials.
type rootCommand struct {
	Reset rootResetCommand `cmd:"" help:"Make new root credentials, for a server that is stopped or for the servers of a database."`
}

type rootResetCommand struct {
	DataDir   string `placeholder:"DIR" help:"The data directory of the server (${datadir})."`
	Database  string `placeholder:"URL" help:"The PostgreSQL database of the servers, instead of a data directory. It has no root credentials, because each server is given them: the new ones are printed, as variables."`
	AccountID string `default:"000000000000" placeholder:"ID" help:"The account ID of the server (${default}). The root credentials that there are tell it too."`
}

// Help is what --help says beside the flags.
func (rootResetCommand) Help() string {
	return "The way back in if all root credentials are lost, or if somebody else has them. It needs no credentials, but the files of the server. The old root credentials end, and so do the sessions that were made with them; nothing else changes."
}

// Run makes the credentials.
func (c rootResetCommand) Run(p *process, parser *kong.Kong) (err error) {
	if _, err := checkEnvironment(parser.Model.Node, os.Environ()); err != nil {
		return err
	}
	if !accountID.MatchString(c.AccountID) {
		return usage("--account-id %q: an account ID has twelve digits", c.AccountID)
	}
	if c.Database != "" {
		return c.forDatabase(p)
	}
	dir := cmp.Or(c.DataDir, defaultDataDir)
	if _, err := os.Stat(filepath.Join(dir, datadir.Database)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no database: the first start of a server makes root credentials there", dir)
	} else if err != nil {
		return err
	}
	lock, err := instance.Lock(dir)
	if err != nil {
		return fmt.Errorf("%w. A server reads its root credentials when it starts", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if _, err := datadir.Prepare(dir, false); err != nil {
		return err
	}
	path := filepath.Join(dir, datadir.RootCredentials)
	account := c.AccountID
	old, err := readRoot(path)
	if err == nil {
		if of, ok := instance.AccountOf(old[0].ID); ok {
			account = of
		}
	}
	key, err := instance.NewRoot(account)
	if err != nil {
		return err
	}
	if err := seal.Replace(path, rootText([]instance.RootAccessKey{key})); err != nil {
		return fmt.Errorf("writing the root credentials: %w", err)
	}
	fmt.Fprintf(p.stdout, "New root credentials are in %s, with the access key ID %s.\n", path, key.ID)
	if len(old) > 0 {
		var ids []string
		for _, k := range old {
			ids = append(ids, k.ID)
		}
		fmt.Fprintf(p.stdout, "The old ones, %s, end with the next start of the server, and so do the sessions that were made with them.\n", strings.Join(ids, " and "))
	}
	if len(old) == 0 || p.getenv(rootSecret) != "" || p.getenv("DAYPASS_ROOT_ACCESS_KEY_ID") != "" {
		fmt.Fprintf(p.stdout, "A server that is started with --root-access-key-id (DAYPASS_ROOT_ACCESS_KEY_ID) and %s\ndoes not read this file: start it without them.\n", rootSecret)
	}
	return nil
}

// forDatabase makes the credentials of servers that share a database. There is nothing
// about the old ones in it; their sessions are tied to the access key ID, and end with
// it.
func (c rootResetCommand) forDatabase(p *process) error {
	if err := (&Config{DataDir: c.DataDir, Database: c.Database}).checkDatabase(); err != nil {
		return err
	}
	key, err := instance.NewRoot(c.AccountID)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stderr, "The database has no root credentials, and nothing in it has changed: each server is given them. Give these to all\n"+
		"servers and start them again. The old ones, and the sessions that were made with them, end at each server with that.")
	_, err = fmt.Fprintf(p.stdout, "DAYPASS_ROOT_ACCESS_KEY_ID=%s\n%s=%s\n", key.ID, rootSecret, key.Secret.Reveal())
	return err
}
