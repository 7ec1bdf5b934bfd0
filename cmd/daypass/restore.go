package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/daypass/daypass/internal/backup"
	"github.com/daypass/daypass/internal/backup/agekey"
	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/move"
	"github.com/daypass/daypass/internal/seal"
)

type restoreCommand struct {
	File           string `arg:"" help:"The backup, which daypass backup wrote."`
	DataDir        string `placeholder:"DIR" help:"Data directory to restore into (${datadir}). It must have no database, and no server may run on it."`
	Replace        bool   `env:"-" help:"Keep the database that is in the data directory aside, in a directory there, and restore in its place."`
	MasterKeyFile  string `placeholder:"FILE" help:"File of the master key that the database was made with. The key itself can be in DAYPASS_MASTER_KEY instead. Not needed for a backup that was made with --with-key, or if the data directory has the key."`
	PassphraseFile string `env:"-" placeholder:"FILE" help:"File with the passphrase of a backup that was made with --with-key, in its first line. Without it, daypass asks on the terminal."`
}

// Run restores a backup.
func (c *restoreCommand) Run(p *process, parser *kong.Kong) error {
	if _, err := checkEnvironment(parser.Model.Node, os.Environ()); err != nil {
		return err
	}
	dir := cmp.Or(c.DataDir, defaultDataDir)
	given, err := (&Config{MasterKeyFile: c.MasterKeyFile}).givenMasterKey(p)
	if err != nil {
		return err
	}
	done, err := move.Restore{
		File: c.File, DataDir: dir, Replace: c.Replace,
		Key: func(h *backup.Header) (*seal.MasterKey, bool, error) {
			if given != nil {
				return given, false, nil
			}
			return c.key(p, h, dir)
		},
	}.Run(p.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Restored into %s: %s.\n", dir, done.Summary())
	fmt.Fprintln(p.stdout, "All credentials and OpenID tokens that were issued before are void.")
	if done.Aside != "" {
		fmt.Fprintf(p.stdout, "The database that was there is in %s.\n", done.Aside)
	}
	if done.KeyFile != "" {
		fmt.Fprintf(p.stdout, "The master key is in %s.\n", done.KeyFile)
	}
	start := "daypass serve --data-dir " + dir
	if c.MasterKeyFile != "" {
		start += " --master-key-file " + c.MasterKeyFile
	}
	fmt.Fprintf(p.stdout, "Start the server with: %s\n", start)
	return nil
}

// key finds the master key where none was given: in the backup, or in the data
// directory.
func (c *restoreCommand) key(p *process, h *backup.Header, dir string) (key *seal.MasterKey, keep bool, err error) {
	if h.HasKey() {
		passphrase, err := c.passphrase(p)
		if err != nil {
			return nil, false, err
		}
		key, err = agekey.Open(h, passphrase)
		return key, true, err
	}
	key, err = seal.LoadFile(filepath.Join(dir, datadir.MasterKey))
	if errors.Is(err, fs.ErrNotExist) {
		err = usage("the backup has no master key: give the one that it was made with (%s), by --master-key-file or DAYPASS_MASTER_KEY", h.MasterKey)
	}
	return key, false, err
}

func (c *restoreCommand) passphrase(p *process) (seal.Secret, error) {
	if c.PassphraseFile != "" {
		passphrase, err := agekey.ReadPassphrase(c.PassphraseFile)
		if err != nil {
			err = usage("--passphrase-file: %w", err)
		}
		return passphrase, err
	}
	ask := asker(p)
	if ask == nil {
		return seal.Secret{}, usage("the master key in the backup is sealed with a passphrase: give --passphrase-file")
	}
	text, err := ask("Passphrase of the backup: ")
	return seal.NewSecret(text), err
}
