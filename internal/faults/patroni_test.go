package faults

import (
	"net/http"
	"testing"

	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// Patroni replaces a primary that is killed under load. Nobody tells the nodes.
func TestPatroniReplacesThePrimary(t *testing.T) {
	c := pgtest.Patroni(t, 3)
	database := c.Database(t)
	w := newWorld(t, database, database)
	l := newLedger(t, w)
	for range 2 {
		r := l.run(writers)
		r.more(200)
		leader := c.Leader(t)
		c.Kill(t, leader)
		next := c.Leader(t)
		t.Logf("member %d was killed, and member %d took its place", leader, next)
		r.more(200)
		r.stop()
		w.becomes(t, http.StatusOK)
		l.verify()
		c.Start(t, leader) // which follows, whatever it believed
		c.Complete(t)
	}
}
