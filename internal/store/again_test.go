package store

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/seal"
)

// Each function runs twice, and only what the second one did is there.
func TestRunAgain(t *testing.T) {
	db := openAgain(t)
	for _, transaction := range []func(func(*Tx) error) error{
		func(fn func(*Tx) error) error { return db.View(t.Context(), fn) },
		func(fn func(*Tx) error) error { return db.Update(t.Context(), fn) },
	} {
		runs := 0
		if err := transaction(func(*Tx) error { runs++; return nil }); err != nil || runs != 2 {
			t.Errorf("%d runs, %v", runs, err)
		}
	}
	runs, hooks := 0, 0
	err := db.Update(t.Context(), func(tx *Tx) error {
		runs++
		tx.AfterCommit(func() { hooks++ })
		_, err := tx.exec(`INSERT INTO seals (name, sealed) VALUES ($1, $2)`, string(rune('a'+runs)), []byte{1})
		return err
	})
	if err != nil || hooks != 1 || count(t, db, "seals") != 1 {
		t.Errorf("%d hooks ran, %d rows are there, %v; want 1 of each", hooks, count(t, db, "seals"), err)
	}
}

func openAgain(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "daypass.db"), RunAgain: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// What the stores without transactions of their callers do is the same when it is
// done again.
func TestStoresRunAgain(t *testing.T) {
	db, now := openAgain(t), time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	keys, revocations := db.Keys(), db.Revocations()
	for _, step := range []struct {
		number string
		added  bool
		err    error
	}{
		{"1", true, nil}, {"1", false, nil}, {"2", true, nil}, {"3", false, openid.ErrTooManyKeys},
	} {
		added, err := keys.AddSigningKey(t.Context(), signingKey("us-east-1", step.number), openid.Room{Regions: 1, Keys: 2})
		if added != step.added || err != step.err {
			t.Errorf("key %s: %v, %v; want %v, %v", step.number, added, err, step.added, step.err)
		}
	}
	if got := kidsOf(t, keys); !slices.Equal(got, []string{"us-east-1-1", "us-east-1-2"}) {
		t.Errorf("keys %v", got)
	}
	for _, step := range []struct {
		at   time.Time
		want []string
	}{
		{now, nil}, {now.Add(time.Hour), []string{"us-east-1-1", "us-east-1-2"}}, {now.Add(time.Hour), nil},
	} {
		got, err := keys.RemoveUnusedKeys(t.Context(), step.at, time.Hour, "")
		if err != nil || !slices.Equal(got, step.want) {
			t.Errorf("removed %v, %v; want %v", got, err, step.want)
		}
	}
	if got, err := keys.LastRemovedKey(t.Context(), "us-east-1"); got != 2 || err != nil {
		t.Errorf("the last removed key is %d, %v", got, err)
	}

	target := func(name string) revocation.Target { return revocation.Target{Kind: revocation.Role, Name: name} }
	for n, name := range []string{"a", "b", "a"} {
		at := now.Add(time.Duration(n) * time.Minute)
		got, err := revocations.Revoke(t.Context(), revocation.Revocation{Target: target(name), Before: at, Created: at})
		if want := (revocation.Revocation{Target: target(name), Before: at, Created: at}); got != want || err != nil {
			t.Errorf("revoked %v, %v; want %v", got, err, want)
		}
	}
	list, err := revocations.Revocations(t.Context(), now.Add(-time.Hour), revocation.Target{}, 10)
	if err != nil || len(list) != 2 || list[0].Target != target("a") || list[1].Target != target("b") {
		t.Errorf("listed %v, %v", list, err)
	}
	if got := revocations.Index().Len(); got != 2 {
		t.Errorf("%d targets are in force, want 2", got)
	}

	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := db.CheckAccount(t.Context(), key, "123456789012"); err != nil {
			t.Error(err)
		}
	}
	if more, err := db.dropRevocations(t.Context(), now.Add(2*revocation.Lasts)); !more || err != nil || count(t, db, "revocations") != 0 {
		t.Errorf("%v, %v; %d revocations are left", more, err, count(t, db, "revocations"))
	}
}
