package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/store/engine"
)

// Several nodes on one database obey what any of them has acknowledged, from the next
// request on, although each keeps in memory what it has read. This file is how; docs/adr/0042
// is why that is so.
//
// A node has a position: how far it has followed the log of changes. What it keeps
// in memory has all changes up to there. A request that goes by it may be answered
// if the position was the database's own at some moment after the request came. That
// is what a stamp says: the number that changes have come to, read by a statement that
// began after the request came. Look-ups that every request makes carry one. Requests
// that make none share a round, which reads the log from the position on, and moves
// the position.
//
// Where no stamp says so, what the request has found so far is thrown away and it is
// handled again, by then at a position that a round has reached after it came.

// ErrUnavailable answers where it cannot be found out in time whether what is in memory is
// still true, or the database cannot be asked at all.
var ErrUnavailable = errors.New("store: the database is not available")

// errOvertaken answers a request that has gone by what may be out of date. It never
// leaves this package: see [DB.Attend].
var errOvertaken = errors.New("store: what is in memory was out of date")

// position is how far a node has followed the log. It does not change; a node
// moves from one to another.
type position struct {
	epoch, mark [16]byte
	number      int64
}

// coherence is what a node knows of how far it is.
type coherence struct {
	// moments puts in order what happens in this node: a round or a look-up that has a
	// greater moment than a request began after it came.
	moments   atomic.Uint64
	position  atomic.Pointer[position]
	confirmed atomic.Uint64 // the last moment of which it is known that the position was the database's

	mu      sync.Mutex // for moving position and confirmed, and the rounds
	next    *round     // not begun
	running bool

	highest int64 // the greatest number that was seen; rounds only
	kept    map[string][]follower
}

// follower is something that is kept in memory and goes by the log.
type follower interface {
	// follow makes room for what a change has written, as the log says it.
	follow(key jsontext.Value) error
	// load reads all of it anew, if it is kept whole; use, which is called when the
	// snapshot was good, puts it in force. A cache forgets.
	load(tx *Tx) (use func(), err error)
}

// round is one reading of the log, for all who came before it began.
type round struct {
	done chan struct{}
	err  error
}

// roundWait is how long a round may take; whoever waits for two of them is
// refused after twice as long.
const roundWait = 3 * time.Second

// moment is the next moment.
func (db *DB) moment() uint64 { return db.moments.Add(1) }

// keep has something follow the log under a name.
func (db *DB) keep(name string, f follower) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.kept == nil {
		db.kept = map[string][]follower{}
	}
	db.kept[name] = append(db.kept[name], f)
}

// current waits until it is known that the position was the database's after a
// moment.
func (db *DB) current(ctx context.Context, came uint64) error {
	if db.confirmed.Load() > came {
		return nil
	}
	r := db.join()
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join is the round that has not begun. One is under way at a time, and the next one
// is for all who come in the meantime.
func (db *DB) join() *round {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.next == nil {
		db.next = &round{done: make(chan struct{})}
	}
	if !db.running {
		db.running = true
		go db.rounds()
	}
	return db.next
}

// rounds makes rounds as long as somebody waits for one.
func (db *DB) rounds() {
	for {
		db.mu.Lock()
		r := db.next
		db.next, db.running = nil, r != nil
		db.mu.Unlock()
		if r == nil {
			return
		}
		if err := db.catchUp(); err != nil {
			r.err = unavailable(err)
		}
		close(r.done)
	}
}

func unavailable(err error) error {
	if errors.Is(err, ErrClosed) || errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// catchUp moves the position to where the database is. It is called by one
// goroutine at a time, and nobody else moves the position.
func (db *DB) catchUp() error {
	ctx, cancel := context.WithTimeout(context.Background(), roundWait)
	defer cancel()
	for range 2 {
		moment, at := db.moment(), db.position.Load()
		highest := max(db.highest, db.number.Load()) // as it was before the log is read
		news, err := db.readNews(ctx, at)
		if err != nil {
			return err
		}
		switch {
		case news.lost(at, highest):
			if err := db.leap(ctx, news.row.epoch, highest); err != nil {
				return err
			}
		case news.follows(at) && db.advance(moment, news):
			return nil
		default:
			return db.startOver(ctx)
		}
	}
	return errors.New("the log of changes does not come to rest")
}

// news is what the database says about changes since a position.
type news struct {
	row position
	log []logRow // from the position's own on
}

type logRow struct {
	number int64
	mark   [16]byte
	what   string
}

// selectNews reads the row that counts, and the log from a number on.
const selectNews = `SELECT %s, COALESCE(l.number, -1), COALESCE(l.mark, c.mark), COALESCE(l.what, '')
	FROM change c LEFT JOIN change_log l ON l.number >= $1 WHERE c.id = 1 ORDER BY l.number`

var errStandby = errors.New("the server is a standby, which is behind")

func (db *DB) readNews(ctx context.Context, at *position) (n news, err error) {
	err = db.plainView(ctx, new(Tx), func(tx *Tx) error {
		n = news{}
		rows := false
		err := tx.query(db.texts.news, at.number).each(func(r row) (bool, error) {
			rows = true
			if err := readStamp(r, 0, &n.row); err != nil {
				return false, err
			}
			l := logRow{number: r.Int(4), what: r.Text(6)}
			copyID(&l.mark, r, 5)
			if l.number >= 0 {
				n.log = append(n.log, l)
			}
			return true, r.Err()
		})
		if err == nil && !rows {
			err = errUncounted
		}
		return err
	})
	return n, err
}

// readStamp reads the four columns of a stamp, from a first one on.
func readStamp(r row, first int, p *position) error {
	copyID(&p.epoch, r, first)
	p.number = r.Int(first + 1)
	copyID(&p.mark, r, first+2)
	if standby := r.Int(first + 3); r.Err() == nil && standby != 0 {
		return fmt.Errorf("%w: %w", ErrUnavailable, errStandby)
	}
	return r.Err()
}

func copyID(to *[16]byte, r row, column int) {
	var room [16]byte
	copy(to[:], r.AppendBytes(room[:0], column))
}

// follows says that the log goes from the position to the row without a gap, in the
// same history.
func (n *news) follows(at *position) bool {
	last := len(n.log) - 1
	return n.row.epoch == at.epoch && last >= 0 &&
		n.log[0].number == at.number && n.log[0].mark == at.mark &&
		n.log[last].number == n.row.number && n.log[last].mark == n.row.mark &&
		n.row.number-at.number == int64(last)
}

// lost says that the database does not have what this node has seen of it: it has
// gone back to an older state, and perhaps on from there.
func (n *news) lost(at *position, highest int64) bool {
	another := len(n.log) > 0 && n.log[0].number == at.number && n.log[0].mark != at.mark
	return n.row.number < highest || n.row.epoch == at.epoch && another
}

// advance moves the position to the end of the log, and takes out of memory what has
// changed on the way. It does not where the log says that everything has changed, or
// something that this node does not know.
func (db *DB) advance(moment uint64, n news) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if len(n.log) == 1 {
		db.confirmed.Store(max(db.confirmed.Load(), moment))
		return true
	}
	db.generation.Add(1) // before anything goes: see cache
	for _, row := range n.log[1:] {
		if !db.follow(row.what) {
			return false
		}
	}
	db.moveTo(moment, n.row)
	return true
}

// follow takes out of memory what one row of the log names.
func (db *DB) follow(what string) bool {
	var list []struct {
		Cache string         `json:"c"`
		Key   jsontext.Value `json:"k"`
	}
	if err := json.Unmarshal([]byte(what), &list); err != nil || list == nil {
		return false
	}
	for _, o := range list {
		if db.kept[o.Cache] == nil {
			return false
		}
		for _, f := range db.kept[o.Cache] {
			if f.follow(o.Key) != nil {
				return false
			}
		}
	}
	return true
}

// moveTo moves the position, once what is in memory is as it says.
func (db *DB) moveTo(moment uint64, to position) {
	db.highest = max(db.highest, to.number)
	db.position.Store(&to)
	db.confirmed.Store(max(db.confirmed.Load(), moment))
}

// startOver forgets what is in memory, and reads anew what is kept whole.
func (db *DB) startOver(ctx context.Context) error {
	moment := db.moment()
	var to position
	var uses []func()
	db.mu.Lock()
	var all []follower
	for _, list := range db.kept {
		all = append(all, list...)
	}
	db.mu.Unlock()
	err := db.plainView(ctx, &Tx{views: engine.Several}, func(tx *Tx) error {
		uses = nil
		var err error
		if to, err = readPosition(tx); err != nil {
			return err
		}
		for _, f := range all {
			use, err := f.load(tx)
			if err != nil {
				return err
			}
			uses = append(uses, use)
		}
		return nil
	})
	if err != nil {
		return err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.generation.Add(1)
	for _, use := range uses {
		use()
	}
	db.moveTo(moment, to)
	return nil
}

// readPosition reads where the database is.
func readPosition(tx *Tx) (p position, err error) {
	found := false
	err = tx.query(tx.db.texts.stamp).each(func(r row) (bool, error) {
		found = true
		return false, readStamp(r, 0, &p)
	})
	if err == nil && !found {
		err = errUncounted
	}
	return p, err
}

var errUncounted = errors.New("store: the row that counts changes is missing")

// leapBy is how far beyond everything that was seen a database goes on which has
// gone back, so that it is beyond what was seen by nodes that are no more.
const leapBy = 1 << 40

// leap goes on, in a new epoch, above everything that was seen in the one that the
// database has gone back in. Revocations may have been lost, so everything that was
// issued is void. Of several nodes that find it out, one does it.
func (db *DB) leap(ctx context.Context, epoch [16]byte, highest int64) error {
	err := db.Configure(ctx, func(tx *Tx) error {
		p, err := readPosition(tx)
		if err == nil && p.epoch != epoch {
			err = errLeapt
		}
		if err != nil {
			return err
		}
		return db.goOn(tx, highest)
	})
	if errors.Is(err, errLeapt) {
		return nil
	}
	return err
}

// leap makes the number of the transaction, and of all after it, greater than any
// that this epoch has handed out, and begins another one.
func (tx *Tx) leap(highest int64) error {
	tx.number = max(tx.number, highest) + leapBy
	tx.everything = true
	_, err := tx.exec(`UPDATE change SET epoch = $1, number = $2 WHERE id = 1`, random(), tx.number)
	return err
}

var errLeapt = errors.New("store: another node was faster")

// attended is a request that is handled as a whole: see [DB.Attend].
type attended struct {
	db   *DB
	came atomic.Uint64

	mu     sync.Mutex
	relied *position // that it has gone by and that no stamp has confirmed yet
	over   bool      // it has to be handled again
}

type attendedKey struct{}

// Attend handles a request so that what it finds obeys all that any node has
// acknowledged before it came. do may be called again, as long as it has
// changed nothing; the last call counts. Without it, each View sees to that by
// itself, which costs one more round trip where the last of several has a look-up.
func (db *DB) Attend(ctx context.Context, do func(context.Context) error) error {
	if db.alone {
		return do(ctx)
	}
	a := &attended{db: db}
	a.came.Store(db.moments.Load())
	ctx = context.WithValue(ctx, attendedKey{}, a)
	for {
		requestOf(ctx).again()
		err := do(ctx)
		settled, unsettled := a.settle(ctx)
		if unsettled != nil {
			return unsettled
		}
		if settled {
			return err
		}
	}
}

// Attender is Attend, nil where it would do nothing: nobody else changes the database.
func (db *DB) Attender() func(ctx context.Context, do func(context.Context) error) error {
	if db.alone {
		return nil
	}
	return db.Attend
}

// Alone says that nobody else changes the database.
func (db *DB) Alone() bool { return db.alone }

// attendedBy is the request that a context is of, of this database; nil if it is of
// none.
func (db *DB) attendedBy(ctx context.Context) *attended {
	if db.alone {
		return nil
	}
	if a, ok := ctx.Value(attendedKey{}).(*attended); ok && a.db == db {
		return a
	}
	return nil
}

// unattended is a context for what does not belong to the request that it is of. Where
// the position was confirmed after the request came, its own is as good.
func (db *DB) unattended(ctx context.Context) context.Context {
	if a := db.attendedBy(ctx); a == nil || db.confirmed.Load() > a.came.Load() {
		return ctx
	}
	return context.WithValue(ctx, attendedKey{}, nil)
}

// rely notes that the request goes by a position, or by one that is known to be out of
// date and that it can do without. It must not have gone by another that no stamp has
// confirmed.
func (a *attended) rely(p *position, outdated bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.relied != nil && (outdated || a.relied != p):
		a.over = true
	case !outdated:
		a.relied = p
	}
	if a.over {
		return errOvertaken
	}
	return nil
}

// confirm notes that a stamp has confirmed a position.
func (a *attended) confirm(p *position) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.relied == p {
		a.relied = nil
	}
}

// settle finds out whether what the request has gone by was true after it came. If
// not, it is to be handled again, and finds a position that was reached since.
func (a *attended) settle(ctx context.Context) (settled bool, err error) {
	a.mu.Lock()
	relied, over := a.relied, a.over
	a.mu.Unlock()
	if relied == nil && !over {
		return true, nil
	}
	if err := a.db.current(ctx, a.came.Load()); err != nil {
		return false, err
	}
	settled = !over && a.db.position.Load() == relied
	a.mu.Lock()
	a.relied, a.over = nil, false
	a.mu.Unlock()
	return settled, nil
}

// settleNow settles a request, if a context is of one, before it does what cannot be
// taken back. Where it cannot be settled, it is over.
func (db *DB) settleNow(ctx context.Context) error {
	a := db.attendedBy(ctx)
	if a == nil {
		return nil
	}
	settled, err := a.settle(ctx)
	if err == nil && !settled {
		a.mu.Lock()
		a.over = true
		a.mu.Unlock()
		err = errOvertaken
	}
	return err
}

// renew has a request, if a context is of one, go on as if it had come now. An update of
// it did not succeed, perhaps because something has changed since: what it finds from
// now on is to tell of that.
func (db *DB) renew(ctx context.Context) {
	if a := db.attendedBy(ctx); a != nil {
		a.came.Store(db.moments.Load())
	}
}

// basis is what a View on a database that others change too goes by.
type basis struct {
	at      *position // when it began
	relies  bool      // something in memory was used
	stamped bool
	stamp   position // of its look-up
	moment  uint64   // before that
}

func newBasis(at *position) basis { return basis{at: at} }

// rely notes that the transaction goes by what is in memory.
func (tx *Tx) rely() {
	if tx.basis != nil {
		tx.basis.relies = true
	}
}

// lookup chooses the text of a look-up, plain or with a stamp behind its columns.
func (tx *Tx) lookup(plain, stamped string) string {
	b := tx.basis
	if b == nil {
		return plain
	}
	if !b.stamped {
		b.moment = tx.db.moment()
	}
	return stamped
}

// readStamp reads the stamp of a look-up that has one, behind so many columns, and says
// whether it has found anything besides.
func (tx *Tx) readStamp(r row, columns int) (found bool, err error) {
	b := tx.basis
	if b == nil {
		return true, nil
	}
	if err := readStamp(r, columns, &b.stamp); err != nil {
		return false, err
	}
	b.stamped = true
	return !r.IsNull(0), nil
}

// sharedView is a View on a database that others change too.
func (db *DB) sharedView(ctx context.Context, tx *Tx, fn func(*Tx) error) error {
	a, r := db.attendedBy(ctx), requestOf(ctx)
	came := db.moments.Load()
	if a != nil {
		came = a.came.Load()
	}
	for {
		// In this order: once a position was reached after the request came, what is in
		// memory is good.
		fresh := db.confirmed.Load() > came
		b := newBasis(db.position.Load())
		b.relies = r != nil // what it issues bears the number of the position
		tx.basis = &b
		err := db.plainView(ctx, tx, fn)
		switch {
		case tx.failed != nil:
			return err
		case fresh:
			r.went(b.at.number)
			return err
		case b.stamped && db.confirm(&b):
			a.confirm(b.at)
			r.went(b.at.number)
			return err
		case !b.relies:
			return err
		case a != nil:
			if overtaken := a.rely(b.at, b.stamped); overtaken != nil {
				return overtaken
			}
			if !b.stamped {
				r.went(b.at.number)
				return err
			}
		}
		if err := db.current(ctx, came); err != nil {
			return err
		}
		tx.again(tx.views)
	}
}

// confirm says whether the stamp of a View says that the position is good that it
// went by.
func (db *DB) confirm(b *basis) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.position.Load() != b.at || *b.at != b.stamp {
		return false
	}
	db.confirmed.Store(max(db.confirmed.Load(), b.moment))
	return true
}

// texts are the statements that read a stamp, in the words of an engine.
type texts struct{ news, stamp, identityByID, identityByLogin string }

func textsFor(e engine.Engine) texts {
	stamp := "c.epoch, c.number, c.mark, " + e.Standby()
	return texts{
		news:            fmt.Sprintf(selectNews, stamp),
		stamp:           `SELECT ` + stamp + ` FROM change c WHERE c.id = 1`,
		identityByID:    fmt.Sprintf(stampedIdentityByID, stamp),
		identityByLogin: fmt.Sprintf(stampedIdentityByLogin, stamp),
	}
}
