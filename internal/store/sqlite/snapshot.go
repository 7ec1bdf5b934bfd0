package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	binding "zombiezen.com/go/sqlite"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/migrate"
)

// ErrLogGrew answers Snapshot where so much was written meanwhile that the log, which
// cannot be emptied under a snapshot, would have filled the disk.
var ErrLogGrew = errors.New("store: too much was written while the copy was made")

// logMayGrow is by how much the log may grow under a snapshot, in bytes; where the
// database is larger, by as much as that.
const logMayGrow = 1 << 30

// Snapshot writes the database as it is at one moment into a file, which must be there
// and empty. Writers do not wait for it. It reads the database as fast as the disk
// permits, since the log grows meanwhile.
//
// The copy has the rows and nothing else: what was deleted is not in its free pages.
func (e *Engine) Snapshot(ctx context.Context, to string) error {
	if !e.copying.TryRLock() { // Close waits for those who have it
		return engine.ErrClosed
	}
	defer e.copying.RUnlock()
	if e.closing.Load() {
		return engine.ErrClosed
	}
	to, err := filepath.Abs(to) // a URI has no relative paths
	if err != nil {
		return fmt.Errorf("store: copy the database: %w", err)
	}
	return e.snapshot(ctx, to, max(logMayGrow, sizeOf(e.path)))
}

// snapshot is Snapshot while the log does not grow by more than so many bytes.
func (e *Engine) snapshot(ctx context.Context, to string, grow int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := sizeOf(e.path + "-wal")
	watch := func() {
		if sizeOf(e.path+"-wal")-began > grow {
			cancel(ErrLogGrew)
		}
	}
	watch()
	go func() {
		look := time.NewTicker(100 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-e.closed:
				cancel(engine.ErrClosed)
			case <-look.C:
				watch()
			}
		}
	}()
	c, err := openConn(e.path, snapshotConn)
	if err != nil {
		return fmt.Errorf("store: open a connection: %w", err)
	}
	c.sql.SetInterrupt(ctx.Done())
	err = c.into(to)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	err = errors.Join(err, c.discard())
	if err == nil {
		err = sayClosed(to)
	}
	if err != nil {
		return fmt.Errorf("store: copy the database: %w", err)
	}
	return nil
}

// sizeOf is the length of a file; 0 where it is not there.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// into copies the database into a file.
func (c *conn) into(to string) error {
	s, _, err := c.sql.PrepareTransient("VACUUM INTO $1")
	if err != nil {
		return cause(err)
	}
	defer s.Finalize()
	s.BindText(1, plainURI(to, "rw"))
	_, err = s.Step()
	return cause(err)
}

// snapshotConn reads, and writes a file of its own, which query_only would not let it.
var snapshotConn = settings{run: anyConn, must: map[string]string{"journal_mode": "wal"}}

// plainURI names a database that is nobody's.
func plainURI(path, mode string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: "mode=" + mode}
	return u.String()
}

// Contents are what Inspect finds in a database file.
type Contents struct {
	// Schema is the version of its schema.
	Schema int64
	// Rows are how many rows each table has, but for those about the schema.
	Rows map[string]int64
}

// Inspect reads a database file that nobody has open, from end to end, and says what is
// in it. The error says what is wrong with the file.
func Inspect(ctx context.Context, path string) (Contents, error) {
	found := Contents{Rows: map[string]int64{}}
	path, err := filepath.Abs(path)
	if err != nil {
		return found, fmt.Errorf("store: %w", err)
	}
	k, err := binding.OpenConn(plainURI(path, "ro"), binding.OpenReadOnly|binding.OpenURI)
	if err != nil {
		return found, fmt.Errorf("store: open %s: %w", path, cause(err))
	}
	c := &conn{sql: k, stmts: map[string]*stmt{}}
	k.SetInterrupt(ctx.Done())
	err = c.inspect(&found)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err := errors.Join(err, c.discard()); err != nil {
		return found, fmt.Errorf("store: inspect %s: %w", path, err)
	}
	return found, nil
}

func (c *conn) inspect(found *Contents) error {
	for _, text := range []string{"PRAGMA trusted_schema = OFF", "PRAGMA cell_size_check = ON"} {
		if _, err := c.pragma(text); err != nil {
			return err
		}
	}
	switch says, err := c.pragma("PRAGMA integrity_check(1)"); {
	case err != nil:
		return err
	case says != "ok":
		return fmt.Errorf("the database is damaged: %s", says)
	}
	version, err := c.count("SELECT MAX(version_id) FROM " + migrate.VersionTable)
	if err != nil {
		return err
	}
	found.Schema = version
	tables, err := c.texts("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> '" + migrate.VersionTable + "' ORDER BY name")
	if err != nil {
		return err
	}
	for _, table := range tables {
		if found.Rows[table], err = c.count(`SELECT COUNT(*) FROM "` + strings.ReplaceAll(table, `"`, `""`) + `"`); err != nil {
			return err
		}
	}
	return nil
}

// count is the number that a query gives.
func (c *conn) count(text string) (n int64, err error) {
	s, _, err := c.sql.PrepareTransient(text)
	if err != nil {
		return 0, cause(err)
	}
	defer s.Finalize()
	if _, err := s.Step(); err != nil {
		return 0, cause(err)
	}
	return s.ColumnInt64(0), nil
}

// texts are the first columns of a query.
func (c *conn) texts(text string) (all []string, err error) {
	s, _, err := c.sql.PrepareTransient(text)
	if err != nil {
		return nil, cause(err)
	}
	defer s.Finalize()
	for {
		row, err := s.Step()
		if err != nil || !row {
			return all, cause(err)
		}
		all = append(all, s.ColumnText(0))
	}
}
