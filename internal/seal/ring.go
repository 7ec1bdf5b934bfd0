package seal

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Ring is the master keys that a process has. It seals with one, and opens with several,
// so that one can take the place of another while everybody goes on: [Ring.Use] changes
// the keys of all boxes of the ring.
//
// What is stored can be sealed anew, what was handed out cannot. So there are two kinds of
// boxes: those of [Ring.Stored] open with an old key until nothing is stored under it, and
// those of [Ring.Issued] as long as what it has sealed is to be taken.
type Ring struct {
	mu     sync.Mutex
	keys   Keys
	stored map[string]*Box
	issued map[string]*Box
}

// Keys says which master keys a ring uses.
type Keys struct {
	// Seal is the key that seals. It opens, too.
	Seal *MasterKey
	// Stored are the other keys that open what is stored, and Issued those that open
	// what was handed out.
	Stored, Issued []*MasterKey
}

// Check finds keys that cannot be told apart in sealed bytes. By chance, that happens to
// one pair in four thousand million.
func (k Keys) Check() error {
	for _, others := range [][]*MasterKey{k.Stored, k.Issued} {
		seen := map[KeyID]bool{k.Seal.ID(): true}
		for _, key := range others {
			if seen[key.ID()] {
				return fmt.Errorf("two master keys have the ID %s; make another one", key.ID())
			}
			seen[key.ID()] = true
		}
	}
	return nil
}

// NewRing makes a ring.
func NewRing(k Keys) (*Ring, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	return &Ring{keys: k, stored: map[string]*Box{}, issued: map[string]*Box{}}, nil
}

// Use changes the keys of the ring and of all its boxes. Where it returns an error,
// nothing has changed.
func (r *Ring) Use(k Keys) error {
	if err := k.Check(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = k
	for purpose, box := range r.stored {
		keys := boxKeysOf(purpose, k.Seal, k.Stored)
		box.keys.Store(&keys)
	}
	for purpose, box := range r.issued {
		keys := boxKeysOf(purpose, k.Seal, k.Issued)
		box.keys.Store(&keys)
	}
	return nil
}

// Sealing returns the key that seals.
func (r *Ring) Sealing() *MasterKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys.Seal
}

// Stored returns the box of a purpose for what is stored.
func (r *Ring) Stored(purpose string) *Box { return r.box(r.stored, r.issued, purpose, true) }

// Issued returns the box of a purpose for what is handed out, and comes back.
func (r *Ring) Issued(purpose string) *Box { return r.box(r.issued, r.stored, purpose, false) }

func (r *Ring) box(of, other map[string]*Box, purpose string, stored bool) *Box {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other[purpose] != nil {
		panic("seal: " + purpose + " is either stored or handed out")
	}
	if of[purpose] == nil {
		others := r.keys.Issued
		if stored {
			others = r.keys.Stored
		}
		of[purpose] = newBox(boxKeysOf(purpose, r.keys.Seal, others))
	}
	return of[purpose]
}

func boxKeysOf(purpose string, first *MasterKey, others []*MasterKey) boxKeys {
	keys := boxKeys{first.boxKey(purpose)}
	for _, key := range others {
		keys = append(keys, key.boxKey(purpose))
	}
	return keys
}

// Purposes lists the purposes of the ring's boxes for what is stored: whoever seals
// anew what is stored must know all of them.
func (r *Ring) Purposes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.stored))
}
