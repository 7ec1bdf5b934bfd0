package sts

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/revocation"
)

// marks say what a session stems from, for revocation.
func (s *Session) marks() []revocation.Mark {
	marks := make([]revocation.Mark, 0, 8+len(s.Lineage))
	marks = append(marks,
		revocation.Mark{Target: revocation.Target{Kind: revocation.AccessKey, Name: s.AccessKeyID}, At: s.Issued},
		revocation.Mark{Target: revocation.Target{Kind: revocation.Role, Name: s.PrincipalARN()}, At: s.Issued})
	switch s.Provider {
	case "":
	case CognitoProvider:
		marks = appendIdentity(marks, s.key("sub"), s.key("aud"), s.keys("amr"), s.AuthTime)
	default:
		marks = appendLogin(marks, openid.Login{Provider: s.loginProvider(), Subject: s.subject()}, "", s.AuthTime)
	}
	return append(marks, s.Lineage...)
}

// lineageOf are the marks that a session bears which the caller makes. Of two on
// the same target the older one is enough: what voids the other voids it too.
func lineageOf(c awsapi.Caller) []revocation.Mark {
	if c.Session == nil {
		return nil
	}
	parent, ok := c.Session.Origin.(*Session)
	if !ok {
		return nil
	}
	var lineage []revocation.Mark
	for _, m := range parent.marks() {
		i := slices.IndexFunc(lineage, func(l revocation.Mark) bool { return l.Target == m.Target })
		switch {
		case i < 0:
			lineage = append(lineage, m)
		case m.At.Before(lineage[i].At):
			lineage[i].At = m.At
		}
	}
	return lineage
}

// loginProvider is the provider as Logins calls it.
func (s *Session) loginProvider() string {
	if prefix := KeyPrefix(s.Provider); prefix != "saml" {
		return prefix
	}
	return s.Provider
}

// subject is who it is at the provider. Amazon and Facebook have names of their
// own for that.
func (s *Session) subject() string {
	return cmp.Or(s.key("sub"), s.key("user_id"), s.key("id"))
}

func (s *Session) key(name string) string {
	if values := s.keys(name); len(values) == 1 {
		return values[0]
	}
	return ""
}

func (s *Session) keys(name string) []string {
	for _, k := range s.Keys {
		if k.Name == name {
			return k.Values
		}
	}
	return nil
}

// appendIdentity adds the marks of an identity and its logins.
func appendIdentity(marks []revocation.Mark, identity, pool string, amr []string, at time.Time) []revocation.Mark {
	marks = append(marks,
		revocation.Mark{Target: revocation.Target{Kind: revocation.Identity, Name: identity}, At: at},
		revocation.Mark{Target: revocation.Target{Kind: revocation.IdentityPool, Name: pool}, At: at})
	for _, l := range openid.Logins(pool, amr) {
		marks = appendLogin(marks, l, pool, at)
	}
	return marks
}

// appendLogin adds the marks of a login: in its pool, if it has one, and in all.
func appendLogin(marks []revocation.Mark, l openid.Login, pool string, at time.Time) []revocation.Mark {
	marks = append(marks, revocation.Mark{Target: revocation.LoginTarget(l.Provider, l.Subject, ""), At: at})
	if pool != "" {
		marks = append(marks, revocation.Mark{Target: revocation.LoginTarget(l.Provider, l.Subject, pool), At: at})
	}
	return marks
}

// voids says whether a session is revoked, and up to which moment.
func (s *Service) voids(session *Session) (before time.Time, void bool) {
	if s.Revocations.Len() == 0 {
		return time.Time{}, false
	}
	return s.Revocations.Voids(session.marks()...)
}

// TokenRevoked says whether an OpenID token of ours is revoked, and up to which
// moment what stems from the revoked target is. Whether the token's identity is
// still alive is another question.
func (s *Service) TokenRevoked(identity, pool string, amr []string, issued time.Time) (before time.Time, void bool) {
	if s.Revocations.Len() == 0 {
		return time.Time{}, false
	}
	return s.Revocations.Voids(appendIdentity(nil, identity, pool, amr, issued)...)
}

// checkIdentities refuses a session that stems from an identity which is no
// more. Every call asks the rows: an identity may be merged or deleted at any
// time, by another process too.
func (s *Service) checkIdentities(ctx context.Context, session *Session) error {
	if session.Provider == CognitoProvider {
		if err := s.checkIdentity(ctx, session.key("sub")); err != nil {
			return err
		}
	}
	for _, m := range session.Lineage {
		if m.Kind == revocation.Identity {
			if err := s.checkIdentity(ctx, m.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) checkIdentity(ctx context.Context, id string) error {
	alive, err := s.alive(ctx, id)
	if err == nil && !alive {
		err = revokedSession()
	}
	return err
}

func (s *Service) alive(ctx context.Context, id string) (bool, error) {
	if s.IdentityAlive == nil {
		return false, nil
	}
	return s.IdentityAlive(ctx, id)
}
