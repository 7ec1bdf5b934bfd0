package main

import (
	"strings"

	"github.com/daypass/daypass/internal/instance"
)

// targets reads the flags of targets, and finds the mistakes in them and in the
// files that they name.
func (c *Config) targets(i *instance.Config) (err error) {
	const flag = "--target-key-file"
	i.Targets = strings.Fields(strings.Join(c.Target, " "))
	if i.TargetKeyFiles, err = pairs(flag, strings.Fields(strings.Join(c.TargetKeyFile, " "))); err != nil {
		return err
	}
	if err := i.CheckTargets(); err != nil {
		return usage("--target, %s: %w", flag, err)
	}
	return nil
}
