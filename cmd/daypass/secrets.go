package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

const (
	// rootSecret is the environment variable with the secret of the root's key, and
	// nextRootSecret that of the key that will replace it.
	rootSecret     = "DAYPASS_ROOT_SECRET_ACCESS_KEY"
	nextRootSecret = "DAYPASS_NEXT_ROOT_SECRET_ACCESS_KEY"
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
	return c.root(p, s)
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
	switch {
	case (p.getenv(rootSecret) == "") != (c.RootAccessKeyID == ""):
		return usage("--root-access-key-id and " + rootSecret + " go together")
	case (p.getenv(nextRootSecret) == "") != (c.NextRootAccessKeyID == ""):
		return usage("--next-root-access-key-id and " + nextRootSecret + " go together")
	case c.NextRootAccessKeyID != "" && c.RootAccessKeyID == "":
		return usage("--next-root-access-key-id goes with --root-access-key-id: root credentials in the data directory are replaced by daypass rotate root-key")
	case c.NextRootAccessKeyID != "" && c.NextRootAccessKeyID == c.RootAccessKeyID:
		return usage("--next-root-access-key-id and --root-access-key-id are the same: give the next credentials an ID of their own")
	}
	return nil
}

// root finds the root credentials: given, well known with --dev, or in the data
// directory, where they are made with the first start, and where they can be replaced.
func (c *Config) root(p *process, s *settings) error {
	secret := p.getenv(rootSecret)
	switch {
	case secret != "":
		s.instance.Root = instance.RootAccessKey{ID: c.RootAccessKeyID, Secret: seal.NewSecret(secret)}
		if next := p.getenv(nextRootSecret); next != "" {
			s.instance.OtherRoots = []instance.RootAccessKey{{ID: c.NextRootAccessKeyID, Secret: seal.NewSecret(next)}}
		}
		return nil
	case c.Dev:
		s.instance.Root = instance.RootAccessKey{ID: devKey, Secret: seal.NewSecret(devKey)}
		return nil
	}
	path := filepath.Join(s.instance.DataDir, datadir.RootCredentials)
	keys, err := readRoot(path)
	if errors.Is(err, fs.ErrNotExist) {
		if keys, err = makeRoot(path, c.AccountID); errors.Is(err, fs.ErrExist) { // as above
			keys, err = readRoot(path)
		}
	}
	if err != nil {
		return err
	}
	s.rootFile, s.instance.Root, s.instance.OtherRoots = path, keys[0], keys[1:]
	s.instance.KeepRoot = func(keys []instance.RootAccessKey) error { return seal.Replace(path, rootText(keys)) }
	return nil
}

const (
	// previousRoot is the section of credentials that were replaced, and rootEnds the
	// setting that says when they end.
	previousRoot = "[previous]"
	rootEnds     = "daypass_ends"
)

// readRoot reads root credentials from a file that is a shared credentials file
// of the AWS CLI too: the ones that stay, and those that they have replaced.
func readRoot(path string) ([]instance.RootAccessKey, error) {
	text, err := seal.ReadPrivate(path, maxSecrets)
	if err != nil {
		return nil, err
	}
	current, previous := map[string]string{}, map[string]string{}
	section := current
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch name, value, ok := strings.Cut(line, "="); {
		case line == previousRoot:
			section = previous
		case strings.HasPrefix(line, "["):
			section = current
		case ok:
			section[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	key := rootIn(current)
	if key.ID == "" || key.Secret.Reveal() == "" {
		return nil, fmt.Errorf("%s has no aws_access_key_id and aws_secret_access_key", path)
	}
	keys := []instance.RootAccessKey{key}
	if len(previous) > 0 {
		old := rootIn(previous)
		if old.Until, err = time.Parse(time.RFC3339, previous[rootEnds]); err != nil || old.ID == "" || old.Secret.Reveal() == "" {
			return nil, fmt.Errorf("%s: the section %s needs aws_access_key_id, aws_secret_access_key and %s, a time such as 2026-11-30T12:00:00Z; without the section, only the credentials of [default] are good", path, previousRoot, rootEnds)
		}
		keys = append(keys, old)
	}
	return keys, nil
}

func rootIn(section map[string]string) instance.RootAccessKey {
	return instance.RootAccessKey{ID: section["aws_access_key_id"], Secret: seal.NewSecret(section["aws_secret_access_key"])}
}

// makeRoot makes root credentials and writes them down durably.
func makeRoot(path, account string) ([]instance.RootAccessKey, error) {
	key, err := instance.NewRoot(account)
	if err != nil {
		return nil, err
	}
	keys := []instance.RootAccessKey{key}
	if err := seal.WriteNew(path, rootText(keys)); err != nil {
		return nil, fmt.Errorf("creating the root credentials: %w", err)
	}
	return keys, nil
}

// rootText is what the file of root credentials says. Those that stay come last, since
// earlier versions take the last ones that they find.
func rootText(keys []instance.RootAccessKey) []byte {
	var b strings.Builder
	b.WriteString("# The root credentials of daypass: whoever has them may do everything.\n")
	for _, old := range keys[1:] {
		b.WriteString("# Those of [previous] were replaced, and are good until daypass_ends.\n" + previousRoot + "\n" + rootLines(old) +
			rootEnds + " = " + old.Until.UTC().Format(time.RFC3339) + "\n\n")
	}
	b.WriteString("[default]\n" + rootLines(keys[0]))
	return []byte(b.String())
}

func rootLines(key instance.RootAccessKey) string {
	return "aws_access_key_id = " + key.ID + "\naws_secret_access_key = " + key.Secret.Reveal() + "\n"
}
