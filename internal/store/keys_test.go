package store_test

import (
	"path/filepath"
	"testing"

	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// A node knows the keys that another one has made with the next call, and makes no
// new list of those that it knows.
func TestSigningKeysOfAnotherNode(t *testing.T) {
	e, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "daypass.db"), Schema: store.Schema(), Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	var nodes []openid.Store
	for range 2 {
		db, err := store.On(t.Context(), e, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, db.Keys())
	}
	list := func(node, want int) []openid.SigningKey {
		t.Helper()
		list, err := nodes[node].SigningKeys(t.Context())
		if err != nil || len(list) != want {
			t.Fatalf("node %d has %d keys (%v), want %d", node, len(list), err, want)
		}
		return list
	}
	list(0, 0)
	for n, region := range []string{"us-east-1", "eu-west-1", "sa-east-1"} {
		key := openid.SigningKey{KID: region + "-1", Region: region, Sealed: []byte{1}}
		if added, err := nodes[n%2].AddSigningKey(t.Context(), key, openid.Room{}); !added || err != nil {
			t.Fatal(added, err)
		}
		list(1-n%2, n+1)
		first := list(1-n%2, n+1)
		if again := list(1-n%2, n+1); &again[0] != &first[0] {
			t.Error("what has not changed is another list")
		}
	}
}
