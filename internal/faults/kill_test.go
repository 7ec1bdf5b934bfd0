package faults

import (
	"testing"

	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// Killed under load, a node loses nothing that it has told of, and its neighbours go
// on meanwhile.
func TestNodeIsKilled(t *testing.T) {
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
			for round := range rounds {
				r := l.run(writers)
				r.more(200)
				n := w.nodes[round%len(w.nodes)]
				n.kill()
				if len(w.nodes) > 1 {
					r.more(100)
				}
				n.start(t)
				r.more(100)
				r.stop()
				l.verify()
			}
		})
	}
}
