package revocation

import (
	"strings"
	"time"
)

// Kind says what a target is.
type Kind string

// The kinds of targets.
const (
	// Identity is an identity of an identity pool, named by its ID.
	Identity Kind = "Identity"
	// Login is a user of a login provider, in one identity pool or in all.
	Login Kind = "Login"
	// IdentityPool is an identity pool, named by its ID.
	IdentityPool Kind = "IdentityPool"
	// AccessKey is one session, named by its access key ID.
	AccessKey Kind = "AccessKey"
	// Role is all sessions of a role, named by its ARN.
	Role Kind = "Role"
	// Everything is whatever was issued, to anybody. Nobody asks for it: a database
	// that has lost changes revokes it, since revocations may be among them.
	Everything Kind = "Everything"
)

// Target is what is revoked.
type Target struct {
	Kind Kind
	// Name is the ID or the ARN; of a login the provider, as Logins calls it.
	Name string
	// User is, of a login, who it is at the provider.
	User string
	// Pool is, of a login, the ID of the pool that it is revoked in; empty means
	// all.
	Pool string
}

// LoginTarget is a login, in one pool or, without one, in all. Providers whose names
// differ by a slash at the end are of one issuer, so their logins are revoked
// together: whoever revokes is in a hurry, and may have the other name at hand.
func LoginTarget(provider, user, pool string) Target {
	return Target{Kind: Login, Name: strings.TrimSuffix(provider, "/"), User: user, Pool: pool}
}

// Mark says that something stems from a target, since when.
type Mark struct {
	Target
	// At is when what stems from the target was issued.
	At time.Time
	// Change is the number of the last change that whoever issued it knew of; zero
	// where it bears none, which is then judged by time.
	Change int64
}

// Lasts is how long a revocation is kept. Nothing that was issued before it
// lives as long: sessions have 36 hours at most, tokens 24.
const Lasts = 48 * time.Hour

// Revocation voids what stems from a target.
type Revocation struct {
	Target
	// Before is the moment up to which what was issued without a number is void.
	Before time.Time
	// Change is the number of the revocation among all changes: what was issued with
	// a smaller one is void. Zero where it is one of a time alone.
	Change int64
	// Asked is the moment up to which what was issued is void whatever its number;
	// the zero time where nobody asked for one.
	Asked time.Time
	// Created is when it was revoked.
	Created time.Time
}

// Ends is when the revocation is forgotten.
func (r Revocation) Ends() time.Time { return r.Created.Add(Lasts) }

// Merge is what two revocations of one target void together. The first may be
// the zero value.
func Merge(old, r Revocation) Revocation {
	r.Before = later(old.Before, r.Before)
	r.Asked = later(old.Asked, r.Asked)
	r.Created = later(old.Created, r.Created)
	r.Change = max(old.Change, r.Change)
	return r
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Bearer is what may be void: a session or an OpenID token.
type Bearer interface {
	// LastChange is the number of the last change that it was issued by; zero where
	// it bears none.
	LastChange() int64
	// Marks say what it stems from.
	Marks() []Mark
}

// Void says why something is void.
type Void struct {
	// By is the kind of the target that was revoked; empty for what is lost.
	By Kind
	// Before is the moment up to which what stems from the target is void.
	Before time.Time
	// Lost says that it was issued by a change that the database does not have: it
	// has gone back to an older state since, and may have lost revocations too.
	Lost bool
}
