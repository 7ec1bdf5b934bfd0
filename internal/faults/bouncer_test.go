package faults

import (
	"io/fs"
	"net/http"
	"testing"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/store/storetest"
)

// Nodes work through pgbouncer in transaction mode, with fewer connections to the
// server than they have to it.
func TestThroughBouncer(t *testing.T) {
	database := pgtest.Bouncer(t, pgtest.Database(t), 6)
	w := newWorld(t, database, database)
	l := newLedger(t, w)
	r := l.run(writers)
	r.more(200 * rounds)
	r.stop()
	w.becomes(t, http.StatusOK)
	l.verify()
}

// The whole store does.
func TestLongStoreThroughBouncer(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB, schema fs.FS) engine.Engine {
		e, err := postgres.Open(t.Context(), postgres.Options{URL: pgtest.Bouncer(t, pgtest.Database(t), 12), Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
		return e
	})
}
