package instance_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/daypasstest/postgres"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// What [TestRevocationsOutliveClocks] shows, at nodes whose clocks differ by up to ten seconds, whichever of them issues,
// revokes and is asked, from the first request on.
func TestRevocationsAtNodesWithOtherClocks(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) daypasstest.Database{
		"SQLite":     sharedSQLite,
		"PostgreSQL": func(t *testing.T) daypasstest.Database { return postgres.Database(pgtest.Database(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			config := daypasstest.Config{Database: database(t), DataDir: t.TempDir(), Now: c.now}
			first := newStory(t, config)
			nodes := []*story{first}
			for _, off := range []time.Duration{-5 * time.Second, 5 * time.Second} {
				another := *first
				config.Now, config.Issuer = func() time.Time { return c.now().Add(off) }, "https://issuer.example"
				another.server = daypasstest.Start(t, config)
				nodes = append(nodes, &another)
			}
			anna := first.withEveryFlow()
			turn := 0 // of issuer and revoker, who are never the same
			for what := range first.everyRevocation(&held{}) {
				turn++
				issuer, revoker := nodes[turn%3], nodes[(turn+1+turn/3%2)%3]
				h := issuer.hold(anna)
				revocation := issuer.everyRevocation(h)[what]
				revoker.revoke(revocation.in)
				for _, at := range nodes {
					h.want(t, at, what+", revoked", revocation.void...)
				}
				again := nodes[turn%2].hold(anna)
				for _, at := range nodes {
					again.want(t, at, what+", issued after it")
				}
			}
		})
	}
}

// sharedSQLite is an embedded database on which several nodes are as on one that is
// made for it.
func sharedSQLite(t *testing.T) daypasstest.Database {
	t.Helper()
	path := filepath.Join(t.TempDir(), "daypass.db")
	var shared engine.Engine
	t.Cleanup(func() {
		if err := shared.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(ctx context.Context, schema fs.FS) (_ engine.Engine, err error) {
		if shared == nil {
			shared, err = sqlite.Open(ctx, sqlite.Options{Path: path, Schema: schema, Shared: true})
		}
		return open{shared}, err
	}
}

// open is an engine that a node leaves open for others.
type open struct{ engine.Engine }

func (open) Close() error { return nil }
