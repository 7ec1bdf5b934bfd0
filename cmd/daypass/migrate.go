package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/move"
	"github.com/daypass/daypass/internal/store/postgres"
)

type migrateCommand struct {
	From string `required:"" env:"DAYPASS_DATA_DIR" placeholder:"DIR" help:"Data directory to move the database from. No server may run on it, and none starts on it afterwards."`
	To   string `required:"" env:"DAYPASS_DATABASE" placeholder:"URL" help:"PostgreSQL database to move it to, such as postgres://daypass@db.example.com/daypass?sslmode=verify-full. It must be empty. Put a password into DAYPASS_DATABASE, PGPASSWORD or a password file, because command lines are there for all to see."`
}

// Run moves a database into PostgreSQL.
func (c *migrateCommand) Run(p *process, parser *kong.Kong) (err error) {
	if _, err := checkEnvironment(parser.Model.Node, os.Environ()); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.From, datadir.Database)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--from: %s has no database (%s): give the data directory of the server", c.From, datadir.Database)
	} else if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	if c.To != p.getenv("DAYPASS_DATABASE") && hasPassword(c.To) {
		fmt.Fprintln(p.stderr, "daypass: the password in --to is there for all who see the command line: put it into DAYPASS_DATABASE, PGPASSWORD or a password file")
	}
	to, err := postgres.Open(p.ctx, postgres.Options{URL: c.To, Schema: move.Schema(), Statement: time.Minute, Update: 10 * time.Minute})
	if err != nil {
		return err
	}
	began := time.Now()
	show := progress{w: p.stderr, live: term.IsTerminal(int(os.Stderr.Fd()))}
	out, err := move.Migrate{From: c.From, To: to, Where: to.String(), Step: show.step}.Run(p.ctx)
	err = errors.Join(err, to.Close())
	show.end()
	switch {
	case err != nil:
		return err
	case out.Already:
		fmt.Fprintf(p.stdout, "%s was moved to %s before. There is nothing left to do.\n", c.From, to)
		return nil
	}
	total := int64(0)
	for _, name := range slices.Sorted(maps.Keys(out.Rows)) {
		if n := out.Rows[name]; n > 0 {
			fmt.Fprintf(p.stdout, "%-20s %12d rows, verified\n", name, n)
			total += n
		}
	}
	fmt.Fprintf(p.stdout, "Moved %d rows from %s to %s in %s.\n", total, c.From, to, time.Since(began).Round(time.Second/10))
	fmt.Fprintln(p.stdout, "Give the servers the same master key and root credentials: daypass serve --database URL --master-key-file FILE")
	return nil
}

// progress shows how far a migration is: in one line of a terminal, or in a line now and
// then.
type progress struct {
	w    io.Writer
	live bool

	last  string    // what was being done
	line  string    // that was written last
	shown time.Time // when it was shown
}

// progressEvery is how often a line is written where there is no terminal.
const progressEvery = 10 * time.Second

func (g *progress) step(s move.Step) {
	line := fmt.Sprintf("%s %s: %d of %d rows", s.Doing, s.Table, s.Rows, s.Of)
	doing, now := s.Doing+s.Table, time.Now()
	switch {
	case g.live:
		fmt.Fprintf(g.w, "\r\x1b[K%s", line)
	case doing != g.last && s.Of > 0, now.Sub(g.shown) >= progressEvery, s.Rows == s.Of && s.Of > 0 && line != g.line:
		fmt.Fprintln(g.w, line)
		g.shown, g.line = now, line
	}
	g.last = doing
}

func (g *progress) end() {
	if g.live {
		fmt.Fprint(g.w, "\r\x1b[K")
	}
}
