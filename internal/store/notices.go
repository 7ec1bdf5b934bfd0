package store

import (
	"context"

	"github.com/daypass/daypass/internal/limit"
	"github.com/daypass/daypass/internal/store/engine"
)

// mostNotices is how many notices a node reads.
const mostNotices = 1000

// Board gives the notices of the nodes.
func (db *DB) Board() limit.Board { return board{db} }

// board implements limit.Board.
type board struct{ db *DB }

// Exchange implements limit.Board. What is read may be newer than what is written, and
// need not be one snapshot with it: notices are independent of one another.
func (b board) Exchange(ctx context.Context, own limit.Notice, gone []limit.Notice) (others []limit.Notice, err error) {
	err = b.db.update(ctx, engine.Joining, func(tx *Tx) error {
		for _, n := range gone {
			if _, err := tx.exec(`DELETE FROM notices WHERE node = $1 AND number = $2`, n.Node, n.Number); err != nil {
				return err
			}
		}
		_, err := tx.exec(`INSERT INTO notices (node, number, body) VALUES ($1, $2, $3)
			ON CONFLICT (node) DO UPDATE SET number = excluded.number, body = excluded.body`, own.Node, own.Number, own.Body)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = b.db.View(ctx, func(tx *Tx) error {
		others, err = all(tx.query(`SELECT node, number, body FROM notices WHERE node <> $1 ORDER BY node LIMIT $2`, own.Node, mostNotices), scanNotice)
		return err
	})
	return others, err
}

func scanNotice(r row) (n limit.Notice, err error) {
	var node []byte
	err = engine.Scan(r, []any{&node, &n.Number, &n.Body})
	copy(n.Node[:], node)
	return n, err
}

// Leave implements limit.Board.
func (b board) Leave(ctx context.Context, node [16]byte) error {
	return b.db.update(ctx, engine.Joining, func(tx *Tx) error {
		_, err := tx.exec(`DELETE FROM notices WHERE node = $1`, node)
		return err
	})
}
