package store

import (
	"context"
	"time"
)

// restoredRate is how many changes a second no server makes.
const restoredRate = 1 << 20

// Restored goes on from a backup: everything that was issued before is void, also what
// was issued after the backup was made, by servers whose databases are no more.
//
// How far they have counted is known to nobody: the same backup may have been restored
// before, and served from. So the count goes on from the time. A server that goes on
// from there makes fewer changes than time passes, and all that it issues has smaller
// numbers than what is issued after the next restore. The numbers stay below 2^53, which
// is as far as those get who read them as floating point, for two hundred years.
func (db *DB) Restored(ctx context.Context) error {
	return db.Configure(ctx, func(tx *Tx) error {
		return db.revokeEverything(tx, max(tx.Change(), restoredCount(db.now())))
	})
}

// restoredCount is how far a server counts that goes on at this time: two restores
// within a second differ, too.
func restoredCount(now time.Time) int64 {
	return now.Unix()*restoredRate + int64(now.Nanosecond())*restoredRate/int64(time.Second)
}
