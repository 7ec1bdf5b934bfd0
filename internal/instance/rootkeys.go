package instance

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
)

// NewRoot makes root credentials for an account.
func NewRoot(account string) (RootAccessKey, error) {
	id, err := iam.NewID(iam.LongTermKeyPrefix, account, rand.Reader)
	if err != nil {
		return RootAccessKey{}, err
	}
	random := make([]byte, 30)
	_, _ = rand.Read(random) // never fails
	return RootAccessKey{ID: id, Secret: seal.NewSecret(base64.StdEncoding.EncodeToString(random))}, nil
}

// rootKeys replaces the root credentials of the service daypass: admin.RootKeys. The first
// of the keys is the one that stays.
type rootKeys struct {
	account string
	iam     *iam.Service
	keys    *iam.RootKeys
	keep    func([]RootAccessKey) error // nil where root credentials are given
	now     func() time.Time

	mu sync.Mutex // for changes
}

// RotateRootKey implements admin.RootKeys. The new key is good before it is written down,
// so that whoever reads it there can use it, and what is written down is good after a
// restart.
func (r *rootKeys) RotateRootKey(ctx context.Context, grace time.Duration, compromised bool) (out admin.RotatedRootKey, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now().UTC().Truncate(time.Second)
	keys := r.keys.All()
	if r.keep == nil || len(keys) == 0 {
		return out, admin.ErrRootGiven
	}
	old := keys[0]
	for _, k := range keys[1:] {
		if k.Until.After(now) && !compromised {
			return out, &admin.RetiringRootKeyError{AccessKeyId: k.ID, Successor: old.ID, Until: k.Until}
		}
	}
	key, err := r.unused(ctx)
	if err != nil {
		return out, err
	}
	out = admin.RotatedRootKey{AccessKeyId: key.ID, Replaced: old.ID}
	next := []RootAccessKey{key}
	if !compromised {
		old.Until = now.Add(grace)
		out.Until = old.Until
		next = append(next, old)
	}
	// Should the file be the new one although that failed, its key is good, too.
	r.keys.Set(append(slices.Clone(keys), key)...)
	if err := r.keep(next); err != nil {
		return out, fmt.Errorf("writing the root credentials: %w", err)
	}
	r.keys.Set(next...)
	return out, nil
}

// unused makes a key with an ID that no user's key has.
func (r *rootKeys) unused(ctx context.Context) (RootAccessKey, error) {
	for {
		key, err := NewRoot(r.account)
		if err != nil {
			return key, err
		}
		_, _, err = r.iam.AccessKey(ctx, key.ID)
		if _, refused := awsapi.AsRefused(err); refused {
			return key, nil
		}
		if err != nil {
			return key, err
		}
	}
}

// forget takes keys that have ended out of memory and of what is written down.
func (r *rootKeys) forget(log *slog.Logger) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, keys := r.now(), r.keys.All()
	left := slices.DeleteFunc(slices.Clone(keys), func(k RootAccessKey) bool { return !k.Until.IsZero() && !k.Until.After(now) })
	if r.keep == nil || len(left) == len(keys) {
		return nil
	}
	if err := r.keep(left); err != nil {
		return fmt.Errorf("writing the root credentials: %w", err)
	}
	r.keys.Set(left...)
	for _, k := range keys {
		if !slices.ContainsFunc(left, func(l RootAccessKey) bool { return l.ID == k.ID }) {
			log.Info("root access key ended, another one has replaced it", slog.String("access_key", k.ID))
		}
	}
	return nil
}

// forgetEvery is how often it is looked for keys that have ended. They are not good any
// more then: what is done late is only to take their secrets out of the file.
const forgetEvery = time.Minute

// run forgets keys until ctx ends.
func (r *rootKeys) run(ctx context.Context, log *slog.Logger, failed func(error)) {
	again := time.NewTicker(forgetEvery)
	defer again.Stop()
	for {
		if err := r.forget(log); err != nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}
