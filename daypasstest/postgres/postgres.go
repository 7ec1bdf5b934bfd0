// Package postgres has test servers of package daypasstest keep their data in a
// PostgreSQL database, which several of them can share.
package postgres

import (
	"context"
	"io/fs"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/postgres"
)

// Database is the database at a URL, such as postgres://user:password@host:5432/name.
// An empty one is set up by the first server.
func Database(url string) daypasstest.Database {
	return func(ctx context.Context, schema fs.FS) (engine.Engine, error) {
		return postgres.Open(ctx, postgres.Options{URL: url, Schema: schema})
	}
}
