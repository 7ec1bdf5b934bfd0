package audit

import (
	"context"
	"time"
)

// The facts here are for the audit trail alone, which shows of most of them a keyed
// hash. The log, whose hashes have no key, never has them.

// Person is a login that a request comes with.
type Person struct {
	// Provider is the name of the login provider, as the pool or the role's trust
	// policy has it, and Subject who it is there; empty where that is the identity that
	// the request is about, by a token of ours.
	Provider, Subject string
	// Type is what CloudTrail calls whoever makes the request by this login alone, such
	// as WebIdentityUser; empty where the login is a part of the request.
	Type string
}

// SetPerson adds a login that the request has proven, or that was refused for another
// reason than the proof. One of the same provider and subject is replaced.
func (r Record) SetPerson(p Person) {
	if r.event == nil {
		return
	}
	e := r.event
	for i := range e.persons {
		if e.persons[i].Provider == p.Provider && e.persons[i].Subject == p.Subject {
			e.persons[i] = p
			return
		}
	}
	if e.persons == nil {
		e.persons = e.person[:0]
	}
	e.persons = append(e.persons, p)
}

// SetIdentity says which identity the request is about, and whether it is known to be
// authenticated. The ID of a guest is all that a guest has to show, so the trail shows
// the IDs of others alone.
func (r Record) SetIdentity(id string, authenticated bool) {
	if r.event != nil {
		r.event.identity, r.event.authenticated = id, authenticated
	}
}

// SetSalt gives the salt of the identity that the request is about: that of all its
// logins.
func (r Record) SetSalt(salt []byte) {
	if r.event != nil {
		r.event.salt = salt
	}
}

// Committed gives the record of the request that a context is of, as it is when what it
// changes is committed; nil where the context is of no request. It is made before the
// answer, and has the same event ID as the record that is made with it.
func (t *Trail) Committed(ctx context.Context) []byte {
	e, _ := ctx.Value(contextKey{}).(*Event)
	if e == nil {
		return nil
	}
	return t.Append(nil, e)
}

// SetPool says which identity pool the request is about: one that is there. The ID of
// another could be that of an identity, which looks the same.
func (r Record) SetPool(id string) {
	if r.event != nil {
		r.event.pool = id
	}
}

// SetIssued says which credentials were issued, and when they end.
func (r Record) SetIssued(accessKeyID string, expires time.Time) {
	if r.event != nil {
		r.event.issued, r.event.expires = accessKeyID, expires
	}
}
