package openid

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// MaxAge is for how long others may keep our documents. AWS allows 30 days and
// publishes a key long before it signs; we make a region's key when its first
// pool is made, and it signs soon after, once nobody can have a set without it.
// The set is small and asking for it costs nothing.
const MaxAge = 5 * time.Minute

// document is a response that is made once and served often.
type document struct {
	body []byte
	etag string
	// passing says that it is not to be kept.
	passing bool
}

func newDocument(v any) (document, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return document{}, fmt.Errorf("encoding a public document: %w", err)
	}
	sum := sha256.Sum256(body)
	return document{body: body, etag: `"` + hex.EncodeToString(sum[:16]) + `"`}, nil
}

// publicKey is a key of the set, members in the order of AWS's own.
type publicKey struct {
	Type        string   `json:"kty"`
	Exponent    string   `json:"e"`
	Use         string   `json:"use"`
	KeyID       string   `json:"kid"`
	Algorithm   string   `json:"alg"`
	Modulus     string   `json:"n"`
	Certificate [][]byte `json:"x5c,omitempty"` // base64, not base64url, says RFC 7517
}

func newKeyDocument(keys []*key) (document, error) {
	set := struct {
		Keys []publicKey `json:"keys"`
	}{Keys: make([]publicKey, len(keys))}
	for i, k := range keys {
		set.Keys[i] = newPublicKey(k.KID, k.public, k.Certificate)
	}
	doc, err := newDocument(set)
	doc.passing = len(keys) == 0 // the first key signs at once, so nobody shall keep a set without it
	return doc, err
}

func newPublicKey(kid string, public *rsa.PublicKey, certificate []byte) publicKey {
	out := publicKey{
		Type:      "RSA",
		Exponent:  base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		Use:       "sig",
		KeyID:     kid,
		Algorithm: string(algorithm),
		Modulus:   base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
	}
	if len(certificate) > 0 {
		out.Certificate = [][]byte{certificate}
	}
	return out
}

// discovery is the discovery document. The authorization endpoint does not
// exist; strict parsers want one to be named.
type discovery struct {
	Issuer                string   `json:"issuer"`
	JWKSURI               string   `json:"jwks_uri"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	ResponseTypes         []string `json:"response_types_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	SigningAlgorithms     []string `json:"id_token_signing_alg_values_supported"`
	Scopes                []string `json:"scopes_supported"`
	Claims                []string `json:"claims_supported"`
}

func (p *Provider) discovery() discovery {
	base := strings.TrimSuffix(cmp.Or(p.PublicURL, p.Issuer), "/")
	return discovery{
		Issuer:                p.issuer(),
		JWKSURI:               base + "/.well-known/jwks_uri",
		AuthorizationEndpoint: base + "/authorize",
		ResponseTypes:         []string{"token", "id_token"},
		SubjectTypes:          []string{"public"},
		SigningAlgorithms:     []string{string(algorithm)},
		Scopes:                []string{"openid"},
		Claims:                []string{"sub", "aud", "iss", "exp", "iat", "amr"},
	}
}

// Documents are the public documents, at the paths that AWS has, below the root
// of the host:
//
//	/.well-known/openid-configuration   discovery
//	/.well-known/jwks_uri               the key set
//	/.well-known/jwks.json              the same, where others expect it
//
// Anybody may read them, from any origin, with GET and HEAD.
func (p *Provider) Documents() map[string]http.Handler {
	return map[string]http.Handler{
		"/.well-known/openid-configuration": http.HandlerFunc(p.serveDiscovery),
		"/.well-known/jwks_uri":             http.HandlerFunc(p.serveKeys),
		"/.well-known/jwks.json":            http.HandlerFunc(p.serveKeys),
	}
}

func (p *Provider) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	doc, err := newDocument(p.discovery())
	if err != nil {
		p.unavailable(w, r, err)
		return
	}
	doc.serve(w, r)
}

// serveKeys looks whether other processes have added keys, but serves those in
// memory when the store does not answer: they are still good.
func (p *Provider) serveKeys(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), refreshTimeout)
	defer cancel()
	err := p.refresh(ctx)
	set := p.set.Load()
	if set == nil {
		p.unavailable(w, r, err)
		return
	}
	if err != nil {
		p.log().WarnContext(r.Context(), "publishing the signing keys in memory", "error", err)
	}
	set.document.serve(w, r)
}

func (p *Provider) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	p.log().ErrorContext(r.Context(), "public document unavailable", "path", r.URL.Path, "error", err)
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
}

// serve answers GET and HEAD, and 304 to those who have the document already.
func (d document) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(MaxAge.Seconds())))
	if d.passing {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("Content-Type", "application/json")
	h.Set("ETag", d.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.body))
}
