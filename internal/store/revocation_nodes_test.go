package store

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/store/sqlite"
)

// twoNodes are two nodes on one database.
func twoNodes(t *testing.T) (a, b *DB) {
	t.Helper()
	e, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "x.db"), Schema: Schema(), Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	var nodes [2]*DB
	for n := range nodes {
		if nodes[n], err = On(t.Context(), e, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	return nodes[0], nodes[1]
}

// What a request issues while another node revokes is void at both nodes, or was
// decided by a request that was handled again and knew of it. What a later one
// issues is good.
func TestIssuingOvertakenByARevocation(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	role := revocation.Revocation{Target: revocation.Target{Kind: revocation.Role, Name: "r"}, Before: now, Created: now}
	look := func(t *testing.T, db *DB, ctx context.Context) {
		t.Helper()
		if err := db.View(ctx, func(tx *Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for name, attends := range map[string]bool{"each view by itself": false, "attended": true} {
		t.Run(name, func(t *testing.T) {
			a, b := twoNodes(t)
			look(t, b, NewRequest(t.Context()))
			var revoked revocation.Revocation
			var issued int64
			runs := 0
			do := func(ctx context.Context) (err error) {
				runs++
				look(t, b, ctx) // the role's trust policy, say
				if runs == 1 {
					if revoked, err = a.Revocations().Revoke(t.Context(), role); err != nil {
						return err
					}
				}
				if !attends {
					look(t, b, ctx) // what is read later may be newer
				}
				issued, err = b.Revocations().Change(ctx)
				return err
			}
			ctx := NewRequest(t.Context())
			handle := do
			if attends {
				handle = func(ctx context.Context) error { return b.Attend(ctx, do) }
			}
			if err := handle(ctx); err != nil {
				t.Fatal(err)
			}
			if again := runs > 1; again != (issued >= revoked.Change) || again != attends {
				t.Errorf("issued by %d after %d runs, revoked by %d", issued, runs, revoked.Change)
			}
			for n, node := range []*DB{a, b} {
				// The clock of who has issued it is ahead.
				void, is, err := node.Revocations().Voids(NewRequest(t.Context()), bearer{issued, now.Add(5 * time.Second)})
				if err != nil || is != (issued < revoked.Change) || void.Lost {
					t.Errorf("node %d: void %v, %v, %v", n, is, void, err)
				}
			}
			later := NewRequest(t.Context())
			look(t, b, later)
			if issued, err := b.Revocations().Change(later); err != nil || issued < revoked.Change {
				t.Errorf("a later request issues by %d, %v", issued, err)
			} else if _, is, err := a.Revocations().Voids(t.Context(), bearer{issued, now.Add(-5 * time.Second)}); is || err != nil {
				t.Errorf("what it issues is void: %v, %v", is, err)
			}
		})
	}
}

// What a node revokes is void at another one with the next question, and so is
// everything when it finds that the database has gone back. What bears a number that
// the database has lost is void whoever asks.
func TestRevocationsReachOtherNodes(t *testing.T) {
	a, b := twoNodes(t)
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	ask := func(db *DB, change int64) (v revocation.Void) {
		t.Helper()
		v, _, err := db.Revocations().Voids(t.Context(), bearer{change, now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		v.Before = time.Time{}
		return v
	}
	if got := ask(b, 1); got != (revocation.Void{}) {
		t.Fatalf("void before it is revoked: %v", got)
	}
	revoked, err := a.Revocations().Revoke(t.Context(), revocation.Revocation{Target: revocation.Target{Kind: revocation.Role, Name: "r"}, Before: now, Created: now})
	if err != nil {
		t.Fatal(err)
	}
	for n, db := range []*DB{b, a} {
		if got, good := ask(db, revoked.Change-1), ask(db, revoked.Change); got.By != revocation.Role || good != (revocation.Void{}) {
			t.Errorf("node %d: %v, %v", n, got, good)
		}
		if got := ask(db, revoked.Change+1); !got.Lost {
			t.Errorf("node %d: of a number that is not there: %v", n, got)
		}
	}
	// The database is restored to what it was before the revocation, under both.
	if err := a.Update(t.Context(), func(tx *Tx) error {
		for _, text := range []string{`DELETE FROM revocations`, `DELETE FROM change_log WHERE number > 1`,
			`UPDATE change SET number = 1, mark = (SELECT mark FROM change_log WHERE number = 1)`} {
			if _, err := tx.exec(text); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for n, db := range []*DB{b, a} {
		if got := ask(db, revoked.Change); got.By != revocation.Everything {
			t.Errorf("node %d, in a database that has gone back: %v", n, got)
		}
	}
	later, err := b.Revocations().Change(NewRequest(t.Context()))
	if err != nil || later < revoked.Change+leapBy || ask(a, later) != (revocation.Void{}) {
		t.Errorf("goes on with %d, %v: %v", later, err, ask(a, later))
	}
}
