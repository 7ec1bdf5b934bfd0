// Package daypassauth protects HTTP services with credentials of daypass: a
// middleware that lets a request pass to a handler if daypass says that its caller
// may make it.
//
//	guard := &daypassauth.Guard{URL: "http://127.0.0.1:4611/forward-auth?daypass-api=photos"}
//	http.ListenAndServe("127.0.0.1:8080", guard.Handler(mux))
//
// Clients sign their requests with Signature Version 4 for the service execute-api,
// as for Amazon API Gateway, or show an OpenID token of daypass as a bearer token.
// What a caller may do is in daypass's policies, as execute-api:Invoke on
// arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH. daypass is told of the
// service by --forward-auth-api, and asked at --forward-auth-listen.
//
// Unlike a reverse proxy that asks daypass, the middleware sees the body: it compares
// the body with what the client has signed. It fails closed: if it gets no answer, the
// request does not pass.
package daypassauth

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Guard asks daypass about the requests to a handler. Set its fields before its
// first use; it is safe for concurrent use.
type Guard struct {
	// URL is where to ask daypass, such as
	// http://127.0.0.1:4611/forward-auth?daypass-api=photos: the address of
	// --forward-auth-listen, and the service's name in --forward-auth-api. The name is
	// needed where daypass knows several: the Host is the client's choice, and without
	// it whoever may call another service gets into this one by that service's Host.
	// daypass answers loopback and the addresses in --trusted-proxies.
	URL string
	// Client asks; nil for one that waits five seconds for an answer. It must not
	// follow redirects.
	Client *http.Client
	// MaxBody is the most bytes of a signed body: all of it is read and hashed before
	// the handler runs. Zero is 1 MiB; below zero signed requests must have no body.
	// Bodies that come with a bearer token are not read.
	MaxBody int64
	// Remember is for how long a yes may be remembered and given again to the same
	// question: the same request, signed by the same signature or with the same token,
	// from the same client. Zero remembers nothing. A yes is never remembered for
	// longer than the credentials and the signature are good, as far as daypass tells;
	// but a revocation, or a change of policies, takes so much longer to take effect.
	Remember time.Duration
	// MaxRemembered is how many are remembered at most; zero is 10,000.
	MaxRemembered int
	// Behind says that the service is behind a reverse proxy that sets X-Forwarded-For
	// and X-Forwarded-Proto, and passes on the client's Host. Otherwise the guard
	// replaces both by what the connection says, because the client may have set them.
	Behind bool
	// Pass says which requests pass without a question; nil means none. A service that
	// browsers call from pages of other origins lets OPTIONS pass and answers it:
	// browsers do not sign it.
	Pass func(*http.Request) bool
	// Log gets the reason why a request did not pass, unless daypass itself refused it;
	// nil logs nothing.
	Log func(r *http.Request, err error)
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	once   sync.Once
	memory memory
}

// Identity is who makes a request that passed.
type Identity struct {
	// ID and PoolID are those of an identity of an identity pool; empty for other
	// callers. The ID of a guest is all that a guest has to show: do not log it.
	ID, PoolID string
	// AuthenticationType is authenticated or, for guests, unauthenticated; empty
	// for callers that are no identities.
	AuthenticationType string
	// ARN names the caller: a session of a role, or a user.
	ARN string
}

// Authenticated says whether the caller is an identity that has signed in.
func (i Identity) Authenticated() bool { return i.AuthenticationType == "authenticated" }

type contextKey struct{}

// FromContext is who makes the request of a context; false where the request passed
// without a question.
func FromContext(ctx context.Context) (Identity, bool) {
	i, ok := ctx.Value(contextKey{}).(Identity)
	return i, ok
}

// The headers that tell a service of the caller. A client's own never reach it.
var identityHeaders = [...]string{"X-Cognito-Identity-Id", "X-Cognito-Identity-Pool-Id", "X-Cognito-Authentication-Type", "X-User-Arn"}

// overrides are headers by which services replace the method or the path of a
// request. daypass refuses requests that have one.
var overrides = [...]string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url"}

// Handler lets a request pass to next if daypass says yes. The request then has the
// caller in its context ([FromContext]), and in the headers X-Cognito-Identity-Id,
// X-Cognito-Identity-Pool-Id, X-Cognito-Authentication-Type and X-User-Arn, in place
// of whatever the client sent in those. X-Amz-Content-Sha256 is the hash of the body,
// or UNSIGNED-PAYLOAD where a token came in place of a signature.
//
// What is decided about is the request as the client sent it. Put the guard around
// whatever changes paths, such as [http.StripPrefix], and not within.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passes := g.Pass != nil && g.Pass(r)
		r, err := g.admit(w, r, passes)
		if err != nil {
			g.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admit gives the request as the handler gets it, or why it does not.
func (g *Guard) admit(w http.ResponseWriter, r *http.Request, passes bool) (*http.Request, error) {
	original := r
	r = r.Clone(r.Context())
	for name := range r.Header {
		// What descends from CGI takes underscores for hyphens.
		hyphens := http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
		// daypass refuses what makes another request of it, where it is asked and told.
		override := (passes || name != hyphens) && slices.Contains(overrides[:], hyphens)
		if override || hyphens == bodyHash || slices.Contains(identityHeaders[:], hyphens) {
			delete(r.Header, name)
		}
	}
	if passes {
		return r, nil
	}
	id, err := g.decide(w, original, r)
	if err != nil {
		return original, err
	}
	for i, value := range [...]string{id.ID, id.PoolID, id.AuthenticationType, id.ARN} {
		if value != "" {
			r.Header.Set(identityHeaders[i], value)
		}
	}
	return r.WithContext(context.WithValue(r.Context(), contextKey{}, id)), nil
}

// decide finds out who makes a request, and puts the body that it has read into the
// request that passes.
func (g *Guard) decide(w http.ResponseWriter, original, passing *http.Request) (Identity, error) {
	q, err := g.question(original)
	if err != nil {
		return Identity{}, err
	}
	// A client that says which body it has signed is asked about first, so that nobody
	// whose signature is not good has a long body read. Of one that does not say, the
	// signature covers the hash all the same.
	if q.signed && q.declared == "" {
		if err := q.readBody(w, original, g.maxBody()); err != nil {
			return Identity{}, err
		}
		q.declare(q.hash)
	}
	id, err := g.answer(original.Context(), q)
	switch {
	case err != nil:
		return Identity{}, err
	case q.bearer:
		passing.Header.Set(bodyHash, unverified)
		return id, nil
	case q.hash == "":
		if err := q.readBody(w, original, g.maxBody()); err != nil {
			return Identity{}, err
		}
	}
	if q.hash != q.declared {
		return Identity{}, errBody
	}
	q.restore(passing)
	return id, nil
}

func (g *Guard) maxBody() int64 {
	const usual = 1 << 20
	switch {
	case g.MaxBody == 0:
		return usual
	case g.MaxBody < 0:
		return 0
	}
	return g.MaxBody
}

func (g *Guard) now() time.Time {
	if g.Now == nil {
		return time.Now()
	}
	return g.Now()
}
