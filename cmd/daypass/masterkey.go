package main

import (
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
)

const (
	// masterKeyVariable and nextMasterKeyVariable are the environment variables of the
	// master key, and of the one that takes its place.
	masterKeyVariable     = "DAYPASS_MASTER_KEY"
	nextMasterKeyVariable = "DAYPASS_NEXT_MASTER_KEY"
)

// givenMasterKey finds the master key in a file or in the environment; nil if it
// is in neither.
func (c *Config) givenMasterKey(p *process) (*seal.MasterKey, error) {
	return keyFrom(p, "--master-key-file", c.MasterKeyFile, masterKeyVariable)
}

// keyFrom finds a master key in the file of a flag or in an environment variable; nil if
// it is in neither.
func keyFrom(p *process, flag, file, variable string) (*seal.MasterKey, error) {
	text := p.getenv(variable)
	switch {
	case text != "" && file != "":
		return nil, usage("both %s and %s are given", flag, variable)
	case text != "":
		key, err := seal.ParseMasterKey(text)
		if err != nil {
			return nil, usage("%s: %w", variable, err)
		}
		return key, nil
	case file != "":
		key, err := seal.LoadFile(file)
		if err != nil {
			return nil, usage("%s: %w", flag, err)
		}
		return key, nil
	}
	return nil, nil
}

// masterKeys finds the master keys that are given.
func (c *Config) masterKeys(p *process, i *instance.Config) (err error) {
	if i.MasterKey, err = c.givenMasterKey(p); err != nil {
		return err
	}
	if i.NextMasterKey, err = keyFrom(p, "--next-master-key-file", c.NextMasterKeyFile, nextMasterKeyVariable); err != nil || i.NextMasterKey == nil {
		return err
	}
	switch {
	case i.MasterKey == nil:
		return usage("--next-master-key-file and %s go with --master-key-file or %s: a key in the data directory is replaced by \"daypass rotate master-key\" alone", nextMasterKeyVariable, masterKeyVariable)
	case i.MasterKey.Equal(i.NextMasterKey):
		return usage("the next master key is the master key (%s): make a new one with \"daypass key new\"", i.MasterKey.Fingerprint())
	}
	return nil
}
