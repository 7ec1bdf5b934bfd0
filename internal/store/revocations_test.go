package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/revocation"
)

// The first versions revoked what every merged or deleted identity had held, in
// rows without number. They stay in the table until they run out, and out of
// memory; what somebody asked for is in memory from the beginning.
func TestOldRevocationsStayOutOfMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daypass.db")
	db := reopen(t, nil, path)
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	asked := revocation.Target{Kind: revocation.Role, Name: "arn:aws:iam::123456789012:role/user"}
	if _, err := db.Revocations().Revoke(t.Context(), revocation.Revocation{Target: asked, Before: now, Created: now}); err != nil {
		t.Fatal(err)
	}
	const many = 2*tidyBatch + 7
	if err := db.Update(t.Context(), func(tx *Tx) error {
		for n := range many {
			if _, err := tx.exec(`INSERT INTO revocations (kind, name, user_name, pool, void_before, created) VALUES ('Identity', $1, '', '', $2, $3)`,
				fmt.Sprint("us-east-1:", n), now.Add(revocation.Lasts).UnixMilli(), now.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	db = reopen(t, db, path)
	if got := db.revoked.Len(); got != 1 {
		t.Errorf("%d revocations are in memory, want 1", got)
	}
	if _, void := db.revoked.Voids(revocation.Mark{Target: asked, At: now}); !void {
		t.Error("what somebody asked for is not in force")
	}
	tidy := func(at time.Time) (batches int) {
		for more := true; more; batches++ {
			var err error
			if more, err = db.dropRevocations(t.Context(), at); err != nil {
				t.Fatal(err)
			}
		}
		return batches
	}
	if tidy(now.Add(revocation.Lasts - time.Millisecond)); count(t, db, "revocations") != many+1 {
		t.Error("a revocation in force was removed")
	}
	// A new one takes a few of the old ones along, not a million.
	later := now.Add(revocation.Lasts)
	if _, err := db.Revocations().Revoke(t.Context(), revocation.Revocation{Target: asked, Before: later, Created: later}); err != nil {
		t.Fatal(err)
	}
	if got := count(t, db, "revocations"); got < many-dropBatch || got > many {
		t.Errorf("%d rows after a new revocation, want %d less", got, dropBatch)
	}
	if got := tidy(later); got != 4 || count(t, db, "revocations") != 1 {
		t.Errorf("%d rows are left after %d batches, want 1 after 4", count(t, db, "revocations"), got)
	}
}

// reopen closes a database, if there is one, and opens the file.
func reopen(t *testing.T, db *DB, path string) *DB {
	t.Helper()
	if db != nil {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db, err := Open(t.Context(), Options{Path: path})
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
