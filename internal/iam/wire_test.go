package iam_test

import (
	"path/filepath"
	"testing"

	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
)

// The stories show what the answers look like, to the byte.
func TestWire(t *testing.T) {
	stories, err := filepath.Glob("testdata/wire/*.txtar")
	if err != nil || len(stories) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range stories {
		t.Run(filepath.Base(path), func(t *testing.T) {
			s := newService(t)
			wiretest.Replay(t, path, iam.Operations(s).Compile(), root)
		})
	}
}
