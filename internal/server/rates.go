package server

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rates limits how often operations are done, each by itself, all callers
// together, as AWS's request quotas do. An operation that is not named has no
// limit. The zero value limits nothing.
type Rates struct {
	// PerSecond is the limit of each operation, by its name. A second's worth may
	// come at once.
	PerSecond map[string]float64

	mu       sync.Mutex
	limiters map[string]*rate.Limiter
}

// allow says whether an operation may be done once more now.
func (r *Rates) allow(operation string, now time.Time) bool {
	perSecond, limited := r.PerSecond[operation]
	if !limited {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.limiters[operation]
	if l == nil {
		if r.limiters == nil {
			r.limiters = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(perSecond), max(1, int(math.Ceil(perSecond))))
		r.limiters[operation] = l
	}
	return l.AllowN(now, 1)
}
