package move

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// The errors that callers look for.
var (
	// ErrTargetNotEmpty answers Migrate where there is something in the target.
	ErrTargetNotEmpty = errors.New("the target database is not empty")
	// ErrOtherMigration answers Migrate where there is half of another database in the
	// target.
	ErrOtherMigration = errors.New("the target database has half of another database, or of an older state of this one, whose migration was not finished: drop it and make it anew")
	// ErrDiffers answers Migrate where the target does not have what the source has.
	ErrDiffers = errors.New("the target database does not have what the data directory has: drop it, make it anew and migrate again")
)

// Migrate copies the embedded database of a data directory into another database.
type Migrate struct {
	// From is the data directory.
	From string
	// To is the other database, which Run does not close. It has the schema and nothing else, or what an
	// interrupted Migrate of the same data directory has left.
	To engine.Engine
	// Where names the other database for people, without a password.
	Where string
	// Step is told what is being done; nil for nobody.
	Step func(Step)
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// reached is told of each step, in tests, and may end it there.
	reached func(step string) error
}

// Schema is what the other database is opened with.
func Schema() fs.FS { return store.Schema() }

// Step is how far a Migrate is.
type Step struct {
	// Doing is "copy" or "verify", and Table the table.
	Doing, Table string
	// Rows are done, of so many.
	Rows, Of int64
}

// Migrated is what a Migrate has done.
type Migrated struct {
	// Rows are how many rows each table has.
	Rows map[string]int64
	// Already says that there was nothing left to do.
	Already bool
}

// batch bounds what is copied in one transaction, in rows and bytes.
const (
	batchRows  = 4096
	batchBytes = 4 << 20
)

// Run migrates. The data directory is not served any more from the moment that rows
// are copied, and the target not before it has been compared with the source. Whoever
// interrupts it runs it again.
//
// All is copied as it is, with the numbers of changes, and both databases are sealed
// with the same master key: credentials and tokens stay valid.
func (m Migrate) Run(ctx context.Context) (out Migrated, err error) {
	if m.Now == nil {
		m.Now = time.Now
	}
	if m.Step == nil {
		m.Step = func(Step) {}
	}
	if m.reached == nil {
		m.reached = func(string) error { return nil }
	}
	if err := datadir.MayMove(m.From, m.Where); err != nil {
		return out, err
	}
	source, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(m.From, datadir.Database), Existing: true, Schema: store.Schema()})
	if err != nil {
		return out, err
	}
	db, err := store.On(ctx, source, store.Options{}) // counts changes, if no server has yet
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tables, err := tablesOf(ctx, source)
	if err != nil {
		return out, err
	}
	if out.Already, err = m.begin(ctx, source, tables); err != nil || out.Already {
		return out, err
	}
	for _, t := range tables {
		if err := m.copy(ctx, source, t); err != nil {
			return out, fmt.Errorf("copy %s: %w", t.name, err)
		}
		if err := m.reached("copied " + t.name); err != nil {
			return out, err
		}
	}
	out.Rows = map[string]int64{}
	for _, t := range tables {
		if out.Rows[t.name], err = m.verify(ctx, source, t); err != nil {
			return out, err
		}
	}
	if err := m.reached("verified"); err != nil {
		return out, err
	}
	if err := datadir.Move(m.From, m.Where, m.Now()); err != nil {
		return out, err
	}
	if err := m.reached("moved"); err != nil {
		return out, err
	}
	return out, m.update(ctx, func(c engine.Conn) error {
		return each(ctx, c, `DELETE FROM moving`, nil, nothing)
	})
}

func nothing(engine.Stmt) error { return nil }

// update does something in the target.
func (m *Migrate) update(ctx context.Context, do func(engine.Conn) error) error {
	return m.To.Update(ctx, engine.Joining, func(c engine.Conn) (func(), error) { return nil, do(c) })
}

// begin sees that the target is empty, or has a part of this source, and writes down on
// both sides that a migration has begun.
func (m *Migrate) begin(ctx context.Context, source engine.Engine, tables []*table) (already bool, err error) {
	state, err := stateOf(ctx, source)
	if err != nil {
		return false, err
	}
	moving := "" // the state that a migration was begun with, if one was
	err = query(ctx, m.To, `SELECT source FROM moving WHERE id = 1`, nil, func(s engine.Stmt) error {
		moving = s.Text(0)
		return nil
	})
	switch {
	case err != nil:
		return false, err
	case moving == state:
	case moving != "":
		return false, ErrOtherMigration
	default:
		moved, err := datadir.Moved(m.From)
		if err != nil {
			return false, err
		}
		if moved {
			return true, nil // and what has become of the target since is its own affair
		}
		for _, t := range tables {
			switch last, err := t.lastKey(ctx, m.To); {
			case err != nil:
				return false, err
			case last != nil:
				return false, fmt.Errorf("%w: its table %s has rows", ErrTargetNotEmpty, t.name)
			}
		}
		err = m.update(ctx, func(c engine.Conn) error {
			return each(ctx, c, `INSERT INTO moving (id, source) VALUES (1, $1)`, []any{state}, nothing)
		})
		if err != nil {
			return false, err
		}
	}
	if err := m.reached("begun"); err != nil {
		return false, err
	}
	return false, datadir.Moving(m.From, m.Where, m.Now())
}

// stateOf names the source, and the state that it is in as far as that is counted.
func stateOf(ctx context.Context, source engine.Engine) (state string, err error) {
	err = query(ctx, source, `SELECT epoch, number, mark FROM change WHERE id = 1`, nil, func(s engine.Stmt) error {
		state = fmt.Sprintf("%s %d %s", hex.EncodeToString(engine.Bytes(s, 0)), s.Int(1), hex.EncodeToString(engine.Bytes(s, 2)))
		return nil
	})
	if err == nil && state == "" {
		err = errors.New("the data directory does not count its changes")
	}
	return state, err
}

// copy copies a table, from where it was interrupted: rows are in the target in the
// order of their keys, so its last one says how far that was.
func (m *Migrate) copy(ctx context.Context, source engine.Engine, t *table) error {
	of, err := t.count(ctx, source)
	if err != nil {
		return err
	}
	done, err := t.count(ctx, m.To)
	if err != nil {
		return err
	}
	last, err := t.lastKey(ctx, m.To)
	if err != nil {
		return err
	}
	m.Step(Step{"copy", t.name, done, of})
	var batch []row
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := m.update(ctx, func(c engine.Conn) error { return t.insert(ctx, c, batch) }); err != nil {
			return err
		}
		done += int64(len(batch))
		batch, size = batch[:0], 0
		m.Step(Step{"copy", t.name, done, of})
		return m.reached("part of " + t.name)
	}
	err = t.rows(ctx, source, last, func(r row) error {
		batch, size = append(batch, r), size+r.size()
		if len(batch) >= batchRows || size >= batchBytes {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// verify compares a table of both sides, row by row.
func (m *Migrate) verify(ctx context.Context, source engine.Engine, t *table) (rows int64, err error) {
	want, err := t.sumOf(ctx, source, func(int64) {})
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", t.name, err)
	}
	m.Step(Step{"verify", t.name, 0, want.rows})
	got, err := t.sumOf(ctx, m.To, func(rows int64) { m.Step(Step{"verify", t.name, rows, want.rows}) })
	switch {
	case err != nil:
		return 0, fmt.Errorf("read %s of the target: %w", t.name, err)
	case got.rows != want.rows:
		return 0, fmt.Errorf("%w: %s has %d rows, and not %d", ErrDiffers, t.name, got.rows, want.rows)
	case got.hash != want.hash:
		return 0, fmt.Errorf("%w: %s has as many rows, and others", ErrDiffers, t.name)
	}
	m.Step(Step{"verify", t.name, want.rows, want.rows})
	return want.rows, nil
}
