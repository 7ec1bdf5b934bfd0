package store

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/migrate"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// The errors that callers look for.
var (
	// ErrClosed answers View and Update once the database is closed.
	ErrClosed = engine.ErrClosed
	// ErrInUse answers Open while another process, or another DB of this one, has
	// the database open.
	ErrInUse = sqlite.ErrInUse
	// ErrLogMissing answers Open for an embedded database that lacks its newest
	// changes.
	ErrLogMissing = sqlite.ErrLogMissing
	// ErrEmpty answers Open of an existing database that has nothing in it.
	ErrEmpty = sqlite.ErrEmpty
	// ErrNewer answers Open when the database was written by a later daypass, whose
	// schema this one does not know.
	ErrNewer = migrate.ErrNewer
	// ErrNotWhole answers Open of a database that another one is being brought into.
	ErrNotWhole = errors.New("the database is not whole: a migration into it was not finished. Run daypass migrate again")
	// ErrNotEmbedded answers Snapshot where the database is a server of its own, which
	// has its own means.
	ErrNotEmbedded = errors.New("store: the database is not the embedded one")
)

// Opener opens a database and brings its schema up to date: numbered .sql files, see
// [Schema].
type Opener = func(ctx context.Context, schema fs.FS) (engine.Engine, error)

// Upgrade is what opening a database did to its schema.
type Upgrade = engine.Upgrade

//go:embed schema
var schemaFiles embed.FS

// Schema is the folder of migrations that make the schema of daypass.
func Schema() fs.FS {
	schema, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		panic(err) // the name is valid
	}
	return schema
}

// Options says which database to open.
type Options struct {
	// Path is the file of the embedded database, see [sqlite.Options].
	Path string

	// ReadConns is how many views of the embedded database may run at once; further
	// ones wait. Zero means twice GOMAXPROCS.
	ReadConns int

	// Existing opens an embedded database that was made before, and makes none.
	Existing bool

	// AcceptLoss opens an embedded database also where Open would answer
	// [ErrLogMissing]. What was issued before is void then.
	AcceptLoss bool

	// Begin is told of each update when it begins to wait for its turn, and gives what is
	// told when it is durable, or has failed; nil for nobody.
	Begin func() (end func(error))

	// RunAgain runs the function of every transaction twice, the first time in
	// vain, as engines do that find at the commit that others were faster. SQLite
	// is not one of them, so this is how tests find functions that are not safe to
	// run again.
	RunAgain bool

	// WentBack is told, by the node that has dealt with it, that the database has gone back
	// to an earlier state, and that everything which was issued before is void; nil for
	// nobody. It must be quick, and must not use the store.
	WentBack func()

	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// DB is an open database, for any number of goroutines.
type DB struct {
	engine     engine.Engine
	begin      func() (end func(error)) // see Options.Begin
	alone      bool                     // nobody else changes the database
	lost       bool                     // see Lost
	texts      texts
	generation atomic.Uint64 // counts invalidations: see cache
	loaded     atomic.Uint64 // counts what the caches did not have
	closing    atomic.Bool
	unwritable atomic.Bool // the disk took no write, the last time
	runAgain   bool
	now        func() time.Time
	number     atomic.Int64 // of the last change that this node has committed or, at the start, has found

	wentBack func() // see Options.WentBack

	// goOn is what is done in a database that has gone back, which had come to a number.
	goOn func(tx *Tx, highest int64) error

	coherence
	revoked revocation.Index
	records records
	keyring *keyring // nil before Unlock
}

// Open opens the embedded database, alone in the system, and brings its schema up
// to date. ctx bounds the opening.
func Open(ctx context.Context, opts Options) (*DB, error) {
	e, err := sqlite.Open(ctx, sqlite.Options{Path: opts.Path, ReadConns: opts.ReadConns, Existing: opts.Existing, AcceptLoss: opts.AcceptLoss, Schema: Schema()})
	if err != nil {
		return nil, err
	}
	db, err := On(ctx, e, opts)
	if err != nil || !e.Lost() {
		return db, err
	}
	// Revocations may be among what was lost.
	if err = db.Revocations().RevokeEverything(ctx); err == nil {
		err = e.LossHandled(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.lost = true
	return db, nil
}

// Lost says that the database lacked its newest changes, as Options.AcceptLoss accepted,
// and that Open has voided what was issued before.
func (db *DB) Lost() bool { return db.lost }

// Lock keeps Open out of an embedded database, without opening it.
func Lock(path string) (io.Closer, error) { return sqlite.Lock(path) }

// On is a database on an engine that was opened with [Schema], and is closed with
// it. Of the options only Begin, RunAgain, WentBack and Now count.
func On(ctx context.Context, e engine.Engine, opts Options) (*DB, error) {
	db := on(e, opts)
	db.keep(revocationLog, db.Revocations())
	db.wentBack, db.goOn = opts.WentBack, db.revokeLost
	err := db.whole(ctx)
	if err == nil {
		err = db.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// whole refuses a database that another one is being brought into.
func (db *DB) whole(ctx context.Context) error {
	return db.plainView(ctx, new(Tx), func(tx *Tx) error {
		var one int
		moving, err := tx.query(`SELECT 1 FROM moving`).one(&one)
		if err == nil && moving {
			err = ErrNotWhole
		}
		return err
	})
}

// on is a database on an engine with any schema.
func on(e engine.Engine, opts Options) *DB {
	db := &DB{engine: e, alone: e.Alone(), runAgain: opts.RunAgain, begin: opts.Begin, now: opts.Now, texts: textsFor(e)}
	if db.now == nil {
		db.now = time.Now
	}
	db.position.Store(&position{})
	db.records.node, db.records.wake = random(), make(chan struct{}, 1)
	db.goOn = (*Tx).leap
	return db
}

// Upgraded is what opening the database did to its schema.
func (db *DB) Upgraded() Upgrade { return db.engine.Upgraded() }

// Snapshot writes the embedded database as it is at one moment into a file, which must
// be there and empty, see [sqlite.Engine.Snapshot].
func (db *DB) Snapshot(ctx context.Context, to string) error {
	e, ok := db.engine.(interface {
		Snapshot(ctx context.Context, to string) error
	})
	if !ok {
		return ErrNotEmbedded
	}
	return e.Snapshot(ctx, to)
}

// Contents are what Inspect finds in a file.
type Contents = sqlite.Contents

// Inspect reads a file of the embedded database that nobody has open, from end to end,
// and says what is in it, see [sqlite.Inspect].
func Inspect(ctx context.Context, path string) (Contents, error) { return sqlite.Inspect(ctx, path) }

// Close accepts no more work, finishes the updates and views it had accepted,
// and closes the database. Closing again does nothing.
func (db *DB) Close() error {
	if db.closing.Swap(true) {
		return nil
	}
	return db.engine.Close()
}

// Unavailable says whether an error means that the database could not be asked, so that
// whoever asks again later may get another answer: it did not answer in time, it may
// not be asked, others were in the way for too long, or its disk takes no writes.
func (db *DB) Unavailable(err error) bool {
	if errors.Is(err, ErrUnavailable) {
		return true
	}
	kind := db.engine.ErrorKind(err)
	return kind == engine.Unavailable || kind == engine.TryAgain || kind == engine.Unwritable
}

// Ping says whether the database answers and takes writes. It writes only where
// the last write failed because of the disk, to see whether there is room again.
func (db *DB) Ping(ctx context.Context) error {
	if db.unwritable.Load() {
		if err := db.wrote(db.engine.Probe(ctx)); err != nil {
			return fmt.Errorf("store: no writes: %w", err)
		}
	}
	if !db.alone {
		return db.current(ctx, db.moments.Load())
	}
	return db.View(ctx, func(tx *Tx) error {
		var one int
		_, err := tx.query(`SELECT 1`).one(&one)
		return err
	})
}

// View calls fn with a transaction that reads. All of its statements see the
// same snapshot, taken at the first of them, and never wait for writers. When
// ctx ends, the next statement fails with its error. Where one statement is
// cheaper than a snapshot for several, fn runs again when it makes a second.
//
// A view that asks only the caches never touches the database.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.view(ctx, new(Tx), fn)
}

// view is View with a Tx of the caller's, which is part of something larger.
func (db *DB) view(ctx context.Context, tx *Tx, fn func(*Tx) error) error {
	if db.runAgain {
		if err := db.viewOnce(ctx, new(Tx), inVain(fn)); !errors.Is(err, errInVain) {
			return err
		}
	}
	return db.viewOnce(ctx, tx, fn)
}

func (db *DB) viewOnce(ctx context.Context, tx *Tx, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.closing.Load() {
		return ErrClosed
	}
	if !db.alone {
		return db.sharedView(ctx, tx, fn)
	}
	err := db.plainView(ctx, tx, fn)
	requestOf(ctx).went(tx.number)
	return err
}

// plainView is a View that goes by what is in memory as it is.
func (db *DB) plainView(ctx context.Context, tx *Tx, fn func(*Tx) error) error {
	for {
		// The generation is read before the snapshot is taken: see cache.
		tx.ctx, tx.db, tx.generation, tx.number = ctx, db, db.generation.Load(), db.number.Load()
		if tx.basis != nil {
			tx.number = tx.basis.at.number
		}
		err := tx.view(fn)
		if tx.views == engine.Several || !errors.Is(tx.failed, engine.ErrSeveral) {
			return err
		}
		tx.again(engine.Several)
	}
}

// errInVain undoes a transaction that is run again.
var errInVain = errors.New("store: the transaction has to be run again")

// inVain runs the function of a transaction and then undoes what it did.
func inVain(fn func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error { return errors.Join(fn(tx), errInVain) }
}

// Update calls fn with a transaction that reads and writes, and returns when its
// work is durable, or is not there at all. What fn has read is still true when it
// is committed.
//
// A ctx that ends before fn was begun takes the update out of the queue, and
// Update returns its error. A commit is never given up because of ctx. A panic of
// fn undoes its work and goes on to the caller of Update.
//
// What is cached is changed with Configure.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.update(ctx, engine.Serial, fn)
}

// Configure is an Update that may change what is cached. They run one after the
// other on every engine, which makes them slow on some. Each has a number
// ([Tx.Change]).
func (db *DB) Configure(ctx context.Context, fn func(*Tx) error) error {
	return db.update(ctx, engine.Configuring, fn)
}

func (db *DB) update(ctx context.Context, kind engine.UpdateKind, fn func(*Tx) error) error {
	if err := db.settleNow(ctx); err != nil {
		return err
	}
	if db.runAgain {
		if err := db.updateOnce(ctx, kind, inVain(fn)); !errors.Is(err, errInVain) {
			return err
		}
	}
	end := func(error) {}
	if db.begin != nil {
		end = db.begin()
	}
	err := db.wrote(db.updateOnce(ctx, kind, fn))
	end(err)
	if err != nil {
		db.renew(ctx)
	}
	return err
}

func (db *DB) updateOnce(ctx context.Context, kind engine.UpdateKind, fn func(*Tx) error) error {
	return db.engine.Update(ctx, kind, func(c engine.Conn) (func(), error) {
		tx := &Tx{ctx: ctx, db: db, conn: c, writes: true, configures: kind == engine.Configuring, number: db.known()}
		defer tx.end()
		do := fn // which may be called again, in another tx
		if tx.configures {
			do = tx.counted(fn)
		}
		if err := tx.run(do); err != nil {
			return nil, err
		}
		if err := tx.keepRecord(db.record(ctx)); err != nil {
			return nil, err
		}
		if len(tx.hooks) == 0 {
			return nil, nil
		}
		return tx.committed, nil
	})
}

// wrote remembers whether the database took a write, and returns how it went.
func (db *DB) wrote(err error) error {
	switch {
	case err == nil:
		db.unwritable.Store(false)
	case db.engine.ErrorKind(err) == engine.Unwritable:
		db.unwritable.Store(true)
	}
	return err
}
