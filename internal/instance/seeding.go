package instance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/store"
)

// Seeding is a file that the nodes of a database are started with.
type Seeding struct {
	// File is a hash of what the file says.
	File string
	// Again applies it although a file has been applied, be it another one.
	Again bool
	// Patience is how long a node that applies it may be silent before another one goes
	// on; zero for 15 seconds.
	Patience time.Duration
	// Waiting is called once where another node is waited for; nil for nothing.
	Waiting func()
	// Apply applies it, and calls beat from time to time. If that has an error, another
	// node goes on.
	Apply func(ctx context.Context, beat func(context.Context) error) error
}

var (
	// ErrOtherSeed says that the nodes of the database are started with another file.
	ErrOtherSeed = errors.New("the servers of this database were started with another file")
	errSeedLost  = errors.New("another server goes on with the file")
)

// seedPause is how long a node waits before it looks again, and how often one that
// applies the file says that it still does.
const seedPause = 500 * time.Millisecond

// seedWait is how long a node waits for others in all.
const seedWait = 10 * time.Minute

// Seed applies a file in one of the nodes of the database; the others wait until it is
// done. Whoever crashes on the way is followed by the next node, since its claim does not
// change any more. No clocks are compared: each node waits by its own.
func (i *Instance) Seed(ctx context.Context, s Seeding) error {
	if s.Patience == 0 {
		s.Patience = 15 * time.Second
	}
	claim, seen, began := rand.Text(), store.Seed{}, time.Now()
	since := began
	for {
		is, err := i.db.Seed(ctx)
		if err != nil {
			return err
		}
		if is != seen {
			seen, since = is, time.Now()
		}
		stale := time.Since(since) >= s.Patience
		switch mine, err := s.next(is, stale); {
		case err != nil:
			return err
		case mine:
			if err := i.applySeed(ctx, s, claim, is); !errors.Is(err, errSeedLost) {
				return err
			}
		case is.Done && is.File == s.File:
			return nil
		}
		if is.File == s.File {
			s.Again = false // another node is at it: that is again enough
		}
		if time.Since(began) > seedWait {
			return fmt.Errorf("another server has been applying the file for %v", seedWait)
		}
		if s.Waiting != nil {
			s.Waiting()
			s.Waiting = nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(seedPause):
		}
	}
}

// next says whether it is up to this node to apply its file. If not, it is done or under
// way, or refused.
func (s Seeding) next(is store.Seed, stale bool) (mine bool, err error) {
	switch {
	case is.File == "", !is.Done && (is.Claim == "" || stale):
		return true, nil // nobody is at it, whatever the file was that was not applied
	case is.Done && s.Again:
		return true, nil
	case is.Done && is.File != s.File:
		return false, ErrOtherSeed
	}
	return false, nil
}

// applySeed claims the file, unless it is not any more what it was, applies it, and
// writes down that it is done.
func (i *Instance) applySeed(ctx context.Context, s Seeding, claim string, was store.Seed) error {
	now := store.Seed{File: s.File, Claim: claim, Beat: was.Beat + 1}
	change := func(ctx context.Context, to store.Seed) error {
		from := was
		if err := i.db.ChangeSeed(ctx, func(is store.Seed) (store.Seed, error) {
			if is != from {
				return is, errSeedLost
			}
			return to, nil
		}); err != nil {
			return err
		}
		was = to
		return nil
	}
	if err := change(ctx, now); err != nil {
		return err
	}
	beaten := time.Now()
	err := s.Apply(ctx, func(ctx context.Context) error {
		if time.Since(beaten) < seedPause {
			return nil
		}
		now.Beat++
		beaten = time.Now()
		return change(ctx, now)
	})
	if errors.Is(err, errSeedLost) {
		return err
	}
	now.Claim, now.Done = "", err == nil
	now.Beat++
	// A file that was not applied is given up, so that nobody waits for it.
	if changed := change(context.WithoutCancel(ctx), now); changed != nil {
		return errors.Join(err, fmt.Errorf("write down how far the seed is: %w", changed))
	}
	return err
}
