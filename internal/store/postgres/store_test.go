package postgres_test

import (
	"io/fs"
	"testing"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestStore(t *testing.T) {
	database := pgtest.Database(t)
	storetest.Run(t, func(t testing.TB, schema fs.FS) engine.Engine {
		e, err := postgres.Open(t.Context(), postgres.Options{URL: postgres.Within(t, database), Schema: schema})
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
