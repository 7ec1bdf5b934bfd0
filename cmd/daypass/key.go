package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/daypass/daypass/internal/seal"
)

// keyCommand is what there is to do with master keys.
type keyCommand struct {
	New keyNewCommand `cmd:"" help:"Print a new master key, or write it to a file."`
}

type keyNewCommand struct {
	File string `arg:"" optional:"" placeholder:"FILE" help:"Write the key to this new file, which only you can read (mode 0600), and print only its fingerprint. A file that exists is left as it is."`
}

// Help is what --help says beside the flags.
func (keyNewCommand) Help() string {
	return "The master key seals every secret in the database. Give it to all servers of the database, in --master-key-file or DAYPASS_MASTER_KEY, and keep a copy: without it, what it has sealed is lost."
}

// Run makes the key.
func (c keyNewCommand) Run(p *process) error {
	if c.File == "" {
		key, err := seal.Generate(nil)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, key.Text().Reveal())
		return err
	}
	key, err := seal.CreateFile(c.File)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists and was not changed: what its key has sealed could not be opened with another; give the name of a new file", c.File)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "The master key with the fingerprint %s is in %s.\n", key.Fingerprint(), c.File)
	return err
}
