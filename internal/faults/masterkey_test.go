package faults

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// rotation is what a node says of the master key.
type rotation struct {
	Fingerprint, ReplacedFingerprint string
	FinishedDate                     *float64
}

func (n *node) rotation(ctx context.Context, operation string) (r rotation, err error) {
	answer, err := n.root().JSON(ctx, admin.API, operation, map[string]any{})
	if err != nil {
		return r, err
	}
	var out struct{ MasterKey rotation }
	err = json.Unmarshal(answer, &out)
	return out.MasterKey, err
}

// A node that is killed while it replaces the master key, under load, leaves nothing that
// the others do not finish. They lose nothing, and it starts again with either key first,
// and in the end all start with the new one alone.
func TestNodeIsKilledInRotation(t *testing.T) {
	for name, databases := range map[string]func(t *testing.T) []string{
		"embedded": func(*testing.T) []string { return []string{""} },
		"PostgreSQL": func(t *testing.T) []string {
			database := pgtest.Database(t)
			return []string{database, database, database}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, databases(t)...)
			l := newLedger(t, w)
			current, next := w.nodes[0].masterKey, newMasterKey(t)
			r := l.run(writers)
			for _, n := range w.nodes { // one after the other
				n.stop(t)
				n.masterKey, n.nextKey = current, next
				n.start(t)
			}
			r.more(100)
			key, err := seal.ParseMasterKey(next)
			if err != nil {
				t.Fatal(err)
			}
			done := false
			for deadline, attempt := time.Now().Add(2*time.Minute), 1; !done; attempt++ {
				n := w.nodes[rand.IntN(len(w.nodes))]
				answered := make(chan struct{})
				go func() {
					defer close(answered)
					_, _ = n.rotation(t.Context(), "RotateMasterKey")
				}()
				select {
				case <-answered:
				case <-time.After(time.Duration(rand.IntN(40<<min(attempt, 8))) * time.Millisecond):
				}
				n.kill()
				<-answered
				n.masterKey, n.nextKey = n.nextKey, n.masterKey // in any order
				n.start(t)
				d, err := n.rotation(t.Context(), "DescribeMasterKey")
				if err != nil {
					t.Fatal(err)
				}
				if done = d.Fingerprint == key.Fingerprint() && d.FinishedDate != nil; !done && time.Now().After(deadline) {
					t.Fatalf("it is not finished: %+v", d)
				}
			}
			r.more(100)
			for _, n := range w.nodes {
				n.kill()
				n.masterKey, n.nextKey = next, ""
				n.start(t)
			}
			r.more(100)
			r.stop()
			l.verify()
		})
	}
}
