package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/daypass/daypass/internal/revocation"
)

// ErrClosed answers View and Update once the database is closed.
var ErrClosed = errors.New("store: the database is closed")

// ErrInUse answers Open while another process, or another DB of this one, has
// the database open.
var ErrInUse = errors.New("another process is using this database")

// Options says which database to open.
type Options struct {
	// Path is the database file. It is made when missing, as is its
	// directory. Beside it live its write-ahead log (-wal, -shm) and the
	// lock that keeps a second process out (.lock). All are mode 0600, the
	// directory 0700 if made here.
	Path string

	// ReadConns is how many views may run at once; further ones wait.
	// Zero means twice GOMAXPROCS. Connections are opened when first needed.
	ReadConns int

	// RunAgain runs the function of every transaction twice, the first time in
	// vain, as engines do that find at the commit that others were faster. SQLite
	// is not one of them, so this is how tests find functions that are not safe to
	// run again.
	RunAgain bool
}

// DB is an open database, for any number of goroutines.
type DB struct {
	lock       io.Closer
	pools      []*sql.DB
	writer     *writer
	readers    *readers
	generation atomic.Uint64 // counts invalidations: see cache
	loaded     atomic.Uint64 // counts what the caches did not have
	closing    atomic.Bool
	unwritable atomic.Bool // the disk took no write, the last time
	closed     chan struct{}
	runAgain   bool
	upgrade    Upgrade

	revoked revocation.Index
}

// Open opens the database, alone in the system, and brings its schema up to
// date. ctx bounds the opening.
func Open(ctx context.Context, opts Options) (*DB, error) {
	schema, err := embeddedSchema()
	if err != nil {
		return nil, err
	}
	db, err := open(ctx, opts, schema)
	if err != nil {
		return nil, err
	}
	if err := db.Revocations().load(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Upgraded is what opening the database did to its schema.
func (db *DB) Upgraded() Upgrade { return db.upgrade }

// Close accepts no more work, finishes the updates and views it had accepted,
// and closes the database. Closing again does nothing.
func (db *DB) Close() error {
	if db.closing.Swap(true) {
		return nil
	}
	close(db.closed)
	err := db.writer.close()
	db.readers.close()
	for _, pool := range db.pools {
		err = errors.Join(err, pool.Close())
	}
	return errors.Join(err, db.lock.Close())
}

func (db *DB) isClosed() bool { return db.closing.Load() }

// isUnwritable tells whether err says that the disk takes no writes: it is full,
// fails, or may only be read.
func isUnwritable(err error) bool {
	switch code(err) & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return true
	}
	return false
}

// code is SQLite's extended result code, zero for other errors.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// sqliteWords are the words of the schema that the engines spell differently.
var sqliteWords = words{bytes: "BLOB", text: "TEXT", withoutRowID: "WITHOUT ROWID"}

// The settings of a connection, and what must be true of it afterwards. Some
// pragmas fail silently (WAL on a network file system), so we look.
var (
	anyConn = []string{
		"PRAGMA busy_timeout = 5000", // milliseconds; first, since the others may meet a lock
		"PRAGMA temp_store = MEMORY",
		"PRAGMA foreign_keys = ON",
		"PRAGMA trusted_schema = OFF",
	}
	writeConn = append(slices.Clip(anyConn),
		"PRAGMA page_size = 4096", // before the first table
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL", // an answer is a promise
		"PRAGMA fullfsync = ON",     // macOS: down to the disk, not just to its cache
		"PRAGMA wal_autocheckpoint = 1000",
	)
	readConn      = append(slices.Clip(anyConn), "PRAGMA query_only = ON")
	writeConnMust = map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
	readConnMust  = map[string]string{"journal_mode": "wal", "query_only": "1"}
)

// open opens a database with the schema of the given migrations.
func open(ctx context.Context, opts Options, schema migrations) (_ *DB, err error) {
	path, err := filepath.Abs(opts.Path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := makeDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db := &DB{closed: make(chan struct{}), runAgain: opts.RunAgain}
	if db.lock, err = lockFile(path + ".lock"); err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			for _, pool := range db.pools {
				pool.Close()
			}
			db.lock.Close()
		}
	}()
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := db.connect(ctx, path, opts, schema); err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	return db, nil
}

// connect migrates the database and starts its writer and readers.
func (db *DB) connect(ctx context.Context, path string, opts Options, schema migrations) error {
	writers, err := db.pool(path, 1, connector{run: writeConn, must: writeConnMust})
	if err != nil {
		return err
	}
	writers.SetMaxIdleConns(1) // one connection for all migrations
	if db.upgrade, err = schema.apply(ctx, writers); err != nil {
		return err
	}
	n := opts.ReadConns
	if n <= 0 {
		n = 2 * runtime.GOMAXPROCS(0)
	}
	readerPool, err := db.pool(path, n, connector{run: readConn, must: readConnMust})
	if err != nil {
		return err
	}
	openWriter := func(ctx context.Context) (*conn, error) { return openConn(ctx, writers) }
	c, err := openWriter(ctx)
	if err != nil {
		return err
	}
	writers.SetMaxIdleConns(-1) // a connection given up is closed
	db.writer = newWriter(c, openWriter)
	db.readers = newReaders(n, db.closed, func(ctx context.Context) (*conn, error) { return openConn(ctx, readerPool) })
	return nil
}

// pool makes a database/sql pool. We hold its connections one by one; it only
// makes them and counts them.
func (db *DB) pool(path string, n int, c connector) (pool *sql.DB, err error) {
	c.Connector, err = sqlite.NewConnector(dsn(path))
	if err != nil {
		return nil, err
	}
	pool = sql.OpenDB(c)
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(-1)
	db.pools = append(db.pools, pool)
	return pool, nil
}

// dsn names the file as a URI, so that no character of the path means anything.
// The file must exist (we make it, with our mode), double-quoted strings are
// errors as in PostgreSQL, and the schema tables cannot be written to.
func dsn(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_dqs=0&_defensive=1"}
	return u.String()
}

// connector opens connections with settings, and checks them.
type connector struct {
	driver.Connector
	run  []string
	must map[string]string // pragma to its value
}

// Connect implements [driver.Connector].
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c connector) prepare(ctx context.Context, conn driver.Conn) error {
	for _, text := range c.run {
		if _, err := conn.(driver.ExecerContext).ExecContext(ctx, text, nil); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	for name, want := range c.must {
		got, err := pragma(ctx, conn, name)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("the database answers %s = %s, and we need %s (is it on a file system that cannot lock or share memory?)", name, got, want)
		}
	}
	return nil
}

// pragma reads the value of a setting.
func pragma(ctx context.Context, conn driver.Conn, name string) (string, error) {
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, "PRAGMA "+name, nil)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	defer rows.Close()
	value := make([]driver.Value, 1)
	if err := rows.Next(value); err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return fmt.Sprint(value[0]), nil
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
