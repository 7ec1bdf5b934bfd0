package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
)

// ErrWrongMasterKey answers CheckMasterKey where the database was sealed under
// another master key.
var ErrWrongMasterKey = errors.New("the master key is not the one that this database was made with")

// CheckMasterKey says whether the database was made with the master key. A new
// database takes the key as its own.
func (db *DB) CheckMasterKey(ctx context.Context, key *seal.MasterKey) error {
	const name, known = "master-key", "daypass"
	box := key.Box("master-key-check")
	var sealed []byte
	var found bool
	err := db.View(ctx, func(tx *Tx) (err error) {
		found, err = tx.query(`SELECT sealed FROM seals WHERE name = $1`, name).one(&sealed)
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		return db.Update(ctx, func(tx *Tx) error {
			_, err := tx.exec(`INSERT INTO seals (name, sealed) VALUES ($1, $2)`, name, box.Seal(nil, []byte(known), []byte(name)))
			return err
		})
	}
	if text, err := box.Open(nil, sealed, []byte(name)); err != nil || string(text) != known {
		return fmt.Errorf("%w (the key given is %s)", ErrWrongMasterKey, key.Fingerprint())
	}
	return nil
}

// Keys gives the store of the OpenID provider.
func (db *DB) Keys() openid.Store { return keys{db} }

// keys implements openid.Store.
type keys struct{ db *DB }

// SigningKeys implements openid.Store.
func (k keys) SigningKeys(ctx context.Context) (list []openid.SigningKey, err error) {
	err = k.db.View(ctx, func(tx *Tx) error {
		list, err = all(tx.query(`SELECT kid, region, created, sign_after, certificate, sealed FROM signing_keys ORDER BY kid`), scanKey)
		return err
	})
	return list, err
}

func scanKey(rows *sql.Rows) (openid.SigningKey, error) {
	var key openid.SigningKey
	var created, signAfter int64
	err := rows.Scan(&key.KID, &key.Region, &created, &signAfter, &key.Certificate, &key.Sealed)
	key.Created, key.SignAfter = time.UnixMilli(created).UTC(), time.UnixMilli(signAfter).UTC()
	return key, err
}

// AddSigningKey implements openid.Store.
func (k keys) AddSigningKey(ctx context.Context, key openid.SigningKey) (added bool, err error) {
	err = k.db.Update(ctx, func(tx *Tx) error {
		n, err := tx.exec(`INSERT INTO signing_keys (kid, region, created, sign_after, certificate, sealed) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			key.KID, key.Region, key.Created.UnixMilli(), key.SignAfter.UnixMilli(), append([]byte{}, key.Certificate...), key.Sealed)
		added = n == 1
		return err
	})
	return added, err
}
