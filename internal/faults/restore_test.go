package faults

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// A database is restored to an hour ago under running nodes. They obey what is in it
// now, at once, and nothing that they remember of what is lost. A session that was
// issued in the hour that is lost can be revoked.
func TestDatabaseIsRestored(t *testing.T) {
	s := pgtest.Start(t)
	name, _ := s.Database(t)
	p := pgtest.NewProxy(t, s.Addr())
	database := s.URLOf(name, p.Addr())
	w := newWorld(t, database, database)
	ctx := t.Context()
	a, b := w.nodes[0], w.nodes[1]
	change := func(n *node, description string) {
		t.Helper()
		mustQuery(t, n.root(), "UpdateRole", "RoleName", "authenticated", "Description", description)
	}
	revoke := func(n *node, identity string) {
		t.Helper()
		if _, err := n.root().JSON(ctx, admin.API, "RevokeSessions", map[string]any{"IdentityId": identity}); err != nil {
			t.Fatal(err)
		}
	}
	newGuest := func(n *node) string {
		t.Helper()
		id, err := w.getID(ctx, n, -1)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	change(a, "1")
	kept := newGuest(a)
	for n := range 20 { // a history that the lost one is not longer than
		change(w.nodes[n%2], "1")
	}
	backup := s.Backup(t)

	change(a, "2")
	lost := newGuest(b)
	session, err := w.credentials(ctx, b, kept)
	if err != nil {
		t.Fatal(err)
	}
	ofLost, err := w.credentials(ctx, a, lost)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range w.nodes { // so that they remember
		if got, err := describe(ctx, n); err != nil || got != 2 {
			t.Fatalf("the role is described as %d, %v", got, err)
		}
		if err := errors.Join(whoami(ctx, n, session), whoami(ctx, n, ofLost)); err != nil {
			t.Fatal(err)
		}
	}

	s.Stop(t)
	backup.Start(t)
	p.To(backup.Addr())
	p.ResetAll()
	w.becomes(t, http.StatusOK)
	for _, n := range w.nodes {
		if got, err := describe(ctx, n); err != nil || got != 1 {
			t.Errorf("after the restore the role is described as %d, %v; it is 1 in the database", got, err)
		}
		if _, err := call(ctx, n.root(), "DescribeIdentity", map[string]any{"IdentityId": lost}); code(err) != "ResourceNotFoundException" {
			t.Errorf("an identity that is lost: %v", err)
		}
		if err := whoami(ctx, n, ofLost); err == nil || excused(err) {
			t.Errorf("a session of an identity that is lost: %v", err)
		}
	}
	told := 0 // by the node that has dealt with it
	for _, n := range w.nodes {
		text, err := os.ReadFile(n.log)
		if err != nil {
			t.Fatal(err)
		}
		told += strings.Count(string(text), "the database has gone back to an earlier state")
	}
	if told != 1 {
		t.Errorf("the logs say %d times that the database has gone back", told)
	}
	revoke(a, kept)
	for _, n := range w.nodes {
		if err := whoami(ctx, n, session); code(err) != "ExpiredToken" {
			t.Errorf("a session of the hour that is lost, revoked since: %v", err)
		}
	}
	l := newLedger(t, w)
	r := l.run(writers)
	r.more(100)
	r.stop()
	l.tried = max(l.tried, 1)
	l.verify()
}
