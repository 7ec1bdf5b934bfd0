package limit_test

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/limit"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// taken is how many of n tokens are there.
func taken(l *limit.Keyed[string], key string, now time.Time, n int) (got int) {
	for range n {
		if l.Take(key, now) {
			got++
		}
	}
	return got
}

func TestTake(t *testing.T) {
	l := &limit.Keyed[string]{PerSecond: 2, Burst: 5}
	for _, step := range []struct {
		key  string
		at   time.Duration
		want int
	}{
		{"a", 0, 5},
		{"b", 0, 5}, // each for itself
		{"a", 499 * time.Millisecond, 0},
		{"a", 500 * time.Millisecond, 1},
		{"a", 2 * time.Second, 3},
		{"a", time.Hour, 5},                  // no more than a burst
		{"a", time.Hour - 10*time.Second, 0}, // a clock that was set back a little
		{"a", time.Minute, 5},                // and by an hour
		{"a", time.Minute, 0},
		{"a", time.Minute + 5*time.Second, 5},
	} {
		if got := taken(l, step.key, noon.Add(step.at), 8); got != step.want {
			t.Errorf("%s after %s: %d tokens, want %d", step.key, step.at, got, step.want)
		}
	}
	l.Forget("b")
	if got := taken(l, "b", noon, 8); got != 5 {
		t.Errorf("a key that was forgotten has %d tokens, want 5", got)
	}
}

func TestOwe(t *testing.T) {
	l := &limit.Keyed[string]{PerSecond: 1, Burst: 2}
	for range 100 {
		l.Owe("a", noon)
	}
	for at, want := range map[time.Duration]bool{0: false, 2 * time.Second: false, 2999 * time.Millisecond: false, 3 * time.Second: true} {
		if got := l.Has("a", noon.Add(at)); got != want {
			t.Errorf("after %s: %v, want %v", at, got, want)
		}
	}
	if got := taken(l, "b", noon, 3); got != 2 {
		t.Errorf("another key has %d tokens, want 2", got)
	}
}

func TestNoLimit(t *testing.T) {
	var l *limit.Keyed[string]
	l.Owe("a", noon)
	l.Forget("a")
	if !l.Take("a", noon) || !l.Has("a", noon) {
		t.Error("a nil limiter limits")
	}
}

// Rates that nobody sets on purpose neither open nor close for ever.
func TestExtremes(t *testing.T) {
	for _, rate := range []float64{math.SmallestNonzeroFloat64, 1e-12, 1e12, math.MaxFloat64} {
		l := &limit.Keyed[string]{PerSecond: rate, Burst: math.MaxInt32}
		if !l.Take("a", noon) || !l.Has("a", noon) {
			t.Errorf("%v a second: refused within the burst", rate)
		}
	}
	l := &limit.Keyed[string]{PerSecond: math.SmallestNonzeroFloat64, Burst: 1}
	if got := taken(l, "a", noon, 3); got != 1 {
		t.Errorf("%d tokens, want 1", got)
	}
}

// Whatever is asked when, no key gets more than a burst and what flowed in
// since, nor less than what a bucket of its own would give.
func TestTakeIsABucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const each = 250 * time.Millisecond
		burst := rapid.IntRange(1, 6).Draw(t, "burst")
		l := &limit.Keyed[string]{PerSecond: 4, Burst: burst}
		level := map[string]time.Duration{} // what is missing
		now := noon
		for range rapid.IntRange(1, 60).Draw(t, "requests") {
			passes := time.Duration(rapid.IntRange(0, 4).Draw(t, "passes")) * each / 2
			now = now.Add(passes)
			for k := range level {
				level[k] = max(0, level[k]-passes)
			}
			key := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")
			want := level[key]+each <= time.Duration(burst)*each
			if got := l.Take(key, now); got != want {
				t.Fatalf("%s at %s: %v, want %v", key, now.Sub(noon), got, want)
			}
			if want {
				level[key] += each
			}
		}
	})
}

// Strangers with any number of keys take a bounded room, and do not open the
// bucket of somebody who spends on.
func TestBounded(t *testing.T) {
	const most = 100
	l := &limit.Keyed[string]{PerSecond: 0.001, Burst: 10, Keys: most}
	if got := taken(l, "greedy", noon, 20); got != 10 {
		t.Fatalf("%d tokens, want 10", got)
	}
	for n := range 10 * most {
		l.Take(fmt.Sprint("stranger ", n), noon)
		if got := l.Len(); got > most {
			t.Fatalf("%d keys are kept, want at most %d", got, most)
		}
	}
	if got := taken(l, "greedy", noon, 20); got > 0 {
		t.Errorf("strangers won the greedy one %d tokens", got)
	}
}

func TestTogether(t *testing.T) {
	l := &limit.Keyed[string]{PerSecond: 0.001, Burst: 50}
	var got atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { got.Add(int64(taken(l, "a", noon, 25))) })
	}
	all.Wait()
	if got.Load() != 50 {
		t.Errorf("%d tokens, want 50", got.Load())
	}
}
