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
		return b.db.notice(tx, own)
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

// notice writes what a node says, and which master keys it has been given.
func (db *DB) notice(tx *Tx, own limit.Notice) error {
	keys := ""
	if db.keyring != nil {
		keys = fingerprints(db.keyring.has())
	}
	_, err := tx.exec(`INSERT INTO notices (node, number, body, master_keys) VALUES ($1, $2, $3, $4)
		ON CONFLICT (node) DO UPDATE SET number = excluded.number, body = excluded.body, master_keys = excluded.master_keys`, own.Node, own.Number, own.Body, keys)
	return err
}

// Join says that a node is there, and which master keys it has, before it serves. From then
// on the master key is not replaced by one that the node does not have; if that has
// happened since [DB.Unlock], the node must not serve.
func (db *DB) Join(ctx context.Context, node [16]byte) error {
	return db.Configure(ctx, func(tx *Tx) error {
		if _, err := db.keyring.read(tx); err != nil {
			return err
		}
		return db.notice(tx, limit.Notice{Node: node, Body: []byte{}})
	})
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
