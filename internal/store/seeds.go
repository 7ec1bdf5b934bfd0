package store

import "context"

// Seed is which file the nodes of a database are started with, and how far it has been
// applied. The zero Seed is that of a database that has had none.
type Seed struct {
	// File is a hash of what the file says.
	File string
	// Claim is the node that applies it; empty for none.
	Claim string
	// Beat counts while it does.
	Beat int64
	// Done says that the file has been applied.
	Done bool
}

// Seed reads which file it is.
func (db *DB) Seed(ctx context.Context) (s Seed, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		s, err = readSeed(tx)
		return err
	})
	return s, err
}

// ChangeSeed changes it, in one transaction with reading it.
func (db *DB) ChangeSeed(ctx context.Context, change func(Seed) (Seed, error)) error {
	return db.Configure(ctx, func(tx *Tx) error {
		s, err := readSeed(tx)
		if err != nil {
			return err
		}
		if s, err = change(s); err != nil {
			return err
		}
		done := 0
		if s.Done {
			done = 1
		}
		_, err = tx.exec(`INSERT INTO seeds (id, file, claim, beat, done) VALUES (1, $1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET file = excluded.file, claim = excluded.claim, beat = excluded.beat, done = excluded.done`, s.File, s.Claim, s.Beat, done)
		return err
	})
}

func readSeed(tx *Tx) (s Seed, err error) {
	var done int64
	_, err = tx.query(`SELECT file, claim, beat, done FROM seeds WHERE id = 1`).one(&s.File, &s.Claim, &s.Beat, &done)
	s.Done = done != 0
	return s, err
}
