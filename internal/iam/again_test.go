package iam_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
)

// again is a store that runs each function twice, the first time in vain, as
// stores may that find out at the commit that others were faster.
type again struct {
	iam.Store
	random *rand.ChaCha8
}

var errInVain = errors.New("in vain")

func (a again) View(ctx context.Context, read func(iam.Tx) error) error {
	_ = a.Store.View(ctx, read) // the same as the second
	return a.Store.View(ctx, read)
}

func (a again) Update(ctx context.Context, change func(iam.Tx) error) error {
	state, err := a.random.MarshalBinary()
	if err != nil {
		return err
	}
	err = a.Store.Update(ctx, func(tx iam.Tx) error { return errors.Join(change(tx), errInVain) })
	if !errors.Is(err, errInVain) {
		return err
	}
	if err := a.random.UnmarshalBinary(state); err != nil {
		return err
	}
	return a.Store.Update(ctx, change)
}

// The answers are the same when what is done in transactions is done again.
func TestTransactionsRunAgain(t *testing.T) {
	stories, err := filepath.Glob("testdata/wire/*.txtar")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range stories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			s := newService(t)
			s.Store = again{s.Store, s.Rand.(*rand.ChaCha8)}
			wiretest.Replay(t, path, iam.Operations(s).Compile(), root)
		})
	}
}
