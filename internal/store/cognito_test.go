package store

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/store/fixture"
)

func openCognito(t *testing.T) (*DB, *Cognito) {
	t.Helper()
	db := openReal(t)
	return db, db.Cognito(fixture.MasterKey(t).Box("pool-secret"))
}

// A deleted pool is gone at once, and Run sweeps its rows away.
func TestDeletedPoolIsSweptAway(t *testing.T) {
	db, c := openCognito(t)
	p, q := fixture.Pool(1), fixture.Pool(2)
	fixture.AddPool(t, c, p)
	fixture.AddPool(t, c, q)
	const people = tidyBatch + 7
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error {
		for n := range people {
			i := fixture.Identity(p, 0, cognito.Login{Provider: 1, Subject: fmt.Sprint(n)})
			i.GUID[1], i.GUID[2] = byte(n>>8), byte(n)
			if err := tx.AddIdentity(i); err != nil {
				return err
			}
		}
		return tx.AddIdentity(fixture.Identity(q, 9, cognito.Login{Provider: 1, Subject: "stays"}))
	})
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.DeletePool(p) })
	if got := fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Pool, error) { return tx.PoolByNumber(p.Number) }); got != nil {
		t.Error("the pool is still there")
	}
	for {
		taken := fixture.ViewCognito(t, c, func(tx cognito.Tx) (bool, error) { return tx.(*cognitoTx).numberTaken(p.Number) })
		if more := count(t, db, "identities")+count(t, db, "logins") > 2; more && !taken {
			t.Error("another pool may get the number while rows are left")
		}
		more, err := c.sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			if taken {
				t.Error("the number is not free in the end")
			}
			break
		}
	}
	for table, want := range map[string]int{"identities": 1, "logins": 1, "dead_pools": 0} {
		if n := count(t, db, table); n != want {
			t.Errorf("%d rows in %s, want %d", n, table, want)
		}
	}
}

func count(t *testing.T, db *DB, table string) (n int) {
	t.Helper()
	err := db.View(t.Context(), func(tx *Tx) error {
		_, err := tx.query(`SELECT COUNT(*) FROM ` + table).one(&n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Identities that nobody can reach any more go when nothing that they held can be
// alive, the older ones first, and no others.
func TestDeadIdentitiesAreRemoved(t *testing.T) {
	db, c := openCognito(t)
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p)
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	old := now.Add(-cognito.DeadFor)
	add := func(n byte, change func(*cognito.Identity), logins ...cognito.Login) {
		i := fixture.Identity(p, n, logins...)
		i.Created, i.Modified = old.Add(-time.Hour), old
		change(i)
		fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.AddIdentity(i) })
	}
	merged := func(i *cognito.Identity) {
		i.Authenticated, i.Disabled, i.MergedInto = true, true, cognito.GUID{1}
	}
	person := cognito.Login{Provider: 1, Subject: "alice"}
	add(1, func(i *cognito.Identity) { i.Authenticated = true }, person)
	add(2, func(*cognito.Identity) {}) // a guest
	add(3, merged)
	add(4, func(i *cognito.Identity) { i.Authenticated = true }) // unlinked
	add(5, func(i *cognito.Identity) { merged(i); i.Modified = old.Add(time.Millisecond) })
	add(6, func(i *cognito.Identity) { i.Authenticated, i.Modified = true, old.Add(time.Millisecond) })
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error {
		for n := range tidyBatch + 7 {
			i := fixture.Identity(p, 7)
			merged(i)
			i.GUID[1], i.GUID[2] = byte(n>>8), byte(n)
			i.Created, i.Modified = old.Add(-2*time.Hour), old.Add(-time.Hour)
			if err := tx.AddIdentity(i); err != nil {
				return err
			}
		}
		return nil
	})
	batches := 0
	for more := true; more; batches++ {
		var err error
		if more, err = c.tidy(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	var left []byte
	for _, i := range fixture.ViewCognito(t, c, func(tx cognito.Tx) ([]*cognito.Identity, error) {
		return tx.Identities(p.Number, nil, 100, false)
	}) {
		left = append(left, i.GUID[0])
	}
	if want := []byte{1, 2, 5, 6}; !cmp.Equal(left, want) || batches != 3 {
		t.Errorf("%v are left after %d batches, want %v after 3", left, batches, want)
	}
	if got := fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Identity, error) { return tx.IdentityByLogin(p.Number, person) }); got == nil {
		t.Error("alice has lost her identity")
	}
	var plan string
	if err := db.View(t.Context(), func(tx *Tx) error {
		var n int
		_, err := tx.query(`EXPLAIN QUERY PLAN SELECT 1 `+deadIdentities, 0).one(&n, &n, &n, &plan)
		return err
	}); err != nil || !strings.Contains(plan, "identities_dead") {
		t.Errorf("the dead are found by %q (%v), want the index of the dead", plan, err)
	}
}

// In a pool that adopts nobody is out of reach; its marks stay as long as it adopts, and
// the key that they are made with is sealed.
func TestAdoptingPoolsKeepTheirDead(t *testing.T) {
	db, c := openCognito(t)
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	p := fixture.Pool(1)
	p.Adoption = &cognito.Adoption{Host: "aws.example", Until: now, QuestionsPerSecond: 5, Key: []byte("a key that nobody has to see")}
	fixture.AddPool(t, c, p)
	mark := cognito.Mark{7}
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error {
		for n := range byte(2) {
			i := fixture.Identity(p, n+1)
			i.Created = now.Add(-2 * cognito.DeadFor)
			i.Modified, i.Authenticated = i.Created, true
			if i.Disabled = n == 1; i.Disabled {
				i.MergedInto = cognito.GUID{1}
			}
			if err := tx.AddIdentity(i); err != nil {
				return err
			}
		}
		return errors.Join(tx.Forsake(p.Number, []cognito.Mark{mark, {3}}), tx.Forsake(p.Number, []cognito.Mark{mark}))
	})
	left := func() []int {
		t.Helper()
		for more := true; more; {
			var err error
			if more, err = c.tidy(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		}
		return []int{count(t, db, "identities"), count(t, db, "unadopted")}
	}
	if got, want := left(), []int{2, 2}; !cmp.Equal(got, want) {
		t.Errorf("identities and marks: %v, want %v", got, want)
	}
	forsaken := func(pool int64, m cognito.Mark) bool {
		return fixture.ViewCognito(t, c, func(tx cognito.Tx) (bool, error) { return tx.Forsaken(pool, m) })
	}
	if !forsaken(p.Number, mark) || forsaken(p.Number, cognito.Mark{8}) || forsaken(p.Number+1, mark) {
		t.Error("the wrong marks are there")
	}
	read := fixture.ViewCognito(t, c, func(tx cognito.Tx) (*cognito.Pool, error) { return tx.Pool(p.IdentityPoolId) })
	if !cmp.Equal(read.Adoption, p.Adoption) {
		t.Errorf("the adoption is %+v", read.Adoption)
	}
	var body string
	if err := db.View(t.Context(), func(tx *Tx) error {
		_, err := tx.query(`SELECT body FROM pools`).one(&body)
		return err
	}); err != nil || strings.Contains(body, "nobody") || strings.Contains(body, base64.StdEncoding.EncodeToString(p.Adoption.Key)) {
		t.Errorf("the key is there to be seen (%v): %s", err, body)
	}
	changed := *read
	changed.Adoption = nil
	if err := c.Configure(t.Context(), func(tx cognito.Tx) error { return tx.SavePool(&changed) }); err != nil {
		t.Fatal(err)
	}
	if got, want := left(), []int{0, 0}; !cmp.Equal(got, want) {
		t.Errorf("identities and marks without adoption: %v, want %v", got, want)
	}
}

func TestDamagedRowsAreErrors(t *testing.T) {
	for _, damaged := range [][]byte{{1}, {1, 5, 'a'}, {0x80}, {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}} {
		if l, err := decodeLogins(damaged); err == nil {
			t.Errorf("decodeLogins(%v) = %v", damaged, l)
		}
	}
}

func FuzzDecodeLogins(f *testing.F) {
	f.Add(encodeLogins([]cognito.Login{{Provider: 1, Subject: "alice"}, {Provider: 300, Subject: ""}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		logins, err := decodeLogins(b)
		if err != nil {
			return
		}
		again, err := decodeLogins(encodeLogins(logins))
		if err != nil || !cmp.Equal(again, logins) {
			t.Errorf("%v is written as %v", logins, again)
		}
	})
}
