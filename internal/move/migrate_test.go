package move

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/fixture"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/store/sqlite"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var now = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// world is a data directory with something in most tables.
func world(t *testing.T, people int) (dir string, key *seal.MasterKey) {
	t.Helper()
	dir, key = t.TempDir(), fixture.MasterKey(t)
	db := openDir(t, dir)
	c := db.Cognito(key.Box("pool-secret"))
	one, two := fixture.Pool(1), fixture.Pool(2)
	fixture.AddPool(t, c, one)
	fixture.AddPool(t, c, two)
	for n := 0; n < people; n += 50_000 {
		if err := c.AddIdentities(t.Context(), fixture.People(one, min(people-n, 50_000), uint64(n+1))); err != nil {
			t.Fatal(err)
		}
	}
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(fixture.Identity(two, 1)) })
	ring, err := db.Unlock(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		db.CheckAccount(t.Context(), ring, "123456789012"),
		revoke(t, db, revocation.Target{Kind: revocation.Role, Name: "arn:aws:iam::123456789012:role/ü"}),
		datadir.Made(dir, now), db.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir, key
}

func revoke(t *testing.T, db *store.DB, target revocation.Target) error {
	t.Helper()
	_, err := db.Revocations().Revoke(t.Context(), revocation.Revocation{Target: target, Before: now, Created: now})
	return err
}

func openDir(t *testing.T, dir string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, datadir.Database)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// target is another database, which can be opened again.
type target struct {
	name string
	open func(t *testing.T) engine.Engine
}

// targets are empty databases of each kind.
func targets(t *testing.T) []target {
	t.Helper()
	path := filepath.Join(t.TempDir(), "target.db")
	url := sync.OnceValue(func() string { return pgtest.Database(t) })
	return []target{{"sqlite", func(t *testing.T) engine.Engine {
		t.Helper()
		e, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Schema: store.Schema()})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}}, {"postgres", func(t *testing.T) engine.Engine {
		t.Helper()
		e, err := postgres.Open(t.Context(), postgres.Options{URL: url(), Schema: store.Schema()})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}}}
}

// dump is everything that a database has.
func dump(t *testing.T, tables []*table, e engine.Engine) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, table := range tables {
		all[table.name] = []string{}
		if err := table.rows(t.Context(), e, nil, func(r row) error {
			all[table.name] = append(all[table.name], fmt.Sprintf("%q", r))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func sourceOf(t *testing.T, dir string) (engine.Engine, []*table) {
	t.Helper()
	e, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, datadir.Database), Schema: store.Schema()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	tables, err := tablesOf(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return e, tables
}

var errStopped = errors.New("stopped")

// Interrupted after any of its steps, a migration goes on where it was. Neither side is
// served meanwhile, and what comes out is what went in.
func TestMigrate(t *testing.T) {
	for _, target := range targets(t) {
		t.Run(target.name, func(t *testing.T) {
			dir, _ := world(t, 10_000)
			source, tables := sourceOf(t, dir)
			want := dump(t, tables, source)
			if err := source.Close(); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"pools", "identities", "logins", "change", "change_log", "revocations", "seals"} {
				if len(want[name]) == 0 {
					t.Errorf("the table %s is empty: the test shows less than it could", name)
				}
			}
			stops := []string{"begun", "copied change", "part of identities", "part of identities", "copied identities", "copied users", "verified", "moved"}
			runs := 0
			for done := false; !done; runs++ {
				e := target.open(t)
				stop := ""
				out, err := Migrate{From: dir, To: e, Where: "postgres://db/x", Now: clock, reached: func(step string) error {
					if runs < len(stops) && step == stops[runs] {
						stop = step
						return errStopped
					}
					return nil
				}}.Run(t.Context())
				switch done = err == nil; {
				case stop != "" && !errors.Is(err, errStopped), stop == "" && err != nil:
					t.Fatalf("run %d, stopped after %q: %v", runs, stop, err)
				case done && out.Rows["identities"] != int64(len(want["identities"])):
					t.Errorf("%v", out)
				}
				if !done {
					if _, err := datadir.Prepare(dir, false); stop != "moved" && (!errors.Is(err, datadir.ErrMoved) || !strings.Contains(err.Error(), "Run daypass migrate again")) && stop != "begun" {
						t.Errorf("after %q the source is served: %v", stop, err)
					}
					if db, err := store.On(t.Context(), e, store.Options{}); !errors.Is(err, store.ErrNotWhole) {
						t.Fatalf("after %q the target is served: %v, %v", stop, db, err)
					}
					continue
				}
				if diff := cmp.Diff(want, dump(t, tables, e)); diff != "" {
					t.Error(diff)
				}
				db, err := store.On(t.Context(), e, store.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if runs != len(stops)+1 {
				t.Errorf("%d runs", runs)
			}
			_, err := datadir.Prepare(dir, true)
			if !errors.Is(err, datadir.ErrMoved) || !strings.Contains(err.Error(), `"moved to postgres://db/x"`) {
				t.Errorf("the source is served: %v", err)
			}
			e := target.open(t)
			defer e.Close()
			if out, err := (Migrate{From: dir, To: e, Where: "postgres://db/x"}).Run(t.Context()); err != nil || !out.Already {
				t.Errorf("again: %v, %v", out, err)
			}
			if _, err := (Migrate{From: dir, To: e, Where: "postgres://db/y"}).Run(t.Context()); !errors.Is(err, datadir.ErrMoved) {
				t.Errorf("elsewhere: %v", err)
			}
		})
	}
}

// What is in the way of a migration, and what it must not take for its own.
func TestMigrateRefuses(t *testing.T) {
	for _, target := range targets(t) {
		t.Run(target.name, func(t *testing.T) {
			stopAt := func(at string) func(string) error {
				return func(step string) error {
					if step == at {
						return errStopped
					}
					return nil
				}
			}
			dir, _ := world(t, 100)
			run := func(dir string, reached func(string) error) error {
				t.Helper()
				e := target.open(t)
				defer e.Close()
				_, err := Migrate{From: dir, To: e, Where: "there", Now: clock, reached: reached}.Run(t.Context())
				return err
			}
			e := target.open(t)
			db, err := store.On(t.Context(), e, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if err := run(dir, nil); !errors.Is(err, ErrTargetNotEmpty) {
				t.Errorf("a target that was served: %v", err)
			}
			if _, err := datadir.Prepare(dir, false); err != nil {
				t.Errorf("the source is not served any more: %v", err)
			}
			clear := func(text string) {
				t.Helper()
				e := target.open(t)
				defer e.Close()
				if err := (&Migrate{To: e}).update(t.Context(), func(c engine.Conn) error { return each(t.Context(), c, text, nil, nothing) }); err != nil {
					t.Fatal(err)
				}
			}
			clear(`DELETE FROM change`)
			clear(`DELETE FROM change_log`)

			running := openDir(t, dir)
			if err := run(dir, nil); !errors.Is(err, store.ErrInUse) {
				t.Errorf("a server runs: %v", err)
			}
			if err := running.Close(); err != nil {
				t.Fatal(err)
			}
			if err := run(t.TempDir(), nil); err == nil {
				t.Error("an empty directory was migrated")
			}

			if err := run(dir, stopAt("copied pools")); !errors.Is(err, errStopped) {
				t.Fatal(err)
			}
			other, _ := world(t, 1)
			if err := run(other, nil); !errors.Is(err, ErrOtherMigration) {
				t.Errorf("another source: %v", err)
			}
			db = openDir(t, dir) // served in between, by somebody who has removed the mark
			if err := errors.Join(revoke(t, db, revocation.Target{Kind: revocation.Role, Name: "r"}), db.Close()); err != nil {
				t.Fatal(err)
			}
			if err := run(dir, nil); !errors.Is(err, ErrOtherMigration) {
				t.Errorf("an older state of the source: %v", err)
			}
		})
	}
}

// A target that has something else in the end is found out, and not served.
func TestMigrateVerifies(t *testing.T) {
	const first, last = `(SELECT id FROM identities ORDER BY id LIMIT 1)`, `(SELECT id FROM identities ORDER BY id DESC LIMIT 1)`
	source, _ := world(t, 100)
	for change, want := range map[string]string{
		`DELETE FROM identities WHERE id = ` + first:                 "identities has 100 rows, and not 101",
		`UPDATE logins SET identity = ` + last:                       "logins has as many rows, and others",
		`UPDATE identities SET merged_into = id WHERE id = ` + first: "identities has as many rows, and others",
	} {
		for _, target := range targets(t) {
			t.Run(target.name+" "+change, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
					t.Fatal(err)
				}
				e := target.open(t)
				defer e.Close()
				m := Migrate{From: dir, To: e, Where: "there", Now: clock}
				m.reached = func(step string) error {
					if step != "copied users" {
						return nil
					}
					return m.update(t.Context(), func(c engine.Conn) error { return each(t.Context(), c, change, nil, nothing) })
				}
				_, err := m.Run(t.Context())
				if !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
				if _, err := datadir.Prepare(dir, false); !strings.Contains(fmt.Sprint(err), "moving to there") {
					t.Errorf("the source: %v", err)
				}
			})
		}
	}
}

// A migration ends when it is told to, and goes on later.
func TestMigrateEnds(t *testing.T) {
	dir, _ := world(t, 100)
	target := targets(t)[0]
	ctx, cancel := context.WithCancel(t.Context())
	e := target.open(t)
	defer e.Close()
	_, err := Migrate{From: dir, To: e, Where: "there", reached: func(string) error { cancel(); return nil }}.Run(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := (Migrate{From: dir, To: e, Where: "there"}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, datadir.Database)); err != nil {
		t.Errorf("the source is gone: %v", err)
	}
}
