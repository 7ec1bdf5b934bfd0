package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/store/engine"
)

// Create implements cognito.Store. An engine that is alone with its database brings
// those that wait together by itself. On others each commit is a conversation with a
// server, so whoever comes while groups are stored waits and is in the next one.
func (c *Cognito) Create(ctx context.Context, p *cognito.Pool, i *cognito.Identity) (bool, error) {
	n := &creation{identityRow: rowOf(i), mark: p.Mark, record: c.db.record(ctx)}
	switch len(i.Logins) {
	case 0:
	case 1:
		n.login = loginRowOf(i, i.Logins[0])
	default:
		return false, errSeveralLogins
	}
	if c.db.alone {
		err := c.db.update(unrecorded(ctx), engine.Joining, func(tx *Tx) error { return createOne(tx, n) })
		return n.made, err
	}
	if err := c.db.settleNow(ctx); err != nil {
		return false, err
	}
	if err := c.creations.join(ctx, n); err != nil {
		return false, err
	}
	if n.err != nil || !n.made {
		c.db.renew(ctx)
	}
	return n.made, n.err
}

// errSeveralLogins answers the creation of an identity with several logins: where one
// of them is taken, the others would have to be given back.
var errSeveralLogins = errors.New("store: an identity is created with one login at most")

// A creation is an identity that somebody wants to store.
type creation struct {
	identityRow
	login *loginRow // nil for a guest
	mark  int64     // of the pool, when it was decided that it may have the identity

	record []byte // of the request, stored with the identity; nil for none

	made bool
	err  error
	turn chan turn // gets one value
}

// turn is what whoever waits is told.
type turn int

const (
	answered turn = iota // the creation has its outcome
	leading              // this caller stores the next group
)

// mostCreations is how many identities a group has at most: so many rows a
// statement can have.
const mostCreations = 256

// errUnfinished answers a group whose leader panicked.
var errUnfinished = errors.New("store: the identities were not stored, because another one failed")

// mostGroups is how many groups are stored at the same time. A single one would have
// its callers wait while bytes travel; with many, each group would be one caller.
const mostGroups = 4

// creations brings those together who create at the same time. Few groups are being
// stored, each by one of its callers; the others wait, and go together in the next.
type creations struct {
	store func([]*creation) error

	mu      sync.Mutex
	groups  int         // that are being stored
	waiting []*creation // nobody, unless there are mostGroups
}

// join waits until the creation has its outcome, or ctx ends before anybody began to
// store it.
func (g *creations) join(ctx context.Context, n *creation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if g.groups < mostGroups {
		g.groups++
		g.mu.Unlock()
		g.lead(g.take(n))
		return nil
	}
	n.turn = make(chan turn, 1)
	g.waiting = append(g.waiting, n)
	g.mu.Unlock()
	told := answered
	select {
	case told = <-n.turn:
	case <-ctx.Done():
		if g.leave(n) {
			return ctx.Err()
		}
		told = <-n.turn
	}
	if told == leading {
		g.lead(g.take(n))
	}
	return nil
}

// leave takes a creation out of those that wait, and says whether it was there.
func (g *creations) leave(n *creation) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.waiting, n)
	if at >= 0 {
		g.waiting = slices.Delete(g.waiting, at, at+1)
	}
	return at >= 0
}

// take is the group of a leader, who is not among those that wait any more. Where a
// group has just ended, its callers are likely to come with the next at once: whoever
// can run does so before, which brings more of them together and takes no time where
// there is nobody.
func (g *creations) take(leader *creation) []*creation {
	runtime.Gosched()
	g.mu.Lock()
	defer g.mu.Unlock()
	most := min(len(g.waiting), mostCreations-1)
	group := append([]*creation{leader}, g.waiting[:most]...)
	g.waiting = slices.Delete(g.waiting, 0, most)
	return group
}

// lead stores a group, tells its members, and makes one of those that have come
// meanwhile the leader of the next.
func (g *creations) lead(group []*creation) {
	leader, err := group[0], errUnfinished
	defer func() { // also for a panic, which goes on to the leader's caller
		g.mu.Lock()
		if len(g.waiting) > 0 {
			next := g.waiting[0]
			g.waiting = slices.Delete(g.waiting, 0, 1)
			next.turn <- leading
		} else {
			g.groups--
		}
		g.mu.Unlock()
		for _, n := range group {
			n.err = cmp.Or(n.err, err)
			if n != leader {
				n.turn <- answered
			}
		}
	}()
	err = g.store(group)
}

// createGroup stores a group in one transaction. One that clashes by its GUID would
// fail all, so each is then on its own. The requests of the callers may end
// meanwhile: the others' do not.
func (c *Cognito) createGroup(group []*creation) error {
	create := func(group []*creation) error {
		return c.db.update(context.Background(), engine.Joining, func(tx *Tx) error { return createAll(tx, group) })
	}
	err := create(group)
	if len(group) == 1 || c.db.engine.ErrorKind(err) != engine.Unique {
		return err
	}
	for n := range group {
		group[n].err = create(group[n : n+1])
	}
	return nil
}

// The statements of one that is created on its own. They take the pool only as it was
// read, and lock it, so that no change of it is answered before they are committed.
const (
	createLogin = `INSERT INTO logins (pool, provider, subject, identity) SELECT number, $2, $3, $4 FROM pools
		WHERE number = $1 AND mark = $5 FOR SHARE ON CONFLICT DO NOTHING`
	createIdentity = `INSERT INTO identities (id, pool, created, modified, state, logins, salts) SELECT $1, number, $3, $4, $5, $6, $8 FROM pools
		WHERE number = $2 AND mark = $7 FOR SHARE`
)

// createOne stores an identity if its pool is as it was and nobody has its login. The
// login comes first: whoever does not get it is not stored.
func createOne(tx *Tx, n *creation) error {
	n.made = false
	if l := n.login; l != nil {
		taken, err := tx.exec(createLogin, l.pool, l.provider, l.subject, l.identity, n.mark)
		if err != nil || taken == 0 {
			return err
		}
	}
	stored, err := tx.exec(createIdentity, n.id, n.pool, n.created, n.modified, n.state, n.logins, n.mark, n.salts)
	n.made = stored == 1
	if err = cmp.Or(err, n.check()); err != nil || !n.made {
		return err
	}
	return tx.keepRecord(n.record)
}

// check says whether a creation that has got its login is stored.
func (n *creation) check() error {
	if n.login != nil && !n.made {
		return errLoginOnly
	}
	return nil
}

// errLoginOnly undoes a creation whose login was stored and whose identity was not,
// though the pool was locked in between.
var errLoginOnly = errors.New("store: a login was stored without its identity")

// createAll is createOne for many. They are stored in the order of their keys, so that
// groups that clash wait for each other in one order, and not each for the other.
func createAll(tx *Tx, group []*creation) error {
	if len(group) == 1 {
		return createOne(tx, group[0])
	}
	var logins, identities []*creation
	for _, n := range group {
		n.made = false
		if n.login != nil {
			logins = append(logins, n)
		} else {
			identities = append(identities, n)
		}
	}
	slices.SortFunc(logins, func(a, b *creation) int { return a.login.compare(*b.login) })
	taken, err := createLogins.run(tx, logins, func(args []any, n *creation) []any {
		return append(args, n.login.pool, n.mark, n.login.provider, n.login.subject, n.login.identity)
	})
	if err != nil {
		return err
	}
	for _, n := range logins {
		if taken[[16]byte(n.id)] {
			identities = append(identities, n)
		}
	}
	slices.SortFunc(identities, func(a, b *creation) int { return bytes.Compare(a.id, b.id) })
	stored, err := createIdentities.run(tx, identities, func(args []any, n *creation) []any {
		return append(args, n.pool, n.mark, n.id, n.created, n.modified, n.state, n.logins, n.salts)
	})
	if err != nil {
		return err
	}
	for _, n := range identities {
		n.made = stored[[16]byte(n.id)]
		if err := n.check(); err != nil {
			return err
		}
		if n.made {
			if err := tx.keepRecord(n.record); err != nil {
				return err
			}
		}
	}
	return nil
}

// rowsOfPools is a statement that inserts rows into a table where their pools are as
// they were, in the order of the rows, and answers which identities they are of.
type rowsOfPools struct {
	columns int // pool, mark and those of the row
	texts   []rowsText
}

// rowsText is a statement for so many rows.
type rowsText struct {
	rows int
	text string
}

// Each of both has a few texts, for more and more rows, which are prepared once. What a
// group has not is NULL, and so in no pool. The first row of the values, of NULLs too,
// says of which types they are.
var (
	createLogins = newRowsOfPools(5, func(values string) string {
		return `WITH wanted (pool, mark, provider, subject, identity) AS (
			VALUES (CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), (SELECT subject FROM logins WHERE 1 = 0), (SELECT identity FROM logins WHERE 1 = 0)), ` + values + `),
		open AS (SELECT number, mark FROM pools WHERE number IN (SELECT pool FROM wanted) ORDER BY number FOR SHARE)
		INSERT INTO logins (pool, provider, subject, identity)
			SELECT w.pool, w.provider, w.subject, w.identity FROM wanted w JOIN open o ON o.number = w.pool AND o.mark = w.mark
			WHERE 1 = 1 ORDER BY w.pool, w.provider, w.subject
			ON CONFLICT DO NOTHING RETURNING identity`
	})
	createIdentities = newRowsOfPools(8, func(values string) string {
		return `WITH wanted (pool, mark, id, created, modified, state, logins, salts) AS (
			VALUES (CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), (SELECT id FROM identities WHERE 1 = 0), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), (SELECT logins FROM identities WHERE 1 = 0), (SELECT salts FROM identities WHERE 1 = 0)), ` + values + `),
		open AS (SELECT number, mark FROM pools WHERE number IN (SELECT pool FROM wanted) ORDER BY number FOR SHARE)
		INSERT INTO identities (id, pool, created, modified, state, logins, salts)
			SELECT w.id, w.pool, w.created, w.modified, w.state, w.logins, w.salts FROM wanted w JOIN open o ON o.number = w.pool AND o.mark = w.mark
			WHERE 1 = 1 ORDER BY w.id
			RETURNING id`
	})
)

func newRowsOfPools(columns int, statement func(values string) string) rowsOfPools {
	r := rowsOfPools{columns: columns}
	for _, n := range []int{4, 16, 64, mostCreations} {
		r.texts = append(r.texts, rowsText{n, statement(placeholders(n, columns))})
	}
	return r
}

// run inserts rows and answers the identities of those that it inserted.
func (r rowsOfPools) run(tx *Tx, rows []*creation, values func([]any, *creation) []any) (map[[16]byte]bool, error) {
	inserted := map[[16]byte]bool{}
	if len(rows) == 0 {
		return inserted, nil
	}
	fits := slices.IndexFunc(r.texts, func(t rowsText) bool { return len(rows) <= t.rows })
	t := r.texts[fits]
	args := make([]any, 0, t.rows*r.columns)
	for _, n := range rows {
		args = values(args, n)
	}
	args = args[:cap(args)] // the rest is NULL
	return inserted, tx.query(t.text, args...).each(func(s row) (more bool, err error) {
		var id [16]byte
		if len(s.AppendBytes(id[:0], 0)) != len(id) {
			return false, cmp.Or(s.Err(), errDamaged)
		}
		inserted[id] = true
		return true, s.Err()
	})
}
