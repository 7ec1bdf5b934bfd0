package login

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/jws"
)

// metadata is what we read of a discovery document (OpenID Connect Discovery,
// section 3).
type metadata struct {
	Issuer     string           `json:"issuer"`
	KeySetURL  string           `json:"jwks_uri"`
	Algorithms *[]jws.Algorithm `json:"id_token_signing_alg_values_supported"`
}

// published is what an issuer was found to publish. It never changes.
type published struct {
	set        *jwks
	byID       map[string][]jose.JSONWebKey
	algorithms *[]jws.Algorithm // nil: the issuer does not say
	lifetime   time.Duration
	version    uint64 // no two sets that were fetched have the same
}

func newPublished(set *jwks, algorithms *[]jws.Algorithm, lifetime time.Duration) *published {
	p := &published{set: set, byID: map[string][]jose.JSONWebKey{}, algorithms: algorithms, lifetime: lifetime}
	for _, k := range set.keys {
		p.byID[k.KeyID] = append(p.byID[k.KeyID], k)
	}
	return p
}

// key returns the keys of a key id, or all of them when kid is empty. An issuer
// need not name its keys (RFC 7517, section 4.5): those without a name may be
// meant by a key id that no other key has. The error says why there is none.
func (p *published) key(kid string) ([]jose.JSONWebKey, error) {
	keys := p.byID[kid]
	switch {
	case kid == "":
		keys = p.set.keys
	case len(keys) == 0 && p.set.skip(kid) == nil:
		keys = p.byID[""]
	}
	if len(keys) == 0 {
		return nil, p.set.missing(kid)
	}
	return keys, nil
}

// accepts reports whether the issuer signs ID tokens with an algorithm. What it
// says narrows what we accept; it never widens it.
func (p *published) accepts(alg jws.Algorithm) bool {
	return p.algorithms == nil || slices.Contains(*p.algorithms, alg)
}

// discover fetches what an issuer publishes: its discovery document, then the
// key set that it points to.
func discover(ctx context.Context, client *fetch.Client, issuer string) (*published, error) {
	location, err := discoveryURL(issuer)
	if err != nil {
		return nil, misconfigured(IssuerUnusable, err)
	}
	document, err := client.Get(ctx, location)
	if err != nil {
		return nil, fetchError(err, DiscoveryInvalid)
	}
	meta, err := readMetadata(document.Body, issuer)
	if err != nil {
		return nil, err
	}
	return fetchKeySet(ctx, client, meta.KeySetURL, meta.Algorithms)
}

// fetchKeySet fetches a key set whose address is known.
func fetchKeySet(ctx context.Context, client *fetch.Client, location string, algorithms *[]jws.Algorithm) (*published, error) {
	answer, err := client.Get(ctx, location)
	if err != nil {
		return nil, fetchError(err, KeySetInvalid)
	}
	set, err := parseKeySet(answer.Body)
	if err != nil {
		return nil, misconfigured(KeySetInvalid, err)
	}
	return newPublished(set, algorithms, fetch.Lifetime(answer.Header)), nil
}

// readKeySet reads the key set of an offline issuer. It is read anew now and
// then, so that keys can be replaced without a restart.
func readKeySet(read func() ([]byte, error)) (*published, error) {
	document, err := read()
	if err != nil {
		return nil, &Error{Kind: Unavailable, Cause: KeysUnavailable, Err: err}
	}
	set, err := parseKeySet(document)
	if err != nil {
		return nil, misconfigured(KeySetInvalid, err)
	}
	return newPublished(set, nil, fetch.MinLifetime), nil
}

// discoveryURL is where an issuer's metadata is (OpenID Connect Discovery,
// section 4.1).
func discoveryURL(issuer string) (string, error) {
	u, err := url.Parse(issuer)
	if err != nil {
		return "", errors.New("malformed URL")
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(issuer, "?#") {
		return "", errors.New("want https://host, with or without a path")
	}
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration", nil
}

func readMetadata(document []byte, issuer string) (metadata, error) {
	var meta metadata
	if err := json.Unmarshal(document, &meta); err != nil {
		return meta, misconfigured(DiscoveryInvalid, errors.New("malformed JSON"))
	}
	if meta.Issuer != issuer {
		return meta, misconfigured(DiscoveryIssuerMismatch, fmt.Errorf("it says %.255q", meta.Issuer))
	}
	// Keys that came over http would make an https issuer as weak as http.
	secure := strings.HasPrefix(meta.KeySetURL, "https://")
	if !secure && !(strings.HasPrefix(issuer, "http://") && strings.HasPrefix(meta.KeySetURL, "http://")) {
		return meta, misconfigured(DiscoveryInvalid, errors.New("jwks_uri is not https"))
	}
	return meta, nil
}

// fetchError turns a failed fetch into ours; unreadable is the cause for an
// answer that is too large to read.
func fetchError(err error, unreadable Cause) *Error {
	e := &Error{Kind: Unavailable, Cause: KeysUnavailable, Err: err}
	f, ok := errors.AsType[*fetch.Error](err)
	if !ok {
		return e
	}
	switch f.Kind {
	case fetch.Refused:
		e.Kind, e.Cause = Misconfigured, AddressRefused
	case fetch.Untrusted:
		e.Kind, e.Cause = Misconfigured, CertificateUntrusted
	case fetch.TooLarge:
		e.Kind, e.Cause = Misconfigured, unreadable
	}
	return e
}
