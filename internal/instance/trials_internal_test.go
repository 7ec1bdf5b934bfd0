package instance

import (
	"math"
	"testing"
	"time"
)

// A clock never goes back, however often and how far it is put forward.
func TestClockGoesForward(t *testing.T) {
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &Clock{Base: func() time.Time { return base }}
	const tenYears = 3650 * 24 * time.Hour
	for range 10 {
		if err := c.Advance(tenYears); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []time.Duration{1, tenYears, math.MaxInt64, -1, math.MinInt64} {
		if err := c.Advance(d); err == nil {
			t.Errorf("%v more, and it is %v", d, c.Now())
		}
	}
	if want := base.Add(maxAhead); !c.Now().Equal(want) {
		t.Errorf("%v, want %v", c.Now(), want)
	}
}
