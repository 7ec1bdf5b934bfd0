package store

import "context"

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return db.View(ctx, func(tx *Tx) error {
		var one int
		_, err := tx.query(`SELECT 1`).one(&one)
		return err
	})
}
