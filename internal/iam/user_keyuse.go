package iam

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// keyUses remembers the last use of each access key until it is written down, so
// that a request costs no write. What a crash loses is the last minute. The zero
// value is ready.
type keyUses struct {
	mu     sync.Mutex
	unsaid map[AccessKeyIdType]KeyUse // not written down yet
}

const (
	// useInterval is how often uses are written down.
	useInterval = time.Minute
	// maxUnsaid is how many keys may be waiting for that: as many as there can be
	// with the default quotas.
	maxUnsaid = 10_000
	// usesAtOnce is how many are written down in one transaction, for which others
	// who write have to wait.
	usesAtOnce = 256
)

func (u *keyUses) add(id AccessKeyIdType, use KeyUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.unsaid == nil {
		u.unsaid = map[AccessKeyIdType]KeyUse{}
	}
	if _, known := u.unsaid[id]; known || len(u.unsaid) < maxUnsaid {
		u.unsaid[id] = use
	}
}

func (u *keyUses) get(id AccessKeyIdType) KeyUse {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.unsaid[id]
}

// all are the uses that are not written down. They stay until forget.
func (u *keyUses) all() map[AccessKeyIdType]KeyUse {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.unsaid)
}

// forget forgets uses that were written down, unless there was a later one.
func (u *keyUses) forget(written map[AccessKeyIdType]KeyUse) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, use := range written {
		if u.unsaid[id] == use {
			delete(u.unsaid, id)
		}
	}
}

// Used takes note of a request that a user's own access key has signed, for
// GetAccessKeyLastUsed. It is called once the signature is found valid.
func (s *Service) Used(c awsapi.Caller, service string) {
	if c.Root || c.Session != nil || c.Anonymous() {
		return
	}
	s.uses.add(AccessKeyIdType(c.AccessKeyID), KeyUse{At: s.now(), Service: service, Region: c.Region})
}

// lastUse is the last use of a key, written down or not.
func (s *Service) lastUse(key *AccessKeyEntity) KeyUse {
	if use := s.uses.get(key.ID); use.At.After(key.LastUse.At) {
		return use
	}
	return key.LastUse
}

// Run writes down when access keys were last used, now and then until ctx ends
// and once more then. It reports what goes wrong and goes on.
func (s *Service) Run(ctx context.Context, report func(error)) {
	every := time.NewTicker(useInterval)
	defer every.Stop()
	for ended := false; !ended; {
		select {
		case <-every.C:
		case <-ctx.Done():
			ended = true
		}
		if err := s.writeUses(context.WithoutCancel(ctx)); err != nil {
			report(err)
		}
	}
}

// writeUses writes down the uses of keys that are still there.
func (s *Service) writeUses(ctx context.Context) error {
	uses := s.uses.all()
	for ids := range slices.Chunk(slices.Collect(maps.Keys(uses)), usesAtOnce) {
		err := s.Store.Update(ctx, func(tx Tx) error {
			for _, id := range ids {
				if err := writeUse(tx, id, uses[id]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	s.uses.forget(uses)
	return nil
}

func writeUse(tx Tx, id AccessKeyIdType, use KeyUse) error {
	key, ok, err := tx.AccessKey(id)
	if err != nil || !ok || !use.At.After(key.LastUse.At) {
		return err
	}
	changed := *key
	changed.LastUse = use
	return tx.PutAccessKey(&changed)
}
