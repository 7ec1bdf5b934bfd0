package iam

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/seal"
)

// RootAccessKey is a long-term access key of an account's root.
type RootAccessKey struct {
	// ID is the access key ID.
	ID string
	// Secret is the secret access key.
	Secret seal.Secret
	// Until is when the key ends; zero for never.
	Until time.Time
}

// RootKeys are the long-term access keys of an account's root: one, and others while it
// is being replaced. They can change at any time. Without one nobody can be root, and so
// it is with a nil *RootKeys.
type RootKeys struct {
	keys atomic.Pointer[[]RootAccessKey]
}

// NewRootKeys gives keys, those without an ID left out.
func NewRootKeys(keys ...RootAccessKey) *RootKeys {
	r := &RootKeys{}
	r.Set(keys...)
	return r
}

// Set replaces all keys.
func (r *RootKeys) Set(keys ...RootAccessKey) {
	keys = slices.DeleteFunc(slices.Clone(keys), func(k RootAccessKey) bool { return k.ID == "" })
	r.keys.Store(&keys)
}

// All are the keys, also those that have ended.
func (r *RootKeys) All() []RootAccessKey {
	if r == nil || r.keys.Load() == nil {
		return nil
	}
	return *r.keys.Load()
}

// has says whether a key has an ID, also one that has ended.
func (r *RootKeys) has(id string) bool {
	return slices.ContainsFunc(r.All(), func(k RootAccessKey) bool { return k.ID == id })
}

// find is the key of an ID, unless it has ended.
func (r *RootKeys) find(id string, now time.Time) (RootAccessKey, bool) {
	for _, k := range r.All() {
		if k.ID == id && (k.Until.IsZero() || now.Before(k.Until)) {
			return k, true
		}
	}
	return RootAccessKey{}, false
}
