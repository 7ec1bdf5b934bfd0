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

// What bears a number is judged by it, whatever the clocks said, and by the time that
// somebody asked for; what bears none is judged by time.
func TestIndexVoidsByNumber(t *testing.T) {
	role := revocation.Target{Kind: revocation.Role, Name: "r"}
	number := revocation.Revocation{Target: role, Before: noon, Change: 7, Created: noon}
	asked := revocation.Revocation{Target: role, Before: noon.Add(-time.Hour), Asked: noon.Add(-time.Hour), Created: noon}
	late := revocation.Revocation{Target: role, Before: noon.Add(time.Hour), Asked: noon.Add(time.Hour), Created: noon.Add(time.Hour)}
	everything := revocation.Revocation{Target: revocation.Target{Kind: revocation.Everything}, Before: noon, Change: 7, Created: noon}
	for name, test := range map[string]struct {
		revoked []revocation.Revocation
		at      time.Duration
		change  int64
		want    bool
	}{
		"a smaller number, by a clock behind":         {[]revocation.Revocation{number}, -5 * time.Second, 6, true},
		"a smaller number, by a clock ahead":          {[]revocation.Revocation{number}, time.Hour, 6, true},
		"the number, by a clock behind":               {[]revocation.Revocation{number}, -time.Hour, 7, false},
		"the number, by a clock ahead":                {[]revocation.Revocation{number}, time.Hour, 7, false},
		"a greater number, by a clock behind":         {[]revocation.Revocation{number}, -time.Hour, 8, false},
		"no number, before":                           {[]revocation.Revocation{number}, 0, 0, true},
		"no number, after":                            {[]revocation.Revocation{number}, time.Second, 0, false},
		"asked for a time, before":                    {[]revocation.Revocation{asked}, -time.Hour, 100, true},
		"asked for a time, after":                     {[]revocation.Revocation{asked}, -time.Hour + time.Second, 1, false},
		"asked for a time, after, without number":     {[]revocation.Revocation{asked}, -time.Hour + time.Second, 0, false},
		"number and time, by the number":              {[]revocation.Revocation{number, asked}, time.Hour, 6, true},
		"number and time, by the time":                {[]revocation.Revocation{number, asked}, -time.Hour, 8, true},
		"number and time, by neither":                 {[]revocation.Revocation{number, asked}, -time.Minute, 8, false},
		"time and number, by the time":                {[]revocation.Revocation{asked, number}, -time.Hour, 8, true},
		"number and a later time, by the number":      {[]revocation.Revocation{number, late}, 2 * time.Hour, 6, true},
		"number and a later time, by the time":        {[]revocation.Revocation{number, late}, time.Minute, 8, true},
		"number and a later time, without number":     {[]revocation.Revocation{number, late}, time.Minute, 0, true},
		"everything, a smaller number":                {[]revocation.Revocation{everything}, time.Hour, 6, true},
		"everything, the number":                      {[]revocation.Revocation{everything}, -time.Hour, 7, false},
		"everything, no number":                       {[]revocation.Revocation{everything}, 0, 0, true},
		"everything, no number, after":                {[]revocation.Revocation{everything}, time.Second, 0, false},
		"everything that has ended":                   {[]revocation.Revocation{everything, {Target: revocation.Target{Kind: revocation.Role, Name: "s"}, Created: noon.Add(revocation.Lasts)}}, 0, 6, false},
		"everything, then one more of another target": {[]revocation.Revocation{everything, {Target: revocation.Target{Kind: revocation.Role, Name: "s"}, Created: noon.Add(revocation.Lasts - time.Second)}}, 0, 6, true},
	} {
		t.Run(name, func(t *testing.T) {
			x := &revocation.Index{}
			for _, r := range test.revoked {
				x.Add(r)
			}
			void, got := x.Voids(revocation.Mark{Target: role, At: noon.Add(test.at), Change: test.change})
			if got != test.want {
				t.Errorf("void %v", got)
			}
			if by := test.revoked[0].Kind; got && void.By != by {
				t.Errorf("by %s, want %s", void.By, by)
			}
			if len(test.revoked) < 2 || test.revoked[0].Target != test.revoked[1].Target {
				return
			}
			merged := &revocation.Index{}
			merged.Add(revocation.Merge(test.revoked[0], test.revoked[1]))
			if _, got := merged.Voids(revocation.Mark{Target: role, At: noon.Add(test.at), Change: test.change}); got != test.want {
				t.Errorf("merged: void %v", got)
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
			if r.Change = rapid.Int64Range(0, 30).Draw(t, "change"); r.Change == 0 {
				r.Asked = r.Before
			}
			x.Add(r)
			all = append(all, r)
		}
		for _, name := range []string{"a", "b"} {
			at := now.Add(-time.Duration(rapid.IntRange(0, 300000).Draw(t, "issued")) * time.Second)
			by := rapid.Int64Range(0, 30).Draw(t, "by")
			must, may := false, false
			for _, r := range all {
				limit := r.Asked
				if by == 0 {
					limit = r.Before
				}
				if r.Name == name && (!at.After(limit) || by > 0 && by < r.Change) {
					may = true
					must = must || now.Before(r.Ends())
				}
			}
			_, got := x.Voids(revocation.Mark{Target: revocation.Target{Kind: revocation.Role, Name: name}, At: at, Change: by})
			if must && !got || got && !may {
				t.Fatalf("%s issued at %s: void %v", name, at, got)
			}
		}
	})
}
