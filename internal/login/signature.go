package login

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/jws"
)

// maxTries bounds the work that an issuer can cause by giving many keys the same
// key id.
const maxTries = 4

// check decides what the header may say.
func (h header) check(algorithms []jws.Algorithm) error {
	switch {
	case otherJWT(h.Type):
		return reject(TokenTypeRefused, fmt.Errorf("typ %.40q", h.Type))
	case h.Critical != nil:
		// RFC 7515, section 4.1.11: who does not understand an extension must
		// refuse, and we understand none.
		return reject(HeaderRefused, errors.New("crit"))
	case h.Encoded.Kind() == 'f':
		// RFC 7797, which lets a signature cover the payload as it is, demands crit
		// beside it and forbids it in JWTs.
		return reject(HeaderRefused, errors.New("b64"))
	case !slices.Contains(algorithms, h.Algorithm):
		return reject(AlgorithmRefused, fmt.Errorf("alg %.40q", h.Algorithm))
	}
	return nil
}

// otherJWT reports whether a typ declares some other kind of JWT: an access
// token (at+jwt, RFC 9068), a logout token (logout+jwt) and so on are made by
// the same issuer with the same key, often for the same audience, and are no
// sign-in. ID tokens say JWT or nothing, our own say JWS (RFC 8725, section 3.11).
func otherJWT(typ string) bool {
	return strings.HasSuffix(strings.ToLower(typ), "+jwt")
}

// checkSignatureOnce is checkSignature with a memory, where the key set has one.
func (t *Token) checkSignatureOnce(keys KeySet, candidates []jose.JSONWebKey) error {
	m, ok := keys.(memory)
	if ok && m.knows(t) {
		return nil
	}
	err := t.checkSignature(candidates)
	if ok && err == nil {
		m.learn(t)
	}
	return err
}

// checkSignature verifies the token with those of an issuer's keys that fit.
func (t *Token) checkSignature(candidates []jose.JSONWebKey) error {
	if len(candidates) == 0 {
		return reject(KeyUnknown, fmt.Errorf("kid %.80q", t.header.KeyID))
	}
	var fitting []any
	var misfit error
	for i := range candidates {
		if err := fits(&candidates[i], t.header.Algorithm); err != nil {
			misfit = err
			continue
		}
		fitting = append(fitting, candidates[i].Key)
	}
	if len(fitting) == 0 {
		return reject(KeyUnsuitable, misfit)
	}
	if t.header.KeyID == "" && len(fitting) > 1 {
		return reject(KeyAmbiguous, fmt.Errorf("no kid and %d keys for %s", len(fitting), t.header.Algorithm))
	}
	err := t.verify(fitting[:min(len(fitting), maxTries)])
	if len(fitting) > maxTries && causeOf(err) == SignatureInvalid {
		return reject(SignatureInvalid, fmt.Errorf("of %d keys that kid %.80q may mean, %d were tried", len(fitting), t.header.KeyID, maxTries))
	}
	return err
}

// verify tries keys that fit.
func (t *Token) verify(keys []any) error {
	if !t.legible() {
		return reject(HeaderMalformed, errors.New(t.header.suspects()))
	}
	for _, key := range keys {
		if t.header.Algorithm.Verify(key, t.input, t.signature) {
			return nil
		}
	}
	return reject(SignatureInvalid, nil)
}

// legible reports whether the header's members are what they are called, those
// that are of no use to us too: another reader must not stumble over a token that
// we accept. The library knows what a key and a certificate look like, and is
// asked where there is something that it could stumble over. Text it cannot.
func (t *Token) legible() bool {
	h := t.header
	if h.Key == nil && h.Certificates == nil && h.Nonce == nil && !numbersIn(h.Others) {
		return true
	}
	_, err := jose.ParseSignedCompact(t.raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.Algorithm)})
	return err == nil
}

// numbersIn reports whether there is a number in well-formed JSON.
func numbersIn(v jsontext.Value) bool {
	inString := false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && '0' <= c && c <= '9':
			return true
		}
	}
	return false
}

// suspects names the members of a header that the library may not have been able
// to read.
func (h header) suspects() string {
	var names []string
	if h.Key != nil {
		names = append(names, "jwk")
	}
	if h.Certificates != nil {
		names = append(names, "x5c")
	}
	if len(names) == 0 {
		return "unreadable to the verifier"
	}
	return strings.Join(names, " or ")
}

// fits says why a key must not be used with an algorithm, or nil.
func fits(key *jose.JSONWebKey, alg jws.Algorithm) error {
	if key.Use != "" && key.Use != "sig" {
		return fmt.Errorf("key is for use %.20q", key.Use)
	}
	if key.Algorithm != "" && key.Algorithm != string(alg) {
		return fmt.Errorf("key is for %.20q, not %s", key.Algorithm, alg)
	}
	return alg.Fits(key.Key)
}
