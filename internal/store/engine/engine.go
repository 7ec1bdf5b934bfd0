// Package engine says what the store asks of a database.
//
// The store has the queries, the caches and the rules for transactions; an engine
// opens a database, brings its schema up to date, and runs statements in
// transactions. There is one for each kind of database: store/sqlite is the
// embedded one. enginetest holds what is true of all of them.
//
// # Words
//
//   - A [View] is one snapshot that statements read; most have one statement.
//   - An update is a function that reads and writes in one transaction. It happens
//     whole or not at all, and is durable when it is answered.
//   - A [Conn] runs the statements of one view or update, one after the other.
//   - A [Stmt] is a statement that is being run: it is given its values, and then
//     has rows.
//
// # Statements
//
// The text of a statement is a constant of the store, in the SQL that all engines
// share. Its placeholders are $1, $2 and so on; each may stand anywhere, and more
// than once. Engines prepare a text once for each of their connections.
//
// Values are integers, texts, byte strings or NULL, and have methods of their own
// for each, so that a look-up need not put them on the heap.
package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrClosed answers views and updates once the engine is closed.
	ErrClosed = errors.New("store: the database is closed")

	// ErrSeveral answers the second statement of a Single view, on engines where one
	// statement alone is cheaper than a snapshot for several. What the view has read
	// is worth nothing then: it is to be run again as one of Several.
	ErrSeveral = errors.New("store: the view has several statements")
)

// An Engine is an open database, for any number of goroutines.
type Engine interface {
	// Standby is SQL that is 1 where a statement is run by a server that is behind
	// another, whose changes it repeats, and 0 otherwise.
	Standby() string

	// Alone says that nobody but this process, with this engine, changes the database
	// while it is open: what was read once is true until this process changes it.
	Alone() bool

	// View begins a snapshot. It is taken no later than by the first statement. When
	// ctx ends, View, or the next statement, fails with its error. Views never wait
	// for updates.
	View(ctx context.Context, kind ViewKind) (View, error)

	// Update calls fn with a transaction, commits what it did, calls the function
	// that fn returned (if any), and returns. When fn fails or panics, or the commit
	// fails, nothing that fn did is in the database, and its function is not called.
	// Whoever reads after Update has returned nil, and the function that fn returned,
	// see what fn did.
	//
	// An engine may call fn again, when it finds that it cannot commit what fn did
	// because of what others did meanwhile, or that a commit whose outcome it had to
	// find out did not happen. The last call is the one that counts. fn runs on the
	// goroutine of its caller. It makes no update itself.
	//
	// ctx that ends before fn was called ends Update with its error. Whether it ends
	// statements of fn is up to the engine; it never ends a commit, of which nobody
	// would then know what became.
	Update(ctx context.Context, kind UpdateKind, fn func(Conn) (committed func(), err error)) error

	// Probe finds out whether the database takes writes, by one that changes nothing.
	Probe(ctx context.Context) error

	// ErrorKind says what an error of this engine means. nil, and errors of others,
	// are Other.
	ErrorKind(err error) ErrorKind

	// Upgraded is what opening did to the schema.
	Upgraded() Upgrade

	// Close accepts no more work, finishes what was accepted, and closes the
	// database.
	Close() error
}

// ViewKind says how many statements a view has.
type ViewKind int

const (
	// Single views have one statement, which is a snapshot by itself: engines that
	// ask a server need no transaction around it. A second statement sees the same
	// snapshot, or fails with [ErrSeveral].
	Single ViewKind = iota
	// Several are any number of statements that see the same snapshot.
	Several
)

// UpdateKind says what an update does, so that an engine can choose how it keeps
// updates apart. One that runs them one after the other need not look.
type UpdateKind int

const (
	// Serial updates may rely on whatever they have read: others that commit at the
	// same time do so as if they came before or after.
	Serial UpdateKind = iota
	// Configuring updates change what is cached, by every node. They are few, and run
	// one after the other, for which there are better means than to let all but one
	// fail and run again: the first statement of each locks a row that is the same for
	// all, and each statement sees what was committed before it began.
	Configuring
	// Joining updates add rows that nobody has yet, many at a time, and take what is
	// there where somebody was faster. Each statement sees what was committed before
	// it began, and no more can be relied on than the rows that it has locked and what
	// a unique key says. None of them fails because of another.
	Joining
)

// ErrorKind is what an error means.
type ErrorKind int

const (
	// Other is what has no kind.
	Other ErrorKind = iota
	// Unique is a clash with a primary key or a unique index.
	Unique
	// ForeignKey is a row that refers to one that is not there, or is referred to.
	ForeignKey
	// TryAgain is a transaction that others were in the way of: it may succeed when it
	// is run again.
	TryAgain
	// Unwritable is a database that takes no writes: its disk is full, fails, or may
	// only be read.
	Unwritable
	// Unavailable is a database that did not answer, or not in time, or is not the one
	// that may be asked. After an update it is not known whether it happened.
	Unavailable
)

// A Conn runs the statements of one view or update. It is for one goroutine, and
// runs one statement at a time.
type Conn interface {
	// Prepare finds or makes a statement. ctx bounds the statement, if the engine can
	// end one without harm.
	Prepare(ctx context.Context, text string) (Stmt, error)
}

// A View is a snapshot.
type View interface {
	Conn

	// End gives the snapshot up. It is called once, when no statement is open.
	End()
}

// A Stmt is given a value for each placeholder, by place from 1, and is then asked
// for rows until there are no more or nobody wants more. It is closed in any case,
// before another statement is prepared.
type Stmt interface {
	BindNull(place int)
	BindInt(place int, v int64)
	BindText(place int, v string)
	BindBytes(place int, v []byte) // nil is empty, not NULL
	BindID(place int, v [16]byte)  // 16 bytes

	// Next goes to the next row, and says whether there is one. The first call runs
	// the statement.
	Next() (bool, error)

	// The columns of the row, from 0. One that is of another type, or NULL where that
	// is not asked for, is an error that Err and Close tell.
	IsNull(column int) bool
	Int(column int) int64
	Text(column int) string
	AppendBytes(to []byte, column int) []byte
	Err() error

	// Changed is how many rows the statement has changed, after the last Next.
	Changed() int64

	// Close ends the statement.
	Close() error
}

// Bind gives a statement its values: strings, byte strings (nil is NULL), [16]byte,
// integers and nil.
func Bind(s Stmt, values []any) error {
	for n, v := range values {
		place := n + 1
		switch v := v.(type) {
		case nil:
			s.BindNull(place)
		case string:
			s.BindText(place, v)
		case [16]byte:
			s.BindID(place, v)
		case []byte:
			if v == nil {
				s.BindNull(place)
			} else {
				s.BindBytes(place, v)
			}
		case int64:
			s.BindInt(place, v)
		case int32:
			s.BindInt(place, int64(v))
		case int:
			s.BindInt(place, int64(v))
		default:
			return fmt.Errorf("value $%d has a type that is not stored", place)
		}
	}
	return nil
}

// Scan reads the first columns of a row into strings, byte strings (a NULL is nil)
// and integers.
func Scan(s Stmt, dest []any) error {
	for column, d := range dest {
		switch d := d.(type) {
		case *string:
			*d = s.Text(column)
		case *[]byte:
			*d = Bytes(s, column)
		case *int64:
			*d = s.Int(column)
		case *int:
			*d = int(s.Int(column))
		default:
			return fmt.Errorf("column %d is asked for in a type that is not stored", column)
		}
	}
	return s.Err()
}

// Bytes is a copy of a column's bytes, nil where it is NULL.
func Bytes(s Stmt, column int) []byte {
	if s.IsNull(column) {
		return nil
	}
	return s.AppendBytes([]byte{}, column)
}

// Upgrade is what opening a database did to its schema.
type Upgrade struct {
	// From is the version that the database had, 0 for a new one, and To the one that
	// it has.
	From, To int64
	// Applied are the migrations, in order.
	Applied []string
	// Took is how long they took together.
	Took time.Duration
}
