package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/migrate"
)

// words are the words of the schema that the engines spell differently.
var words = migrate.Words{Bytes: "BYTEA", Text: `TEXT COLLATE "C"`}

// The table of the migrations that were applied. Each writes its number in its own
// transaction, so that of many nodes that want to apply it one does: the others wait
// for the unique key, and find it taken. Nothing else keeps them apart.
const (
	makeVersions = `CREATE TABLE IF NOT EXISTS ` + migrate.VersionTable + ` (version BIGINT NOT NULL PRIMARY KEY, beside BIGINT NOT NULL)`
	readVersions = `SELECT version, beside FROM ` + migrate.VersionTable + ` ORDER BY version`
)

// own is the migration of what belongs to the engine.
var own = migrate.Migration{Number: 0, Name: "the engine's own", Text: makeAttempts}

// codesThere are how PostgreSQL answers one of two who make the same table, even IF NOT
// EXISTS.
var codesThere = []string{codeUnique, codeTableThere, codeObjectThere}

// A migration waits for locks, those of others' migrations too, only so long at a time,
// because everybody else waits behind it. Then it gives up and tries again.
const (
	migrationLock  = 2 * time.Second
	migrationPause = 250 * time.Millisecond
)

// migrate brings the schema up to date.
func (e *Engine) migrate(ctx context.Context) error {
	known, err := migrate.Migrations{Files: e.opts.Schema, Words: words}.List()
	if err != nil {
		return err
	}
	known = append([]migrate.Migration{own}, known...)
	began := time.Now()
	e.upgrade.From = -1
	for n := 0; ; n++ {
		again, err := e.migrateOnce(ctx, known)
		if err == nil {
			break
		}
		if !again || time.Since(began) > e.opts.Migration || ctx.Err() != nil {
			return err
		}
		wait := time.NewTimer(min(time.Duration(n)*5*time.Millisecond, migrationPause))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return err
		}
	}
	if len(e.upgrade.Applied) > 0 {
		e.upgrade.Took = time.Since(began)
	}
	return nil
}

// migrateOnce applies what is missing. again says that it was overtaken.
func (e *Engine) migrateOnce(ctx context.Context, known []migrate.Migration) (again bool, err error) {
	connecting, cancel := context.WithTimeout(ctx, max(e.opts.Wait, time.Duration(len(e.hosts))*e.opts.Connect))
	defer cancel()
	c, err := e.connect(connecting)
	if err != nil {
		return false, err
	}
	defer func() { e.pool.push(c) }()
	ended := context.AfterFunc(ctx, func() { c.net.SetDeadline(time.Unix(1, 0)) })
	defer ended()
	for {
		applied, err := c.versions()
		if answer, ok := errors.AsType[*answerError](err); ok && answer.code == codeNoTable {
			_, err = c.run("making the table of versions", makeVersions, time.Now().Add(e.opts.Statement))
			if answer, ok := errors.AsType[*answerError](err); err == nil || ok && slices.Contains(codesThere, answer.code) {
				continue // another may have made it
			}
		}
		if err != nil {
			return overtaken(err), e.explain(err, false)
		}
		last, top := int64(0), known[len(known)-1].Number
		for version, beside := range applied {
			last = max(last, version)
			if beside > top {
				return false, newer(strconv.FormatInt(version, 10), strconv.FormatInt(beside, 10), top)
			}
		}
		if e.upgrade.From < 0 {
			e.upgrade.From = last
		}
		e.upgrade.To = last
		next := slices.IndexFunc(known, func(m migrate.Migration) bool { _, ok := applied[m.Number]; return !ok })
		if next < 0 {
			e.known.Store(top)
			return false, nil
		}
		if err := c.apply(known[next]); err != nil {
			return overtaken(err), fmt.Errorf("schema: %s: %w", known[next].Name, e.explain(err, len(applied) <= 1))
		}
		if known[next].Number > 0 {
			e.upgrade.Applied = append(e.upgrade.Applied, known[next].Name)
		}
	}
}

// versions reads which migrations were applied, and beside which they work.
func (c *conn) versions() (map[int64]int64, error) {
	t := &tx{e: c.e, c: c, single: true, asked: true}
	s := c.stmt(readVersions).begin(t)
	applied := map[int64]int64{}
	for {
		row, err := s.Next()
		if err != nil || !row {
			return applied, errors.Join(err, s.Close())
		}
		applied[s.Int(0)] = s.Int(1)
	}
}

// apply applies a migration in a transaction of its own.
func (c *conn) apply(m migrate.Migration) error {
	bound := c.e.opts.Migration
	deadline := time.Now().Add(bound + slack)
	doing := "applying " + m.Name
	for _, text := range []string{
		fmt.Sprintf(`BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;
			SET LOCAL statement_timeout = %[1]d; SET LOCAL idle_in_transaction_session_timeout = %[1]d; SET LOCAL lock_timeout = %[2]d;
			INSERT INTO %[3]s (version, beside) VALUES (%[4]d, %[5]d)`,
			bound.Milliseconds(), migrationLock.Milliseconds(), migrate.VersionTable, m.Number, m.Beside),
		m.Text,
		`COMMIT`,
	} {
		tag, err := c.run(doing, text, deadline)
		if err == nil && text == "COMMIT" && tag != "COMMIT" {
			err = fmt.Errorf("PostgreSQL has answered %s to COMMIT", tag)
		}
		if err != nil {
			if c.broken == nil {
				_, err2 := c.run(doing, "ROLLBACK", time.Now().Add(c.e.opts.Statement+slack))
				err = errors.Join(err, err2)
			}
			return err
		}
	}
	return nil
}

// overtaken says that another node was faster, or the connection was lost, and it is
// worth another look.
func overtaken(err error) bool {
	if _, ok := errors.AsType[*unavailable](err); ok {
		return true
	}
	answer, ok := errors.AsType[*answerError](err)
	return ok && (answer.kind() == engine.Unique || answer.kind() == engine.TryAgain) // the number is taken, or a lock
}

// explain says what to do about errors that a new database is likely to meet.
func (e *Engine) explain(err error, empty bool) error {
	answer, ok := errors.AsType[*answerError](err)
	switch {
	case ok && answer.code == codeNoPrivilege:
		return fmt.Errorf("the user %s may not make tables; make it the owner of the database: ALTER DATABASE %s OWNER TO %s: %w", e.config.User, e.config.Database, e.config.User, err)
	case ok && answer.code == codeTableThere && empty:
		return fmt.Errorf("the database holds another program's tables; give daypass a database of its own: %w", err)
	}
	return err
}
