package postgres

import (
	"crypto/rand"
	"io/fs"
	"net/url"
	"strings"
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
	database := pgtest.Database(t)
	enginetest.Run(t, func(t testing.TB, schema fs.FS) engine.Engine {
		return open(t, Options{URL: within(t, database), Schema: schema})
	})
}

func TestEngineThroughBouncer(t *testing.T) {
	bouncer := pgtest.Bouncer(t, pgtest.Database(t), 12)
	enginetest.Run(t, func(t testing.TB, schema fs.FS) engine.Engine {
		u, err := url.Parse(pgtest.Database(t))
		if err != nil {
			t.Fatal(err)
		}
		u.Host = hostOf(t, bouncer)
		return open(t, Options{URL: u.String(), Schema: schema})
	})
}

// within is the URL of a part of a database that is the test's own, which is made in
// less time than a database.
func within(t testing.TB, database string) string {
	t.Helper()
	name := "part_" + strings.ToLower(rand.Text())
	pgtest.Exec(t, database, "CREATE SCHEMA "+name)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("options", "-csearch_path="+name)
	u.RawQuery = query.Encode()
	return u.String()
}
