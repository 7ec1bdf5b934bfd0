package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	modernc "modernc.org/sqlite"

	"github.com/daypass/daypass/internal/store/engine"
)

// The newest commits are in the log beside the main file (-wal), and a main file
// without its log is a valid database that lacks them: of a small server it lacks
// everything. So the main file says whether it is open, in its user_version. It says
// so before the first commit that it may lack, and until it lacks none: whoever copies
// it alone while a server runs has a file that says "open" and no log beside it.
//
// For that to be the only way to such a pair, the log must stay while the file says
// "open". SQLite removes it with the last connection, so a connection (the keeper)
// is there from the first to the last moment and is told to leave it, unless the file
// has been made to say "closed".
//
// What user_version says is known without opening the database, which would already
// change it.
const (
	closedVersion = "0" // also of files that earlier versions made
	openVersion   = "1"
	lostVersion   = "2" // open, and without its newest changes, which nobody has dealt with yet

	versionOffset = 60 // in the header of the file: https://www.sqlite.org/fileformat2.html
)

// ErrLogMissing answers Open for a file that was copied, or whose log was removed,
// while a server had it open.
var ErrLogMissing = errors.New("the database was copied, or its log removed, while it was in use: the newest changes are missing, in the worst case all of them")

// ErrEmpty answers Open where a database was to be there, and nothing is in it.
var ErrEmpty = errors.New("the database has nothing in it. It was copied without its log (-wal) while it was in use, or was never finished: put the log back, or restore a backup")

// ErrDamaged answers Open for a file that is not one of SQLite's, or not whole.
var ErrDamaged = errors.New("the file is not a database: it is damaged, or another file is in its place. Restore a backup")

// checkLog refuses a main file that says "open" and has no log. It reads the file
// and closes it, which drops SQLite's locks on it: there must not be any yet.
func checkLog(path string) error {
	open, err := saysOpen(path)
	if err != nil || !open {
		return err
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%w. Put %s-wal back, or restore a backup. Start with --accept-loss to use what the file has. "+
		"(Nothing is missing if another program, such as sqlite3, has opened the file since.)", ErrLogMissing, path)
}

// saysOpen says what the main file says.
func saysOpen(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var header [versionOffset + 4]byte
	if _, err := io.ReadFull(f, header[:]); err != nil {
		switch {
		case errors.Is(err, io.EOF):
			return false, nil // a new one
		case errors.Is(err, io.ErrUnexpectedEOF):
			err = ErrDamaged
		}
		return false, err
	}
	version := binary.BigEndian.Uint32(header[versionOffset:])
	if !bytes.HasPrefix(header[:], []byte("SQLite format 3\x00")) || version > 2 {
		return false, ErrDamaged
	}
	return version != 0, nil
}

// sayClosed makes the copy of a database, which lacks nothing, say "closed". Nobody has
// it open.
func sayClosed(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, 4), versionOffset)
	return errors.Join(err, f.Close())
}

// markOpen makes the main file say "open", and whether its newest changes were lost. What
// the log had is in the main file then.
func (c *conn) markOpen(lost bool) error {
	version := openVersion
	if lost {
		version = lostVersion
	}
	if err := c.mark(version); err != nil {
		return err
	}
	whole, err := c.checkpoint("FULL")
	if err == nil && !whole {
		err = errors.New("readers hold back the checkpoint of the log")
	}
	if err != nil {
		return fmt.Errorf("mark the database open: %w", err)
	}
	return nil
}

// markClosed makes the database say "closed", unless something that was lost has not
// been dealt with. The main file follows when the keeper closes. The checkpoint makes
// room in the log where the disk has none.
func (c *conn) markClosed() error {
	if _, err := c.checkpoint("TRUNCATE"); err != nil {
		return err
	}
	if now, err := c.pragma("PRAGMA user_version"); err != nil || now == lostVersion {
		return err
	}
	return c.mark(closedVersion)
}

// Lost says that the database lacks its newest changes, as Options.AcceptLoss accepted:
// now, or before and [Engine.LossHandled] was never reached.
func (e *Engine) Lost() bool { return e.lost }

// LossHandled forgets that changes were lost.
func (e *Engine) LossHandled(ctx context.Context) error {
	return e.Update(ctx, engine.Serial, func(c engine.Conn) (func(), error) {
		return nil, c.(*conn).mark(openVersion)
	})
}

func (c *conn) mark(version string) error {
	now, err := c.pragma("PRAGMA user_version")
	if err == nil && now != version {
		_, err = c.pragma("PRAGMA user_version = " + version)
	}
	if err != nil {
		return fmt.Errorf("mark the database: %w", err)
	}
	return nil
}

// checkpoint writes what the log has into the main file, and says whether that is
// all. https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
func (c *conn) checkpoint(mode string) (whole bool, err error) {
	s, _, err := c.sql.PrepareTransient("PRAGMA wal_checkpoint(" + mode + ")")
	if err != nil {
		return false, cause(err)
	}
	defer s.Finalize()
	if _, err := s.Step(); err != nil {
		return false, cause(err)
	}
	busy, frames, written := s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnInt64(2)
	return busy == 0 && frames == written, nil
}

// keeper is the connection that keeps the log, with the settings of the one that
// writes. It is one of database/sql, for the migrations.
type keeper struct {
	pool *sql.DB
	conn *sql.Conn // nil before hold
}

// openKeeper opens the file, the first of all connections. Double-quoted strings are
// errors, as in PostgreSQL and as they are in the binding.
func openKeeper(path string) (*keeper, error) {
	base, err := modernc.NewConnector(uri(path) + "&_dqs=0&_defensive=1")
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector{base, writeConn})
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(1)
	return &keeper{pool: pool}, nil
}

// notEmpty says whether the database has tables.
func (k *keeper) notEmpty(ctx context.Context) error {
	var tables int
	if err := k.pool.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	if tables == 0 {
		return ErrEmpty
	}
	return nil
}

// hold takes the connection out of its pool, which may close what is in it.
func (k *keeper) hold(ctx context.Context) (err error) {
	if k.conn == nil {
		k.conn, err = k.pool.Conn(ctx)
	}
	return err
}

// close is the end of the last connection: the log goes with it where the database
// says "closed".
func (k *keeper) close() error {
	ctx := context.Background()
	err := k.hold(ctx)
	if err == nil {
		var version string
		err = k.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
		if err == nil && version == closedVersion {
			err = k.conn.Raw(func(c any) error { return keepLog(c, false) })
		}
		err = errors.Join(err, k.conn.Close())
	}
	return errors.Join(err, k.pool.Close())
}

// keepLog says whether the log stays when this connection is the last one that closes.
func keepLog(driverConn any, keep bool) error {
	mode := 0
	if keep {
		mode = 1
	}
	_, err := driverConn.(modernc.FileControl).FileControlPersistWAL("main", mode)
	return err
}
