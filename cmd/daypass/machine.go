package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/term"

	"github.com/daypass/daypass/internal/cli"
)

// maxPrinted is how much is taken of what a program prints, in bytes: a token.
const maxPrinted = 64 << 10

// machine is what "daypass credentials" works with.
func machine(p *process) cli.Machine {
	dir, err := os.UserConfigDir()
	if err != nil {
		dir = ""
	}
	return cli.Machine{
		ConfigDir: dir, Environ: os.Environ(), Shell: shell, Browse: browse, Find: exec.LookPath,
		Tell: func(text string) { tell(p, text) },
		Exec: func(ctx context.Context, path string, args, env []string) int {
			if l, ok := p.stderr.(*logWriter); ok {
				l.close(logCloseTimeout) // what was told comes before what the command prints
			}
			code, err := become(ctx, path, args, env)
			if err != nil {
				_, _ = fmt.Fprintf(os.Stderr, "\nthe command %s cannot be run: %v\n", args[0], err) // p.stderr is closed
				code = 255
			}
			return code
		},
	}
}

// tell shows a line on standard error, and on the terminal too where a program
// that wants credentials keeps standard error to itself.
func tell(p *process, text string) {
	fmt.Fprintln(p.stderr, text)
	if term.IsTerminal(int(os.Stderr.Fd())) { // which /dev/null is not
		return
	}
	if t, err := os.OpenFile(terminal, os.O_WRONLY, 0); err == nil {
		_, _ = fmt.Fprintln(t, text) // there may be nobody
		_ = t.Close()
	}
}

// shell runs a command line and gives what it prints.
func shell(ctx context.Context, line string) ([]byte, error) {
	c := exec.CommandContext(ctx, "sh", "-c", line)
	if runtime.GOOS == "windows" {
		c = exec.CommandContext(ctx, "cmd.exe", "/C", line)
	}
	var out bounded
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, &out, os.Stderr
	c.WaitDelay = 5 * time.Second // for what it leaves running
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("the command does not give a token: %w", err)
	}
	return out.Bytes(), nil
}

// bounded takes so much and no more.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxPrinted {
		return 0, fmt.Errorf("it prints more than %d bytes", maxPrinted)
	}
	return b.Buffer.Write(p)
}

// browse opens a page with the program that BROWSER names, or with the system's.
func browse(url string) error {
	var c *exec.Cmd
	switch program := os.Getenv("BROWSER"); {
	case program != "":
		c = exec.Command(program, url)
	case runtime.GOOS == "windows":
		c = exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	case runtime.GOOS == "darwin":
		c = exec.Command("open", url)
	case os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "":
		return errors.New("there is no display; --device signs in on another machine")
	default:
		c = exec.Command("xdg-open", url)
	}
	if err := c.Start(); err != nil {
		return err
	}
	go func() { _ = c.Wait() }()
	return nil
}
