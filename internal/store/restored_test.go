package store

import (
	"testing"
	"time"
)

// Restores that follow one another closely still go on from counts that leave room
// for changes between them, and counts stay exact in floating point.
func TestRestoredCount(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 999_000_000, time.UTC)
	for _, later := range []time.Duration{time.Millisecond, 500 * time.Millisecond, time.Second, time.Hour} {
		if d := restoredCount(at.Add(later)) - restoredCount(at); d < later.Milliseconds()*1000 {
			t.Errorf("%v later the count is %d greater", later, d)
		}
	}
	if n := restoredCount(time.Date(2242, 1, 1, 0, 0, 0, 0, time.UTC)); n >= 1<<53 {
		t.Errorf("in 2242 the count is %d", n)
	}
}
