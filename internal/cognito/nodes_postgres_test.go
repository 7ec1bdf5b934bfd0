package cognito_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// onPostgreSQL opens stores on a database, each with an engine of its own.
func onPostgreSQL(url string) func(testing.TB) *store.DB {
	return func(t testing.TB) *store.DB {
		e, err := postgres.Open(t.Context(), postgres.Options{URL: url, Schema: store.Schema()})
		if err != nil {
			t.Fatal(err)
		}
		return opened(store.On(t.Context(), e, store.Options{}))(t)
	}
}

// TestModelSequencesOnPostgreSQL is TestModelSequences on the other engine.
func TestModelSequencesOnPostgreSQL(t *testing.T) {
	checks(t, "15", "50")
	modelSequences(t, newFleet(t, 1, onPostgreSQL(pgtest.Database(t))))
}

// Connections that are cut at any moment, before or after the server has seen a
// statement or a COMMIT, lose nothing that was acknowledged and make nothing twice.
func TestNothingIsLostWithConnections(t *testing.T) {
	direct, proxy, through := pgtest.Proxied(t)
	r := newFleet(t, 3, onPostgreSQL(through))
	db := onPostgreSQL(direct)(t)
	defer db.Close()
	sees := &rig{fleet: r.fleet, db: db, store: db.Cognito(r.key.Box("pool-secret"))}
	pool := r.newPool(true)
	number := r.number(pool)
	var moments, cuts, commits atomic.Int64
	proxy.At(func(m pgtest.Moment) pgtest.Fault {
		// Every so often, of each kind of moment.
		commit := m.SQL == "COMMIT"
		n := moments.Add(1)
		switch {
		case commit && n%11 == 0:
			commits.Add(1)
		case n%37 != 0:
			return pgtest.Pass
		}
		cuts.Add(1)
		return pgtest.Reset
	})
	c := gather(r, pool)
	for round := 0; round < 10 || commits.Load() < 8; round++ {
		c.wait(inserters)
		_ = changeSome(r.node(round), pool, round)
	}
	for r.settings(pool, func(in *cognito.IdentityPool) { in.AllowUnauthenticatedIdentities = false }) != nil {
	}
	then := sees.stored(number)
	c.wait(2 * inserters)
	proxy.At(nil)
	c.disperse()
	c.check(t, sees.stored(number))
	for id := range c.guests {
		if then[id] == nil {
			t.Errorf("guest %s was made after they were switched off", id)
		}
	}
	t.Logf("%d cuts, %d of them at a COMMIT, among %d moments; %d guests and %d logins", cuts.Load(), commits.Load(), moments.Load(), len(c.guests), len(c.owners))
}

// changeSome changes the pool's tags, which every inserter notices.
func changeSome(r *rig, pool cognito.IdentityPoolId, round int) error {
	_, err := r.service.TagResource(context.Background(), modelRoot, &cognito.TagResourceInput{
		ResourceArn: cognito.ARNString("arn:aws:cognito-identity:" + modelRegion + ":" + modelAccount + ":identitypool/" + string(pool)),
		Tags:        cognito.IdentityPoolTagsType{"round": cognito.TagValueType(fmt.Sprint(round))},
	})
	return err
}
