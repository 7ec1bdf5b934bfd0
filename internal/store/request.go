package store

import (
	"context"
	"sync/atomic"
)

// A request is what a node is asked from outside, and answers after any number of
// views. It knows the least number of a change that one of them went by: the
// first's, since numbers only grow.
type request struct {
	context.Context
	change atomic.Int64 // zero until a view has ended
}

type requestKey struct{}

// Value implements context.Context.
func (r *request) Value(key any) any {
	if key == (requestKey{}) {
		return r
	}
	return r.Context.Value(key)
}

// NewRequest begins a request: what is asked of the database with its context
// belongs together.
func NewRequest(ctx context.Context) context.Context { return &request{Context: ctx} }

// requestOf is the request that a context is of; nil if it is of none.
func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// went remembers which change a view of the request went by.
func (r *request) went(change int64) {
	if r != nil {
		r.change.CompareAndSwap(0, change)
	}
}

// again forgets what the request went by: it is handled anew.
func (r *request) again() {
	if r != nil {
		r.change.Store(0)
	}
}

// changeOf is the number of the change that a request goes by. Where it has asked
// nothing yet, or ctx is none of a request, that is the number of now.
func (db *DB) changeOf(ctx context.Context) (number int64, err error) {
	if r := requestOf(ctx); r != nil {
		if number = r.change.Load(); number > 0 {
			return number, nil
		}
	}
	err = db.View(ctx, func(tx *Tx) error {
		number = tx.Stamp()
		return nil
	})
	return number, err
}
