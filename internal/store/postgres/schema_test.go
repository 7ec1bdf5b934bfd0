package postgres

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/migrate"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// Of ten nodes that open an empty database at the same time, each migration is applied
// by one, once, and all of them open.
func TestTenNodesMakeOneSchema(t *testing.T) {
	url := pgtest.Database(t)
	schema := enginetest.Files(
		`CREATE TABLE thing (id {{bytes}} NOT NULL PRIMARY KEY, name {{text}} NOT NULL); CREATE TABLE counted (n BIGINT NOT NULL);`,
		`INSERT INTO counted (n) VALUES (2)`,
		`ALTER TABLE thing ADD COLUMN pool BIGINT; INSERT INTO counted (n) VALUES (3)`,
	)
	var mu sync.Mutex
	applied := map[string]int{}
	var wg sync.WaitGroup
	var engines []*Engine
	for range 10 {
		wg.Go(func() {
			e, err := Open(t.Context(), Options{URL: url, Schema: schema})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			engines = append(engines, e)
			for _, name := range e.Upgraded().Applied {
				applied[name]++
			}
			if u := e.Upgraded(); u.To != 3 {
				t.Errorf("opened at %+v", u)
			}
		})
	}
	wg.Wait()
	for _, e := range engines {
		defer e.Close()
	}
	if len(applied) != 3 {
		t.Errorf("applied %v", applied)
	}
	for name, times := range applied {
		if times != 1 {
			t.Errorf("%s was applied %d times", name, times)
		}
	}
	if t.Failed() {
		return
	}
	db := enginetest.DB{Engine: engines[0]}
	var rows, sum int64
	if err := db.View(t.Context(), func(tx *enginetest.Tx) error {
		_, err := tx.One(`SELECT COUNT(*), SUM(n) FROM counted`, nil, &rows, &sum)
		return err
	}); err != nil || rows != 2 || sum != 5 {
		t.Errorf("%d rows, together %d, %v", rows, sum, err)
	}
}

// A migration that waits for a lock lets others pass from time to time, and is applied
// when it gets the lock.
func TestMigrationWaitsItsTurn(t *testing.T) {
	url := pgtest.Database(t)
	texts := []string{`CREATE TABLE thing (id {{bytes}} NOT NULL, pool BIGINT NOT NULL, name {{text}} NOT NULL UNIQUE, value BIGINT NOT NULL);`, `ALTER TABLE thing ADD COLUMN extra BIGINT;`}
	db := enginetest.DB{Engine: open(t, Options{URL: url, Schema: enginetest.Files(texts[:1]...), Statement: 4 * time.Second})}
	if err := db.Update(t.Context(), enginetest.Add("a", 1)); err != nil {
		t.Fatal(err)
	}
	reading, over := make(chan struct{}), make(chan struct{})
	opened := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { // nobody reads as long as this, but a person may
		c, err := pgconn.Connect(t.Context(), url)
		if err == nil {
			_, err = c.Exec(t.Context(), `BEGIN; SELECT * FROM thing`).ReadAll()
		}
		if err != nil {
			t.Error(err)
		}
		close(reading)
		<-over
		if c != nil {
			c.Close(context.Background())
		}
	})
	<-reading
	wg.Go(func() {
		e, err := Open(t.Context(), Options{URL: url, Schema: enginetest.Files(texts...)})
		if err == nil {
			err = e.Close()
		}
		opened <- err
	})
	// Each of these would wait behind the migration for as long as the reader reads.
	for n := int64(0); n < 3; n++ {
		if err := db.Update(t.Context(), func(tx *enginetest.Tx) error { _, err := tx.Exec(enginetest.UpdateThing, "a", n); return err }); err != nil {
			t.Error(err)
		}
		select {
		case err := <-opened:
			t.Errorf("the migration did not wait: %v", err)
		case <-time.After(time.Second):
		}
	}
	close(over)
	if err := <-opened; err != nil {
		t.Error(err)
	}
	wg.Wait()
}

// A node goes on, and starts, on a database that a newer one has migrated, if the
// migrations say so.
func TestOlderNodeBesideNewer(t *testing.T) {
	url := pgtest.Database(t)
	texts := []string{
		`CREATE TABLE thing (id {{bytes}} NOT NULL, pool BIGINT NOT NULL, name {{text}} NOT NULL UNIQUE, value BIGINT NOT NULL);`,
		"-- +daypass beside 1\nALTER TABLE thing ADD COLUMN extra BIGINT;",
		"-- +daypass beside 2\nCREATE INDEX thing_by_extra ON thing (extra);",
	}
	first := open(t, Options{URL: url, Schema: enginetest.Files(texts[:1]...)})
	add := func(e *Engine, name string) {
		t.Helper()
		db := enginetest.DB{Engine: e}
		if err := db.Update(t.Context(), enginetest.Add(name, 1)); err != nil {
			t.Error(err)
		}
		if value := valueOf(t, db, name); value != 1 {
			t.Errorf("%s has the value %d", name, value)
		}
	}
	add(first, "a")
	second := open(t, Options{URL: url, Schema: enginetest.Files(texts[:2]...)})
	if u := second.Upgraded(); u.From != 1 || u.To != 2 || len(u.Applied) != 1 {
		t.Errorf("upgraded %+v", u)
	}
	add(first, "b")
	add(second, "c")
	again := open(t, Options{URL: url, Schema: enginetest.Files(texts[:1]...)})
	if u := again.Upgraded(); u.From != 2 || u.To != 2 || len(u.Applied) != 0 {
		t.Errorf("an older node has upgraded %+v", u)
	}
	add(again, "d")
	open(t, Options{URL: url, Schema: enginetest.Files(texts...)})
	_, err := Open(t.Context(), Options{URL: url, Schema: enginetest.Files(texts[:1]...)})
	if !errors.Is(err, migrate.ErrNewer) || !strings.Contains(err.Error(), "schema version 3 needs nodes that know at least version 2, and this one knows 1") {
		t.Error(err)
	}
	add(open(t, Options{URL: url, Schema: enginetest.Files(texts[:2]...)}), "e")

	// One that runs stops when it connects anew.
	first.pool.retire()
	db := enginetest.DB{Engine: first}
	for _, run := range []func(context.Context, func(*enginetest.Tx) error) error{db.View, db.Update} {
		err := run(t.Context(), func(tx *enginetest.Tx) error { _, _, err := enginetest.ValueOf(tx, "a"); return err })
		if !errors.Is(err, migrate.ErrNewer) || first.ErrorKind(err) != engine.Unavailable {
			t.Errorf("%v", err)
		}
	}
}

// What a database must be like, in so many words.
func TestDatabasesThatAreRefused(t *testing.T) {
	s := pgtest.Start(t)
	_, owner := s.Database(t)
	s.Exec(t, `CREATE ROLE guest LOGIN PASSWORD 'guest'`)
	schema := fs.FS(enginetest.Schema)
	s.Exec(t, `CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`)
	s.Exec(t, `CREATE DATABASE lax`)
	s.Exec(t, `ALTER DATABASE lax SET synchronous_commit = off`)
	s.Exec(t, `CREATE DATABASE reading`)
	s.Exec(t, `ALTER DATABASE reading SET default_transaction_read_only = on`)
	_, full := s.Database(t)
	pgtest.Exec(t, full, `CREATE TABLE thing (a TEXT)`)
	standby := s.Standby(t, "second")
	for _, test := range []struct{ name, url, want string }{
		{"another encoding", s.URLOf("latin", s.Addr()), "the encoding of the database is LATIN1, and daypass needs UTF8: CREATE DATABASE latin ENCODING 'UTF8' TEMPLATE template0"},
		{"answers before it is durable", s.URLOf("lax", s.Addr()), "synchronous_commit is off"},
		{"only reads", s.URLOf("reading", s.Addr()), "the server is read-only"},
		{"somebody else's", "postgres://guest:guest@" + s.Addr() + "/postgres", "the user guest may not make tables; make it the owner of the database: ALTER DATABASE postgres OWNER TO guest"},
		{"another password", "postgres://guest:guess@" + s.Addr() + "/postgres", `password authentication failed for user "guest"`},
		{"not there", s.URLOf("nothing", s.Addr()), `database "nothing" does not exist`},
		{"with tables of others", full, "the database holds another program's tables; give daypass a database of its own"},
		{"a standby", s.URLOf("postgres", standby.Addr()), "the server is a standby"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Open(t.Context(), Options{URL: test.url, Schema: schema})
			enginetest.CheckError(t, err, test.want)
			if err != nil && (strings.Contains(err.Error(), "guess") || strings.Contains(err.Error(), "\n")) {
				t.Errorf("the error tells the password, or has lines: %q", err)
			}
		})
	}
	// Of several hosts the one that takes writes is used, wherever it stands.
	e := open(t, Options{URL: strings.Replace(owner, s.Addr(), standby.Addr()+","+s.Addr(), 1), Schema: schema})
	if e.good.Load() != 1 {
		t.Error("the standby is used")
	}
}

// Texts sort by their bytes whatever the database's collation.
func TestCollation(t *testing.T) {
	s := pgtest.Start(t)
	s.Exec(t, `CREATE DATABASE sorted TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' ENCODING 'UTF8'`)
	db := enginetest.DB{Engine: open(t, Options{URL: s.URLOf("sorted", s.Addr()), Schema: enginetest.Schema})}
	for _, name := range []string{"b", "a-b", "B", "a", "_", "é"} {
		if err := db.Update(t.Context(), enginetest.Add(name, 1)); err != nil {
			t.Fatal(err)
		}
	}
	names, err := enginetest.Names(db)
	if got := strings.Join(names, " "); got != "B _ a a-b b é" || err != nil {
		t.Error(got, err)
	}
}
