package login

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/fetch"
)

// maxIssuers bounds the key sets kept. Beyond it the issuer that was used
// longest ago is forgotten and asked again when it is used.
const maxIssuers = 1024

// oidcAlgorithms are those that STS accepts from OpenID providers (API
// reference of AssumeRoleWithWebIdentity).
var oidcAlgorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512,
}

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
	// Own lists the issuers that are this service itself. Their tokens are not
	// logins, and nothing is ever fetched from them.
	Own []string

	strict  fetch.Client
	running sync.WaitGroup

	mu      sync.Mutex
	issuers map[string]*issuer
}

// Verify checks a token of an OpenID provider. The error is an *Error. A caller
// that gives up takes nobody else's answer away: keys being fetched are fetched
// for all.
func (o *OIDC) Verify(ctx context.Context, p Provider, t *Token) (*Login, error) {
	if o.own(t.Issuer()) {
		return nil, reject(CognitoToken, nil)
	}
	if o.own(p.Issuer) {
		return nil, misconfigured(IssuerIsOurs, nil)
	}
	now := o.now()
	rules := Rules{Provider: p, Algorithms: oidcAlgorithms, ExpirySkew: Skew}
	keys := &oidcKeys{oidc: o, url: p.Issuer, alg: t.header.Algorithm, now: now}
	login, err := VerifyWith(ctx, keys, rules, now, t)
	if !keysMayBeOld(err) {
		return login, err
	}
	switch renewed, failed := keys.renew(ctx); {
	case renewed:
		return VerifyWith(ctx, keys, rules, now, t)
	case failed != nil && causeOf(err) == KeyUnknown:
		return nil, failed // the issuer may well have this key, but cannot be asked
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
func (o *OIDC) issuer(url string, now time.Time) *issuer {
	o.mu.Lock()
	defer o.mu.Unlock()
	i, ok := o.issuers[url]
	if !ok {
		i = &issuer{load: func() (*published, *Error) { return o.load(url) }, running: &o.running}
		o.add(url, i)
	}
	i.used = now
	return i
}

// add keeps an issuer, in place of the least recently used one when there are
// too many. o.mu is held.
func (o *OIDC) add(url string, i *issuer) {
	if o.issuers == nil {
		o.issuers = make(map[string]*issuer)
	}
	if len(o.issuers) >= maxIssuers {
		var oldest string
		for candidate, other := range o.issuers {
			if oldest == "" || other.used.Before(o.issuers[oldest].used) {
				oldest = candidate
			}
		}
		delete(o.issuers, oldest)
	}
	o.issuers[url] = i
}

// load fetches an issuer's keys under a deadline of its own, not under that of
// the caller who happened to need them first.
func (o *OIDC) load(url string) (*published, *Error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client := o.Fetch
	if client == nil {
		client = &o.strict
	}
	return discover(ctx, client, url)
}

// oidcKeys is an issuer's key set as one verification sees it.
type oidcKeys struct {
	oidc *OIDC
	url  string
	alg  jose.SignatureAlgorithm // the token's, held against those the issuer announces
	now  time.Time
	set  *published // nil until asked for
}

// Keys implements KeySet.
func (k *oidcKeys) Keys(ctx context.Context, kid string) ([]jose.JSONWebKey, error) {
	if k.set == nil {
		set, failed := k.oidc.issuer(k.url, k.now).current(ctx, k.now)
		if failed != nil {
			return nil, failed
		}
		k.set = set
	}
	if !k.set.accepts(k.alg) {
		return nil, reject(AlgorithmRefused, fmt.Errorf("the issuer does not announce %s", k.alg))
	}
	return k.set.key(kid), nil
}

// renew replaces the set that failed to verify a token by a newer one. It
// reports whether there is one; if there is none because the issuer did not
// answer, how it failed.
func (k *oidcKeys) renew(ctx context.Context) (bool, *Error) {
	set, failed := k.oidc.issuer(k.url, k.now).newer(ctx, k.set, k.now)
	if set == nil {
		return false, failed
	}
	k.set = set
	return true, nil
}

// keysMayBeOld reports whether a verification failed in a way that a rotation of
// the issuer's keys explains. A key id is no sure sign of a key: small issuers
// make a new key at each start and call it by the same name, or by none.
func keysMayBeOld(err error) bool {
	switch causeOf(err) {
	case KeyUnknown, KeyAmbiguous, KeyUnsuitable, SignatureInvalid:
		return true
	}
	return false
}
