package instance_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/daypasstest/postgres"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/engine"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// withMigrations is a database of a later version, which has more migrations.
func withMigrations(database daypasstest.Database, more map[string]string) daypasstest.Database {
	return func(ctx context.Context, schema fs.FS) (engine.Engine, error) {
		files := fstest.MapFS{}
		names, err := fs.Glob(schema, "*.sql")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := fs.ReadFile(schema, name)
			if err != nil {
				return nil, err
			}
			files[name] = &fstest.MapFile{Data: text}
		}
		for name, text := range more {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		return database(ctx, files)
	}
}

// Nodes are replaced by those of the next version one after the other, under load:
// nobody is refused, all nodes obey each other, and one of the version before can be
// started again. A version that the one before cannot work beside lets it not start.
func TestFleetRollingUpgrade(t *testing.T) {
	names, err := fs.Glob(store.Schema(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	last := names[len(names)-1][:4]
	adds := map[string]string{"9000_adds.sql": "-- +goose Up\n-- +daypass beside " + last + `
ALTER TABLE identities ADD COLUMN next BIGINT;
ALTER TABLE pools ADD COLUMN next BIGINT NOT NULL DEFAULT 7;
ALTER TABLE roles ADD COLUMN next {{text}};
CREATE TABLE next_things (id BIGINT NOT NULL PRIMARY KEY);
`}
	database := postgres.Database(pgtest.Database(t))
	c := daypasstest.Config{Database: database, DataDir: t.TempDir(), Issuer: "https://issuer.example"}
	before := fleet{newStory(t, c)}
	for range 1 {
		another := *before[0]
		another.server = daypasstest.Start(t, c)
		before = append(before, &another)
	}

	// The load: guests, users and changes of a role, at both nodes.
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	defer load.Wait()
	defer stop()
	var rounds [2]int
	for n, s := range before {
		token := s.signIn("alice")
		load.Go(func() {
			for ctx.Err() == nil {
				if err := s.exercise(n, token); err != nil {
					t.Errorf("node %d of the version before: %v", n, err)
					return
				}
				rounds[n]++
			}
		})
	}

	next := c
	next.Database = withMigrations(database, adds)
	after := *before[0]
	after.server = daypasstest.Start(t, next)
	token := after.signIn("alice")
	for range 5 {
		if err := after.exercise(2, token); err != nil {
			t.Errorf("the node of the next version: %v", err)
		}
	}
	stop()
	load.Wait()
	if rounds[0] == 0 || rounds[1] == 0 {
		t.Errorf("the nodes did %d rounds", rounds)
	}

	// What one of them does, the others obey at once.
	all := append(before, &after)
	for n, s := range all {
		pool := s.mustCreatePool("us-east-1")
		for m, other := range all {
			if _, err := call(other.public(), "GetId", map[string]any{"IdentityPoolId": pool}); err != nil {
				t.Errorf("node %d does not know the pool of node %d: %v", m, n, err)
			}
		}
		s.root("DeleteIdentityPool", map[string]any{"IdentityPoolId": pool})
		for m, other := range all {
			if _, err := call(other.public(), "GetId", map[string]any{"IdentityPoolId": pool}); err == nil {
				t.Errorf("node %d makes guests in the pool that node %d has deleted", m, n)
			}
		}
	}
	before[1].server.Restart() // of the version before, on the schema of the next
	if err := before[1].exercise(1, token); err != nil {
		t.Errorf("a node of the version before that was started again: %v", err)
	}

	key, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]string{"9000_adds.sql": adds["9000_adds.sql"], "9001_changes.sql": "-- +goose Up\nALTER TABLE roles DROP COLUMN next;\n"}
	e, err := withMigrations(database, changes)(t.Context(), store.Schema())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := instance.Open(t.Context(), instance.Config{Database: withMigrations(database, adds), MasterKey: key, Account: "123456789012"}); !errors.Is(err, store.ErrNewer) {
		t.Errorf("a version beside which that of the database does not work: %v, want %v", err, store.ErrNewer)
	}
}

// exercise is a guest, a user with credentials, and a change of a role that is obeyed.
func (s *story) exercise(n int, token string) error {
	if _, err := s.getID(""); err != nil {
		return fmt.Errorf("GetId of a guest: %w", err)
	}
	id, err := s.getID(token)
	if err != nil {
		return fmt.Errorf("GetId of a user: %w", err)
	}
	if _, err := s.credentials(id, token); err != nil {
		return fmt.Errorf("GetCredentialsForIdentity: %w", err)
	}
	role := fmt.Sprint("role-of-", n)
	if _, err := s.clientOf("us-east-1").Query(s.t.Context(), iam.API, "CreateRole", "RoleName", role, "AssumeRolePolicyDocument", trust(s.pool, "authenticated")); err != nil {
		return fmt.Errorf("CreateRole: %w", err)
	}
	if _, err := s.clientOf("us-east-1").Query(s.t.Context(), iam.API, "DeleteRole", "RoleName", role); err != nil {
		return fmt.Errorf("DeleteRole: %w", err)
	}
	return nil
}
