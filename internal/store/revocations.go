package store

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/store/engine"
)

// Revocations gives the store of revocations.
func (db *DB) Revocations() *Revocations { return &Revocations{db} }

// Revocations implements admin.Store.
type Revocations struct{ db *DB }

// Index holds what is in force: all of it from the moment the database is
// open.
func (v *Revocations) Index() *revocation.Index { return &v.db.revoked }

// revocationLog is the name of revocations in the log of changes. Their key is the
// whole revocation.
const revocationLog = "revocation"

// load implements follower: it reads all of the index. What has ended does no harm in it.
//
// The first versions also revoked what merged and deleted identities and pools
// had held, up to a moment ahead: any number of rows, which are void anyway
// because of what they name. They stay in the table until they run out, and out
// of memory.
func (v *Revocations) load(tx *Tx) (use func(), err error) {
	list, err := all(tx.query(`SELECT `+revocationColumns+` FROM revocations WHERE void_before <= created`), scanRevocation)
	return func() {
		for _, r := range list {
			v.db.revoked.Add(r)
		}
	}, err
}

// follow implements follower.
func (v *Revocations) follow(key jsontext.Value) error {
	var r revocation.Revocation
	if err := json.Unmarshal(key, &r); err != nil {
		return fmt.Errorf("store: the log of changes: %w", err)
	}
	v.db.revoked.Add(r)
	return nil
}

// Revoke implements admin.Store.
func (v *Revocations) Revoke(ctx context.Context, r revocation.Revocation) (stored revocation.Revocation, err error) {
	err = v.db.Configure(ctx, func(tx *Tx) (err error) {
		if r.Kind == revocation.Everything && r.Asked.IsZero() {
			if err := tx.leap(0); err != nil {
				return err
			}
		}
		stored, err = v.db.revoke(tx, r)
		return err
	})
	return stored, err
}

// Lost voids everything, because something was issued by a change that the database
// does not have: it has gone back to an older state, and may have lost revocations.
// If the database has come beyond that number meanwhile, others have seen to it.
func (v *Revocations) Lost(ctx context.Context, change int64) error {
	return v.db.Configure(ctx, func(tx *Tx) error {
		if tx.Change() > change {
			return nil
		}
		return v.db.revokeLost(tx, change)
	})
}

// RevokeEverything voids whatever was issued up to now, to anybody.
func (v *Revocations) RevokeEverything(ctx context.Context) error {
	return v.db.Configure(ctx, func(tx *Tx) error { return v.db.revokeEverything(tx, 0) })
}

// Voids implements sts.Revocations. Where other nodes revoke too, it is a view, which
// is no older than the request; where none does, the index is all there is.
func (v *Revocations) Voids(ctx context.Context, b revocation.Bearer) (void revocation.Void, is bool, err error) {
	if v.db.alone {
		void, is = v.db.voids(b, v.db.known())
		return void, is, nil
	}
	err = v.db.View(ctx, func(tx *Tx) error {
		void, is = v.db.voids(b, tx.Stamp())
		return nil
	})
	return void, is, err
}

// voids finds out whether something is void for whoever knows all changes up to a
// number.
func (db *DB) voids(b revocation.Bearer, known int64) (revocation.Void, bool) {
	switch {
	case b.LastChange() > known:
		return revocation.Void{Lost: true}, true
	case db.revoked.Len() == 0:
		return revocation.Void{}, false
	}
	return db.revoked.Voids(b.Marks()...)
}

// Change implements sts.Revocations.
func (v *Revocations) Change(ctx context.Context) (int64, error) { return v.db.changeOf(ctx) }

// drop removes revocations that have ended, at most so many, and tells how many
// it has removed.
func drop(tx *Tx, now time.Time, most int) (int64, error) {
	return tx.exec(`DELETE FROM revocations WHERE (kind, name, user_name, pool) IN
		(SELECT kind, name, user_name, pool FROM revocations WHERE created <= $1 ORDER BY created LIMIT $2)`, now.Add(-revocation.Lasts).UnixMilli(), most)
}

// dropBatch is how many revocations that have ended go with a new one: two, so
// that they become fewer, and a table of millions holds nobody up.
const dropBatch = 2

// revoke adds a revocation in a transaction, and drops some that have ended. Unless
// somebody has asked for a time, it is one of the transaction's number.
func (db *DB) revoke(tx *Tx, r revocation.Revocation) (revocation.Revocation, error) {
	if _, err := drop(tx, r.Created, dropBatch); err != nil {
		return r, err
	}
	if r.Asked.IsZero() {
		r.Change = tx.Change()
	}
	old, err := all(tx.query(`SELECT `+revocationColumns+` FROM revocations WHERE kind = $1 AND name = $2 AND user_name = $3 AND pool = $4`,
		string(r.Kind), r.Name, r.User, r.Pool), scanRevocation)
	if err != nil {
		return r, err
	}
	if len(old) > 0 {
		r = revocation.Merge(old[0], r)
	}
	_, err = tx.exec(`INSERT INTO revocations (`+revocationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (kind, name, user_name, pool) DO UPDATE SET void_before = excluded.void_before, created = excluded.created,
		void_below = excluded.void_below, void_asked = excluded.void_asked`,
		string(r.Kind), r.Name, r.User, r.Pool, r.Before.UnixMilli(), r.Created.UnixMilli(), r.Change, max(r.Asked.UnixMilli(), 0))
	if err == nil {
		tx.outdated = append(tx.outdated, outdated{revocationLog, r})
		tx.AfterCommit(func() { db.revoked.Add(r) })
	}
	return r, err
}

// revokeLost is revokeEverything in a database that has gone back to an earlier state.
func (db *DB) revokeLost(tx *Tx, highest int64) error {
	if db.wentBack != nil {
		tx.AfterCommit(db.wentBack)
	}
	return db.revokeEverything(tx, highest)
}

// revokeEverything voids whatever was issued in the epoch of the database, also in the
// part of it that is lost, which had come to a number at least.
func (db *DB) revokeEverything(tx *Tx, highest int64) error {
	if err := tx.leap(highest); err != nil {
		return err
	}
	now := db.now().UTC().Truncate(time.Millisecond)
	_, err := db.revoke(tx, revocation.Revocation{Target: revocation.Target{Kind: revocation.Everything}, Before: now, Created: now})
	return err
}

// dropRevocations removes a batch of revocations that have ended, and says
// whether there may be more.
func (db *DB) dropRevocations(ctx context.Context, now time.Time) (more bool, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		var one int
		more, err = tx.query(`SELECT 1 FROM revocations WHERE created <= $1 LIMIT 1`, now.Add(-revocation.Lasts).UnixMilli()).one(&one)
		return err
	})
	if err != nil || !more {
		return false, err
	}
	return true, db.Update(ctx, func(tx *Tx) error {
		_, err := drop(tx, now, tidyBatch)
		return err
	})
}

// Revocations implements admin.Store.
func (v *Revocations) Revocations(ctx context.Context, since time.Time, after revocation.Target, limit int) (list []revocation.Revocation, err error) {
	err = v.db.View(ctx, func(tx *Tx) error {
		list, err = all(tx.query(`SELECT `+revocationColumns+` FROM revocations
			WHERE (kind, name, user_name, pool) > ($1, $2, $3, $4) AND created > $5
			ORDER BY kind, name, user_name, pool LIMIT $6`,
			string(after.Kind), after.Name, after.User, after.Pool, since.UnixMilli(), limit), scanRevocation)
		return err
	})
	return list, err
}

const revocationColumns = `kind, name, user_name, pool, void_before, created, void_below, void_asked`

// scanRevocation reads a row. One without a number is of a time, which holds for
// everything.
func scanRevocation(columns row) (r revocation.Revocation, err error) {
	var before, created, asked int64
	err = engine.Scan(columns, []any{(*string)(&r.Kind), &r.Name, &r.User, &r.Pool, &before, &created, &r.Change, &asked})
	r.Before, r.Created = time.UnixMilli(before).UTC(), time.UnixMilli(created).UTC()
	switch {
	case r.Change == 0:
		r.Asked = r.Before
	case asked > 0:
		r.Asked = time.UnixMilli(asked).UTC()
	}
	return r, err
}
