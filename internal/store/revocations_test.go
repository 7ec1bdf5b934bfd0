package store

import (
	"context"
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

// A revocation without a time is one of its number, one with a time is one of that;
// two of one target both hold, after the database is opened again too. What it holds
// of before it counted, and what a version writes that does not count, is of a time.
func TestRevocationsOfBothKinds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daypass.db")
	db := reopen(t, nil, path)
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	target := func(name string) revocation.Target { return revocation.Target{Kind: revocation.Role, Name: name} }
	revoke := func(name string, asked time.Time) int64 {
		t.Helper()
		r := revocation.Revocation{Target: target(name), Before: noon, Created: noon}
		if !asked.IsZero() {
			r.Before, r.Asked = asked, asked
		}
		stored, err := db.Revocations().Revoke(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return stored.Change
	}
	hourAgo := noon.Add(-time.Hour)
	number := revoke("number", time.Time{})
	if number == 0 || revoke("time", hourAgo) != 0 {
		t.Fatal("the numbers are wrong")
	}
	both := revoke("both", time.Time{})
	if got := revoke("both", hourAgo); got != both {
		t.Errorf("number %d and then a time: %d", both, got)
	}
	revoke("other-way", hourAgo)
	otherWay := revoke("other-way", time.Time{})
	if err := db.Update(t.Context(), func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO revocations (kind, name, user_name, pool, void_before, created) VALUES ('Role', 'old', '', '', $1, $2)`, hourAgo.UnixMilli(), noon.UnixMilli())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	check := func(when, name string, at time.Time, change int64, want bool) {
		t.Helper()
		if _, got := db.revoked.Voids(revocation.Mark{Target: target(name), At: at, Change: change}); got != want {
			t.Errorf("%s: %s at %s by %d: void %v", when, name, at, change, got)
		}
	}
	later := noon.Add(time.Hour)
	for _, when := range []string{"at once", "opened again"} {
		check(when, "number", later, number-1, true)
		check(when, "number", hourAgo, number, false)
		check(when, "number", noon, 0, true)
		check(when, "number", later, 0, false)
		check(when, "time", hourAgo, 1000, true)
		check(when, "time", noon, 1, false)
		for name, n := range map[string]int64{"both": both, "other-way": otherWay} {
			check(when, name, later, n-1, true)
			check(when, name, hourAgo, n, true)
			check(when, name, noon, n, false)
			check(when, name, noon, 0, true)
		}
		db = reopen(t, db, path)
	}
	check("opened again", "old", hourAgo, 1000, true)
	check("opened again", "old", noon, 1, false)
	if revoke("old", time.Time{}) == 0 {
		t.Error("an old revocation keeps a new one from having a number")
	}
	check("and revoked anew", "old", later, 1, true)
	check("and revoked anew", "old", hourAgo, 1000, true)
	check("and revoked anew", "old", noon, 1000, false)
}

// Everything that was issued is void when everything is revoked, also by numbers that
// the database has lost and never comes to again; nothing is that is issued later.
func TestRevokeEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daypass.db")
	db := reopen(t, nil, path)
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	mustUpdate(t, db, func(tx *Tx) error { return nil })
	issued, err := db.Revocations().Change(t.Context())
	if err != nil || issued != 2 {
		t.Fatalf("number %d, %v", issued, err)
	}
	voids := func(change int64) revocation.Void {
		t.Helper()
		v, is, err := db.Revocations().Voids(t.Context(), bearer{change, noon})
		if err != nil || is != (v != revocation.Void{}) {
			t.Errorf("%d: %v, %v, %v", change, v, is, err)
		}
		v.Before = time.Time{}
		return v
	}
	everything := revocation.Void{By: revocation.Everything}
	lost := revocation.Void{Lost: true}
	none := revocation.Void{}
	if voids(issued) != none || voids(issued+1) != lost {
		t.Error("the number of now is void, or one that is not there yet is good")
	}
	for range 2 { // the second time others have seen to it
		if err := db.Revocations().Lost(t.Context(), issued+1000); err != nil {
			t.Fatal(err)
		}
	}
	after, err := db.Revocations().Change(t.Context())
	if err != nil || after <= issued+leapBy || after > issued+leapBy+1010 {
		t.Fatalf("number %d after %d, %v", after, issued, err)
	}
	for _, when := range []string{"at once", "opened again"} {
		if voids(issued) != everything || voids(issued+1000) != everything || voids(0) != everything || voids(after) != none {
			t.Errorf("%s: %v, %v, %v, %v", when, voids(issued), voids(issued+1000), voids(0), voids(after))
		}
		db = reopen(t, db, path)
	}
	list, err := db.Revocations().Revocations(t.Context(), noon.Add(-time.Hour), revocation.Target{}, 10)
	if err != nil || len(list) != 1 || list[0].Kind != revocation.Everything {
		t.Errorf("listed %v, %v", list, err)
	}
}

// bearer is something that stems from one role.
type bearer struct {
	change int64
	at     time.Time
}

func (b bearer) LastChange() int64 { return b.change }

func (b bearer) Marks() []revocation.Mark {
	return []revocation.Mark{{Target: revocation.Target{Kind: revocation.Role, Name: "r"}, At: b.at, Change: b.change}}
}

// A request goes by the change that its first view went by, whatever changes in its
// course: what it issues was decided by what was true then.
func TestRequestGoesByItsFirstView(t *testing.T) {
	db := openTest(t)
	view := func(ctx context.Context) {
		if err := db.View(ctx, func(tx *Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	change := func(ctx context.Context) int64 {
		n, err := db.Revocations().Change(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	asked, idle := NewRequest(t.Context()), NewRequest(t.Context())
	view(asked)
	mustUpdate(t, db, func(tx *Tx) error { return nil })
	view(asked)
	if got := change(asked); got != 1 {
		t.Errorf("the request goes by %d, want 1", got)
	}
	if got := change(idle); got != 2 {
		t.Errorf("a request that has asked nothing goes by %d, want 2", got)
	}
	mustUpdate(t, db, func(tx *Tx) error { return nil })
	if got := change(idle); got != 2 {
		t.Errorf("and later by %d, want 2", got)
	}
	if got := change(t.Context()); got != 3 {
		t.Errorf("without a request it is %d, want 3", got)
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
