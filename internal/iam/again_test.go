package iam_test

import (
	"path/filepath"
	"testing"

	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/store"
)

// The answers are the same when what is done in transactions is done again.
func TestTransactionsRunAgain(t *testing.T) {
	stories, err := filepath.Glob("testdata/wire/*.txtar")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range stories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			s := serviceOn(t, openStoreWith(t, store.Options{Path: filepath.Join(t.TempDir(), "daypass.db"), RunAgain: true}))
			wiretest.Replay(t, path, iam.Operations(s).Compile(), root)
		})
	}
}
