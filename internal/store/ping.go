package store

import (
	"context"
	"fmt"
)

// Ping says whether the database answers and takes writes. It writes only where
// the last write failed because of the disk, to see whether there is room again.
func (db *DB) Ping(ctx context.Context) error {
	if db.unwritable.Load() {
		if err := db.Update(ctx, touch); err != nil {
			return fmt.Errorf("store: no writes: %w", err)
		}
	}
	return db.View(ctx, func(tx *Tx) error {
		var one int
		_, err := tx.query(`SELECT 1`).one(&one)
		return err
	})
}

// touch writes the header of the database and leaves it as it is.
func touch(tx *Tx) error {
	var version int
	if _, err := tx.query(`PRAGMA user_version`).one(&version); err != nil {
		return err
	}
	_, err := tx.exec(fmt.Sprintf(`PRAGMA user_version = %d`, version))
	return err
}
