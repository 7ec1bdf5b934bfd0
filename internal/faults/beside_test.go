package faults

import (
	"os"
	"testing"

	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// A daypass that was built before the last migration is on a database, and this one
// comes beside it under load: nobody is refused what was acknowledged, and both obey each
// other. Then the older one is killed, starts again, and is replaced. The nightly builds
// it, and names it in DAYPASS_FAULTS_BEFORE.
func TestBesideTheVersionBefore(t *testing.T) {
	before := os.Getenv("DAYPASS_FAULTS_BEFORE")
	if before == "" {
		t.Fatal("DAYPASS_FAULTS_BEFORE must name a daypass of the version before: .ci/nightly beside")
	}
	database := pgtest.Database(t)
	version := func() string {
		return pgtest.Exec(t, database, "SELECT MAX(version) FROM schema_version")
	}
	older = before
	w := newWorld(t, database, database)
	old := version()
	l := newLedger(t, w)
	r := l.run(writers)
	r.more(200)
	older = ""
	w.nodes[1].kill()
	w.nodes[1].start(t)
	if now := version(); now == old {
		t.Errorf("the schema is at version %s, as before: the older daypass is not one of an earlier version", now)
	}
	r.more(400) // one of each
	w.nodes[0].kill()
	older = before
	w.nodes[0].start(t) // by now it finds a schema that it does not know, and may work beside
	r.more(200)
	w.nodes[0].kill()
	older = ""
	w.nodes[0].start(t)
	r.more(200)
	r.stop()
	w.becomes(t, 200)
	l.verify()
	t.Logf("from schema version %s to %s", old, version())
}
