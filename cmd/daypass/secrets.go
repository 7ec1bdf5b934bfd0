package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

const (
	// rootSecret is the environment variable with the secret of the root's key.
	rootSecret = "DAYPASS_ROOT_SECRET_ACCESS_KEY"
	// maxSecrets is the longest file of secrets that is read, in bytes.
	maxSecrets = 1 << 20
)

// secrets finds the secrets that the flags and the environment do not give: in
// the data directory, where they are made with the first start.
func (c *Config) secrets(p *process, s *settings) (err error) {
	if s.instance.MasterKey == nil {
		if s.instance.MasterKey, err = ownMasterKey(s.instance.DataDir); err != nil {
			return err
		}
		s.instance.OwnMasterKey = true
		if s.instance.NextMasterKey, err = datadir.NextMasterKey(s.instance.DataDir); err != nil {
			return err
		}
	}
	s.instance.Root, s.rootFile, err = c.root(p, s.instance.DataDir)
	return err
}

// ownMasterKey finds the master key in the data directory, or makes it there.
func ownMasterKey(dir string) (*seal.MasterKey, error) {
	path := filepath.Join(dir, datadir.MasterKey)
	key, err := seal.LoadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	// A database whose key is missing must not get another one: nothing in it
	// could be opened with that.
	if _, err := os.Stat(filepath.Join(dir, datadir.Database)); err == nil {
		return nil, fmt.Errorf("%s is missing, but there is a database beside it that was made with it; restore the file, or give --master-key-file or DAYPASS_MASTER_KEY", path)
	}
	key, err = seal.CreateFile(path)
	if errors.Is(err, fs.ErrExist) { // another first start was faster
		return seal.LoadFile(path)
	}
	return key, err
}

// checkRoot finds half of root credentials.
func (c *Config) checkRoot(p *process) error {
	if (p.getenv(rootSecret) == "") != (c.RootAccessKeyID == "") {
		return usage("--root-access-key-id and " + rootSecret + " go together")
	}
	return nil
}

// root finds the root credentials: given, well known with --dev, or in the data
// directory, where they are made with the first start. It gives the file that
// they are in, if they are in one.
func (c *Config) root(p *process, dir string) (instance.RootAccessKey, string, error) {
	secret := p.getenv(rootSecret)
	switch {
	case secret != "":
		return instance.RootAccessKey{ID: c.RootAccessKeyID, Secret: seal.NewSecret(secret)}, "", nil
	case c.Dev:
		return instance.RootAccessKey{ID: devKey, Secret: seal.NewSecret(devKey)}, "", nil
	}
	path := filepath.Join(dir, datadir.RootCredentials)
	key, err := readRoot(path)
	if errors.Is(err, fs.ErrNotExist) {
		if key, err = makeRoot(path, c.AccountID); errors.Is(err, fs.ErrExist) { // as above
			key, err = readRoot(path)
		}
	}
	return key, path, err
}

// readRoot reads root credentials from a file that is a shared credentials file
// of the AWS CLI too.
func readRoot(path string) (instance.RootAccessKey, error) {
	text, err := seal.ReadPrivate(path, maxSecrets)
	if err != nil {
		return instance.RootAccessKey{}, err
	}
	found := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			found[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	key := instance.RootAccessKey{ID: found["aws_access_key_id"], Secret: seal.NewSecret(found["aws_secret_access_key"])}
	if key.ID == "" || key.Secret.Reveal() == "" {
		return key, fmt.Errorf("%s has no aws_access_key_id and aws_secret_access_key", path)
	}
	return key, nil
}

// makeRoot makes root credentials and writes them down durably.
func makeRoot(path, account string) (instance.RootAccessKey, error) {
	key, err := newRoot(account)
	if err != nil {
		return key, err
	}
	if err := seal.WriteNew(path, rootText(key)); err != nil {
		return instance.RootAccessKey{}, fmt.Errorf("creating the root credentials: %w", err)
	}
	return key, nil
}

// newRoot makes root credentials.
func newRoot(account string) (instance.RootAccessKey, error) {
	id, err := instance.NewAccessKeyID(account)
	if err != nil {
		return instance.RootAccessKey{}, err
	}
	random := make([]byte, 30)
	_, _ = rand.Read(random) // never fails
	return instance.RootAccessKey{ID: id, Secret: seal.NewSecret(base64.StdEncoding.EncodeToString(random))}, nil
}

// rootText is what the file of root credentials says.
func rootText(key instance.RootAccessKey) []byte {
	return []byte("# The root credentials of daypass: whoever has them may do everything.\n" +
		"[default]\naws_access_key_id = " + key.ID + "\naws_secret_access_key = " + key.Secret.Reveal() + "\n")
}
