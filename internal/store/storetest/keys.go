package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/store/fixture"
)

func signingKey(region, number string) openid.SigningKey {
	return openid.SigningKey{KID: region + "-" + number, Region: region, Sealed: []byte{1}}
}

func kidsOf(t *testing.T, k openid.Store) (kids []string) {
	t.Helper()
	list, err := k.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range list {
		kids = append(kids, key.KID)
	}
	return kids
}

// A key is stored where there is room for it. What is there stays, however much
// that is.
func testRoomForSigningKeys(t *testing.T, db *rig) {
	k := db.Keys()
	room := openid.Room{Regions: 2, Keys: 3}
	for _, step := range []struct {
		region, number string
		room           openid.Room
		added          bool
		err            error
	}{
		{"us-east-1", "1", room, true, nil},
		{"us-east-1", "1", room, false, nil},
		{"us-east-1", "2", room, true, nil},
		{"us-east-1", "3", room, true, nil},
		{"us-east-1", "3", room, false, nil},
		{"us-east-1", "4", room, false, openid.ErrTooManyKeys},
		{"us-east-2", "1", room, true, nil},
		{"us-west-1", "1", room, false, openid.ErrTooManyRegions},
		{"us-east-2", "2", room, true, nil}, // of a region that has keys
		{"us-west-1", "1", openid.Room{}, true, nil},
		{"us-west-2", "1", openid.Room{}, true, nil},
		{"us-west-2", "2", room, true, nil},
	} {
		added, err := k.AddSigningKey(t.Context(), signingKey(step.region, step.number), step.room)
		if added != step.added || !errors.Is(err, step.err) {
			t.Errorf("%s-%s: %v, %v, want %v, %v", step.region, step.number, added, err, step.added, step.err)
		}
	}
}

// The keys of a region go when it has had no pool for a while, and their numbers
// never come back.
func testUnusedSigningKeysAreRemoved(t *testing.T, db *rig) {
	c := db.cognito(t)
	k := db.Keys()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const unused = 48 * time.Hour
	for _, key := range []openid.SigningKey{
		signingKey("us-east-1", "1"), signingKey("eu-west-1", "2"), signingKey("eu-west-1", "10"), signingKey("sa-east-1", "1"),
	} {
		if _, err := k.AddSigningKey(t.Context(), key, openid.Room{}); err != nil {
			t.Fatal(err)
		}
	}
	p := fixture.Pool(1)
	fixture.AddPool(t, c, p) // in us-east-1
	remove := func(after time.Duration, want ...string) {
		t.Helper()
		got, err := k.RemoveUnusedKeys(context.Background(), now.Add(after), unused, "")
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("after %s: %v went (%v), want %v", after, got, err, want)
		}
	}
	again := fixture.Pool(2)
	again.IdentityPoolId = "sa-east-1:" + again.IdentityPoolId[len("us-east-1:"):]
	remove(0)
	remove(unused - time.Millisecond)
	fixture.AddPool(t, c, again)
	fixture.SaveCognito(t, c, func(tx cognito.Tx) error { return tx.DeletePool(again) }) // its tokens live on
	remove(unused, "eu-west-1-10", "eu-west-1-2")
	remove(unused)
	if got, want := kidsOf(t, k), []string{"sa-east-1-1", "us-east-1-1"}; !slices.Equal(got, want) {
		t.Errorf("%v are left, want %v", got, want)
	}
	for region, want := range map[string]int{"eu-west-1": 10, "sa-east-1": 0, "us-east-1": 0} {
		if got, err := k.LastRemovedKey(t.Context(), region); got != want || err != nil {
			t.Errorf("the last key of %s that was removed is %d (%v), want %d", region, got, err, want)
		}
	}
	if _, err := k.AddSigningKey(t.Context(), signingKey("eu-west-1", "11"), openid.Room{}); err != nil {
		t.Fatal(err)
	}
	remove(2*unused - time.Millisecond)
	remove(2*unused, "sa-east-1-1")
	remove(3*unused-time.Millisecond, "eu-west-1-11")
	if got, err := k.LastRemovedKey(t.Context(), "eu-west-1"); got != 11 || err != nil {
		t.Errorf("the last key of eu-west-1 is %d (%v), want 11", got, err)
	}
}

// The first key of all signs from when it was made. While a later one may not sign
// yet, those that stand in for it count as used.
func testSigningKeysSignLater(t *testing.T, db *rig) {
	k := db.Keys()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const unused = 48 * time.Hour
	add := func(region string, after time.Duration) {
		t.Helper()
		key := signingKey(region, "1")
		key.Created = now.Add(after)
		key.SignAfter = key.Created.Add(time.Hour)
		if added, err := k.AddSigningKey(t.Context(), key, openid.Room{}); !added || err != nil {
			t.Fatal(added, err)
		}
	}
	remove := func(after time.Duration, want ...string) {
		t.Helper()
		got, err := k.RemoveUnusedKeys(t.Context(), now.Add(after), unused, "")
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("after %s: %v went (%v), want %v", after, got, err, want)
		}
	}
	add("us-east-1", 0)
	remove(0) // not in use from now on
	add("eu-west-1", unused-time.Minute)
	list, err := k.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []time.Duration{unused - time.Minute + time.Hour, 0} {
		if got := list[n].SignAfter.Sub(now); got != want {
			t.Errorf("%s signs after %s, want %s", list[n].KID, got, want)
		}
	}
	remove(unused)
	remove(2*unused - time.Millisecond)
	remove(2*unused, "eu-west-1-1", "us-east-1-1")
}

// Where one region signs for all its keys stay, with or without pools, and those of
// the others go. Which it is may change: a key that is in use again stays.
func testUnusedSigningKeysOfOneRegion(t *testing.T, db *rig) {
	c := db.cognito(t)
	k := db.Keys()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const unused = 48 * time.Hour
	for _, key := range []openid.SigningKey{signingKey("us-east-1", "1"), signingKey("eu-west-1", "1"), signingKey("sa-east-1", "1")} {
		if _, err := k.AddSigningKey(t.Context(), key, openid.Room{}); err != nil {
			t.Fatal(err)
		}
	}
	fixture.AddPool(t, c, fixture.Pool(1)) // in us-east-1
	remove := func(one string, after time.Duration, want ...string) {
		t.Helper()
		got, err := k.RemoveUnusedKeys(t.Context(), now.Add(after), unused, one)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q signs, after %s: %v went (%v), want %v", one, after, got, err, want)
		}
	}
	remove("eu-west-1", 0)                                 // us-east-1 and sa-east-1 sign nothing more
	remove("", time.Hour)                                  // us-east-1 does again, and eu-west-1 does not
	remove("", unused, "sa-east-1-1")                      // for which it is two days
	remove("", unused+time.Hour-time.Millisecond)          // but not yet for eu-west-1
	remove("eu-west-1", unused+time.Hour)                  // which signs again, just in time
	remove("eu-west-1", 2*unused+time.Hour, "us-east-1-1") // though there is a pool
}

// Keys are replaced as a function decides that sees what is stored, all or none of
// them, and no key ID comes back.
func testSigningKeysAreReplaced(t *testing.T, db *rig) {
	k := db.Keys()
	for _, key := range []openid.SigningKey{signingKey("us-east-1", "9"), signingKey("us-east-1", "10"), signingKey("eu-west-1", "1")} {
		if _, err := k.AddSigningKey(t.Context(), key, openid.Room{}); err != nil {
			t.Fatal(err)
		}
	}
	refused := errors.New("refused")
	for _, step := range []struct {
		what   string
		change openid.Change
		err    error  // of the function
		says   string // the error that comes out
		want   []string
	}{
		{"refused", openid.Change{Remove: []string{"us-east-1-9"}}, refused, "refused", []string{"eu-west-1-1", "us-east-1-10", "us-east-1-9"}},
		{"nothing", openid.Change{}, nil, "", []string{"eu-west-1-1", "us-east-1-10", "us-east-1-9"}},
		{"replaced", openid.Change{Remove: []string{"us-east-1-10"}, Add: []openid.SigningKey{signingKey("us-east-1", "11"), signingKey("eu-west-1", "2")}}, nil, "",
			[]string{"eu-west-1-1", "eu-west-1-2", "us-east-1-11", "us-east-1-9"}},
		{"the older one goes later", openid.Change{Remove: []string{"us-east-1-9"}}, nil, "", []string{"eu-west-1-1", "eu-west-1-2", "us-east-1-11"}},
		{"a number again", openid.Change{Remove: []string{"eu-west-1-1"}, Add: []openid.SigningKey{signingKey("us-east-1", "10")}}, nil,
			"store: signing key us-east-1-10: another key has had its key ID", []string{"eu-west-1-1", "eu-west-1-2", "us-east-1-11"}},
		{"a key that is there", openid.Change{Remove: []string{"eu-west-1-1"}, Add: []openid.SigningKey{signingKey("us-east-1", "11")}}, nil,
			"store: signing key us-east-1-11: another key has had its key ID", []string{"eu-west-1-1", "eu-west-1-2", "us-east-1-11"}},
	} {
		var seen []string
		err := k.ChangeSigningKeys(t.Context(), func(stored []openid.SigningKey) (openid.Change, error) {
			seen = nil
			for _, key := range stored {
				seen = append(seen, key.KID)
			}
			return step.change, step.err
		})
		if err == nil && step.says != "" || err != nil && err.Error() != step.says {
			t.Errorf("%s: %v, want %q", step.what, err, step.says)
		}
		if got := kidsOf(t, k); !slices.Equal(got, step.want) {
			t.Errorf("%s: %v, want %v", step.what, got, step.want)
		}
		if len(seen) == 0 {
			t.Errorf("%s: the function saw no keys", step.what)
		}
	}
	if last, err := k.LastRemovedKey(t.Context(), "us-east-1"); last != 10 || err != nil {
		t.Errorf("the last key that was removed is %d (%v), want 10", last, err)
	}
}
