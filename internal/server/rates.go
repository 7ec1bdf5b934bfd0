package server

import (
	"math"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/limit"
)

// Rates limits how often operations are done, each by itself, all callers
// together, as AWS's request quotas do: two services that have an operation of
// the same name have a limit each. An operation that is not named has no limit.
// The zero value limits nothing.
type Rates struct {
	// PerSecond is the limit of each operation, by its name. A second's worth may
	// come at once.
	PerSecond map[string]float64
	// Fleet shares the limits between nodes; nil for a server that is alone.
	Fleet *limit.Fleet

	mu       sync.Mutex
	limiters map[*awsapi.Row]*limit.Keyed[*awsapi.Row]
}

// allow says whether an operation may be done once more now.
func (r *Rates) allow(row *awsapi.Row, now time.Time) bool {
	perSecond, limited := r.PerSecond[row.Name]
	if !limited {
		return true
	}
	return r.limiter(row, perSecond).Take(row, now)
}

func (r *Rates) limiter(row *awsapi.Row, perSecond float64) *limit.Keyed[*awsapi.Row] {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.limiters[row]
	if l == nil {
		if r.limiters == nil {
			r.limiters = map[*awsapi.Row]*limit.Keyed[*awsapi.Row]{}
		}
		l = &limit.Keyed[*awsapi.Row]{PerSecond: perSecond, Burst: max(1, int(math.Ceil(min(perSecond, math.MaxInt32))))}
		limit.Share(r.Fleet, "rate "+row.Service.Name+" "+row.Name, l, func(to []byte, _ *awsapi.Row) []byte { return to })
		r.limiters[row] = l
	}
	return l
}
