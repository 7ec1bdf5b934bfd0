//go:build unix

package main

import (
	"context"
	"syscall"
)

// terminal is the terminal of the process, if it has one.
const terminal = "/dev/tty"

// become runs a program in place of this process, which so gets every signal and
// ends with an exit code of its own.
func become(_ context.Context, path string, args, env []string) (int, error) {
	return 0, syscall.Exec(path, args, env)
}
