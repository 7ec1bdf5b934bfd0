package store_test

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/sqlite"
	"github.com/daypass/daypass/internal/store/storetest"
)

func TestStore(t *testing.T) {
	for name, shared := range map[string]bool{"Alone": false, "Shared": true} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t testing.TB, schema fs.FS) engine.Engine {
				e, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "daypass.db"), Schema: schema, Shared: shared})
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
		})
	}
}
