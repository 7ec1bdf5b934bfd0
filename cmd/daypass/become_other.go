//go:build !unix

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
)

// terminal is the terminal of the process, if it has one.
const terminal = "CONOUT$"

// become runs a program and gives its exit code. The console interrupts both.
func become(_ context.Context, path string, args, env []string) (int, error) {
	c := exec.Command(path)
	c.Args, c.Env = args, env
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}
