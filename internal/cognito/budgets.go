package cognito

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/limit"
)

// Budgets limit how fast strangers make rows, each of which takes room for long.
// The zero value limits nothing.
type Budgets struct {
	// Guests limits how fast a pool gets guests, by the pool's number: anybody who
	// knows a pool's ID can make them.
	Guests *limit.Keyed[int64]
	// GuestsFrom limits how fast a pool gets guests from one network, so that one
	// stranger does not use up what the pool has for all.
	GuestsFrom *limit.Keyed[PoolNetwork]
	// Logins limits how often a login changes which identity it belongs to: each
	// time may leave a dead identity behind.
	Logins *limit.Keyed[PoolLogin]
}

// Rate is how often something may happen: in the long run, and at once. Zero is
// no limit.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Rates are those of [Budgets].
type Rates struct {
	Guests, GuestsFrom, Logins Rate
}

// Budgets makes full ones, which the nodes of a fleet share; nil is no fleet.
func (r Rates) Budgets(fleet *limit.Fleet) Budgets {
	b := Budgets{Guests: keyed[int64](r.Guests), GuestsFrom: keyed[PoolNetwork](r.GuestsFrom), Logins: keyed[PoolLogin](r.Logins)}
	limit.Share(fleet, "guests", b.Guests, appendPool)
	limit.Share(fleet, "guests from networks", b.GuestsFrom, func(to []byte, k PoolNetwork) []byte {
		return k.Network.AppendTo(appendPool(to, k.Pool))
	})
	limit.Share(fleet, "logins", b.Logins, func(to []byte, k PoolLogin) []byte {
		to = strconv.AppendInt(appendPool(to, k.Pool), int64(k.Login.Provider), 10)
		return append(append(to, ' '), k.Login.Subject...)
	})
	return b
}

func appendPool(to []byte, pool int64) []byte {
	return append(strconv.AppendInt(to, pool, 10), ' ')
}

func keyed[K comparable](r Rate) *limit.Keyed[K] {
	if r.PerSecond == 0 {
		return nil
	}
	return &limit.Keyed[K]{PerSecond: r.PerSecond, Burst: max(1, r.Burst)}
}

// PoolNetwork is a network that asks a pool for guests.
type PoolNetwork struct {
	Pool    int64
	Network netip.Prefix
}

// PoolLogin is a login in a pool.
type PoolLogin struct {
	Pool  int64
	Login Login
}

// guest takes one guest of a pool from the budgets. The network's comes first:
// what it is refused costs the pool nothing.
func (b *Budgets) guest(p *Pool, r awsapi.Request, now time.Time) error {
	switch {
	case !b.GuestsFrom.Take(PoolNetwork{p.Number, r.Network()}, now):
		return rateExceeded(causeGuestAddressRate)
	case !b.Guests.Take(p.Number, now):
		return rateExceeded(causeGuestRate)
	}
	return nil
}

// mayChange says whether there is something left of the budgets of all logins.
// What is then changed is taken by changed: most calls change nothing, and those
// of one user that come together make one change.
func (b *Budgets) mayChange(p *Pool, logins []Login, now time.Time) error {
	if slices.ContainsFunc(logins, func(l Login) bool { return !b.Logins.Has(PoolLogin{p.Number, l}, now) }) {
		return rateExceeded(causeLoginRate)
	}
	return nil
}

func (b *Budgets) changed(p *Pool, logins []Login, now time.Time) {
	for _, l := range logins {
		b.Logins.Owe(PoolLogin{p.Number, l}, now)
	}
}

func rateExceeded(cause awsapi.Cause) *awsapi.Error {
	return exception(tooManyRequests, "Rate exceeded").Because(cause, nil)
}
