package sts

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

// federated is a federated user: what a verified token or assertion says about
// its bearer.
type federated struct {
	// action is the operation by which the bearer may assume roles.
	action string
	// provider is the principal: the name of a built-in provider or the ARN of one
	// in IAM.
	provider string
	// audience and subject are aud and sub of a token. Where there is an azp it is
	// the audience.
	audience, subject string
	// authTime is when the identity was shown; of a token of ours when it was
	// issued. Zero means now.
	authTime time.Time
	// authChange is the number that a token of ours bears; zero if it bears none.
	authChange int64
	// lasting are the provider's condition keys that stay with the session, and
	// passing those that only the trust policy sees.
	lasting, passing []Key
	// region is that of the identity pool which a token of ours is for; a
	// credential of others says nothing of a region.
	region         string
	tags           []SessionTag
	sourceIdentity string
}

// record says who shows the token. The subject of a token of ours is an identity.
func (f *federated) record(e audit.Record) {
	p := audit.Person{Provider: f.provider, Subject: f.subject, Type: "WebIdentityUser"}
	if f.provider == CognitoProvider {
		p.Subject = ""
		e.SetIdentity(f.subject, f.authenticated())
		e.SetPool(f.audience)
	}
	e.SetPerson(p)
}

// authenticated says whether a token of ours is that of an authenticated identity.
func (f *federated) authenticated() bool {
	return slices.ContainsFunc(f.lasting, func(k Key) bool { return k.Name == "amr" && len(k.Values) > 0 && k.Values[0] == "authenticated" })
}

// KeyPrefix is what the condition keys of a provider begin with: its name, for
// an OpenID Connect provider in IAM its URL without scheme, for a SAML provider
// always saml.
func KeyPrefix(provider string) string {
	if _, name, ok := strings.Cut(provider, ":oidc-provider/"); ok {
		return name
	}
	if strings.Contains(provider, ":saml-provider/") {
		return "saml"
	}
	return provider
}

// keyOf is the condition key of a provider.
func keyOf(prefix, name string) string {
	if key := cognitoKeys[name]; key != "" && prefix == CognitoProvider {
		return key
	}
	return prefix + ":" + name
}

// cognitoKeys are the condition keys of our own tokens, of which each request has
// some.
var cognitoKeys = map[string]string{"aud": CognitoProvider + ":aud", "sub": CognitoProvider + ":sub", "amr": CognitoProvider + ":amr"}

// setKeys adds the condition keys of the provider to the facts of a request.
func (f *federated) setKeys(facts policy.Context) {
	prefix := KeyPrefix(f.provider)
	for _, list := range [...][]Key{f.lasting, f.passing} {
		for _, k := range list {
			facts.Set(keyOf(prefix, k.Name), k.Values...)
		}
	}
	facts.Set("aws:federatedprovider", f.provider)
}

// session makes the session of a role that the user may assume.
func (f *federated) session(ctx context.Context, s *Service, role *iam.RoleEntity, name string, lasts time.Duration) (*Session, error) {
	made, err := s.newSession(ctx, role, name, lasts)
	if err != nil {
		return nil, err
	}
	made.Provider, made.Keys, made.Tags, made.SourceIdentity = f.provider, f.lasting, f.tags, f.sourceIdentity
	if !f.authTime.IsZero() {
		made.AuthTime, made.AuthChange = f.authTime, f.authChange
	}
	return made, nil
}
