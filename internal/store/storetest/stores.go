package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/fixture"
)

// The stores without transactions of their callers do what they say.
func testStoresAgain(t *testing.T, db *rig) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	revocations := db.Revocations()
	target := func(name string) revocation.Target { return revocation.Target{Kind: revocation.Role, Name: name} }
	last := int64(0)
	for n, name := range []string{"a", "b", "a"} {
		at := now.Add(time.Duration(n) * time.Minute)
		got, err := revocations.Revoke(t.Context(), revocation.Revocation{Target: target(name), Before: at, Created: at})
		if want := (revocation.Revocation{Target: target(name), Before: at, Change: got.Change, Created: at}); got != want || got.Change <= last || err != nil {
			t.Errorf("revoked %v, %v; want %v, after %d", got, err, want, last)
		}
		last = got.Change
	}
	list, err := revocations.Revocations(t.Context(), now.Add(-time.Hour), revocation.Target{}, 10)
	if err != nil || len(list) != 2 || list[0].Target != target("a") || list[1].Target != target("b") {
		t.Errorf("listed %v, %v", list, err)
	}
	after, err := revocations.Revocations(t.Context(), now.Add(-time.Hour), target("a"), 10)
	if err != nil || len(after) != 1 || after[0].Target != target("b") {
		t.Errorf("listed after the first %v, %v", after, err)
	}
	if got := revocations.Index().Len(); got != 2 {
		t.Errorf("%d targets are in force, want 2", got)
	}
	if _, void := revocations.Index().Voids(revocation.Mark{Target: target("b"), At: now}); !void {
		t.Error("a revocation is not in force when it is answered")
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

// However many find at the same time that a login has no identity, it gets one.
func testOneIdentityForALogin(t *testing.T, db *rig) {
	c := db.cognito(t)
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p)
	const callers, people = 8, 10
	var mu sync.Mutex
	got := map[string][]cognito.GUID{}
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for person := range people {
				login := cognito.Login{Provider: 1, Subject: string(rune('a' + person))}
				var found *cognito.Identity
				if err := c.Update(context.Background(), func(tx cognito.Tx) (err error) {
					if found, err = tx.IdentityByLogin(p.Number, login); err != nil || found != nil {
						return err
					}
					found = fixture.Identity(p, byte(1+caller*people+person), login)
					return tx.AddIdentity(found)
				}); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				got[login.Subject] = append(got[login.Subject], found.GUID)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for subject, ids := range got {
		if len(slices.Compact(ids)) != 1 {
			t.Errorf("%s has the identities %v", subject, ids)
		}
	}
	if n := db.count(t, "identities"); n != people {
		t.Errorf("%d identities, want %d", n, people)
	}
}

func testClose(t *testing.T, db *rig) {
	c := db.cognito(t)
	fixture.AddPool(t, c, fixture.Pool(1))
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"view":      c.View(t.Context(), func(cognito.Tx) error { return nil }),
		"update":    c.Update(t.Context(), func(cognito.Tx) error { return nil }),
		"configure": c.Configure(t.Context(), func(cognito.Tx) error { return nil }),
		"ping":      db.Ping(t.Context()),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := db.Keys().AddSigningKey(t.Context(), signingKey("us-east-1", "1"), openid.Room{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("keys: %v", err)
	}
}
