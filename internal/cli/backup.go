package cli

import (
	"bufio"
	"io"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/backup"
	"github.com/daypass/daypass/internal/backup/agekey"
	"github.com/daypass/daypass/internal/seal"
)

var backupOptions = []*option{
	{name: "with-key", doc: "Put the master key into the backup, sealed with a passphrase. Without it, keep the master key elsewhere: nobody can restore the backup without it."},
	{name: "passphrase-file", takes: one, doc: "With --with-key: the file that has the passphrase in its first line, which only its owner may read. Without it, daypass asks for the passphrase on the terminal."},
}

// receiveBackup gets ready for a backup: it checks what comes, and seals the master key
// with the passphrase, which the server never sees.
func receiveBackup(c *CLI, got given, in *awsapi.Node) (copyStream, error) {
	if !got.has("with-key") {
		if got.has("passphrase-file") {
			return nil, usageError("--passphrase-file goes with --with-key.")
		}
		return func(to io.Writer, from io.Reader) (string, error) { return copyBackup(to, from, nil) }, nil
	}
	if got.has("key-recipient") {
		return nil, usageError("--key-recipient and --with-key say who can open the master key: give one of them.")
	}
	passphrase, err := c.newPassphrase(got.word("passphrase-file"))
	if err != nil {
		return nil, err
	}
	recipient, err := agekey.NewRecipient()
	if err != nil {
		return nil, err
	}
	if in.Kind != awsapi.Map {
		*in = awsapi.Node{Kind: awsapi.Map}
	}
	in.Members = append(in.Members, awsapi.Member{Name: "KeyRecipient", Value: text(recipient.String())})
	return func(to io.Writer, from io.Reader) (string, error) {
		return copyBackup(to, from, func(h *backup.Header) error { return recipient.Reseal(h, passphrase) })
	}, nil
}

// copyBackup copies a backup whose header may be changed, and sees that all of it comes.
func copyBackup(to io.Writer, from io.Reader, change func(*backup.Header) error) (string, error) {
	r := bufio.NewReader(from)
	h, err := backup.Read(r)
	if err == nil && change != nil {
		err = change(h)
	}
	if err != nil {
		return "", err
	}
	if _, err := to.Write(h.Bytes()); err != nil {
		return "", err
	}
	if _, err := io.Copy(to, h.Image(r)); err != nil {
		return "", err
	}
	return h.Summary(), nil
}

// newPassphrase reads a passphrase from a file, or asks for a new one.
func (c *CLI) newPassphrase(file string) (seal.Secret, error) {
	if file != "" {
		p, err := agekey.ReadPassphrase(file)
		if err != nil {
			err = usageError("--passphrase-file: %w", err)
		}
		return p, err
	}
	if c.Secret == nil {
		return seal.Secret{}, usageError("--with-key needs --passphrase-file, or a terminal to ask for the passphrase.")
	}
	one, err := c.Secret("Passphrase for the master key: ")
	if err != nil {
		return seal.Secret{}, err
	}
	passphrase, err := agekey.NewPassphrase(one)
	if err != nil {
		return passphrase, usageError("%w", err)
	}
	again, err := c.Secret("The same again: ")
	if err == nil && !passphrase.Equal(seal.NewSecret(again)) {
		err = usageError("The passphrases differ.")
	}
	return passphrase, err
}
