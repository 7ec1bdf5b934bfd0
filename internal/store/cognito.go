package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/engine"
)

// Cognito gives the store of the identity pools service. The box seals the
// secrets of login providers.
func (db *DB) Cognito(box *seal.Box) *Cognito {
	c := &Cognito{
		db: db, box: box,
		byID:     newCache[cognito.IdentityPoolId, *cognito.Pool](db, "pool", 4096),
		byNumber: newCache[int64, *cognito.Pool](db, "pool-number", 4096),
		swept:    make(chan struct{}, 1),
		salting:  salting{wake: make(chan struct{}, 1)},
	}
	c.creations.store = c.createGroup
	return c
}

// Cognito implements cognito.Store.
type Cognito struct {
	db       *DB
	box      *seal.Box
	byID     *cache[cognito.IdentityPoolId, *cognito.Pool]
	byNumber *cache[int64, *cognito.Pool]
	swept    chan struct{} // holds a value when a pool was deleted

	creations creations
	sweptTo   sweptTo // of Run
	salting   salting
}

var _ cognito.Store = (*Cognito)(nil)

// View implements cognito.Store.
func (c *Cognito) View(ctx context.Context, read func(cognito.Tx) error) error {
	t := &cognitoTx{c: c}
	return c.db.view(ctx, &t.own, func(tx *Tx) error {
		t.tx = tx
		return read(t)
	})
}

// Update implements cognito.Store.
func (c *Cognito) Update(ctx context.Context, change func(cognito.Tx) error) error {
	return c.db.Update(ctx, func(tx *Tx) error { return change(&cognitoTx{tx: tx, c: c}) })
}

// Configure implements cognito.Store.
func (c *Cognito) Configure(ctx context.Context, change func(cognito.Tx) error) error {
	return c.db.Configure(ctx, func(tx *Tx) error { return change(&cognitoTx{tx: tx, c: c}) })
}

type cognitoTx struct {
	tx  *Tx
	c   *Cognito
	own Tx       // of a View, together with what it is for: every request makes one
	row [64]byte // what is read of an identity's row
}

// Pool implements cognito.Tx.
func (t *cognitoTx) Pool(id cognito.IdentityPoolId) (*cognito.Pool, error) {
	p, _, err := t.c.byID.get(t.tx, id, func() (*cognito.Pool, bool, error) {
		if t.tx.configures {
			var p *cognito.Pool
			found, err := t.tx.poolForUpdate(string(id), func(text string) (found bool, err error) {
				p, found, err = t.pool(text, string(id))
				return found, err
			})
			return p, found, err
		}
		return t.pool(`SELECT body, mark FROM pools WHERE id = $1`, string(id))
	})
	return p, err
}

// PoolByNumber implements cognito.Tx.
func (t *cognitoTx) PoolByNumber(number int64) (*cognito.Pool, error) {
	p, _, err := t.c.byNumber.get(t.tx, number, func() (*cognito.Pool, bool, error) {
		return t.pool(`SELECT body, mark FROM pools WHERE number = $1`, number)
	})
	return p, err
}

// poolForUpdate locks the row of a pool that is about to be changed, before anything is
// decided by it, and reads its body and mark with the text that it gives to read.
//
// PostgreSQL lets those who lock a row for sharing go before somebody who waits to have
// it alone, as long as others share it. Under a flood of new guests nobody could switch
// them off. So who finds the row locked stands in the queue for the table, which is
// first come, first served, and where whoever creates an identity stands, too. CockroachDB,
// which queues for rows, and YugabyteDB have no such lock.
func (tx *Tx) poolForUpdate(id string, read func(text string) (found bool, err error)) (found bool, err error) {
	found, err = read(`SELECT body, mark FROM pools WHERE id = $1 FOR UPDATE SKIP LOCKED`)
	if found || err != nil {
		return found, err
	}
	var n int64
	if locked, err := tx.query(`SELECT number FROM pools WHERE id = $1`, id).one(&n); err != nil || !locked {
		return false, err
	}
	var queues int64 // asked only where rows were locked: SQLite has neither
	if _, err := tx.query(`SELECT CASE WHEN version() LIKE 'PostgreSQL %' AND version() NOT LIKE '%-YB-%' THEN 1 ELSE 0 END`).one(&queues); err != nil {
		return false, err
	}
	if queues == 1 {
		if _, err := tx.exec(`LOCK TABLE pools IN EXCLUSIVE MODE`); err != nil {
			return false, err
		}
	}
	return read(`SELECT body, mark FROM pools WHERE id = $1 FOR UPDATE`)
}

// LockPool implements cognito.Tx.
func (t *cognitoTx) LockPool(number int64) (mark int64, found bool, err error) {
	found, err = t.tx.query(`SELECT mark FROM pools WHERE number = $1 FOR SHARE`, number).one(&mark)
	return mark, found, err
}

func (t *cognitoTx) pool(text string, key any) (*cognito.Pool, bool, error) {
	var body string
	var mark int64
	found, err := t.tx.query(text, key).one(&body, &mark)
	if err != nil || !found {
		return nil, false, err
	}
	p, err := t.c.openPool(body, mark)
	return p, err == nil, err
}

// Pools implements cognito.Tx.
func (t *cognitoTx) Pools(account, region string, after cognito.IdentityPoolId, limit int) ([]*cognito.Pool, error) {
	return t.pools(t.tx.query(`SELECT body, mark FROM pools WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4`,
		account, region, string(after), limit))
}

// AllPools implements cognito.Tx.
func (t *cognitoTx) AllPools(account string, after cognito.IdentityPoolId, limit int) ([]*cognito.Pool, error) {
	return t.pools(t.tx.query(`SELECT body, mark FROM pools WHERE account = $1 AND id > $2 ORDER BY id LIMIT $3`, account, string(after), limit))
}

func (t *cognitoTx) pools(q query) ([]*cognito.Pool, error) {
	return all(q, func(r row) (*cognito.Pool, error) {
		body, mark := r.Text(0), r.Int(1)
		if err := r.Err(); err != nil {
			return nil, err
		}
		return t.c.openPool(body, mark)
	})
}

// CountPools implements cognito.Tx.
func (t *cognitoTx) CountPools(account, region string) (n int, err error) {
	_, err = t.tx.query(`SELECT COUNT(*) FROM pools WHERE account = $1 AND region = $2`, account, region).one(&n)
	return n, err
}

// AddPool implements cognito.Tx. The region's signing keys are in use with it.
func (t *cognitoTx) AddPool(p *cognito.Pool) error {
	for taken := true; taken; {
		// Small, since it is in every identity's rows three times.
		p.Number = 1 + rand.Int64N(1<<31-1)
		var err error
		if taken, err = t.numberTaken(p.Number); err != nil {
			return err
		}
	}
	body, err := t.sealPool(p)
	if err != nil {
		return err
	}
	if _, err := t.tx.exec(`UPDATE signing_keys SET unused = NULL WHERE region = $1`, p.Region()); err != nil {
		return err
	}
	p.Mark = rand.Int64()
	_, err = t.tx.exec(`INSERT INTO pools (id, account, region, number, mark, body, adopts) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		string(p.IdentityPoolId), p.Account, p.Region(), p.Number, p.Mark, body, adopts(p))
	return err
}

// numberTaken says whether a pool has a number, or rows of one that had it are left.
func (t *cognitoTx) numberTaken(number int64) (bool, error) {
	return t.tx.query(`SELECT number FROM pools WHERE number = $1 UNION ALL SELECT number FROM dead_pools WHERE number = $1`, number).one(new(int64))
}

// SavePool implements cognito.Tx.
func (t *cognitoTx) SavePool(p *cognito.Pool) error {
	body, err := t.sealPool(p)
	if err != nil {
		return err
	}
	t.forget(p)
	p.Mark = rand.Int64()
	_, err = t.tx.exec(`UPDATE pools SET body = $2, mark = $3, adopts = $4 WHERE id = $1`, string(p.IdentityPoolId), body, p.Mark, adopts(p))
	return err
}

func adopts(p *cognito.Pool) int {
	if p.Adoption == nil {
		return 0
	}
	return 1
}

// DeletePool implements cognito.Tx. The pool is gone at once; the rows of its
// identities, which nothing leads to any more, are swept away in the
// background (Run).
func (t *cognitoTx) DeletePool(p *cognito.Pool) error {
	t.forget(p)
	t.tx.AfterCommit(func() {
		select {
		case t.c.swept <- struct{}{}:
		default:
		}
	})
	if _, err := t.tx.exec(`DELETE FROM pools WHERE id = $1`, string(p.IdentityPoolId)); err != nil {
		return err
	}
	if _, err := t.tx.exec(`INSERT INTO dead_pools (number) VALUES ($1)`, p.Number); err != nil {
		return err
	}
	_, err := t.tx.exec(`INSERT INTO deleted_pools (id, deleted) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET deleted = excluded.deleted`,
		string(p.IdentityPoolId), t.c.db.now().UnixMilli())
	return err
}

// PoolWasDeleted implements cognito.Tx.
func (t *cognitoTx) PoolWasDeleted(id cognito.IdentityPoolId) (bool, error) {
	var deleted int64
	return t.tx.query(`SELECT deleted FROM deleted_pools WHERE id = $1`, string(id)).one(&deleted)
}

func (t *cognitoTx) forget(p *cognito.Pool) {
	t.c.byID.invalidate(t.tx, p.IdentityPoolId)
	t.c.byNumber.invalidate(t.tx, p.Number)
}

// poolBody is a pool's row: the pool, with the secrets of its providers taken
// out and sealed.
type poolBody struct {
	cognito.Pool
	Sealed map[cognito.IdentityProviderName]string `json:",omitempty"`
}

// secretProviders are the providers whose value in SupportedLoginProviders
// holds a secret: the consumer key and the consumer secret.
var secretProviders = []cognito.IdentityProviderName{"api.twitter.com", "www.digits.com"}

// adoptionKey is where the key of a pool's adoption is among its sealed values: no
// provider has that name.
const adoptionKey cognito.IdentityProviderName = "adoption key"

func sealData(pool cognito.IdentityPoolId, name cognito.IdentityProviderName) []byte {
	return []byte("pool\x00" + string(pool) + "\x00" + string(name))
}

func (t *cognitoTx) sealPool(p *cognito.Pool) (string, error) {
	b := poolBody{Pool: *p}
	for _, name := range secretProviders {
		value, ok := p.SupportedLoginProviders[name]
		if !ok {
			continue
		}
		if b.Sealed == nil {
			b.Sealed = map[cognito.IdentityProviderName]string{}
			b.SupportedLoginProviders = maps.Clone(p.SupportedLoginProviders)
		}
		sealed, err := t.tx.seal(t.c.box, []byte(value), sealData(p.IdentityPoolId, name))
		if err != nil {
			return "", err
		}
		b.Sealed[name] = base64.StdEncoding.EncodeToString(sealed)
		delete(b.SupportedLoginProviders, name)
	}
	if p.Adoption != nil {
		if b.Sealed == nil {
			b.Sealed = map[cognito.IdentityProviderName]string{}
		}
		sealed, err := t.tx.seal(t.c.box, p.Adoption.Key, sealData(p.IdentityPoolId, adoptionKey))
		if err != nil {
			return "", err
		}
		b.Sealed[adoptionKey] = base64.StdEncoding.EncodeToString(sealed)
	}
	text, err := json.Marshal(b)
	return string(text), err
}

func (c *Cognito) openPool(text string, mark int64) (*cognito.Pool, error) {
	var b poolBody
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return nil, fmt.Errorf("store: pool: %w", err)
	}
	for name, value := range b.Sealed {
		sealed, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return nil, fmt.Errorf("store: pool: %w", err)
		}
		opened, err := c.box.Open(nil, sealed, sealData(b.IdentityPoolId, name))
		if err != nil {
			return nil, fmt.Errorf("store: pool %s: secret of %s: %w", b.IdentityPoolId, name, err)
		}
		if name == adoptionKey {
			if b.Adoption != nil {
				b.Adoption.Key = opened
			}
			continue
		}
		if b.SupportedLoginProviders == nil {
			b.SupportedLoginProviders = cognito.IdentityProviders{}
		}
		b.SupportedLoginProviders[name] = cognito.IdentityProviderId(opened)
	}
	b.Mark = mark
	return &b.Pool, nil
}

const (
	identityColumns = `i.id, i.pool, i.created, i.modified, i.state, i.merged_into, i.logins, i.salts`
	identityColumn  = 8 // how many they are
)

// The states of an identity's row.
const (
	stateGuest = iota
	stateAuthenticated
	stateDisabled
)

// readIdentity reads a row of identityColumns.
func (t *cognitoTx) readIdentity(r row) (*cognito.Identity, error) {
	i := &cognito.Identity{
		Pool:    r.Int(1),
		Created: time.UnixMilli(r.Int(2)).UTC(), Modified: time.UnixMilli(r.Int(2) + r.Int(3)).UTC(),
	}
	state := r.Int(4)
	i.Authenticated, i.Disabled = state != stateGuest, state == stateDisabled
	id := r.AppendBytes(t.row[:0], 0)
	if r.Err() == nil && len(id) != len(i.GUID) {
		return nil, errDamaged
	}
	copy(i.GUID[:], id)
	if !r.IsNull(5) {
		into := r.AppendBytes(t.row[:0], 5)
		if len(into) != len(i.MergedInto) {
			return nil, errDamaged
		}
		copy(i.MergedInto[:], into)
	}
	if !r.IsNull(6) {
		var err error
		if i.Logins, err = decodeLogins(r.AppendBytes(t.row[:0], 6)); err != nil {
			return nil, err
		}
	}
	if !r.IsNull(7) {
		if i.Salts = decodeSalts(r.AppendBytes(t.row[:0], 7)); i.Salts == nil {
			return nil, errDamaged
		}
	}
	return i, r.Err()
}

var errDamaged = errors.New("store: an identity's row is damaged")

// identityRow is a row as it is written.
type identityRow struct {
	id, mergedInto, logins, salts []byte
	pool, created, modified       int64
	state                         int
}

func rowOf(i *cognito.Identity) identityRow {
	r := identityRow{
		id: i.GUID[:], pool: i.Pool,
		created: i.Created.UnixMilli(), modified: i.Modified.Sub(i.Created).Milliseconds(),
		logins: encodeLogins(i.Logins), salts: encodeSalts(i.Salts),
	}
	switch {
	case i.Disabled:
		r.state, r.mergedInto = stateDisabled, i.MergedInto[:]
	case i.Authenticated:
		r.state = stateAuthenticated
	}
	return r
}

// encodeLogins writes logins as provider number, length and subject in turn;
// none is NULL.
func encodeLogins(logins []cognito.Login) []byte {
	var b []byte
	for _, l := range logins {
		b = binary.AppendUvarint(b, uint64(l.Provider))
		b = binary.AppendUvarint(b, uint64(len(l.Subject)))
		b = append(b, l.Subject...)
	}
	return b
}

func decodeLogins(b []byte) ([]cognito.Login, error) {
	var logins []cognito.Login
	for len(b) > 0 {
		provider, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errors.New("store: an identity's logins are damaged")
		}
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || size > uint64(len(b)-n-m) {
			return nil, errors.New("store: an identity's logins are damaged")
		}
		b = b[n+m:]
		logins = append(logins, cognito.Login{Provider: int32(provider), Subject: string(b[:size])})
		b = b[size:]
	}
	return logins, nil
}

// encodeSalts writes salts one behind the other; none is NULL.
func encodeSalts(salts []cognito.Salt) []byte {
	var b []byte
	for i := range salts {
		b = append(b, salts[i][:]...)
	}
	return b
}

// decodeSalts is nil for what is damaged.
func decodeSalts(b []byte) []cognito.Salt {
	const size = len(cognito.Salt{})
	if len(b)%size != 0 {
		return nil
	}
	salts := make([]cognito.Salt, 0, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		salts = append(salts, cognito.Salt(b))
	}
	return salts
}

func subjectKey(subject string) [16]byte {
	sum := sha256.Sum256(append(make([]byte, 0, 256), subject...)) // on the stack: subjects are short
	return [16]byte(sum[:])
}

// Two look-ups are made by every request of a known user. They give their values
// one by one, so that none of them is put on the heap.
const (
	identityByID        = `SELECT ` + identityColumns + ` FROM identities i WHERE i.id = $1`
	stampedIdentityByID = `SELECT ` + identityColumns + `, %s FROM change c LEFT JOIN identities i ON i.id = $1 WHERE c.id = 1`
	identityByLogin     = `SELECT ` + identityColumns + ` FROM logins l JOIN identities i ON i.id = l.identity
		WHERE l.pool = $1 AND l.provider = $2 AND l.subject = $3`
	stampedIdentityByLogin = `SELECT ` + identityColumns + `, %s FROM change c LEFT JOIN (logins l JOIN identities i ON i.id = l.identity)
		ON l.pool = $1 AND l.provider = $2 AND l.subject = $3 WHERE c.id = 1`
)

// Identity implements cognito.Tx.
func (t *cognitoTx) Identity(g cognito.GUID) (*cognito.Identity, error) {
	text := t.tx.lookup(identityByID, t.c.db.texts.identityByID)
	s, err := t.tx.statement(text)
	if err != nil {
		return nil, err
	}
	s.BindID(1, g)
	return t.identity(text, s)
}

// identity is the identity that a statement finds, nil if it finds none.
func (t *cognitoTx) identity(text string, s engine.Stmt) (i *cognito.Identity, err error) {
	found, err := s.Next()
	if err == nil && found {
		found, err = t.tx.readStamp(s, identityColumn)
	}
	if err == nil && found {
		i, err = t.readIdentity(s)
	}
	if err := cmp.Or(err, s.Close()); err != nil {
		return nil, t.tx.fail(text, err)
	}
	return i, nil
}

// IdentityByLogin implements cognito.Tx: one joined look-up.
func (t *cognitoTx) IdentityByLogin(pool int64, l cognito.Login) (*cognito.Identity, error) {
	text := t.tx.lookup(identityByLogin, t.c.db.texts.identityByLogin)
	s, err := t.tx.statement(text)
	if err != nil {
		return nil, err
	}
	s.BindInt(1, pool)
	s.BindInt(2, int64(l.Provider))
	s.BindID(3, subjectKey(l.Subject))
	i, err := t.identity(text, s)
	if err != nil || i == nil {
		return nil, err
	}
	if !slices.Contains(i.Logins, l) || i.Disabled || i.Pool != pool {
		return nil, errors.New("store: a login leads to an identity that does not have it")
	}
	return i, nil
}

// Identities implements cognito.Tx.
func (t *cognitoTx) Identities(pool int64, after *cognito.GUID, limit int, hideDisabled bool) ([]*cognito.Identity, error) {
	from := []byte{}
	if after != nil {
		from = after[:]
	}
	most := stateDisabled
	if hideDisabled {
		most = stateAuthenticated
	}
	return all(t.tx.query(`SELECT `+identityColumns+` FROM identities i WHERE i.pool = $1 AND i.id > $2 AND i.state <= $3 ORDER BY i.id LIMIT $4`,
		pool, from, most, limit), t.readIdentity)
}

// AddIdentity implements cognito.Tx.
func (t *cognitoTx) AddIdentity(i *cognito.Identity) error {
	r := rowOf(i)
	if _, err := t.tx.exec(insertIdentity,
		r.id, r.pool, r.created, r.modified, r.state, r.mergedInto, r.logins, r.salts); err != nil {
		return err
	}
	return t.moveLogins(nil, []*cognito.Identity{i})
}

// SaveIdentities implements cognito.Tx. Rows are written in the order of their keys,
// identities first, as by everybody: updates that want the same rows at the same time
// wait for each other in one order, and not each for the other.
func (t *cognitoTx) SaveIdentities(was, is []*cognito.Identity) error {
	rows := make([]identityRow, len(is))
	for n, i := range is {
		rows[n] = rowOf(i)
	}
	slices.SortFunc(rows, func(a, b identityRow) int { return bytes.Compare(a.id, b.id) })
	for _, r := range rows {
		if _, err := t.tx.exec(`UPDATE identities SET modified = $2, state = $3, merged_into = $4, logins = $5, salts = $6 WHERE id = $1`,
			r.id, r.modified, r.state, r.mergedInto, r.logins, r.salts); err != nil {
			return err
		}
	}
	return t.moveLogins(was, is)
}

// DeleteIdentity implements cognito.Tx.
func (t *cognitoTx) DeleteIdentity(i *cognito.Identity) error {
	if _, err := t.tx.exec(`DELETE FROM identities WHERE id = $1`, i.GUID[:]); err != nil {
		return err
	}
	return t.moveLogins([]*cognito.Identity{i}, nil)
}

// moveLogins writes who has which login: those that identities had and those that they
// have now, in the order of their keys.
func (t *cognitoTx) moveLogins(was, is []*cognito.Identity) error {
	had, have := loginRows(was), loginRows(is)
	for len(had) > 0 || len(have) > 0 {
		var order int
		switch {
		case len(had) == 0:
			order = 1
		case len(have) == 0:
			order = -1
		default:
			order = had[0].compare(*have[0])
		}
		var err error
		switch {
		case order < 0:
			l := had[0]
			_, err = t.tx.exec(`DELETE FROM logins WHERE pool = $1 AND provider = $2 AND subject = $3`, l.pool, l.provider, l.subject)
		case order > 0:
			l := have[0]
			_, err = t.tx.exec(insertLogin, l.pool, l.provider, l.subject, l.identity)
		case had[0].identity != have[0].identity:
			l := have[0]
			_, err = t.tx.exec(`UPDATE logins SET identity = $4 WHERE pool = $1 AND provider = $2 AND subject = $3`, l.pool, l.provider, l.subject, l.identity)
		}
		if err != nil {
			return err
		}
		if order <= 0 {
			had = had[1:]
		}
		if order >= 0 {
			have = have[1:]
		}
	}
	return nil
}

// loginRows are the rows of the logins of identities, in the order of their keys.
func loginRows(identities []*cognito.Identity) []*loginRow {
	var rows []*loginRow
	for _, i := range identities {
		for _, l := range i.Logins {
			rows = append(rows, loginRowOf(i, l))
		}
	}
	slices.SortFunc(rows, func(a, b *loginRow) int { return a.compare(*b) })
	return rows
}

// tidyBatch is how many rows are removed in one transaction.
const tidyBatch = 500

// tidyRetry is how long after a failure tidying is tried again, and tidyEvery
// how often it is looked for what has run out.
const (
	tidyRetry = time.Minute
	tidyEvery = time.Hour
)

// Run removes what nobody can reach any more, until ctx ends: what deleted pools
// left behind at once, dead identities and revocations when they have run out.
// It tells failed what goes wrong and tries again.
func (c *Cognito) Run(ctx context.Context, now func() time.Time, failed func(error)) {
	for {
		more, err := c.tidy(ctx, now())
		if more && err == nil {
			continue
		}
		wait := tidyEvery
		if !c.db.alone {
			wait = tidyRetry // for what a node leaves behind that dies
		}
		if err != nil && ctx.Err() == nil {
			failed(err)
			wait = tidyRetry
		}
		again := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-c.swept:
		case <-again.C:
		}
		again.Stop()
	}
}

// tidy removes a batch of each, and says whether there may be more.
func (c *Cognito) tidy(ctx context.Context, now time.Time) (more bool, err error) {
	swept, err := c.sweep(ctx)
	if err != nil {
		return false, err
	}
	compacted, err := c.compact(ctx, now)
	if err != nil {
		return false, err
	}
	forgotten, err := c.forgetMarks(ctx)
	if err != nil {
		return false, err
	}
	dropped, err := c.db.dropRevocations(ctx, now)
	return swept || compacted || forgotten || dropped, err
}

// deadIdentities are those that nobody can reach any more, since a moment.
// Those of a pool that adopts stay: some have their logins where it came from, and those
// that were merged lead to the ones that they were merged into.
const deadIdentities = `FROM identities WHERE (state = 2 OR (state = 1 AND logins IS NULL)) AND created + modified <= $1
	AND pool NOT IN (SELECT number FROM pools WHERE adopts = 1)`

// compact removes a batch of identities that nobody can reach any more, and
// says whether there may be more. Of a chain of merges the older ones go first. Nodes
// that do so at the same time wait for each other, row by row in the same order.
func (c *Cognito) compact(ctx context.Context, now time.Time) (more bool, err error) {
	before := now.Add(-cognito.DeadFor).UnixMilli()
	err = c.db.View(ctx, func(tx *Tx) error {
		var one int
		more, err = tx.query(`SELECT 1 `+deadIdentities+` LIMIT 1`, before).one(&one)
		return err
	})
	if err != nil || !more {
		return false, err
	}
	return true, c.db.update(ctx, engine.Joining, func(tx *Tx) error {
		_, err := tx.exec(`DELETE FROM identities WHERE id IN (SELECT id `+deadIdentities+` ORDER BY created + modified, id LIMIT $2 FOR UPDATE)`, before, tidyBatch)
		return err
	})
}

// sweptTo is how far a node has swept a dead pool. The rows before were removed, by it or
// another, and are not looked at again: until the database has cleaned up, that takes as
// long as if they were there.
type sweptTo struct {
	pool     int64
	id       []byte
	provider int64
	subject  []byte
}

// sweep removes a batch of what deleted pools left behind, and says whether
// there may be more. The row of the dead pool is locked meanwhile: nodes that sweep at
// the same time take turns, and one that dies leaves the rest to the others. Nothing
// is added to a pool that is gone, since whoever adds an identity locks the pool's row.
func (c *Cognito) sweep(ctx context.Context) (more bool, err error) {
	err = c.db.View(ctx, func(tx *Tx) error {
		var pool int64
		more, err = tx.query(`SELECT number FROM dead_pools LIMIT 1`).one(&pool)
		return err
	})
	if err != nil || !more {
		return false, err
	}
	var to sweptTo
	err = c.db.update(ctx, engine.Joining, func(tx *Tx) (err error) {
		to, err = sweepBatch(tx, c.sweptTo)
		return err
	})
	if err != nil {
		to = sweptTo{}
	}
	c.sweptTo = to
	return true, err
}

// sweepBatch goes on from where a node was, and from the beginning when nothing is left
// from there on. From the beginning, that is the end of the dead pool.
func sweepBatch(tx *Tx, from sweptTo) (to sweptTo, err error) {
	dead, err := tx.query(`SELECT number FROM dead_pools ORDER BY number LIMIT 1 FOR UPDATE`).one(&to.pool)
	if err != nil || !dead {
		return sweptTo{}, err
	}
	begins := from.pool != to.pool
	to.id, to.subject = []byte{}, []byte{}
	if !begins {
		to = from
	}
	removed := 0
	err = tx.query(`DELETE FROM identities WHERE id IN (SELECT id FROM identities WHERE pool = $1 AND id > $2 ORDER BY id LIMIT $3) RETURNING id`,
		to.pool, to.id, tidyBatch).each(func(r row) (more bool, err error) {
		removed++
		if id := r.AppendBytes(nil, 0); bytes.Compare(id, to.id) > 0 {
			to.id = id
		}
		return true, r.Err()
	})
	if err != nil {
		return sweptTo{}, err
	}
	err = tx.query(`DELETE FROM logins WHERE pool = $1 AND (provider, subject) IN (
			SELECT provider, subject FROM logins WHERE pool = $1 AND (provider, subject) > ($2, $3) ORDER BY provider, subject LIMIT $4)
		RETURNING provider, subject`,
		to.pool, to.provider, to.subject, tidyBatch).each(func(r row) (more bool, err error) {
		removed++
		provider, subject := r.Int(0), r.AppendBytes(nil, 1)
		if cmp.Or(cmp.Compare(provider, to.provider), bytes.Compare(subject, to.subject)) > 0 {
			to.provider, to.subject = provider, subject
		}
		return true, r.Err()
	})
	switch {
	case err != nil || removed == 0 && !begins:
		return sweptTo{}, err
	case removed == 0:
		_, err = tx.exec(`DELETE FROM dead_pools WHERE number = $1`, to.pool)
		return sweptTo{}, err
	}
	return to, nil
}
