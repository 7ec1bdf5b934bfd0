package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/engine"
)

// sealedColumn is a column with something sealed in it.
type sealedColumn struct {
	table string
	// purposes are those of the boxes that seal it, as [seal.Ring.Stored] knows them.
	purposes []string
	// page reads rows after a key, in order: key, value and what else is needed.
	page string
	// one reads the row of a key, whose writers it keeps out.
	one func(tx *Tx, key string) (value []byte, more string, found bool, err error)
	// write stores the value of a row.
	write func(tx *Tx, key string, value []byte) error
	// anew changes what is sealed in a value. A value in which nothing has to change is
	// given back as it is.
	anew func(a sealsAnew, key, more string, value []byte) ([]byte, error)
}

// sealsAnew seals one thing anew, and gives it back as it is where that need not be.
type sealsAnew func(purpose string, sealed, ad []byte) ([]byte, error)

// The purposes of what the packages above seal and give to the store.
const (
	poolSecret = "pool-secret"
	accessKey  = "access-key"
)

// sealedColumns is all that is stored sealed. TestSealedColumns finds what is missing.
var sealedColumns = []sealedColumn{
	{
		table: "signing_keys", purposes: []string{openid.Purpose},
		page:  `SELECT kid, sealed, region FROM signing_keys WHERE kid > $1 ORDER BY kid LIMIT $2`,
		one:   oneSealed(`SELECT sealed, region FROM signing_keys WHERE kid = $1`),
		write: writeSealed(`UPDATE signing_keys SET sealed = $2 WHERE kid = $1`),
		anew: func(a sealsAnew, kid, region string, value []byte) ([]byte, error) {
			return a(openid.Purpose, value, openid.AdditionalData(kid, region))
		},
	},
	{
		table: "access_keys", purposes: []string{accessKey},
		page:  `SELECT id, sealed, '' FROM access_keys WHERE id > $1 ORDER BY id LIMIT $2`,
		one:   oneSealed(`SELECT sealed, '' FROM access_keys WHERE id = $1`),
		write: writeSealed(`UPDATE access_keys SET sealed = $2 WHERE id = $1`),
		anew: func(a sealsAnew, id, _ string, value []byte) ([]byte, error) {
			return a(accessKey, value, []byte(id))
		},
	},
	{
		table: "pools", purposes: []string{poolSecret},
		page: `SELECT id, body, '' FROM pools WHERE id > $1 ORDER BY id LIMIT $2`,
		one: func(tx *Tx, id string) (value []byte, more string, found bool, err error) {
			found, err = tx.poolForUpdate(id, func(text string) (bool, error) {
				var mark int64
				return tx.query(text, id).one(&value, &mark)
			})
			return value, "", found, err
		},
		write: func(tx *Tx, id string, body []byte) error {
			_, err := tx.exec(`UPDATE pools SET body = $2 WHERE id = $1`, id, string(body))
			return err
		},
		anew: sealPoolAnew,
	},
	{
		table: "seals", purposes: []string{"account-check", "master-key-check", ratesSecret, auditKey},
		page:  `SELECT name, sealed, '' FROM seals WHERE name > $1 ORDER BY name LIMIT $2`,
		one:   oneSealed(`SELECT sealed, '' FROM seals WHERE name = $1`),
		write: writeSealed(`UPDATE seals SET sealed = $2 WHERE name = $1`),
		anew: func(a sealsAnew, name, _ string, value []byte) ([]byte, error) {
			return a(purposeOfSeal(name), value, []byte(name))
		},
	},
	{
		table: "master_keys", purposes: []string{masterKeyPurpose},
		page:  `SELECT fingerprint, sealed, '' FROM master_keys WHERE fingerprint > $1 AND sealed IS NOT NULL ORDER BY fingerprint LIMIT $2`,
		one:   oneSealed(`SELECT sealed, '' FROM master_keys WHERE fingerprint = $1 AND sealed IS NOT NULL`),
		write: writeSealed(`UPDATE master_keys SET sealed = $2 WHERE fingerprint = $1`),
		anew: func(a sealsAnew, fingerprint, _ string, value []byte) ([]byte, error) {
			return a(masterKeyPurpose, value, []byte(fingerprint))
		},
	},
}

func oneSealed(text string) func(tx *Tx, key string) ([]byte, string, bool, error) {
	return func(tx *Tx, key string) (value []byte, more string, found bool, err error) {
		found, err = tx.query(text, key).one(&value, &more)
		return value, more, found, err
	}
}

func writeSealed(text string) func(tx *Tx, key string, value []byte) error {
	return func(tx *Tx, key string, value []byte) error {
		_, err := tx.exec(text, key, value)
		return err
	}
}

// purposeOfSeal is the purpose of a row of seals.
func purposeOfSeal(name string) string {
	if name == masterKeyCheck || name == accountCheck {
		return name + "-check"
	}
	return name
}

// sealPoolAnew seals the secrets in the body of a pool. The rest of it stays byte for
// byte, whatever other versions have written there.
func sealPoolAnew(a sealsAnew, id, _ string, body []byte) ([]byte, error) {
	if !bytes.Contains(body, []byte(`"Sealed"`)) {
		return body, nil
	}
	var b struct {
		Sealed map[cognito.IdentityProviderName]string
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return nil, fmt.Errorf("store: pool: %w", err)
	}
	for name, text := range b.Sealed {
		sealed, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("store: pool: %w", err)
		}
		anew, err := a(poolSecret, sealed, sealData(cognito.IdentityPoolId(id), name))
		if err != nil {
			return nil, err
		}
		body = bytes.ReplaceAll(body, []byte(text), []byte(base64.StdEncoding.EncodeToString(anew)))
	}
	return body, nil
}

// sealBatch is how many rows are read, and at most changed, at a time.
const sealBatch = 32

// SealAnew seals everything with the current master key that an older one has sealed,
// and writes down that it is so. It may be interrupted and called again, also at several
// nodes at a time. It says how many rows it has changed.
func (db *DB) SealAnew(ctx context.Context) (changed int, err error) {
	rotating, err := db.Rotating(ctx)
	if err != nil || !rotating {
		return 0, err
	}
	for {
		n, err := db.sealPass(ctx)
		changed += n
		if err != nil {
			return changed, err
		}
		if n == 0 {
			break
		}
	}
	if err := db.finishKeys(ctx); err != nil {
		return changed, err
	}
	return changed, db.readKeys(ctx)
}

// Rotating says whether something may be left under a master key that was replaced.
func (db *DB) Rotating(ctx context.Context) (found bool, err error) {
	err = db.View(db.unattended(ctx), func(tx *Tx) error {
		var one int
		found, err = tx.query(`SELECT 1 FROM master_keys WHERE replaced <> 0 AND finished = 0`).one(&one)
		return err
	})
	return found, err
}

// sealPass goes through everything once.
func (db *DB) sealPass(ctx context.Context) (changed int, err error) {
	for _, c := range sealedColumns {
		for after := ""; ; {
			old, last, err := db.sealedOld(ctx, c, after)
			if err != nil {
				return changed, err
			}
			if len(old) > 0 {
				n, err := db.sealRows(ctx, c, old)
				changed += n
				if err != nil {
					return changed, err
				}
			}
			if last == "" {
				break
			}
			after = last
		}
	}
	return changed, nil
}

// sealedOld finds the rows of a page in which something is sealed with another key than
// the current one, and the last key of the page; empty for the end.
func (db *DB) sealedOld(ctx context.Context, c sealedColumn, after string) (old []string, last string, err error) {
	err = db.View(db.unattended(ctx), func(tx *Tx) error {
		old, last = nil, ""
		current, _, err := tx.sealingKey()
		if err != nil {
			return err
		}
		rows := 0
		err = tx.query(c.page, after, sealBatch).each(func(r row) (bool, error) {
			key, value, more := r.Text(0), engine.Bytes(r, 1), r.Text(2)
			if err := r.Err(); err != nil {
				return false, err
			}
			rows, last = rows+1, key
			_, err := c.anew(func(_ string, sealed, _ []byte) ([]byte, error) {
				if id, ok := seal.SealedUnder(sealed); !ok || id != current {
					return nil, errOldKey
				}
				return sealed, nil
			}, key, more, value)
			if errors.Is(err, errOldKey) {
				old, err = append(old, key), nil
			}
			return true, err
		})
		if rows < sealBatch {
			last = ""
		}
		return err
	})
	return old, last, err
}

// errOldKey ends the look into a row that is sealed with another key.
var errOldKey = errors.New("store: sealed with a key that was replaced")

// sealRows seals rows anew in one transaction.
func (db *DB) sealRows(ctx context.Context, c sealedColumn, keys []string) (changed int, err error) {
	err = db.Configure(ctx, func(tx *Tx) error {
		changed = 0
		for _, key := range keys {
			anew, err := tx.sealRow(c, key, tx.anew)
			if err != nil {
				return fmt.Errorf("sealing %s of %s anew: %w", key, c.table, err)
			}
			if anew {
				changed++
			}
		}
		return nil
	})
	return changed, err
}

// sealRow seals a row anew, and says whether it had to.
func (tx *Tx) sealRow(c sealedColumn, key string, anew sealsAnew) (changed bool, err error) {
	value, more, found, err := c.one(tx, key)
	if err != nil || !found {
		return false, err
	}
	sealed, err := c.anew(anew, key, more, value)
	if err != nil || bytes.Equal(sealed, value) {
		return false, err
	}
	return true, c.write(tx, key, sealed)
}

// anew seals something with the current key: it is a sealsAnew.
func (tx *Tx) anew(purpose string, sealed, ad []byte) ([]byte, error) {
	current, found, err := tx.sealingKey()
	if err != nil {
		return nil, err
	}
	if id, ok := seal.SealedUnder(sealed); !found || ok && id == current {
		return sealed, nil
	}
	box := tx.db.keyring.ring.Stored(purpose)
	plain, err := box.Open(nil, sealed, ad)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return box.SealWith(current, nil, plain, ad)
}

// sealChecksAnew seals what says with which key the database is made.
func sealChecksAnew(tx *Tx, from, to *seal.MasterKey) error {
	names, err := all(tx.query(`SELECT name FROM seals ORDER BY name`), scanText[string])
	if err != nil {
		return err
	}
	for _, c := range sealedColumns {
		if c.table != "seals" {
			continue
		}
		for _, name := range names {
			if _, err := tx.sealRow(c, name, betweenKeys(from, to)); err != nil {
				return fmt.Errorf("sealing %s of %s anew: %w", name, c.table, err)
			}
		}
	}
	return nil
}

// betweenKeys seals with one key what another one has sealed.
func betweenKeys(from, to *seal.MasterKey) sealsAnew {
	return func(purpose string, sealed, ad []byte) ([]byte, error) {
		if id, ok := seal.SealedUnder(sealed); ok && id == to.ID() {
			return sealed, nil
		}
		plain, err := from.Box(purpose).Open(nil, sealed, ad)
		if err != nil {
			return nil, err
		}
		defer clear(plain)
		return to.Box(purpose).Seal(nil, plain, ad), nil
	}
}

// finishKeys writes down that nothing is stored under keys that were replaced.
func (db *DB) finishKeys(ctx context.Context) error {
	return db.Configure(ctx, func(tx *Tx) error {
		tx.everything = true
		_, err := tx.exec(`UPDATE master_keys SET finished = $1 WHERE replaced <> 0 AND finished = 0`, db.now().UnixMilli())
		return err
	})
}

// ForgetMasterKeys forgets keys that were replaced, once nothing that they have sealed is
// stored or taken any more. Nodes call it now and then.
func (db *DB) ForgetMasterKeys(ctx context.Context) error {
	now := db.now()
	db.keyring.refresh(now)
	before := now.Add(-issuedFor).UnixMilli()
	due := false
	err := db.View(db.unattended(ctx), func(tx *Tx) (err error) {
		var one int
		due, err = tx.query(`SELECT 1 FROM master_keys WHERE sealed IS NOT NULL AND finished <> 0 AND replaced < $1`, before).one(&one)
		return err
	})
	if err != nil || !due {
		return err
	}
	if err := db.Configure(ctx, func(tx *Tx) error {
		tx.everything = true
		_, err := tx.exec(`UPDATE master_keys SET sealed = NULL WHERE sealed IS NOT NULL AND finished <> 0 AND replaced < $1`, before)
		return err
	}); err != nil {
		return err
	}
	return db.readKeys(ctx)
}

// SealWith seals everything in a database that nobody serves with another master key, and
// keeps no other. Of what was issued before, nothing is taken any more.
func (db *DB) SealWith(ctx context.Context, key *seal.MasterKey) error {
	if err := db.Give(key); err != nil {
		return err
	}
	if err := db.ReplaceMasterKey(ctx, Replacement{Key: key, Compromised: true}); err != nil {
		return err
	}
	if _, err := db.SealAnew(ctx); err != nil {
		return err
	}
	if err := db.Configure(ctx, func(tx *Tx) error {
		tx.everything = true
		_, err := tx.exec(`UPDATE master_keys SET sealed = NULL WHERE sealed IS NOT NULL`)
		return err
	}); err != nil {
		return err
	}
	return db.readKeys(ctx)
}

// SealedPurposes are the purposes of all that is stored sealed.
func SealedPurposes() (list []string) {
	for _, c := range sealedColumns {
		list = append(list, c.purposes...)
	}
	return list
}
