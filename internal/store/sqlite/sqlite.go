// Package sqlite is the embedded engine of the store: SQLite in a single file.
//
// Updates run one after the other, on one connection. A group is a set of updates
// committed together: whoever waits when the writer becomes free is in the next
// group, and nobody waits on purpose. Each runs between a savepoint and its release,
// so that one that fails or panics does not disturb the others. Only the loss of
// the whole transaction (a full disk, an I/O error) is shared, and then every
// member of the group is told.
//
// One process at a time: an exclusive lock on a file beside the database is held
// while it is open. The system drops it when the process dies.
package sqlite

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/migrate"
)

// ErrInUse answers Open while another process, or another Engine of this one, has
// the database open.
var ErrInUse = errors.New("another process is using this database")

// Options says which database to open.
type Options struct {
	// Path is the database file. It is made when missing, as is its
	// directory. Beside it live its write-ahead log (-wal; on Windows also
	// -shm) and the lock that keeps a second process out (.lock). All are mode
	// 0600, the directory 0700 if made here.
	Path string

	// ReadConns is how many views may run at once; further ones wait.
	// Zero means twice GOMAXPROCS. Connections are opened when first needed.
	ReadConns int

	// Schema are the migrations: numbered .sql files.
	Schema fs.FS

	// Existing opens a database that was made before, and makes none: see [ErrEmpty].
	Existing bool

	// AcceptLoss opens the database also where Open would answer [ErrLogMissing].
	AcceptLoss bool

	// Idle is how long nobody writes before the log is written into the main file,
	// so that a copy of that file alone has nearly everything. Zero means two seconds.
	Idle time.Duration

	// Shared says that several stores are opened on the engine, as if each were a
	// node of its own: it then behaves like one that is not alone with its database.
	// It is for tests.
	Shared bool
}

// Engine is an open database.
type Engine struct {
	path    string
	copying sync.RWMutex // each Snapshot reads; Close writes
	lock    io.Closer
	keeper  *keeper
	lost    bool // when it was opened
	writer  *writer
	readers *readers
	closing atomic.Bool
	closed  chan struct{}
	upgrade engine.Upgrade
	shared  bool
}

var _ engine.Engine = (*Engine)(nil)

// Open opens the database, alone in the system, and brings its schema up to
// date. ctx bounds the opening.
func Open(ctx context.Context, opts Options) (_ *Engine, err error) {
	path, err := filepath.Abs(opts.Path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := makeDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	e := &Engine{path: path, closed: make(chan struct{}), shared: opts.Shared}
	if e.lock, err = Lock(path); err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			e.lock.Close()
		}
	}()
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := checkLog(path); err != nil {
		if e.lost = opts.AcceptLoss && errors.Is(err, ErrLogMissing); !e.lost {
			return nil, fmt.Errorf("store: open %s: %w", path, err)
		}
	}
	if err := e.connect(ctx, path, opts); err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	return e, nil
}

// Lock takes the lock of a database, which keeps Open out of it, without opening it. Where
// it is taken already the error is [ErrInUse].
func Lock(path string) (io.Closer, error) { return lockFile(path + ".lock") }

// connect migrates the database and starts its writer and readers.
func (e *Engine) connect(ctx context.Context, path string, opts Options) (err error) {
	if e.keeper, err = openKeeper(path); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.keeper.close())
		}
	}()
	if opts.Existing {
		if err := e.keeper.notEmpty(ctx); err != nil {
			return err
		}
	}
	schema := migrate.Migrations{Files: opts.Schema, Words: words}
	if e.upgrade, err = schema.Apply(ctx, e.keeper.pool, goose.DialectSQLite3); err != nil {
		return err
	}
	if err := e.keeper.hold(ctx); err != nil {
		return err
	}
	n := opts.ReadConns
	if n <= 0 {
		n = 2 * runtime.GOMAXPROCS(0)
	}
	openWriter := func() (*conn, error) { return openConn(path, writeConn) }
	c, err := openWriter()
	if err != nil {
		return err
	}
	// A disk that takes no writes now may do so later, and until then there is
	// something to read.
	said, err := c.pragma("PRAGMA user_version")
	if err != nil {
		return errors.Join(err, c.discard())
	}
	e.lost = e.lost || said == lostVersion
	marked := c.markOpen(e.lost)
	if marked != nil && e.ErrorKind(marked) != engine.Unwritable {
		return errors.Join(marked, c.discard())
	}
	e.writer = newWriter(c, openWriter, marked == nil, e.lost, cmp.Or(opts.Idle, defaultIdle))
	e.readers = newReaders(n, e.closed, func() (*conn, error) { return openConn(path, readConn) })
	return nil
}

// Upgraded implements [engine.Engine].
func (e *Engine) Upgraded() engine.Upgrade { return e.upgrade }

// Standby implements [engine.Engine]: there is no server.
func (e *Engine) Standby() string { return "0" }

// Alone implements [engine.Engine]: the lock keeps others out.
func (e *Engine) Alone() bool { return !e.shared }

// Close implements [engine.Engine]. Closing again does nothing.
func (e *Engine) Close() error {
	if e.closing.Swap(true) {
		return nil
	}
	close(e.closed)
	e.copying.Lock()
	err := e.writer.close()
	e.readers.close()
	return errors.Join(err, e.keeper.close(), e.lock.Close())
}

// Probe implements [engine.Engine]: it writes the header of the database and leaves
// it as it is.
func (e *Engine) Probe(ctx context.Context) error {
	return e.Update(ctx, engine.Serial, func(c engine.Conn) (func(), error) {
		w := c.(*conn)
		version, err := w.pragma("PRAGMA user_version")
		if err != nil {
			return nil, err
		}
		_, err = w.pragma("PRAGMA user_version = " + version)
		return nil, err
	})
}

// words are the words of the schema that the engines spell differently.
var words = migrate.Words{Bytes: "BLOB", Text: "TEXT", WithoutRowID: "WITHOUT ROWID"}

// settings are those of a connection, and what must be true of it afterwards. Some
// pragmas fail silently (WAL on a network file system), so we look.
type settings struct {
	run  []string
	must map[string]string // pragma to its value
}

var (
	anyConn = []string{
		"PRAGMA busy_timeout = 5000", // milliseconds, for another tool's lock; first, since the others may meet one
		"PRAGMA temp_store = MEMORY",
		"PRAGMA foreign_keys = ON",
		"PRAGMA trusted_schema = OFF",
	}
	writeConn = settings{
		run: append(slices.Clip(anyConn),
			"PRAGMA page_size = 4096", // before the first table
			"PRAGMA journal_mode = WAL",
			"PRAGMA synchronous = FULL", // an answer is a promise
			"PRAGMA fullfsync = ON",     // macOS: down to the disk, not just to its cache
			"PRAGMA wal_autocheckpoint = 1000",
		),
		must: map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"},
	}
	readConn = settings{
		run:  append(slices.Clip(anyConn), "PRAGMA query_only = ON"),
		must: map[string]string{"journal_mode": "wal", "query_only": "1"},
	}
)

// apply makes the settings of a connection, whose pragma runs a statement and
// returns what it answers.
func (s settings) apply(pragma func(text string) (string, error)) error {
	for _, text := range s.run {
		if _, err := pragma(text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	for name, want := range s.must {
		got, err := pragma("PRAGMA " + name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if got != want {
			return fmt.Errorf("the database answers %s = %s, and we need %s (is it on a file system that cannot lock or share memory?)", name, got, want)
		}
	}
	return nil
}

// uri names the file as a URI, so that no character of the path means anything.
// The file must exist: we make it, with our mode.
//
// Nobody else has the file open (see lockFile), so SQLite is told to keep others out
// too: then the index of its log is in the memory of this process, and not in a file
// (-shm) that processes share, and a look-up makes no system calls to lock parts of
// it, which were a quarter of its CPU time. Windows has no such way.
func uri(path string) string {
	if runtime.GOOS == "windows" {
		return plainURI(path, "rw")
	}
	return plainURI(path, "rw") + "&vfs=unix-excl"
}

// connector opens connections of database/sql that leave the log, with settings.
type connector struct {
	driver.Connector
	settings
}

// Connect implements [driver.Connector].
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := keepLog(conn, true); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	err = c.apply(func(text string) (string, error) {
		rows, err := conn.(driver.QueryerContext).QueryContext(ctx, text, nil)
		if err != nil {
			return "", err
		}
		defer rows.Close()
		value := make([]driver.Value, max(1, len(rows.Columns())))
		if err := rows.Next(value); err != nil && err != io.EOF {
			return "", err
		}
		return fmt.Sprint(value[0]), nil
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// makeDir makes the directory if it is missing, for its owner alone.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil // somebody chose it; its mode is theirs
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// makeFile makes the database file if it is missing, and sees to it that nobody
// else can read it or its companions, which take their mode from it. It runs
// before the first connection: closing the file later would drop SQLite's locks.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Chmod(path+suffix, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return syncDir(filepath.Dir(path))
}
