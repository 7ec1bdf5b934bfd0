package revocation_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/revocation"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestIndexVoids(t *testing.T) {
	x := &revocation.Index{}
	role := revocation.Target{Kind: revocation.Role, Name: "r"}
	x.Add(revocation.Revocation{Target: role, Before: noon.Add(300 * time.Millisecond), Created: noon.Add(time.Hour)})
	for name, test := range map[string]struct {
		mark revocation.Mark
		want bool
	}{
		"before":                         {revocation.Mark{Target: role, At: noon.Add(-time.Second)}, true},
		"in the same second":             {revocation.Mark{Target: role, At: noon}, true},
		"in the same second, but after":  {revocation.Mark{Target: role, At: noon.Add(900 * time.Millisecond)}, true},
		"after":                          {revocation.Mark{Target: role, At: noon.Add(time.Second)}, false},
		"another role":                   {revocation.Mark{Target: revocation.Target{Kind: revocation.Role, Name: "s"}, At: noon.Add(-time.Hour)}, false},
		"another kind with the name":     {revocation.Mark{Target: revocation.Target{Kind: revocation.Identity, Name: "r"}, At: noon.Add(-time.Hour)}, false},
		"a user of a provider so named":  {revocation.Mark{Target: revocation.Target{Kind: revocation.Role, Name: "r", User: "u"}, At: noon}, false},
		"in a pool of the name, at that": {revocation.Mark{Target: revocation.Target{Kind: revocation.Role, Name: "r", Pool: "p"}, At: noon}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if _, got := x.Voids(test.mark); got != test.want {
				t.Errorf("got %v", got)
			}
			innocent := revocation.Mark{Target: revocation.Target{Kind: revocation.AccessKey, Name: "ASIA"}, At: noon}
			if _, got := x.Voids(innocent, test.mark); got != test.want {
				t.Errorf("as the second mark: got %v", got)
			}
		})
	}
}

func TestIndexWithout(t *testing.T) {
	var none *revocation.Index
	if _, void := none.Voids(revocation.Mark{}); void || none.Len() != 0 {
		t.Error("a nil index voids")
	}
}

// Identities that go leave as many revocations as somebody cares to merge guests
// into an identity of theirs. That must not keep an administrator from revoking.
func TestIndexAsked(t *testing.T) {
	x := &revocation.Index{}
	of := func(name string) revocation.Target {
		return revocation.Target{Kind: revocation.Identity, Name: name}
	}
	want := func(when string, asked, all int) {
		t.Helper()
		if x.Asked() != asked || x.Len() != all {
			t.Errorf("%s: %d of %d are asked for, want %d of %d", when, x.Asked(), x.Len(), asked, all)
		}
	}
	asked := func(name string, at time.Time) {
		x.Add(revocation.Revocation{Target: of(name), Before: at, Created: at})
	}
	x.Add(revocation.Gone(of("merged"), noon))
	want("what went by itself", 0, 1)
	asked("a", noon)
	asked("b", noon)
	asked("b", noon.Add(time.Minute))
	want("asked for", 2, 3)
	asked("merged", noon.Add(time.Minute))
	want("asked for what had gone already", 2, 3)
	x.Add(revocation.Gone(of("a"), noon.Add(time.Minute)))
	want("went after it was asked for", 1, 3)
	asked("c", noon.Add(revocation.Lasts+time.Hour))
	want("all others have ended", 1, 1)
}

// However revocations come, what one of them voids stays void until it ends, and
// nothing is void that none of them voids.
func TestIndexForgetsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := &revocation.Index{}
		var all []revocation.Revocation
		now := noon
		for range rapid.IntRange(1, 30).Draw(t, "revocations") {
			now = now.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "passes")) * time.Second)
			r := revocation.Revocation{
				Target:  revocation.Target{Kind: revocation.Role, Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "role")},
				Before:  now.Add(-time.Duration(rapid.IntRange(0, 100000).Draw(t, "back")) * time.Second),
				Created: now,
			}
			x.Add(r)
			all = append(all, r)
		}
		for _, name := range []string{"a", "b"} {
			at := now.Add(-time.Duration(rapid.IntRange(0, 300000).Draw(t, "issued")) * time.Second)
			must, may := false, false
			for _, r := range all {
				if r.Name == name && !at.After(r.Before) {
					may = true
					must = must || now.Before(r.Ends())
				}
			}
			_, got := x.Voids(revocation.Mark{Target: revocation.Target{Kind: revocation.Role, Name: name}, At: at})
			if must && !got || got && !may {
				t.Fatalf("%s issued at %s: void %v", name, at, got)
			}
		}
	})
}
