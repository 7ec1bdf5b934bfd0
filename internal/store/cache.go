package store

import (
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// cache keeps entities that are read on every request and seldom change. Views
// read it and fill it; updates read the database, and invalidate what they
// change.
//
// The danger is a view that loads an entity, is overtaken by an update that
// changes and invalidates it, and then puts the old value in, for ever. So every
// invalidation advances the generation of the database, and a view may only put
// in what it loaded if the generation is still the one that it saw before it
// took its snapshot.
//
// Values are shared by all readers: nobody may change one.
type cache[K comparable, V any] struct {
	db    *DB
	name  string // in the log of changes
	limit int

	mu      sync.RWMutex
	entries map[K]V
}

// newCache returns a cache of at most limit entities. When it is full, one or
// another makes room. Keys are written into the log of changes under its name, as JSON.
func newCache[K comparable, V any](db *DB, name string, limit int) *cache[K, V] {
	c := &cache[K, V]{db: db, name: name, limit: limit, entries: map[K]V{}}
	db.keep(name, c)
	return c
}

// follow implements follower.
func (c *cache[K, V]) follow(key jsontext.Value) error {
	var k K
	if err := json.Unmarshal(key, &k); err != nil {
		return fmt.Errorf("store: the log of changes: %s: %w", c.name, err)
	}
	c.drop(k)
	return nil
}

// load implements follower: what is asked for is read then.
func (c *cache[K, V]) load(*Tx) (func(), error) {
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		clear(c.entries)
	}, nil
}

// drop forgets the entity of a key.
func (c *cache[K, V]) drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// get returns the entity of the key, from the cache or by load. What is not
// found is not remembered, so that strangers' guesses take no room.
func (c *cache[K, V]) get(tx *Tx, key K, load func() (V, bool, error)) (V, bool, error) {
	if tx.writes {
		return load()
	}
	c.mu.RLock()
	v, ok := c.entries[key]
	c.mu.RUnlock()
	if ok {
		tx.rely()
		return v, true, nil
	}
	c.db.loaded.Add(1)
	v, ok, err := load()
	if err == nil && ok {
		c.put(tx, key, v)
	}
	return v, ok, err
}

// Loaded is how many entities the caches had to ask the database for, since it was
// opened.
func (db *DB) Loaded() uint64 { return db.loaded.Load() }

// put remembers what tx has loaded, unless it may be out of date.
func (c *cache[K, V]) put(tx *Tx, key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// An invalidation advances the generation before it takes the lock. So
	// either we see it here, or it finds our entry and removes it.
	if c.db.generation.Load() != tx.generation {
		return
	}
	if _, ok := c.entries[key]; !ok && len(c.entries) >= c.limit {
		for other := range c.entries {
			delete(c.entries, other)
			break
		}
	}
	c.entries[key] = v
}

// invalidate forgets the entity of the key once tx is committed, which is one of
// [DB.Configure]: other nodes would not hear of others.
func (c *cache[K, V]) invalidate(tx *Tx, key K) {
	if !tx.configures {
		panic("store: what is cached is changed in an Update that is not a Configure")
	}
	tx.outdated = append(tx.outdated, outdated{c.name, key})
	tx.AfterCommit(func() {
		c.db.generation.Add(1)
		c.drop(key)
	})
}
