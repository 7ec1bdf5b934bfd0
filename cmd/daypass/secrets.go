package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
)

// masterKey finds the master key: in a file, in the environment, or in the data
// directory, where it is made with the first start.
func (c *Config) masterKey(p *process, dir string) (*seal.MasterKey, error) {
	text := p.getenv("DAYPASS_MASTER_KEY")
	switch {
	case text != "" && c.MasterKeyFile != "":
		return nil, usage("both --master-key-file and DAYPASS_MASTER_KEY are given")
	case text != "":
		key, err := seal.ParseMasterKey(text)
		if err != nil {
			return nil, usage("DAYPASS_MASTER_KEY: %w", err)
		}
		return key, nil
	case c.MasterKeyFile != "":
		key, err := seal.LoadFile(c.MasterKeyFile)
		if err != nil {
			return nil, usage("--master-key-file: %w", err)
		}
		return key, nil
	}
	path := filepath.Join(dir, "master.key")
	key, err := seal.LoadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	// A database whose key is missing must not get another one: nothing in it
	// could be opened with that.
	if _, err := os.Stat(filepath.Join(dir, "daypass.db")); err == nil {
		return nil, fmt.Errorf("%s is missing, but there is a database beside it that was made with it; restore the file, or give --master-key-file or DAYPASS_MASTER_KEY", path)
	}
	return seal.CreateFile(path)
}

// root finds the root credentials: given, well known with --dev, or in the data
// directory, where they are made with the first start. It gives the file that
// they are in, if they are in one.
func (c *Config) root(p *process, dir string) (iam.RootAccessKey, string, error) {
	secret := p.getenv("DAYPASS_ROOT_SECRET_ACCESS_KEY")
	switch {
	case (secret == "") != (c.RootAccessKeyID == ""):
		return iam.RootAccessKey{}, "", usage("--root-access-key-id and DAYPASS_ROOT_SECRET_ACCESS_KEY go together")
	case secret != "":
		return iam.RootAccessKey{ID: c.RootAccessKeyID, Secret: seal.NewSecret(secret)}, "", nil
	case c.Dev:
		return iam.RootAccessKey{ID: devKey, Secret: seal.NewSecret(devKey)}, "", nil
	}
	path := filepath.Join(dir, "root-credentials")
	key, err := readRoot(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeRoot(path)
	}
	return key, path, err
}

// readRoot reads root credentials from a file that is a shared credentials file
// of the AWS CLI too.
func readRoot(path string) (iam.RootAccessKey, error) {
	info, err := os.Stat(path)
	if err != nil {
		return iam.RootAccessKey{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return iam.RootAccessKey{}, fmt.Errorf("%s can be read by others; chmod 600 it", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return iam.RootAccessKey{}, err
	}
	found := map[string]string{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			found[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	key := iam.RootAccessKey{ID: found["aws_access_key_id"], Secret: seal.NewSecret(found["aws_secret_access_key"])}
	if key.ID == "" || key.Secret.Reveal() == "" {
		return key, fmt.Errorf("%s has no aws_access_key_id and aws_secret_access_key", path)
	}
	return key, nil
}

// makeRoot makes root credentials and writes them down durably.
func makeRoot(path string) (iam.RootAccessKey, error) {
	random := make([]byte, 10+30)
	if _, err := rand.Read(random); err != nil {
		return iam.RootAccessKey{}, err
	}
	id := "AKIA" + base32.StdEncoding.EncodeToString(random[:10])
	secret := base64.StdEncoding.EncodeToString(random[10:])
	text := "# The root credentials of daypass: whoever has them may do everything.\n" +
		"[default]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return iam.RootAccessKey{}, err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return iam.RootAccessKey{}, err
	}
	return iam.RootAccessKey{ID: id, Secret: seal.NewSecret(secret)}, nil
}
