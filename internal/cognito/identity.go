package cognito

import (
	"slices"
	"time"
)

// Identity is one person or device in a pool.
type Identity struct {
	// GUID is the second half of the identity ID; the region is the pool's.
	GUID GUID
	// Pool is the pool's number.
	Pool int64
	// Created and Modified have milliseconds.
	Created, Modified time.Time
	// Authenticated says that the identity has or had a login. It never becomes a
	// guest again.
	Authenticated bool
	// Disabled says that the identity was merged into MergedInto.
	Disabled   bool
	MergedInto GUID
	// Logins are the logins that belong to the identity.
	Logins []Login
	// Salts are what hashes of its logins in audit records are made with. They go with
	// the identity, and whoever has the records does not know then whom they are about.
	// The first is its own; the others are those of identities that were merged into
	// this one. It has none until it has a login and something is recorded.
	Salts []Salt
}

// Salt is a random part of a hash.
type Salt [16]byte

// mostSalts bounds how many salts an identity keeps. The oldest go first, but its own
// stays.
const mostSalts = 32

// addSalts gives the identity the salts of another one.
func (i *Identity) addSalts(salts []Salt) {
	i.Salts = append(i.Salts, salts...)
	if over := len(i.Salts) - mostSalts; over > 0 {
		i.Salts = slices.Delete(i.Salts, 1, 1+over)
	}
}

// DeadFor is how long an identity is kept that nobody can reach any more: one
// that was merged into another, or has lost its last login. Until then who shows
// a merged one with a login of its survivor is led there. It is longer than
// anything that the identity held can live.
const DeadFor = 30 * 24 * time.Hour

// Login is a subject of a provider of the pool.
type Login struct {
	// Provider is the provider's number in the pool.
	Provider int32
	// Subject is who it is at the provider.
	Subject string
}

// ID is the identity's ID on the wire.
func (i *Identity) ID(p *Pool) IdentityId {
	var room [80]byte
	return IdentityId(i.GUID.append(append(append(room[:0], p.Region()...), ':')))
}

// describe shows the identity as the API does: the names of its providers and
// no subject.
func (i *Identity) describe(p *Pool) IdentityDescription {
	d := IdentityDescription{IdentityId: i.ID(p), CreationDate: i.Created, LastModifiedDate: i.Modified}
	for _, l := range i.Logins {
		d.Logins = append(d.Logins, p.providerName(l.Provider))
	}
	slices.Sort(d.Logins)
	d.Logins = slices.Compact(d.Logins)
	return d
}

// has says whether a login belongs to the identity.
func (i *Identity) has(l Login) bool { return slices.Contains(i.Logins, l) }

// hasAll says whether all logins belong to the identity.
func (i *Identity) hasAll(logins []Login) bool {
	for _, l := range logins {
		if !i.has(l) {
			return false
		}
	}
	return true
}

func (i *Identity) clone() *Identity {
	c := *i
	c.Logins, c.Salts = slices.Clone(i.Logins), slices.Clone(i.Salts)
	return &c
}

// settlement is what becomes of the identities that a call's logins lead to.
type settlement struct {
	// survivor is the identity that has all the logins now.
	survivor *Identity
	// merged are the identities that lost theirs to the survivor, disabled.
	merged []*Identity
	// changed says whether anything must be saved.
	changed bool
}

// linking is what the rules of linking go by.
type linking struct {
	pool *Pool
	// most is how many logins an identity can have, public and developer together.
	most int
	now  time.Time
	// salt is that of an identity which gets its first one; nil where nothing is recorded.
	salt *Salt
}

// settle decides which identity a call with logins is about, and what it
// takes: linking, upgrading a guest, merging. It is the one place where that is
// decided, and changes none of its arguments.
//
// Given is the identity that the call names, nil if it names none (GetId);
// owners are the active identities that the logins belong to, each once, and
// fresh is the identity to use if there is none. The rule that a login belongs
// to at most one active identity holds because a login that is linked here
// belongs to nobody or to one of the identities merged here.
func (k linking) settle(given *Identity, owners []*Identity, fresh *Identity, logins []Login) (*settlement, error) {
	survivor, losers, err := k.choose(given, owners, fresh)
	if err != nil {
		return nil, err
	}
	return k.merge(survivor, losers, logins)
}

// merge gives the survivor the logins of the losers, who are disabled, and
// further logins that belong to nobody.
func (k linking) merge(survivor *Identity, losers []*Identity, logins []Login) (*settlement, error) {
	r := &settlement{survivor: survivor.clone()}
	for _, loser := range losers {
		for _, l := range loser.Logins {
			if err := k.link(r.survivor, l); err != nil {
				return nil, err
			}
		}
		gone := loser.clone()
		r.survivor.addSalts(gone.Salts)
		gone.Salts = nil // so that they go with the survivor
		gone.Logins, gone.Authenticated, gone.Disabled, gone.MergedInto, gone.Modified = nil, true, true, survivor.GUID, k.now
		r.merged = append(r.merged, gone)
	}
	for _, l := range logins {
		if err := k.link(r.survivor, l); err != nil {
			return nil, err
		}
	}
	r.changed = len(r.merged) > 0 || len(r.survivor.Logins) != len(survivor.Logins)
	if r.changed {
		r.survivor.Authenticated, r.survivor.Modified = true, k.now
		if len(r.survivor.Salts) == 0 && k.salt != nil {
			r.survivor.addSalts([]Salt{*k.salt})
		}
	}
	return r, nil
}

// choose finds the identity that survives and those that are merged into it.
func (k linking) choose(given *Identity, owners []*Identity, fresh *Identity) (survivor *Identity, losers []*Identity, err error) {
	if given == nil {
		switch len(owners) {
		case 0:
			return fresh, nil, nil
		case 1:
			return owners[0], nil, nil
		}
		return nil, nil, loginConflict(causeLoginsOfTwoIdentities)
	}
	if given.Disabled {
		if len(owners) == 1 && owners[0].GUID == given.MergedInto {
			return owners[0], nil, nil
		}
		return nil, nil, identityForbidden(given.ID(k.pool), causeIdentityDisabled)
	}
	others := slices.DeleteFunc(slices.Clone(owners), func(i *Identity) bool { return i.GUID == given.GUID })
	switch {
	case given.Authenticated && len(others) == len(owners):
		return nil, nil, loginsDontMatch(causeNoProofForIdentity)
	case given.Authenticated:
		return given, others, nil
	case len(others) == 0:
		return given, nil, nil
	case len(others) == 1:
		return others[0], []*Identity{given}, nil
	}
	return nil, nil, loginConflict(causeLoginsOfTwoIdentities)
}

// link adds a login to an identity, which has at most one login of each public
// provider (several of the developer provider), and so many in all.
func (k linking) link(i *Identity, l Login) error {
	if i.has(l) {
		return nil
	}
	if l.Provider != k.pool.developer() && slices.ContainsFunc(i.Logins, func(o Login) bool { return o.Provider == l.Provider }) {
		return loginConflict(causeSecondLoginOfProvider)
	}
	if len(i.Logins) >= k.most {
		return tooManyLogins(k.most)
	}
	i.Logins = append(i.Logins, l)
	return nil
}

// unlink gives the identity without some of its logins, and those. One that has lost
// the last is out of reach for ever: it does not become a guest again.
func (i *Identity) unlink(now time.Time, remove func(Login) bool) (is *Identity, gone []Login) {
	c := i.clone()
	for _, l := range i.Logins {
		if remove(l) {
			gone = append(gone, l)
		}
	}
	c.Logins = slices.DeleteFunc(c.Logins, remove)
	if len(gone) > 0 {
		c.Modified = now
	}
	return c, gone
}
