package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/engine"
)

// ErrWrongAccount answers CheckAccount where the database is another account's.
var ErrWrongAccount = errors.New("the database belongs to another account")

// accountCheck is the row of seals that says whose the database is.
const accountCheck = "account"

// CheckAccount says whether the database is an account's, whose ID is in all
// that it holds. A new database becomes the account's.
func (db *DB) CheckAccount(ctx context.Context, ring *seal.Ring, account string) error {
	owner, err := db.sealed(ctx, ring.Stored(purposeOfSeal(accountCheck)), accountCheck, account)
	if err == nil && owner != account {
		return fmt.Errorf("%w: start with --account-id %s", ErrWrongAccount, owner)
	}
	return err
}

// ratesSecret is the row of seals with the secret that the nodes of a fleet share for
// their notices.
const ratesSecret = "rates"

// RateSecret is the secret with which nodes name what they have limited. It is made from
// the first master key, as versions did that could not replace that, and then kept, so
// that all nodes have the same whichever key is theirs.
func (db *DB) RateSecret(ctx context.Context, ring *seal.Ring) (secret [sha256.Size]byte, err error) {
	secret = ring.Sealing().Hash(ratesSecret)
	text, err := db.sealed(ctx, ring.Stored(purposeOfSeal(ratesSecret)), ratesSecret, string(secret[:]))
	copy(secret[:], text)
	return secret, err
}

// sealed reads a text that the database keeps under a name, and makes it this
// one if there is none yet. The box is that of the name ([purposeOfSeal]).
func (db *DB) sealed(ctx context.Context, box *seal.Box, name, text string) (string, error) {
	var sealed []byte
	var found bool
	err := db.View(ctx, func(tx *Tx) (err error) {
		found, err = tx.query(`SELECT sealed FROM seals WHERE name = $1`, name).one(&sealed)
		return err
	})
	if err != nil {
		return "", err
	}
	if !found { // unless another process is faster
		err = db.Update(ctx, func(tx *Tx) error {
			var n int64 // keeps out whoever replaces the master key meanwhile
			if _, err := tx.query(`SELECT number FROM change WHERE id = 1 FOR UPDATE`).one(&n); err != nil {
				return err
			}
			made, err := tx.seal(box, []byte(text), []byte(name))
			if err != nil {
				return err
			}
			if _, err := tx.exec(`INSERT INTO seals (name, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, made); err != nil {
				return err
			}
			found, err = tx.query(`SELECT sealed FROM seals WHERE name = $1`, name).one(&sealed)
			if err == nil && !found {
				err = fmt.Errorf("store: %s is not there although it was stored just now", name)
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	opened, err := box.Open(nil, sealed, []byte(name))
	return string(opened), err
}

// Keys gives the store of the OpenID provider.
func (db *DB) Keys() openid.Store {
	return keys{db, newCache[string, []openid.SigningKey](db, "signing-keys", 1)}
}

// keys implements openid.Store.
type keys struct {
	db *DB
	// all has the one list of all keys, under allKeys.
	all *cache[string, []openid.SigningKey]
}

const allKeys = ""

// SigningKeys implements openid.Store. The list is published for all requests, so it
// goes by what is stored now, and not by what was when one of them came.
func (k keys) SigningKeys(ctx context.Context) (list []openid.SigningKey, err error) {
	err = k.db.View(k.db.unattended(ctx), func(tx *Tx) error {
		list, _, err = k.all.get(tx, allKeys, func() ([]openid.SigningKey, bool, error) {
			list, err := all(tx.query(selectKeys), scanKey)
			return list, true, err
		})
		return err
	})
	return list, err
}

var errKeyIDUsed = errors.New("another key has had its key ID")

const (
	selectLast = `SELECT last FROM signing_key_numbers WHERE region = $1`
	selectKeys = `SELECT kid, region, created, sign_after, certificate, sealed FROM signing_keys ORDER BY kid`
	insertKey  = `INSERT INTO signing_keys (kid, region, created, sign_after, certificate, sealed) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
)

func scanKey(r row) (openid.SigningKey, error) {
	var key openid.SigningKey
	var created, signAfter int64
	err := engine.Scan(r, []any{&key.KID, &key.Region, &created, &signAfter, &key.Certificate, &key.Sealed})
	key.Created, key.SignAfter = time.UnixMilli(created).UTC(), time.UnixMilli(signAfter).UTC()
	return key, err
}

// AddSigningKey implements openid.Store.
func (k keys) AddSigningKey(ctx context.Context, key openid.SigningKey, room openid.Room) (added bool, err error) {
	err = k.db.Configure(unrecorded(ctx), func(tx *Tx) error {
		added = false
		var regions, keys int
		if _, err := tx.query(`SELECT COUNT(DISTINCT region), COUNT(CASE WHEN region = $1 THEN 1 END) FROM signing_keys WHERE kid <> $2`, key.Region, key.KID).one(&regions, &keys); err != nil {
			return err
		}
		switch {
		case room.Keys > 0 && keys >= room.Keys:
			return openid.ErrTooManyKeys
		case room.Regions > 0 && keys == 0 && regions >= room.Regions:
			return openid.ErrTooManyRegions
		}
		if regions == 0 {
			key.SignAfter = key.Created
		}
		if added, err = addKey(tx, key); err != nil || !added {
			return err
		}
		k.all.invalidate(tx, allKeys)
		if !key.SignAfter.After(key.Created) {
			return nil
		}
		// Until then another one signs for its region.
		_, err = tx.exec(`UPDATE signing_keys SET unused = NULL WHERE unused IS NOT NULL`)
		return err
	})
	if !added {
		k.db.renew(ctx) // another node was faster, perhaps after the request came
	}
	return added, err
}

func addKey(tx *Tx, key openid.SigningKey) (added bool, err error) {
	// It was sealed before, perhaps with a master key that has been replaced since.
	sealed, err := tx.anew(openid.Purpose, key.Sealed, openid.AdditionalData(key.KID, key.Region))
	if err != nil {
		return false, err
	}
	n, err := tx.exec(insertKey, key.KID, key.Region, key.Created.UnixMilli(), key.SignAfter.UnixMilli(), append([]byte{}, key.Certificate...), sealed)
	return n == 1, err
}

// ChangeSigningKeys implements openid.Store. A key that is added with the ID of one that
// is there, or was, is a mistake.
func (k keys) ChangeSigningKeys(ctx context.Context, decide func([]openid.SigningKey) (openid.Change, error)) error {
	return k.db.Configure(ctx, func(tx *Tx) error {
		list, err := all(tx.query(selectKeys), scanKey)
		if err != nil {
			return err
		}
		change, err := decide(list)
		if err != nil || len(change.Remove)+len(change.Add) == 0 {
			return err
		}
		k.all.invalidate(tx, allKeys)
		for _, kid := range change.Remove {
			if err := removeKeys(tx, `kid = $1`, kid); err != nil {
				return err
			}
		}
		for _, key := range change.Add {
			var last int
			if _, err := tx.query(selectLast, key.Region).one(&last); err != nil {
				return err
			}
			number, err := strconv.Atoi(strings.TrimPrefix(key.KID, key.Region+"-"))
			if err == nil && number <= last {
				err = errKeyIDUsed
			}
			added := false
			if err == nil {
				added, err = addKey(tx, key)
			}
			if err == nil && !added {
				err = errKeyIDUsed
			}
			if err != nil {
				return fmt.Errorf("store: signing key %s: %w", key.KID, err)
			}
		}
		return nil
	})
}

// removeKeys removes the keys that a condition names, whose numbers are not used again.
func removeKeys(tx *Tx, condition string, value any) error {
	if _, err := tx.exec(`INSERT INTO signing_key_numbers (region, last)
		SELECT region, MAX(CAST(SUBSTR(kid, LENGTH(region) + 2) AS BIGINT)) FROM signing_keys WHERE `+condition+` GROUP BY region
		ON CONFLICT (region) DO UPDATE SET last = CASE WHEN excluded.last > signing_key_numbers.last THEN excluded.last ELSE signing_key_numbers.last END`, value); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM signing_keys WHERE `+condition, value)
	return err
}

// LastRemovedKey implements openid.Store.
func (k keys) LastRemovedKey(ctx context.Context, region string) (number int, err error) {
	err = k.db.View(ctx, func(tx *Tx) error {
		number = 0
		_, err := tx.query(selectLast, region).one(&number)
		return err
	})
	return number, err
}

// RemoveUnusedKeys implements openid.Store. That a key is not in use counts from
// when this first sees it, and from anew when its region has got a pool in between
// (see AddPool). One that is in use again counts as used: which keys are in use
// may have changed with the configuration.
//
// Every node looks now and then; most find nothing to do, and change nothing.
func (k keys) RemoveUnusedKeys(ctx context.Context, now time.Time, unused time.Duration, one string) (kids []string, err error) {
	due := false
	err = k.db.View(ctx, func(tx *Tx) error {
		var n int
		due, err = tx.query(`SELECT 1 FROM signing_keys WHERE unused <= $1
			OR (unused IS NULL) <> ($2 = region OR $2 = '' AND region IN (SELECT region FROM pools)) LIMIT 1`, now.Add(-unused).UnixMilli(), one).one(&n)
		return err
	})
	if err != nil || !due {
		return nil, err
	}
	err = k.db.Configure(ctx, func(tx *Tx) error {
		if _, err := tx.exec(`UPDATE signing_keys SET unused = NULL WHERE unused IS NOT NULL AND ($1 = region OR $1 = '' AND region IN (SELECT region FROM pools))`, one); err != nil {
			return err
		}
		if _, err := tx.exec(`UPDATE signing_keys SET unused = $1 WHERE unused IS NULL AND $2 <> region AND ($2 <> '' OR region NOT IN (SELECT region FROM pools))`, now.UnixMilli(), one); err != nil {
			return err
		}
		ended := now.Add(-unused).UnixMilli()
		kids, err = all(tx.query(`SELECT kid FROM signing_keys WHERE unused <= $1 ORDER BY kid`, ended), scanText[string])
		if err != nil || len(kids) == 0 {
			return err
		}
		k.all.invalidate(tx, allKeys)
		return removeKeys(tx, `unused <= $1`, ended)
	})
	return kids, err
}
