package faults

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// becomes waits until every node says so of itself at /readyz.
func (w *world) becomes(t *testing.T, status int) {
	t.Helper()
	for deadline := time.Now().Add(2 * patience); ; time.Sleep(50 * time.Millisecond) {
		others := 0
		for _, n := range w.nodes {
			if n.ready() != status {
				others++
			}
		}
		if others == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d nodes do not answer %d at /readyz", others, len(w.nodes), status)
		}
	}
}

// servesKeys checks that verifiers find key set and discovery, whatever the database
// does.
func (w *world) servesKeys(t *testing.T) {
	t.Helper()
	for _, n := range w.nodes {
		for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks_uri"} {
			answer, err := (&http.Client{Timeout: patience}).Get(*n.url.Load() + path)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Errorf("%s: %s", path, answer.Status)
			}
		}
	}
}

// Killed under load, PostgreSQL loses nothing that was acknowledged. Meanwhile nodes
// say that they are not ready, and refuse; afterwards they recover by themselves.
func TestPostgresIsKilled(t *testing.T) {
	s := pgtest.Start(t)
	_, database := s.Database(t)
	w := newWorld(t, database, database)
	l := newLedger(t, w)
	for range rounds {
		r := l.run(writers)
		r.more(200)
		s.Kill(t)
		w.becomes(t, http.StatusServiceUnavailable)
		w.servesKeys(t)
		s.Start(t)
		w.becomes(t, http.StatusOK)
		r.more(200)
		r.stop()
		l.verify()
	}
}

// pair is a primary and a synchronous standby with a database, and the URL by which
// nodes find whichever is the primary.
func pair(t *testing.T) (primary, standby *pgtest.Server, database string) {
	t.Helper()
	primary = pgtest.Start(t)
	name, _ := primary.Database(t)
	standby = primary.Standby(t, "second")
	primary.Synchronous(t, "second")
	return primary, standby, primary.URLOf(name, primary.Addr(), standby.Addr()) + "&target_session_attrs=read-write"
}

// The primary is killed under load, and its synchronous standby takes its place.
func TestPrimaryIsReplaced(t *testing.T) {
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			primary, standby, database := pair(t)
			w := newWorld(t, database, database)
			l := newLedger(t, w)
			r := l.run(writers)
			r.more(200)
			primary.Kill(t)
			standby.Promote(t)
			r.more(200)
			r.stop()
			w.becomes(t, http.StatusOK)
			l.verify()
		})
	}
}

// The standby stops, commits wait, and clients give up. What a waiting commit wrote
// nobody is told of. Then the primary is killed and the standby promoted: those
// commits are gone, and nothing else is.
func TestCommitsWaitForAStandbyThatTakesOver(t *testing.T) {
	t.Parallel() // it mostly waits
	waits := 1
	if long { // than nodes wait for a commit
		waits = 8
	}
	primary, standby, database := pair(t)
	w := newWorld(t, database, database)
	l := newLedger(t, w)
	r := l.run(writers)
	r.more(150)
	standby.Stop(t)

	// A person who has no identity yet comes to one node, and gives up; then to the
	// other.
	for range waits {
		for _, n := range w.nodes {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			if id, err := w.getID(ctx, n, newcomer); err == nil {
				t.Errorf("a commit that waits for the standby was answered with %s", id)
			}
			cancel()
		}
	}
	primary.Kill(t)
	standby.Start(t)
	standby.Promote(t)
	r.more(150)
	r.stop()
	w.becomes(t, http.StatusOK)
	l.verify()
	var ids []string
	for _, n := range w.nodes {
		id, err := w.getID(t.Context(), n, newcomer)
		if err != nil {
			t.Error(err)
		}
		ids = append(ids, id)
	}
	if ids[0] != ids[1] {
		t.Errorf("the newcomer has the identities %v", ids)
	}
}
