package instance

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/fixture"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// Whatever an instance seals to store it, the store knows how to seal anew: a new kind
// of secret has to be in its list.
func TestSealedPurposes(t *testing.T) {
	shared := func(context.Context, fs.FS) (engine.Engine, error) {
		return sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "daypass.db"), Schema: store.Schema(), Shared: true})
	}
	for name, c := range map[string]Config{"alone": {DataDir: t.TempDir()}, "a node": {Database: shared}} {
		c.MasterKey, c.Account, c.PublicURL = fixture.MasterKey(t), "123456789012", "http://127.0.0.1"
		c.Root = RootAccessKey{ID: "test", Secret: seal.NewSecret("test")}
		c.Trail = func(*audit.Trail) audit.Sink { return audit.Log(slog.New(slog.DiscardHandler)) }
		i, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, purpose := range i.ring.Purposes() {
			if !slices.Contains(store.SealedPurposes(), purpose) {
				t.Errorf("%s: what is sealed for %s is not in the list of what is sealed anew", name, purpose)
			}
		}
		if len(i.ring.Purposes()) < 4 {
			t.Errorf("%s: purposes %q", name, i.ring.Purposes())
		}
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	}
}

// While something is sealed with one master key and something with another, there is
// no backup: it would need both.
func TestNoBackupInRotation(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(dir, "daypass.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	first, second := fixture.MasterKey(t), fixture.MasterKey(t)
	ring, err := db.Unlock(t.Context(), first, second)
	if err != nil {
		t.Fatal(err)
	}
	b := &backups{db: db, dir: dir, ring: ring, now: time.Now}
	backup := func() error {
		s, err := b.CreateBackup(t.Context(), "")
		if err == nil {
			err = s.Body.(interface{ Close() error }).Close()
		}
		return err
	}
	if err := backup(); err != nil {
		t.Fatal(err)
	}
	if err := db.ReplaceMasterKey(t.Context(), store.Replacement{Key: second}); err != nil {
		t.Fatal(err)
	}
	if err := backup(); !errors.Is(err, admin.ErrRotating) {
		t.Errorf("in between: %v", err)
	}
	if err := b.oneKey(t.Context(), first); !errors.Is(err, admin.ErrRotating) {
		t.Errorf("a copy that was begun before: %v", err)
	}
	if _, err := db.SealAnew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.oneKey(t.Context(), first); !errors.Is(err, admin.ErrRotating) {
		t.Errorf("a copy that was begun before, afterwards: %v", err)
	}
	if err := backup(); err != nil {
		t.Error(err)
	}
}
