package store_test

import (
	"context"
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

// A request that finds that another node has made the key reads it, although it goes
// by an older state for everything else.
func TestSigningKeyMadeByAnotherNodeMeanwhile(t *testing.T) {
	e, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "daypass.db"), Schema: store.Schema(), Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	a, err := store.On(t.Context(), e, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := store.On(t.Context(), e, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ofA, ofB := a.Keys(), b.Keys()
	key := openid.SigningKey{KID: "us-east-1-1", Region: "us-east-1", Sealed: []byte{1}}
	for range 2 { // so that it is in memory
		if _, err := ofB.SigningKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	err = b.Attend(t.Context(), func(ctx context.Context) error {
		if _, err := ofA.AddSigningKey(t.Context(), key, openid.Room{}); err != nil {
			return err
		}
		added, err := ofB.AddSigningKey(ctx, key, openid.Room{})
		if err != nil {
			return err
		}
		list, err := ofB.SigningKeys(ctx)
		if added || len(list) != 1 {
			t.Errorf("added: %v; %d keys, want the other node's", added, len(list))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
