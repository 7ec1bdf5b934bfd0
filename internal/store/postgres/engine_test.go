package postgres

import (
	"io/fs"
	"testing"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// open opens a database of the test's.
func open(t testing.TB, opts Options) *Engine {
	t.Helper()
	e, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestEngine(t *testing.T) {
	enginetest.Run(t, func(t testing.TB, schema fs.FS) engine.Engine {
		return open(t, Options{URL: pgtest.Database(t), Schema: schema})
	})
}

func TestEngineThroughBouncer(t *testing.T) {
	enginetest.Run(t, func(t testing.TB, schema fs.FS) engine.Engine {
		e := open(t, Options{URL: pgtest.Bouncer(t, pgtest.Database(t), 12), Schema: schema})
		return e
	})
}
