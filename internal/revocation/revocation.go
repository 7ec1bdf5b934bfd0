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
}

// Lasts is how long a revocation is kept. Nothing that was issued before it
// lives as long: sessions have 36 hours at most, tokens 24.
const Lasts = 48 * time.Hour

// Revocation voids what stems from a target.
type Revocation struct {
	Target
	// Before is the moment up to which what was issued is void.
	Before time.Time
	// Created is when it was revoked.
	Created time.Time
}

// Ends is when the revocation is forgotten.
func (r Revocation) Ends() time.Time { return r.Created.Add(Lasts) }
