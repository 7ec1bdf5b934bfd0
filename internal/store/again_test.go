package store

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/revocation"
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

// What this package does in the background is the same when it is done again.
func TestBackgroundRunsAgain(t *testing.T) {
	db, now := openAgain(t), time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	target := revocation.Target{Kind: revocation.Role, Name: "a"}
	if _, err := db.Revocations().Revoke(t.Context(), revocation.Revocation{Target: target, Before: now, Created: now}); err != nil {
		t.Fatal(err)
	}
	if more, err := db.dropRevocations(t.Context(), now.Add(2*revocation.Lasts)); !more || err != nil || count(t, db, "revocations") != 0 {
		t.Errorf("%v, %v; %d revocations are left", more, err, count(t, db, "revocations"))
	}
}
