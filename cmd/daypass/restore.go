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
	MasterKeyFile  string `placeholder:"FILE" help:"File of the master key of the restored database, which is that of the backup unless --backup-key-file or --passphrase-file gives it. The key itself can be in DAYPASS_MASTER_KEY instead. Not needed if the data directory has the key."`
	BackupKeyFile  string `env:"-" placeholder:"FILE" help:"File of the master key that the backup was made with, however old. The restored database is sealed with the key of --master-key-file, or of the data directory, which gets a new one if it has none."`
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
		Keys: func(h *backup.Header) (move.Keys, error) { return c.keys(p, h, dir, given) },
	}.Run(p.ctx)
	if errors.Is(err, backup.ErrWrongKey) && c.BackupKeyFile == "" {
		err = fmt.Errorf("%w. Give the one that it was made with by --backup-key-file", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Restored into %s: %s.\n", dir, done.Summary())
	fmt.Fprintln(p.stdout, "All credentials and OpenID tokens that were issued before are void.")
	if done.Aside != "" {
		fmt.Fprintf(p.stdout, "The database that was there is in %s.\n", done.Aside)
	}
	if done.SealedWith != done.MasterKey {
		fmt.Fprintf(p.stdout, "It is sealed with the master key %s now, and not with %s any more.\n", done.SealedWith, done.MasterKey)
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

// keys finds the master keys: that of the backup, and that of the restored database.
func (c *restoreCommand) keys(p *process, h *backup.Header, dir string, given *seal.MasterKey) (keys move.Keys, err error) {
	own, err := seal.LoadFile(filepath.Join(dir, datadir.MasterKey))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if keys.Backup, err = c.backupKey(p, h, dir, given, own); err != nil {
		return keys, err
	}
	switch {
	case given != nil:
		keys.Seal = given
	case own != nil:
		keys.Seal = own
	case c.BackupKeyFile == "":
		keys.Keep = true // that of the backup
	default:
		keys.Seal, err = seal.Generate(nil)
		keys.Keep = true
	}
	return keys, err
}

// backupKey finds the master key that the backup was made with: where a flag says, in the
// backup, or in the data directory.
func (c *restoreCommand) backupKey(p *process, h *backup.Header, dir string, given, own *seal.MasterKey) (*seal.MasterKey, error) {
	is := func(key *seal.MasterKey) bool { return key != nil && key.Fingerprint() == h.MasterKey }
	switch {
	case c.BackupKeyFile != "":
		key, err := seal.LoadFile(c.BackupKeyFile)
		if err != nil {
			err = usage("--backup-key-file: %w", err)
		}
		return key, err
	case is(given):
		return given, nil
	case h.HasKey() && (given == nil || c.PassphraseFile != ""):
		passphrase, err := c.passphrase(p)
		if err != nil {
			return nil, err
		}
		return agekey.Open(h, passphrase)
	case is(own):
		return own, nil
	}
	// One that was replaced may be in the directory.
	key, err := seal.LoadFile(datadir.OldMasterKey(dir, h.MasterKey))
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if given != nil {
		return given, nil // which is refused
	}
	if own != nil {
		return own, nil
	}
	return nil, usage("the backup has no master key: give the one that it was made with (%s), by --backup-key-file, --master-key-file or DAYPASS_MASTER_KEY", h.MasterKey)
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
