package cognito

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// GuestLimiter limits how fast guests are made, pool by pool: anybody who knows
// a pool's ID can make them, and each takes room for ever.
type GuestLimiter struct {
	// PerSecond is how many guests a pool may get each second in the long run.
	PerSecond float64
	// Burst is how many it may get at once.
	Burst int

	mu    sync.Mutex
	pools map[int64]*rate.Limiter
}

// allow says whether a pool may have one more guest now.
func (g *GuestLimiter) allow(pool int64, now time.Time) bool {
	if g == nil {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.pools[pool]
	if l == nil {
		if g.pools == nil {
			g.pools = map[int64]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(g.PerSecond), g.Burst)
		g.pools[pool] = l
	}
	return l.AllowN(now, 1)
}

// forget drops what is kept for a pool that is gone.
func (g *GuestLimiter) forget(pool int64) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.pools, pool)
}
