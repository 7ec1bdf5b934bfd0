package revocation_test

import (
	"runtime"
	"strconv"
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

// What has ended makes room, at the latest an hour later.
func TestIndexDropsWhatHasEnded(t *testing.T) {
	x := &revocation.Index{}
	for n, at := range []time.Duration{0, time.Minute, time.Minute, revocation.Lasts + 30*time.Second, revocation.Lasts + time.Hour + 31*time.Second} {
		at := noon.Add(at)
		x.Add(revocation.Revocation{Target: revocation.Target{Kind: revocation.Identity, Name: string(rune('a' + n))}, Before: at, Created: at})
		if want := []int{1, 2, 3, 3, 2}[n]; x.Len() != want {
			t.Errorf("after %s: %d targets, want %d", at.Sub(noon), x.Len(), want)
		}
	}
}

// As many revocations as there can be fit into a small machine.
func TestIndexIsSmall(t *testing.T) {
	measure := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := measure()
	x := &revocation.Index{}
	const many = 100_000
	for n := range many {
		x.Add(revocation.Revocation{Target: revocation.Target{Kind: revocation.Login, Name: "accounts.google.com", User: strconv.Itoa(n)}, Before: noon, Created: noon})
	}
	each := (measure() - before) / many
	if each > 100 {
		t.Errorf("%d bytes a revocation, want at most 100", each)
	}
	runtime.KeepAlive(x)
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
