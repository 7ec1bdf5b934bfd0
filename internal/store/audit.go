package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/engine"
)

// auditKey names the row of the audit key.
const auditKey = "audit-key"

// AuditKey is the key of the hashes in audit records. The first node that asks makes
// it, and it is never replaced: what was recorded is found for as long as the database
// lives.
func (db *DB) AuditKey(ctx context.Context, ring *seal.Ring) (*audit.Key, error) {
	var secret [audit.KeySize]byte
	_, _ = rand.Read(secret[:]) // never fails
	text, err := db.sealed(ctx, ring.Stored(purposeOfSeal(auditKey)), auditKey, string(secret[:]))
	if err == nil && len(text) != len(secret) {
		err = errAuditKey
	}
	if err != nil {
		return nil, err
	}
	return audit.NewKey([audit.KeySize]byte([]byte(text))), nil
}

var errAuditKey = errors.New("store: the audit key is damaged")

// AuditSalts keeps the salts of days.
func (db *DB) AuditSalts() audit.Salts { return auditSalts{db} }

// auditSalts implements audit.Salts.
type auditSalts struct{ db *DB }

// SaltOfDay implements audit.Salts.
func (a auditSalts) SaltOfDay(ctx context.Context, day int64) (salt []byte, err error) {
	const read = `SELECT salt FROM audit_salts WHERE day = $1`
	found := false
	err = a.db.View(ctx, func(tx *Tx) (err error) {
		found, err = tx.query(read, day).one(&salt)
		return err
	})
	if err != nil || found {
		return salt, err
	}
	made := make([]byte, audit.SaltSize)
	_, _ = rand.Read(made) // never fails
	err = a.db.update(ctx, engine.Joining, func(tx *Tx) error {
		if _, err := tx.exec(`INSERT INTO audit_salts (day, salt) VALUES ($1, $2) ON CONFLICT DO NOTHING`, day, made); err != nil {
			return err
		}
		_, err := tx.query(read, day).one(&salt) // another node may have been faster
		return err
	})
	return salt, err
}

// SaltsSince implements audit.Salts.
func (a auditSalts) SaltsSince(ctx context.Context, day int64) (list []audit.DaySalt, err error) {
	err = a.db.View(ctx, func(tx *Tx) error {
		list, err = all(tx.query(`SELECT day, salt FROM audit_salts WHERE day >= $1 ORDER BY day`, day), func(r row) (s audit.DaySalt, err error) {
			err = engine.Scan(r, []any{&s.Day, &s.Salt})
			return s, err
		})
		return err
	})
	return list, err
}

// ForgetSalts implements audit.Salts.
func (a auditSalts) ForgetSalts(ctx context.Context, before int64) error {
	due := false
	err := a.db.View(ctx, func(tx *Tx) (err error) {
		var one int64
		due, err = tx.query(`SELECT 1 FROM audit_salts WHERE day < $1 LIMIT 1`, before).one(&one)
		return err
	})
	if err != nil || !due {
		return err
	}
	return a.db.update(ctx, engine.Joining, func(tx *Tx) error {
		_, err := tx.exec(`DELETE FROM audit_salts WHERE day < $1`, before)
		return err
	})
}

// Identities that were made while nothing was recorded get their salts in the
// background, a batch in a transaction. Whoever is not remembered here, because there
// are too many or the server ends, is remembered again with the next sign-in.
const (
	mostUnsalted = 10_000
	saltBatch    = 64
)

// salting are the identities that want a salt.
type salting struct {
	mu   sync.Mutex
	want map[cognito.GUID]struct{}
	wake chan struct{} // holds a value when somebody wants one
}

// GiveSalt implements cognito.Salts.
func (c *Cognito) GiveSalt(g cognito.GUID) {
	s := &c.salting
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.want) >= mostUnsalted {
		return
	}
	if s.want == nil {
		s.want = map[cognito.GUID]struct{}{}
	}
	s.want[g] = struct{}{}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take gives a batch, in the order of the keys, as all write identities.
func (s *salting) take() (batch []cognito.GUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for g := range s.want {
		if len(batch) == saltBatch {
			break
		}
		batch = append(batch, g)
		delete(s.want, g)
	}
	slices.SortFunc(batch, func(a, b cognito.GUID) int { return bytes.Compare(a[:], b[:]) })
	return batch
}

// RunSalts gives salts to those who want one, until ctx ends.
func (c *Cognito) RunSalts(ctx context.Context, failed func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.salting.wake:
		}
		for batch := c.salting.take(); len(batch) > 0; batch = c.salting.take() {
			if err := c.giveSalts(ctx, batch); err != nil && ctx.Err() == nil {
				failed(err)
				break
			}
		}
	}
}

func (c *Cognito) giveSalts(ctx context.Context, batch []cognito.GUID) error {
	return c.db.update(ctx, engine.Joining, func(tx *Tx) error {
		for _, g := range batch {
			var salt cognito.Salt
			_, _ = rand.Read(salt[:]) // never fails
			if _, err := tx.exec(`UPDATE identities SET salts = $2 WHERE id = $1 AND salts IS NULL AND logins IS NOT NULL`, g[:], salt[:]); err != nil {
				return err
			}
		}
		return nil
	})
}
