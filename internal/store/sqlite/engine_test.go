package sqlite

import (
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/engine/enginetest"
)

func TestEngine(t *testing.T) {
	for name, shared := range map[string]bool{"Alone": false, "Shared": true} {
		t.Run(name, func(t *testing.T) {
			enginetest.Run(t, func(t testing.TB, schema fs.FS) engine.Engine {
				e, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "x.db"), Schema: schema, Shared: shared})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := e.Close(); err != nil {
						t.Error(err)
					}
				})
				if e.Alone() == shared {
					t.Errorf("the engine is alone: %v", e.Alone())
				}
				return e
			})
		})
	}
}
