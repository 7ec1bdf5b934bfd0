package login

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/jws"
	"github.com/daypass/daypass/internal/limit"
)

// maxIssuers bounds the key sets kept. Beyond it the issuer that was used
// longest ago is forgotten and asked again when it is used.
const maxIssuers = 1024

// oidcAlgorithms are those that STS accepts from OpenID providers (API
// reference of AssumeRoleWithWebIdentity).
var oidcAlgorithms = []jws.Algorithm{
	jws.RS256, jws.RS384, jws.RS512, jws.ES256, jws.ES384, jws.ES512,
}

// MoreAlgorithms are those that OIDC.Algorithms can add. STS takes none of them.
var MoreAlgorithms = []string{string(jws.PS256), string(jws.PS384), string(jws.PS512), string(jws.EdDSA)}

// OIDC verifies ID tokens of OpenID providers with the keys that they publish.
// It keeps the keys, so that a provider that is down while its keys are known
// hurts nobody, and asks for them seldom, so that strangers with made-up tokens
// cannot make it hammer anybody; the comment of issuer has the details. Its
// fields must not change after the first call. An OIDC may be used by many
// goroutines.
type OIDC struct {
	// Fetch is the way to the providers; nil means a client that reaches public
	// https servers only.
	Fetch *fetch.Client
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// Algorithms are accepted of OpenID Connect providers in IAM besides those that
	// STS accepts: any of MoreAlgorithms, with Ed25519 for EdDSA; others are not
	// accepted even when listed. What an issuer announces narrows them all.
	Algorithms []string
	// Own lists the issuers that are this service itself. Their tokens are not
	// logins, and nothing is ever fetched from them.
	Own []string
	// PlainIssuer says which http issuers of OpenID Connect providers may be believed;
	// nil for all that Fetch reaches.
	PlainIssuer func(*url.URL) bool
	// Offline gives issuers a key set at hand, a JSON Web Key Set, in place of what
	// they publish: nothing is fetched for them. An issuer that is not in it is
	// looked up with a slash at the end if it has none, else without.
	Offline map[string]func() ([]byte, error)

	strict   fetch.Client
	running  sync.WaitGroup
	versions atomic.Uint64
	verified verified
	// questions are those that the kinds of login ask of providers by the same way.
	questions questions

	mu      sync.Mutex
	issuers map[source]*issuer
	// renewals are the fetches that tokens may cause. An issuer that is forgotten
	// and added again does not get them anew.
	renewals limit.Keyed[source]
}

// source is where an issuer's keys come from: keys that came from one place are
// no keys of another.
type source struct {
	issuer string
	// keySet is the address of the key set; empty means what the issuer's
	// discovery document says.
	keySet string
}

// Verify checks a token of an OpenID provider. The error is an *Error. A caller
// that gives up takes nobody else's answer away: keys being fetched are fetched
// for all.
func (o *OIDC) Verify(ctx context.Context, p Provider, t *Token) (*Login, error) {
	if strings.HasPrefix(p.Issuer, "http://") && o.PlainIssuer != nil {
		if u, err := url.Parse(p.Issuer); err != nil || !o.PlainIssuer(u) {
			return nil, &Error{Kind: Misconfigured, Cause: IssuerPlain, Err: err}
		}
	}
	rules := Rules{Provider: p, Algorithms: o.algorithms(), ExpirySkew: Skew}
	return o.verify(ctx, rules, source{issuer: p.Issuer}, t)
}

func (o *OIDC) algorithms() []jws.Algorithm {
	all := slices.Clip(oidcAlgorithms)
	for _, name := range MoreAlgorithms {
		if slices.Contains(o.Algorithms, name) {
			all = append(all, jws.Algorithm(name))
		}
	}
	return all
}

// verify checks a token by rules with the keys of a source.
func (o *OIDC) verify(ctx context.Context, rules Rules, from source, t *Token) (*Login, error) {
	if o.own(t.Issuer()) {
		return nil, reject(CognitoToken, nil)
	}
	if o.own(rules.Provider.Issuer) {
		return nil, misconfigured(IssuerIsOurs, nil)
	}
	now := o.now()
	keys := &oidcKeys{oidc: o, from: from, alg: t.header.Algorithm, now: now}
	login, err := VerifyWith(ctx, keys, rules, now, t)
	if !keysMayBeOld(err) {
		return login, err
	}
	switch renewed, unavailable := keys.renew(ctx); {
	case renewed:
		return VerifyWith(ctx, keys, rules, now, t)
	case unavailable != nil && (causeOf(err) == KeyUnknown || causeOf(err) == KeySkipped):
		return nil, unavailable // the issuer may well have this key, but cannot be asked
	}
	return nil, err
}

// Wait returns when no keys are being fetched any more, which takes at most
// half a minute. It serves a clean stop, after the last Verify has returned.
func (o *OIDC) Wait() { o.running.Wait() }

func (o *OIDC) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// own compares as loosely as a provider could be misconfigured.
func (o *OIDC) own(issuer string) bool {
	for _, own := range o.Own {
		if strings.EqualFold(strings.TrimSuffix(own, "/"), strings.TrimSuffix(issuer, "/")) {
			return true
		}
	}
	return false
}

// issuer returns the keeper of an issuer's keys.
func (o *OIDC) issuer(from source, now time.Time) *issuer {
	o.mu.Lock()
	defer o.mu.Unlock()
	i, ok := o.issuers[from]
	if !ok {
		i = &issuer{
			load:     func() (*published, error) { return o.load(from) },
			mayRenew: func(now time.Time) bool { return o.renewals.Take(from, now) },
			running:  &o.running,
		}
		o.add(from, i)
	}
	i.used = now
	return i
}

// add keeps an issuer, in place of the least recently used one when there are
// too many. o.mu is held.
func (o *OIDC) add(from source, i *issuer) {
	if o.issuers == nil {
		o.issuers = make(map[source]*issuer)
		o.verified.Most = maxVerified
		o.renewals.Burst, o.renewals.PerSecond = renewals, 1/floor.Seconds()
	}
	if len(o.issuers) >= maxIssuers {
		var oldest source
		for candidate, other := range o.issuers {
			if oldest == (source{}) || other.used.Before(o.issuers[oldest].used) {
				oldest = candidate
			}
		}
		delete(o.issuers, oldest)
	}
	o.issuers[from] = i
}

// load fetches an issuer's keys under a deadline of its own, not under that of
// the caller who happened to need them first.
func (o *OIDC) load(from source) (*published, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	set, err := o.publishedBy(ctx, from)
	if err == nil {
		set.version = o.versions.Add(1)
	}
	return set, err
}

func (o *OIDC) publishedBy(ctx context.Context, from source) (*published, error) {
	if read := o.offline(from.issuer); read != nil {
		return readKeySet(read)
	}
	if from.keySet != "" {
		return fetchKeySet(ctx, o.client(), from.keySet, nil)
	}
	return discover(ctx, o.client(), from.issuer)
}

// offline is the reader of an issuer's key set at hand; nil if it has none.
func (o *OIDC) offline(issuer string) func() ([]byte, error) {
	if read, ok := o.Offline[issuer]; ok {
		return read
	}
	if without, ok := strings.CutSuffix(issuer, "/"); ok {
		return o.Offline[without]
	}
	return o.Offline[issuer+"/"]
}

// client is the way out to the network.
func (o *OIDC) client() *fetch.Client {
	if o.Fetch == nil {
		return &o.strict
	}
	return o.Fetch
}

// oidcKeys is an issuer's key set as one verification sees it.
type oidcKeys struct {
	oidc *OIDC
	from source
	alg  jws.Algorithm // the token's, held against those the issuer announces
	now  time.Time
	set  *published // nil until asked for
}

// Keys implements KeySet.
func (k *oidcKeys) Keys(ctx context.Context, kid string) ([]jose.JSONWebKey, error) {
	if k.set == nil {
		set, err := k.oidc.issuer(k.from, k.now).current(ctx, k.now)
		if err != nil {
			return nil, err
		}
		k.set = set
	}
	if !k.set.accepts(k.alg) {
		return nil, reject(AlgorithmRefused, fmt.Errorf("the issuer does not announce %s", k.alg))
	}
	return k.set.key(kid)
}

// renew replaces the set that failed to verify a token by a newer one. It
// reports whether there is one; if there is none because the issuer did not
// answer, how it failed.
func (k *oidcKeys) renew(ctx context.Context) (bool, error) {
	set, err := k.oidc.issuer(k.from, k.now).newer(ctx, k.set, k.now)
	if set == nil {
		return false, err
	}
	k.set = set
	return true, nil
}

// keysMayBeOld reports whether a verification failed in a way that a rotation of
// the issuer's keys explains. A key id is no sure sign of a key: small issuers
// make a new key at each start and call it by the same name, or by none.
func keysMayBeOld(err error) bool {
	switch causeOf(err) {
	case KeyUnknown, KeySkipped, KeyAmbiguous, KeyUnsuitable, SignatureInvalid:
		return true
	}
	return false
}

// KeysFetched tells when each key set that is kept was fetched, by issuer: the oldest one
// where an issuer has several.
func (o *OIDC) KeysFetched() map[string]time.Time {
	o.mu.Lock()
	all := maps.Clone(o.issuers)
	o.mu.Unlock()
	fetched := map[string]time.Time{}
	for from, i := range all {
		i.mu.Lock()
		if old, ok := fetched[from.issuer]; i.set != nil && (!ok || i.fetched.Before(old)) {
			fetched[from.issuer] = i.fetched
		}
		i.mu.Unlock()
	}
	return fetched
}
