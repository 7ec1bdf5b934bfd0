package mint

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Token makes ID tokens without a sign-in, as the provider with the same issuer and key makes them after one: good ones for
// scripts, and bad ones for tests of whoever has to refuse them.
type Token struct {
	// Issuer, Audience and Subject are the iss, aud and sub. They are required.
	Issuer, Audience, Subject string
	// Claims are further claims. They win over those that the mint makes; a nil value takes one away.
	Claims map[string]any
	// Lifetime is the time from iat to exp; zero means an hour.
	Lifetime time.Duration
	// Key signs. It is required.
	Key *rsa.PrivateKey
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// bad says how each kind of bad token differs from a good one.
var bad = map[string]struct {
	claims func(now time.Time, claims map[string]any)
	make   func(k Key, payload []byte) (string, error)
}{
	"expired":       {claims: func(now time.Time, c map[string]any) { c["iat"], c["exp"] = now.Unix()-7200, now.Unix()-3600 }},
	"not-yet-valid": {claims: func(now time.Time, c map[string]any) { c["nbf"] = now.Unix() + 3600 }},
	"issued-later":  {claims: func(now time.Time, c map[string]any) { c["iat"] = now.Unix() + 3600 }},
	"audience":      {claims: func(_ time.Time, c map[string]any) { c["aud"] = "somebody-else" }},
	"issuer":        {claims: func(_ time.Time, c map[string]any) { c["iss"] = "https://issuer.invalid" }},
	"no-audience":   {claims: func(_ time.Time, c map[string]any) { delete(c, "aud") }},
	"no-subject":    {claims: func(_ time.Time, c map[string]any) { delete(c, "sub") }},
	"key":           {make: badKey},
	"unknown-key":   {make: unknownKey},
	"signature":     {make: badSignature},
	"embedded-key":  {make: embeddedKey},
	"alg-none":      {make: algNone},
	"hs256":         {make: publicHMAC},
	"ps256":         {make: func(k Key, b []byte) (string, error) { return signAs(jose.PS256, k, b, nil) }},
	"crit":          {make: critical},
}

// BadTokens are the kinds of token that [Token.Bad] makes.
func BadTokens() []string { return slices.Sorted(maps.Keys(bad)) }

// Good makes a good token.
func (m Token) Good() (string, error) {
	return m.token(nil, sign)
}

// Bad makes a token that has to be refused: of a kind that [BadTokens] lists.
func (m Token) Bad(kind string) (string, error) {
	b, ok := bad[kind]
	if !ok {
		return "", fmt.Errorf("mint: there is no bad token of kind %q; there are %s", kind, strings.Join(BadTokens(), ", "))
	}
	if b.make == nil {
		b.make = sign
	}
	return m.token(b.claims, b.make)
}

func (m Token) token(change func(time.Time, map[string]any), sign func(Key, []byte) (string, error)) (string, error) {
	if m.Issuer == "" || m.Audience == "" || m.Subject == "" || m.Key == nil {
		return "", errors.New("mint: a token needs an issuer, an audience, a subject and a key")
	}
	key, err := NewKey(m.Key)
	if err != nil {
		return "", err
	}
	now, expires := validity(m.Now, m.Lifetime)
	claims := map[string]any{
		"iss": m.Issuer, "aud": m.Audience, "sub": m.Subject, "iat": now.Unix(), "exp": expires.Unix(), "auth_time": now.Unix(),
	}
	for name, value := range m.Claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	if change != nil {
		change(now, claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("mint: claims: %w", err)
	}
	return sign(key, payload)
}

// validity is from when to when something is good that is made now.
func validity(clock func() time.Time, lifetime time.Duration) (now, expires time.Time) {
	if clock == nil {
		clock = time.Now
	}
	now = clock()
	return now, now.Add(cmp.Or(lifetime, DefaultLifetime))
}

// sign signs as the provider does.
func sign(k Key, payload []byte) (string, error) { return signAs(jose.RS256, k, payload, nil) }

// signAs signs as the provider does, with another algorithm or further header members.
func signAs(alg jose.SignatureAlgorithm, k Key, payload []byte, header map[jose.HeaderKey]any) (string, error) {
	options := (&jose.SignerOptions{ExtraHeaders: header}).WithHeader("kid", k.ID)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: k.Private}, options)
	if err != nil {
		return "", fmt.Errorf("mint: sign: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("mint: sign: %w", err)
	}
	return signed.CompactSerialize()
}

// stranger is a key that nobody publishes.
func stranger(id string) (Key, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	return Key{ID: id, Private: key}, err
}

// badKey signs with another key under the name of the published one.
func badKey(k Key, payload []byte) (string, error) {
	other, err := stranger(k.ID)
	if err != nil {
		return "", err
	}
	return sign(other, payload)
}

// unknownKey signs with another key under a name that nobody publishes.
func unknownKey(_ Key, payload []byte) (string, error) {
	other, err := stranger("unknown")
	if err != nil {
		return "", err
	}
	return sign(other, payload)
}

// embeddedKey signs with another key and brings it along (jwk).
func embeddedKey(k Key, payload []byte) (string, error) {
	other, err := stranger(k.ID)
	if err != nil {
		return "", err
	}
	return signAs(jose.RS256, other, payload, map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: other.Private.Public(), KeyID: k.ID}})
}

// badSignature changes a good token's signature.
func badSignature(k Key, payload []byte) (string, error) {
	token, err := sign(k, payload)
	if err != nil {
		return "", err
	}
	at := strings.LastIndexByte(token, '.') + 10
	changed := byte('A')
	if token[at] == 'A' {
		changed = 'B'
	}
	return token[:at] + string(changed) + token[at+1:], nil
}

// algNone leaves the signature out (RFC 7518, section 3.6).
func algNone(k Key, payload []byte) (string, error) {
	return part(`{"alg":"none","kid":"`+k.ID+`"}`) + "." + part(string(payload)) + ".", nil
}

// publicHMAC takes the published key for a shared secret (RFC 8725, section 2.1).
func publicHMAC(k Key, payload []byte) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k.Private.Public())
	if err != nil {
		return "", err
	}
	input := part(`{"alg":"HS256","kid":"`+k.ID+`"}`) + "." + part(string(payload))
	m := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	m.Write([]byte(input))
	return input + "." + part(string(m.Sum(nil))), nil
}

// critical says that an extension must be understood that nobody knows (RFC 7515, section 4.1.11).
func critical(k Key, payload []byte) (string, error) {
	return signAs(jose.RS256, k, payload, map[jose.HeaderKey]any{"crit": []string{"unheard-of"}, "unheard-of": true})
}

func part(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
