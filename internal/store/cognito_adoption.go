package store

import (
	"bytes"
	"context"
	"slices"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/store/engine"
)

// Forsake implements cognito.Tx. Rows are written in the order of their keys.
func (t *cognitoTx) Forsake(pool int64, marks []cognito.Mark) error {
	marks = slices.Clone(marks)
	slices.SortFunc(marks, func(a, b cognito.Mark) int { return bytes.Compare(a[:], b[:]) })
	for _, m := range marks {
		if _, err := t.tx.exec(`INSERT INTO unadopted (pool, mark) VALUES ($1, $2) ON CONFLICT DO NOTHING`, pool, m[:]); err != nil {
			return err
		}
	}
	return nil
}

// Forsaken implements cognito.Tx.
func (t *cognitoTx) Forsaken(pool int64, m cognito.Mark) (bool, error) {
	var one int
	return t.tx.query(`SELECT 1 FROM unadopted WHERE pool = $1 AND mark = $2`, pool, m[:]).one(&one)
}

// idleMarks are those of pools that do not adopt any more, or are gone.
const idleMarks = `FROM unadopted WHERE pool NOT IN (SELECT number FROM pools WHERE adopts = 1)`

// forgetMarks removes a batch of marks that mean nothing any more, and says whether
// there may be more.
func (c *Cognito) forgetMarks(ctx context.Context) (more bool, err error) {
	err = c.db.View(ctx, func(tx *Tx) error {
		var one int
		more, err = tx.query(`SELECT 1 ` + idleMarks + ` LIMIT 1`).one(&one)
		return err
	})
	if err != nil || !more {
		return false, err
	}
	return true, c.db.update(ctx, engine.Joining, func(tx *Tx) error {
		_, err := tx.exec(`DELETE FROM unadopted WHERE (pool, mark) IN (SELECT pool, mark `+idleMarks+` ORDER BY pool, mark LIMIT $1)`, tidyBatch)
		return err
	})
}
