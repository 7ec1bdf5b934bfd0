package instance

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/datadir"
	"github.com/daypass/daypass/internal/limit"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
)

// masterKeys replaces the master key for the service daypass: admin.MasterKeys. What
// has to be true is the store's business; this knows where keys come from.
type masterKeys struct {
	db    *store.DB
	ring  *seal.Ring
	given []*seal.MasterKey // one, or two
	dir   string            // where the instance keeps the key itself; empty where it is given
	fleet *limit.Fleet      // nil where the node is alone
	log   *slog.Logger
	now   func() time.Time
	wake  chan struct{} // something is left to be done

	rotating atomic.Bool // a call is under way
	files    sync.Mutex  // held to move files, and never to wait for the database
}

// settle puts the key that seals in its place in the data directory. A process that ended
// in a rotation has perhaps not come to that.
func (m *masterKeys) settle(ctx context.Context) error {
	if m.dir == "" {
		return nil
	}
	m.files.Lock()
	defer m.files.Unlock()
	key := m.ring.Sealing()
	taken, err := datadir.TakeMasterKey(m.dir, key)
	if taken {
		m.log.LogAttrs(ctx, slog.LevelInfo, "the new master key is in the data directory, and the old one is kept there", slog.String("master_key", key.Fingerprint()))
	}
	return err
}

// nextKey is the key that is to take the place of the current one; nil for none.
func (m *masterKeys) nextKey(keys store.MasterKeys) (*seal.MasterKey, error) {
	if m.dir == "" {
		return m.givenNext(keys), nil
	}
	next, err := datadir.MakeNextMasterKey(m.dir)
	if err == nil {
		err = m.db.Give(next)
	}
	return next, err
}

// givenNext is that of the keys which were given: the second, unless it is the one that
// seals already, and the first one has never been.
func (m *masterKeys) givenNext(keys store.MasterKeys) *seal.MasterKey {
	if m.dir != "" || len(m.given) < 2 {
		return nil
	}
	first := m.given[0]
	if f := first.Fingerprint(); f != keys.Current && !slices.Contains(keys.Used, f) {
		return first
	}
	return m.given[1]
}

// gone are the nodes that are known to be no more.
func (m *masterKeys) gone() map[[16]byte]int64 {
	if m.fleet == nil {
		return nil
	}
	return m.fleet.Gone(m.now())
}

// RotateMasterKey implements admin.MasterKeys.
func (m *masterKeys) RotateMasterKey(ctx context.Context, fingerprint string, compromised bool) (admin.MasterKeyDescription, error) {
	if m.rotating.Swap(true) {
		return admin.MasterKeyDescription{}, admin.ErrRotating
	}
	defer m.rotating.Store(false)
	// Whatever the last rotation has left comes first.
	if err := m.goOn(ctx); err != nil {
		return admin.MasterKeyDescription{}, err
	}
	keys, err := m.db.MasterKeys(ctx, nil, nil)
	if err != nil {
		return admin.MasterKeyDescription{}, err
	}
	var to *seal.MasterKey
	switch {
	case fingerprint == "" || fingerprint == keys.Current:
		if to, err = m.nextKey(keys); err != nil {
			return admin.MasterKeyDescription{}, err
		}
		// To repeat the call is no mistake. But whoever says that a key is compromised, and
		// does not say which, must not believe that the current one was replaced.
		if to == nil || to.Fingerprint() == keys.Current && (fingerprint != "" || compromised) {
			return admin.MasterKeyDescription{}, admin.ErrNoNextKey
		}
	case fingerprint == keys.Replaced:
		to = m.ring.Sealing() // which may have to be told that the old one is compromised
	default:
		return admin.MasterKeyDescription{}, admin.ErrOtherKey
	}
	err = m.db.ReplaceMasterKey(ctx, store.Replacement{Key: to, Compromised: compromised, Gone: m.gone()})
	if err == nil {
		err = m.goOn(ctx)
	}
	if err != nil {
		m.later()
		return admin.MasterKeyDescription{}, keyError(err)
	}
	d, err := m.DescribeMasterKey(ctx)
	if err == nil && string(d.Fingerprint) != keys.Current {
		m.log.LogAttrs(ctx, slog.LevelInfo, "the master key was replaced", slog.String("master_key", string(d.Fingerprint)), slog.String("replaced", keys.Current),
			slog.Bool("compromised", compromised))
	}
	return d, err
}

// keyError is what the service says of an error of the store.
func keyError(err error) error {
	if lack, ok := errors.AsType[*store.LackError](err); ok {
		return &admin.LackingKeyError{Servers: lack.Nodes, Lack: lack.Lack, Fingerprint: lack.Key}
	}
	switch {
	case errors.Is(err, store.ErrUsedMasterKey):
		return admin.ErrUsedKey
	case errors.Is(err, store.ErrRotating):
		return admin.ErrRotating
	}
	return err
}

// goOn does what is left to be done of a rotation.
func (m *masterKeys) goOn(ctx context.Context) error {
	if err := m.settle(ctx); err != nil {
		return err
	}
	n, err := m.db.SealAnew(ctx)
	if n > 0 {
		m.log.LogAttrs(ctx, slog.LevelInfo, "sealed with the new master key what an old one had sealed", slog.Int("rows", n))
	}
	return err
}

// DescribeMasterKey implements admin.MasterKeys.
func (m *masterKeys) DescribeMasterKey(ctx context.Context) (admin.MasterKeyDescription, error) {
	keys, err := m.db.MasterKeys(ctx, m.givenNext, m.gone())
	if err != nil {
		return admin.MasterKeyDescription{}, err
	}
	d := admin.MasterKeyDescription{
		Fingerprint: admin.KeyFingerprint(keys.Current), InDataDirectory: m.dir != "", Servers: int32(keys.Nodes),
		ReplacedFingerprint: admin.KeyFingerprint(keys.Replaced), ReplacedDate: given(keys.At), FinishedDate: given(keys.Finished), SessionsUntil: given(keys.SessionsUntil),
	}
	if keys.Next != "" && keys.Next != keys.Current && !slices.Contains(keys.Used, keys.Next) {
		have := int32(keys.Have)
		d.NextFingerprint, d.ServersWithNextKey = admin.KeyFingerprint(keys.Next), &have
	}
	return d, nil
}

// given is a time, nil where there is none.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// later has Run go on soon.
func (m *masterKeys) later() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// keysEvery is how often a node looks whether a rotation was left unfinished, and whether
// an old key can be forgotten.
const keysEvery = 10 * time.Second

// Run goes on with what was left of a rotation, and forgets old keys, until ctx ends. It
// tells failed what goes wrong and tries again.
func (m *masterKeys) Run(ctx context.Context, failed func(error)) {
	for {
		if err := errors.Join(m.goOn(ctx), m.db.ForgetMasterKeys(ctx)); err != nil && ctx.Err() == nil {
			failed(err)
		}
		again := time.NewTimer(keysEvery)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-m.wake:
			again.Stop()
		case <-again.C:
		}
	}
}
