package login

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// floor is the least time between two fetches of one issuer's keys by their
	// lifetime, and in the long run between two that tokens cause.
	floor = 30 * time.Second
	// renewals is how many fetches tokens can cause at once that the keys at hand
	// do not verify: a new key shall be found at once, also when a few tokens with
	// made-up key ids came before.
	renewals = 4
	// retry takes the place of floor while no fetch has ever succeeded: an issuer
	// that starts a little later than we do should not be missed for long. One that
	// answers with documents that are not its own is asked no sooner for it: a token
	// may have a form of its iss that the issuer does not have.
	retry = 5 * time.Second
	// whileRevalidate is how long after their lifetime keys still serve at once,
	// with a fetch started in the background (RFC 5861, section 3). Keys that
	// lie unused for longer are fetched before they serve, so that a key that was
	// withdrawn meanwhile is not accepted one last time.
	whileRevalidate = time.Hour
	// ifError is how long after their lifetime keys still serve when fetching
	// fails (RFC 5861, section 4).
	ifError = 24 * time.Hour
)

// issuer keeps what one issuer publishes.
//
//   - Keys serve for the lifetime that the issuer gave them, then a while longer
//     during which they are renewed in the background, then as long as the
//     issuer is down, within a bound.
//   - At most one fetch runs at a time; all who need its result wait for it,
//     each as long as its own context allows.
//   - Between two fetches by lifetime lies at least floor. A token that the keys
//     at hand cannot verify causes a fetch of its own when nothing but its
//     signature is in question: a few at once, then one for each floor, so that
//     whoever makes up key ids delays the finding of a new key by floor at most. A
//     failure is remembered until the next fetch.
//   - A good key set is replaced only by another one that was fetched whole.
type issuer struct {
	load     func() (*published, error)
	mayRenew func(now time.Time) bool // whether a token may cause a fetch
	running  *sync.WaitGroup
	used     time.Time // guarded by OIDC.mu

	mu      sync.Mutex
	set     *published    // last good one; nil before the first
	fetched time.Time     // when the fetch of set began
	tried   time.Time     // when the last fetch began
	failed  error         // of the last fetch; nil when it succeeded
	flight  chan struct{} // closed when the running fetch ends; nil when none runs
}

// current returns the keys to verify with, without waiting if the keys at hand
// will do.
func (i *issuer) current(ctx context.Context, now time.Time) (*published, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.setBack(now)
	if i.serves(now) {
		if !now.Before(i.stale()) {
			i.refresh(now)
		}
		return i.set, nil
	}
	err := i.wait(ctx, i.refresh(now))
	switch {
	case i.set != nil && now.Before(i.stale().Add(ifError)):
		return i.set, nil
	case err != nil:
		return nil, err
	case i.failed != nil:
		return nil, i.failed
	}
	return nil, &Error{Kind: Unavailable, Cause: KeysUnavailable}
}

// newer returns a set fetched after another one, waiting for a fetch if one may
// begin; nil if there is none, with the failure if the last fetch failed.
func (i *issuer) newer(ctx context.Context, than *published, now time.Time) (*published, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.set != than {
		return i.set, nil // somebody else has fetched it meanwhile
	}
	landed := i.flight
	if landed == nil && i.mayRenew(now) {
		landed = i.fetch(now)
	}
	if err := i.wait(ctx, landed); err != nil {
		return nil, err
	}
	if i.set != than {
		return i.set, nil
	}
	return nil, i.failed
}

// setBack finds times that lie ahead, because the clock was set back since: nothing is
// known to have happened lately then, and the keys at hand have come to the end of
// their lifetime. Callers look at the clock one after the other, so a little does not
// count.
func (i *issuer) setBack(now time.Time) {
	ahead := now.Add(floor)
	if i.tried.After(ahead) {
		i.tried = time.Time{}
	}
	if i.set != nil && i.fetched.After(ahead) {
		i.fetched = now.Add(-i.set.lifetime)
	}
}

// stale is when the lifetime of the set ends. i.mu is held, as in all below.
func (i *issuer) stale() time.Time { return i.fetched.Add(i.set.lifetime) }

// serves reports whether the keys at hand may be used without asking first: they
// are not long out of their lifetime, or asking was tried lately and failed.
func (i *issuer) serves(now time.Time) bool {
	if i.set == nil || !now.Before(i.stale().Add(ifError)) {
		return false
	}
	return now.Before(i.stale().Add(whileRevalidate)) ||
		i.failed != nil && now.Before(i.tried.Add(whileRevalidate))
}

// refresh starts a fetch unless one is running or it is too early for another.
// It returns what is closed when the running one ends; nil when none is.
func (i *issuer) refresh(now time.Time) <-chan struct{} {
	if i.flight != nil {
		return i.flight
	}
	least := floor
	if e, _ := errors.AsType[*Error](i.failed); i.set == nil && (e == nil || e.Kind == Unavailable) {
		least = retry
	}
	if !i.tried.IsZero() && now.Before(i.tried.Add(least)) {
		return nil
	}
	return i.fetch(now)
}

// fetch starts a fetch, while none is running, and returns what is closed when it
// ends.
func (i *issuer) fetch(now time.Time) chan struct{} {
	i.tried = now
	landed := make(chan struct{})
	i.flight = landed
	i.running.Go(func() {
		i.land(i.loadSafely())
		close(landed)
	})
	return landed
}

// loadSafely turns a panic of a parser, which nobody above this goroutine would
// catch, into a failure like others.
func (i *issuer) loadSafely() (set *published, err error) {
	defer func() {
		if r := recover(); r != nil {
			set, err = nil, misconfigured(KeySetInvalid, fmt.Errorf("panic: %v", r))
		}
	}()
	return i.load()
}

// land keeps the result of a fetch. It takes i.mu.
func (i *issuer) land(set *published, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.failed, i.flight = err, nil
	if err == nil {
		i.set, i.fetched = set, i.tried
	}
}

// wait waits for a fetch to end, as long as the caller's context allows, with
// i.mu released meanwhile.
func (i *issuer) wait(ctx context.Context, landed <-chan struct{}) error {
	if landed == nil {
		return nil
	}
	i.mu.Unlock()
	defer i.mu.Lock()
	select {
	case <-landed:
		return nil
	case <-ctx.Done():
		return &Error{Kind: Unavailable, Cause: KeysUnavailable, Err: context.Cause(ctx)}
	}
}
