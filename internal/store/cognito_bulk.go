package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/cognito"
)

// AddIdentities stores many new identities with their logins, in one transaction:
// when it returns nil they are durable, and otherwise none of them is there. It is
// for imports and benchmarks, and asks nothing that the service asks: the pools
// exist, and neither the identities nor their logins are there yet (where one is,
// that is an error).
//
// Its work is done in the order of the tables' keys, so that each page is written
// once however random the identities are. That is what makes it fast, and the
// more so the more identities one call gets: with 100,000 or more in a call, a
// table of millions still takes more than 50,000 a second. Other updates wait
// meanwhile, some ten microseconds for each identity.
func (c *Cognito) AddIdentities(ctx context.Context, identities []*cognito.Identity) error {
	identities = slices.Clone(identities)
	slices.SortFunc(identities, func(a, b *cognito.Identity) int { return bytes.Compare(a.GUID[:], b.GUID[:]) })
	var logins []*loginRow
	for _, i := range identities {
		for _, l := range i.Logins {
			logins = append(logins, loginRowOf(i, l))
		}
	}
	slices.SortFunc(logins, func(a, b *loginRow) int { return a.compare(*b) })
	return c.db.Update(ctx, func(tx *Tx) error {
		err := insertRows(tx, insertIdentity, insertIdentities, identities, func(args []any, i *cognito.Identity) []any {
			r := rowOf(i)
			return append(args, r.id, r.pool, r.created, r.modified, r.state, r.mergedInto, r.logins, r.salts)
		})
		if err != nil {
			return err
		}
		return insertRows(tx, insertLogin, insertLogins, logins, func(args []any, l *loginRow) []any {
			return append(args, l.pool, l.provider, l.subject, l.identity)
		})
	})
}

// loginRow is a row of the table logins.
type loginRow struct {
	pool     int64
	provider int32
	subject  [16]byte
	identity [16]byte
}

func loginRowOf(i *cognito.Identity, l cognito.Login) *loginRow {
	return &loginRow{i.Pool, l.Provider, subjectKey(l.Subject), i.GUID}
}

// compare orders rows by their key.
func (l loginRow) compare(other loginRow) int {
	return cmp.Or(cmp.Compare(l.pool, other.pool), cmp.Compare(l.provider, other.provider), bytes.Compare(l.subject[:], other.subject[:]))
}

const (
	insertIdentity = `INSERT INTO identities (id, pool, created, modified, state, merged_into, logins, salts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	insertLogin    = `INSERT INTO logins (pool, provider, subject, identity) VALUES ($1, $2, $3, $4)`
)

// manyRows is how many rows a statement of many inserts.
const manyRows = 64

var (
	insertIdentities = repeatRow(insertIdentity, manyRows)
	insertLogins     = repeatRow(insertLogin, manyRows)
)

// repeatRow makes a statement that inserts one row into one that inserts many.
func repeatRow(insert string, rows int) string {
	head, row, _ := strings.Cut(insert, "VALUES ")
	return head + "VALUES " + placeholders(rows, strings.Count(row, "$"))
}

// placeholders are the rows of a VALUES.
func placeholders(rows, columns int) string {
	var text []byte
	for place := range rows * columns {
		switch {
		case place == 0:
			text = append(text, '(')
		case place%columns == 0:
			text = append(text, "), ("...)
		default:
			text = append(text, ", "...)
		}
		text = strconv.AppendInt(append(text, '$'), int64(place+1), 10)
	}
	return string(append(text, ')'))
}

// insertRows inserts rows, many with a statement, and the rest one by one.
func insertRows[T any](tx *Tx, one, many string, rows []T, values func([]any, T) []any) error {
	var args []any
	for len(rows) > 0 {
		text, n := one, 1
		if len(rows) >= manyRows {
			text, n = many, manyRows
		}
		args = args[:0]
		for _, row := range rows[:n] {
			args = values(args, row)
		}
		if _, err := tx.exec(text, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}
