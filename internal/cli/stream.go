package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
)

// outfile is what the AWS CLI calls the argument that names the file for a stream.
const (
	outfile    = "outfile"
	outfileDoc = "The file to write. It must not exist, appears when all of it is there, and only its owner can read it."
)

// copyStream copies a stream and says in a line what it was.
type copyStream func(to io.Writer, from io.Reader) (line string, err error)

// plainly copies a stream as it comes.
func plainly(to io.Writer, from io.Reader) (string, error) {
	_, err := io.Copy(to, from)
	return "", err
}

// errFileExists answers for a file that is to be written.
var errFileExists = errors.New("the file exists and is not overwritten: give the name of a new file")

// receive calls an operation that streams, and writes what comes to a file.
func (c *CLI) receive(ctx context.Context, g *globals, op *operation, got given, in awsapi.Node, path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = errFileExists
		}
		return exit(exitGeneral, "%s: %w", path, err)
	}
	write := copyStream(plainly)
	if op.form != nil && op.form.stream != nil {
		var err error
		if write, err = op.form.stream(c, got, &in); err != nil {
			return err
		}
	}
	if err := validate(in, op.row.Input()); err != nil {
		return err
	}
	settings, err := c.settings(ctx, g, op.service)
	if err != nil {
		return err
	}
	k := &caller{cli: c, globals: g, settings: settings, op: op}
	defer k.close()
	var line string
	err = k.stream(ctx, in, func(from io.Reader) error {
		err := seal.WriteNewFrom(path, func(to io.Writer) (err error) {
			line, err = write(to, from)
			return err
		})
		if errors.Is(err, fs.ErrExist) {
			err = fmt.Errorf("%s: %w", path, errFileExists)
		}
		return err
	})
	if err == nil && line != "" {
		_, err = fmt.Fprintf(c.Stdout, "%s: %s\n", path, line)
	}
	return err
}

// stream does an operation once, and has its stream read. There is no limit for the
// whole, but one for each piece.
func (c *caller) stream(ctx context.Context, in awsapi.Node, read func(io.Reader) error) error {
	post, err := c.op.service.Wire.EncodeInput(c.op.row, in)
	if err != nil {
		return err
	}
	within, stop := context.WithCancel(ctx)
	defer stop()
	r, err := c.request(within, post)
	if err != nil {
		return err
	}
	response, err := c.client().Do(r)
	if err != nil {
		return c.unreached(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		if err != nil {
			return c.unreached(ctx, fmt.Errorf("the answer ended early: %w", err))
		}
		err = c.refusal(response, body)
		var refused *serviceError
		if errors.As(err, &refused) {
			return c.refused(refused)
		}
		return err
	}
	from := &pieces{from: response.Body, within: c.globals.readTimeout, late: stop}
	err = read(from)
	switch {
	case from.err != nil && ctx.Err() != nil:
		return ctx.Err()
	case from.err != nil:
		return exit(exitGeneral, "the answer of %s ended early: %w", c.settings.endpoint, from.err)
	}
	return err
}

// pieces reads a stream that must not stand still.
type pieces struct {
	from   io.Reader
	within time.Duration // that a piece must come; 0 for no limit
	late   func()
	err    error // of the stream itself
}

// Read implements [io.Reader].
func (p *pieces) Read(b []byte) (int, error) {
	if p.within > 0 {
		defer time.AfterFunc(p.within, p.late).Stop()
	}
	n, err := p.from.Read(b)
	if err != nil && err != io.EOF {
		p.err = err
	}
	return n, err
}
