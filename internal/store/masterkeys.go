package store

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store/engine"
)

// One master key takes the place of another in three steps, and whoever was interrupted
// goes on with the next one. docs/adr/0057 says why.
//
//  1. Every node is given both keys, and says so in its notice.
//  2. One Configure makes the new key the one that seals (ReplaceMasterKey). From its commit
//     on, whoever stores something sealed finds in the same transaction with which key to
//     seal it (tx.seal), so nothing new is stored under the old key. The old key is kept in
//     the database, sealed with the new one: who has the new one has both.
//  3. What is stored under the old key is sealed anew, a few rows at a time (SealAnew), and
//     when nothing is left that is written down.
//
// Which keys a node uses follows from the table alone, and each node reads it whenever
// the log says that everything has changed.

// The errors that callers look for.
var (
	// ErrWrongMasterKey answers Unlock where the database was sealed under another master
	// key.
	ErrWrongMasterKey = errors.New("the master key is not the one that this database was made with")
	// ErrOldMasterKey answers Unlock where another key has taken the place of the one that
	// is given.
	ErrOldMasterKey = errors.New("the master key was replaced")
	// ErrRotating answers ReplaceMasterKey while another key takes the place of one.
	ErrRotating = errors.New("the last rotation of the master key is not finished")
	// ErrUsedMasterKey answers ReplaceMasterKey for a key that was replaced before.
	ErrUsedMasterKey = errors.New("the new master key was in use before, and was replaced")
)

// LackError answers ReplaceMasterKey while nodes lack the new key.
type LackError struct {
	// Nodes is how many nodes there are, and Lack how many of them lack the key.
	Nodes, Lack int
	// Key is the fingerprint of the key.
	Key string
}

// Error says how many nodes lack the key.
func (e *LackError) Error() string {
	return fmt.Sprintf("%d of %d servers lack the new master key %s", e.Lack, e.Nodes, e.Key)
}

// issuedFor is how long what a master key has sealed is taken after it was replaced: as
// long as the longest session, and what was being sealed in that moment.
const issuedFor = SessionsOpen + 5*time.Minute

// SessionsOpen is how long sessions and page tokens that a key has sealed are good after
// it was replaced.
const SessionsOpen = 36 * time.Hour

const (
	// masterKeyPurpose is that of the box which seals keys that were replaced.
	masterKeyPurpose = "master-key"
	// masterKeyCheck is the row of seals that says which key the database is made with.
	masterKeyCheck = "master-key"
	// keysLog is the name of master keys in the log of changes.
	keysLog   = "master-keys"
	knownText = "daypass"
)

// keyring is which master keys the database wants: it implements follower.
type keyring struct {
	db    *DB
	given []*seal.MasterKey

	reading sync.Mutex // one after the other, where the node is alone: see readKeys

	mu    sync.Mutex
	ring  *seal.Ring
	state keyState
}

// keyState is what the table says.
type keyState struct {
	current *seal.MasterKey
	known   []*seal.MasterKey // those that are given, and then those that the table keeps
	retired []retiredKey      // the last one first
}

// retiredKey is a key that was replaced.
type retiredKey struct {
	Fingerprint        string
	Replaced, Finished time.Time // zero for not yet
	Compromised        bool
	key                *seal.MasterKey // nil once it is forgotten
}

// keptKey is what is sealed of a key that was replaced. That it must not open what was
// handed out is in there with it, so that nobody who can write to the database takes it
// back.
type keptKey struct {
	Key         string
	Replaced    int64
	Compromised bool
}

// Give adds a master key to those that this node has: it can take the place of the one
// that seals.
func (db *DB) Give(key *seal.MasterKey) error {
	k := db.keyring
	k.mu.Lock()
	defer k.mu.Unlock()
	if find(k.given, key.Fingerprint()) != nil {
		return nil
	}
	given, state := append(slices.Clone(k.given), key), k.state
	state.known = append(slices.Clone(state.known), key)
	if err := k.ring.Use(state.keys(k.db.now())); err != nil {
		return err
	}
	k.given, k.state = given, state
	return nil
}

// has are the keys that were given.
func (k *keyring) has() []*seal.MasterKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.given
}

// Unlock finds among master keys the one that the database is sealed with, and gives the
// ring of all that it wants, which follows the database from then on. A new database takes
// the first key as its own. Called again, the last call counts.
func (db *DB) Unlock(ctx context.Context, given ...*seal.MasterKey) (*seal.Ring, error) {
	k := &keyring{db: db, given: given}
	read := func(tx *Tx) error {
		_, err := k.read(tx)
		return err
	}
	err := db.View(ctx, read)
	if errors.Is(err, errNoCheck) {
		box := given[0].Box(purposeOfSeal(masterKeyCheck))
		if _, err := db.sealed(ctx, box, masterKeyCheck, knownText); err != nil && !errors.Is(err, seal.ErrOpen) {
			return nil, err
		}
		err = db.View(ctx, read) // another node may have been faster, with another key
	}
	if err != nil {
		return nil, err
	}
	db.keyring = k
	db.mu.Lock()
	delete(db.kept, keysLog)
	db.mu.Unlock()
	db.keep(keysLog, k)
	if err := db.startOver(ctx); err != nil {
		return nil, err
	}
	return k.ring, nil
}

// FollowKeys has a request go by the master keys that the ring has now: if they were not
// the database's any more when it came, it is handled again.
func (db *DB) FollowKeys(ctx context.Context) error {
	return db.View(ctx, func(tx *Tx) error {
		tx.rely()
		return nil
	})
}

// errNoCheck says that the database has no master key yet.
var errNoCheck = errors.New("store: the database is not sealed")

// follow implements follower: keys never change alone.
func (k *keyring) follow(jsontext.Value) error {
	return errors.New("store: read the master keys again")
}

// load implements follower.
func (k *keyring) load(tx *Tx) (use func(), err error) {
	s, err := k.read(tx)
	if err != nil {
		return nil, err
	}
	keys := s.keys(k.db.now())
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ring == nil {
		if k.ring, err = seal.NewRing(keys); err != nil {
			return nil, err
		}
	} else if err := keys.Check(); err != nil {
		return nil, err
	}
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.state = s
		_ = k.ring.Use(keys) // they were checked
	}, nil
}

// refresh drops the keys whose time has come.
func (k *keyring) refresh(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	_ = k.ring.Use(k.state.keys(now)) // they were checked
}

// find is the key of a fingerprint among several; nil if it is not there.
func find(keys []*seal.MasterKey, fingerprint string) *seal.MasterKey {
	for _, key := range keys {
		if key.Fingerprint() == fingerprint {
			return key
		}
	}
	return nil
}

// read finds out which keys to use.
func (k *keyring) read(tx *Tx) (s keyState, err error) {
	rows, err := masterKeys(tx)
	if err != nil {
		return s, err
	}
	known := slices.Clone(k.has()) // the first of the same key counts
	if len(rows) == 0 {
		s.current, err = k.firstKey(tx)
	} else {
		s.current, err = k.currentKey(rows)
	}
	if err != nil {
		return s, err
	}
	// The last one that was replaced is sealed with the current one, and so on.
	for _, row := range rows {
		if row.replaced == 0 {
			continue
		}
		r := retiredKey{Fingerprint: row.fingerprint, Replaced: timeOf(row.replaced), Finished: timeOf(row.finished)}
		if row.sealed != nil {
			kept, err := openKept(known, row)
			if err != nil {
				return s, err
			}
			r.key, r.Compromised, r.Replaced = kept.key, kept.Compromised, kept.Replaced
			if find(known, row.fingerprint) == nil {
				known = append(known, r.key)
			}
		}
		s.retired = append(s.retired, r)
	}
	s.known = known
	return s, nil
}

// keys says which keys a node uses at a time.
func (s keyState) keys(now time.Time) seal.Keys {
	keys := seal.Keys{Seal: s.current}
	for n, key := range s.known {
		fingerprint := key.Fingerprint()
		if fingerprint == s.current.Fingerprint() || find(s.known[:n], fingerprint) != nil {
			continue
		}
		at := slices.IndexFunc(s.retired, func(r retiredKey) bool { return r.Fingerprint == fingerprint })
		if at < 0 { // it may be the next one
			keys.Stored, keys.Issued = append(keys.Stored, key), append(keys.Issued, key)
			continue
		}
		r := s.retired[at]
		if r.Finished.IsZero() {
			keys.Stored = append(keys.Stored, key)
		}
		if r.issuedOpens(now) {
			keys.Issued = append(keys.Issued, key)
		}
	}
	return keys
}

// issuedOpens says whether what the key has sealed and handed out is taken.
func (r retiredKey) issuedOpens(now time.Time) bool {
	return r.key != nil && !r.Compromised && now.Before(r.Replaced.Add(issuedFor))
}

// firstKey finds the key of a database that has never had another.
func (k *keyring) firstKey(tx *Tx) (*seal.MasterKey, error) {
	var sealed []byte
	found, err := tx.query(`SELECT sealed FROM seals WHERE name = $1`, masterKeyCheck).one(&sealed)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, errNoCheck
	}
	for _, key := range k.has() {
		text, err := key.Box(purposeOfSeal(masterKeyCheck)).Open(nil, sealed, []byte(masterKeyCheck))
		if err == nil && string(text) == knownText {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%w (the key given is %s)", ErrWrongMasterKey, fingerprints(k.has()))
}

// currentKey finds the key that seals now. It must be given: what the database says of
// keys is good for opening only.
func (k *keyring) currentKey(rows []masterKeyRow) (*seal.MasterKey, error) {
	current := rows[0].fingerprint
	if rows[0].replaced != 0 {
		return nil, errors.New("store: no master key seals the database")
	}
	if key := find(k.has(), current); key != nil {
		return key, nil
	}
	for _, row := range rows[1:] {
		if find(k.has(), row.fingerprint) != nil {
			return nil, fmt.Errorf("%w: %s took the place of %s on %s. Give the new one by --master-key-file or DAYPASS_MASTER_KEY",
				ErrOldMasterKey, current, row.fingerprint, timeOf(row.replaced).Format(time.RFC3339))
		}
	}
	return nil, fmt.Errorf("%w, nor one that was in use before: the database is sealed with %s (the key given is %s)", ErrWrongMasterKey, current, fingerprints(k.has()))
}

func fingerprints(keys []*seal.MasterKey) string {
	var list []string
	for _, key := range keys {
		if f := key.Fingerprint(); !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	return strings.Join(list, " ")
}

func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// masterKeyRow is a row of master_keys.
type masterKeyRow struct {
	fingerprint               string
	since, replaced, finished int64
	sealed                    []byte
}

// masterKeys reads the table: the key that seals, and then those that were replaced, the
// last one first.
func masterKeys(tx *Tx) ([]masterKeyRow, error) {
	rows, err := all(tx.query(`SELECT fingerprint, since, replaced, finished, sealed FROM master_keys ORDER BY fingerprint`), func(r row) (m masterKeyRow, err error) {
		err = engine.Scan(r, []any{&m.fingerprint, &m.since, &m.replaced, &m.finished, &m.sealed})
		return m, err
	})
	slices.SortStableFunc(rows, func(a, b masterKeyRow) int {
		if a.replaced == 0 || b.replaced == 0 {
			return cmp.Compare(a.replaced, b.replaced)
		}
		return cmp.Or(cmp.Compare(b.replaced, a.replaced), cmp.Compare(b.since, a.since))
	})
	return rows, err
}

type openedKey struct {
	key         *seal.MasterKey
	Replaced    time.Time
	Compromised bool
}

// openKept opens a key that was replaced.
func openKept(known []*seal.MasterKey, row masterKeyRow) (k openedKey, err error) {
	id, _ := seal.SealedUnder(row.sealed)
	for _, key := range known {
		if key.ID() != id {
			continue
		}
		text, err := key.Box(masterKeyPurpose).Open(nil, row.sealed, []byte(row.fingerprint))
		if err != nil {
			break
		}
		var kept keptKey
		if err := json.Unmarshal(text, &kept); err != nil {
			return k, fmt.Errorf("store: master key %s: %w", row.fingerprint, err)
		}
		if k.key, err = seal.ParseMasterKey(kept.Key); err != nil || k.key.Fingerprint() != row.fingerprint {
			return k, fmt.Errorf("store: master key %s is not the one that is stored", row.fingerprint)
		}
		k.Replaced, k.Compromised = timeOf(kept.Replaced), kept.Compromised
		return k, nil
	}
	return k, fmt.Errorf("store: master key %s: %w", row.fingerprint, seal.ErrOpen)
}

// sealingKey is the key that seals what this transaction stores, which may be another one
// than the node knows of; empty where the database has never had another.
func (tx *Tx) sealingKey() (id seal.KeyID, found bool, err error) {
	if tx.sealing != nil {
		return *tx.sealing, true, nil
	}
	var fingerprint string
	found, err = tx.query(`SELECT fingerprint FROM master_keys WHERE replaced = 0`).one(&fingerprint)
	if err != nil || !found {
		return id, false, err
	}
	raw, err := hex.DecodeString(fingerprint)
	if err != nil || len(raw) < len(id) {
		return id, false, errors.New("store: the fingerprint of a master key is damaged")
	}
	copy(id[:], raw)
	tx.sealing = &id
	return id, true, nil
}

// seal seals what the transaction stores.
func (tx *Tx) seal(box *seal.Box, plaintext, ad []byte) ([]byte, error) {
	id, found, err := tx.sealingKey()
	if err != nil {
		return nil, err
	}
	if !found {
		return box.Seal(nil, plaintext, ad), nil
	}
	return box.SealWith(id, nil, plaintext, ad)
}

// Replacement says which master key takes the place of the one that seals.
type Replacement struct {
	Key *seal.MasterKey
	// Compromised says that what the old key has handed out, or one before it, is not
	// taken any more.
	Compromised bool
	// Gone are nodes that are known to be no more, unless they have gone on from the
	// numbers that their notices have.
	Gone map[[16]byte]int64
}

// ReplaceMasterKey makes a key the one that seals, once every node has it. Where it is so
// already, nothing changes.
func (db *DB) ReplaceMasterKey(ctx context.Context, r Replacement) error {
	to := r.Key.Fingerprint()
	err := db.Configure(ctx, func(tx *Tx) error {
		rows, err := masterKeys(tx)
		if err != nil {
			return err
		}
		state, err := db.keyring.read(tx)
		if err != nil {
			return err
		}
		if state.current.Fingerprint() == to {
			return markCompromised(tx, state, state.current, r.Compromised)
		}
		for _, row := range rows {
			switch {
			case row.fingerprint == to:
				return fmt.Errorf("%w (%s)", ErrUsedMasterKey, to)
			case row.replaced != 0 && row.finished == 0:
				return fmt.Errorf("%w: it goes on by itself. Try again when %s is replaced everywhere", ErrRotating, row.fingerprint)
			}
		}
		if err := (seal.Keys{Seal: r.Key, Stored: []*seal.MasterKey{state.current}}).Check(); err != nil {
			return err
		}
		nodes, have, err := db.having(tx, to, r.Gone)
		if err != nil {
			return err
		}
		if have < nodes || find(db.keyring.has(), to) == nil {
			return &LackError{Nodes: nodes, Lack: nodes - have, Key: to}
		}
		if err := markCompromised(tx, state, r.Key, r.Compromised); err != nil {
			return err
		}
		return db.replaceKey(tx, state.current, r)
	})
	if err == nil {
		err = db.readKeys(ctx)
	}
	return err
}

// having counts the nodes, and those of them that have a key.
func (db *DB) having(tx *Tx, fingerprint string, gone map[[16]byte]int64) (nodes, have int, err error) {
	if db.alone {
		if find(db.keyring.has(), fingerprint) != nil {
			have = 1
		}
		return 1, have, nil
	}
	err = tx.query(`SELECT node, number, master_keys FROM notices`).each(func(r row) (bool, error) {
		var node [16]byte
		copyID(&node, r, 0)
		number, keys := r.Int(1), r.Text(2)
		if was, ok := gone[node]; ok && was == number {
			return true, r.Err()
		}
		nodes++
		if slices.Contains(strings.Fields(keys), fingerprint) {
			have++
		}
		return true, r.Err()
	})
	return nodes, have, err
}

// replaceKey writes down that one key has taken the place of another. What proves to
// others that a key is the database's own changes with it.
func (db *DB) replaceKey(tx *Tx, from *seal.MasterKey, r Replacement) error {
	// No two in the same millisecond, so that their order is known.
	var last int64
	if _, err := tx.query(`SELECT COALESCE(MAX(replaced), 0) FROM master_keys`).one(&last); err != nil {
		return err
	}
	now := max(db.now().UnixMilli(), last+1)
	old := retiredKey{Fingerprint: from.Fingerprint(), Replaced: timeOf(now), Compromised: r.Compromised, key: from}
	sealed, err := old.keep(r.Key)
	if err != nil {
		return err
	}
	if _, err := tx.exec(`INSERT INTO master_keys (fingerprint, since, replaced, sealed) VALUES ($1, 0, $2, $3)
		ON CONFLICT (fingerprint) DO UPDATE SET replaced = excluded.replaced, sealed = excluded.sealed`, old.Fingerprint, now, sealed); err != nil {
		return err
	}
	if _, err := tx.exec(`INSERT INTO master_keys (fingerprint, since) VALUES ($1, $2)`, r.Key.Fingerprint(), now); err != nil {
		return err
	}
	tx.everything = true
	return sealChecksAnew(tx, from, r.Key)
}

// markCompromised writes down that what keys which were replaced before have handed out is
// not taken any more.
func markCompromised(tx *Tx, s keyState, current *seal.MasterKey, compromised bool) error {
	for _, k := range s.retired {
		if !compromised || k.key == nil || k.Compromised {
			continue
		}
		k.Compromised = true
		sealed, err := k.keep(current)
		if err != nil {
			return err
		}
		tx.everything = true
		if _, err := tx.exec(`UPDATE master_keys SET sealed = $2 WHERE fingerprint = $1`, k.Fingerprint, sealed); err != nil {
			return err
		}
	}
	return nil
}

// keep seals a key that was replaced.
func (k retiredKey) keep(current *seal.MasterKey) ([]byte, error) {
	text, err := json.Marshal(keptKey{Key: k.key.Text().Reveal(), Replaced: k.Replaced.UnixMilli(), Compromised: k.Compromised})
	return current.Box(masterKeyPurpose).Seal(nil, text, []byte(k.Fingerprint)), err
}

// readKeys reads which keys to use, which the node itself may have changed.
func (db *DB) readKeys(ctx context.Context) error {
	if !db.alone {
		return db.current(ctx, db.moments.Load())
	}
	db.keyring.reading.Lock()
	defer db.keyring.reading.Unlock()
	return db.plainView(ctx, new(Tx), func(tx *Tx) error {
		use, err := db.keyring.load(tx)
		if err == nil {
			use()
		}
		return err
	})
}

// MasterKeys is what there is to know about the master keys of a database.
type MasterKeys struct {
	// Current is the fingerprint of the key that seals.
	Current string
	// Used are those of all keys that were replaced.
	Used []string
	// Replaced is the last one that was replaced, empty for none, and At when that was.
	Replaced string
	At       time.Time
	// Finished is when nothing was stored under it any more; zero for not yet.
	Finished time.Time
	// SessionsUntil is until when sessions are taken that it has sealed; zero if they
	// are not.
	SessionsUntil time.Time
	// Next is the fingerprint of the next key; empty for none.
	Next string
	// Nodes is how many nodes there are, and Have how many have the next key.
	Nodes, Have int
}

// MasterKeys says how it stands with the master keys, and how many nodes have the next one,
// which a function chooses; nil for none.
func (db *DB) MasterKeys(ctx context.Context, choose func(MasterKeys) *seal.MasterKey, gone map[[16]byte]int64) (m MasterKeys, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		m = MasterKeys{}
		s, err := db.keyring.read(tx)
		if err != nil {
			return err
		}
		m.Current = s.current.Fingerprint()
		for _, r := range s.retired {
			m.Used = append(m.Used, r.Fingerprint)
		}
		if len(s.retired) > 0 {
			r := s.retired[0]
			m.Replaced, m.At, m.Finished = r.Fingerprint, r.Replaced, r.Finished
			if r.issuedOpens(db.now()) {
				m.SessionsUntil = r.Replaced.Add(SessionsOpen)
			}
		}
		if choose != nil {
			if next := choose(m); next != nil {
				m.Next = next.Fingerprint()
			}
		}
		m.Nodes, m.Have, err = db.having(tx, m.Next, gone) // an empty one nobody has
		return err
	})
	return m, err
}
