package faults

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

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

// A node that deletes a pool is killed in the middle. The pool is gone for everybody from
// the moment that this was acknowledged, and the other node removes what is left: in the
// nightly a million identities (DAYPASS_TEST_IDENTITIES).
func TestNodeIsKilledWhileItDeletesAPool(t *testing.T) {
	t.Parallel() // it mostly waits
	many := 20_000
	if text := os.Getenv("DAYPASS_TEST_IDENTITIES"); text != "" {
		var err error
		if many, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	database := pgtest.Database(t)
	w := newWorld(t, database, database)
	a, b := w.nodes[0], w.nodes[1]
	guest, err := w.getID(t.Context(), a, -1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.getID(t.Context(), b, 0); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, database, fmt.Sprintf(`INSERT INTO identities (id, pool, created, modified, state, logins)
		SELECT decode(md5(n::text), 'hex'), pool, created, modified, state, logins FROM identities, generate_series(1, %d) n WHERE logins IS NULL`, many))
	pgtest.Exec(t, database, fmt.Sprintf(`INSERT INTO logins (pool, provider, subject, identity)
		SELECT pool, provider, convert_to(n::text, 'UTF8'), decode(md5(n::text), 'hex') FROM logins, generate_series(1, %d) n`, many/2))
	left := func(table string) int {
		t.Helper()
		n, err := strconv.Atoi(pgtest.Exec(t, database, "SELECT COUNT(*) FROM "+table))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := left("identities"); n != many+2 {
		t.Fatalf("there are %d identities", n)
	}
	must(t, a.root(), "DeleteIdentityPool", map[string]any{"IdentityPoolId": w.pool})
	for _, n := range w.nodes {
		if _, err := w.credentials(t.Context(), n, guest); code(err) != "ResourceNotFoundException" {
			t.Errorf("an identity of a deleted pool: %v", err)
		}
	}
	for deadline := time.Now().Add(4 * patience); left("identities") > many*9/10; {
		if time.Now().After(deadline) {
			t.Fatal("nobody removes what the pool has left")
		}
	}
	a.kill()
	at := left("identities")
	if at == 0 {
		t.Fatal("the node was killed too late")
	}
	began := time.Now()
	for deadline := began.Add(4*patience + time.Duration(many)*time.Millisecond); left("identities")+left("logins")+left("dead_pools") > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d identities, %d logins and %d pools are left", left("identities"), left("logins"), left("dead_pools"))
		}
	}
	t.Logf("of %d identities, %d were left when the node was killed; the other one has removed them after %v", many+2, at, time.Since(began).Round(time.Second))
	a.start(t)
	w.becomes(t, 200)
}
