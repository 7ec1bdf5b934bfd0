package main

import (
	"errors"
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
	err = i.CheckTargets()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, instance.ErrServiceKey):
		return usage("%s: %w", flag, err)
	}
	return usage("--target: %w", err)
}
