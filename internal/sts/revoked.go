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

// Revocations say what is void, and by which change something is issued. No answer
// is older than the request of its context.
type Revocations interface {
	// Voids finds out whether something is void, and why.
	Voids(ctx context.Context, b revocation.Bearer) (revocation.Void, bool, error)
	// Change is the number of a change: everything that the request of ctx was decided
	// by so far knows it and all before it, and whatever was acknowledged before the
	// request came is among them.
	Change(ctx context.Context) (int64, error)
	// Lost voids everything, since something bears the number of a change that the
	// database has lost.
	Lost(ctx context.Context, change int64) error
}

// LastChange implements [revocation.Bearer].
func (s *Session) LastChange() int64 { return s.Change }

// Marks implements [revocation.Bearer].
func (s *Session) Marks() []revocation.Mark {
	marks := make([]revocation.Mark, 0, 8+len(s.Lineage))
	marks = append(marks,
		revocation.Mark{Target: revocation.Target{Kind: revocation.AccessKey, Name: s.AccessKeyID}, At: s.Issued, Change: s.Change},
		revocation.Mark{Target: revocation.Target{Kind: revocation.Role, Name: s.PrincipalARN()}, At: s.Issued, Change: s.Change})
	shown := moment{s.AuthTime, s.AuthChange}
	switch s.Provider {
	case "":
	case CognitoProvider:
		marks = appendIdentity(marks, s.key("sub"), s.key("aud"), s.keys("amr"), shown)
	default:
		marks = appendLogin(marks, openid.Login{Provider: s.loginProvider(), Subject: s.subject()}, "", shown)
	}
	return append(marks, s.Lineage...)
}

// moment is when something was issued: by a clock, and by a change.
type moment struct {
	at     time.Time
	change int64
}

func (m moment) mark(t revocation.Target) revocation.Mark {
	return revocation.Mark{Target: t, At: m.at, Change: m.change}
}

// lineageOf are the marks that a session bears which the caller makes. Of two on
// the same target the older one is enough: what voids the other voids it too. One
// without a number and one with are not older or newer than each other.
func lineageOf(c awsapi.Caller) []revocation.Mark {
	if c.Session == nil {
		return nil
	}
	parent, ok := c.Session.Origin.(*Session)
	if !ok {
		return nil
	}
	var lineage []revocation.Mark
	for _, m := range parent.Marks() {
		i := slices.IndexFunc(lineage, func(l revocation.Mark) bool {
			return l.Target == m.Target && (l.Change == 0) == (m.Change == 0)
		})
		if i < 0 {
			lineage = append(lineage, m)
			continue
		}
		lineage[i].Change = min(lineage[i].Change, m.Change)
		if m.At.Before(lineage[i].At) {
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
func appendIdentity(marks []revocation.Mark, identity, pool string, amr []string, m moment) []revocation.Mark {
	marks = append(marks,
		m.mark(revocation.Target{Kind: revocation.Identity, Name: identity}),
		m.mark(revocation.Target{Kind: revocation.IdentityPool, Name: pool}))
	for _, l := range openid.Logins(pool, amr) {
		marks = appendLogin(marks, l, pool, m)
	}
	return marks
}

// appendLogin adds the marks of a login: in its pool, if it has one, and in all.
func appendLogin(marks []revocation.Mark, l openid.Login, pool string, m moment) []revocation.Mark {
	marks = append(marks, m.mark(revocation.LoginTarget(l.Provider, l.Subject, "")))
	if pool != "" {
		marks = append(marks, m.mark(revocation.LoginTarget(l.Provider, l.Subject, pool)))
	}
	return marks
}

// voids finds out whether a session or a token is void, and why.
func (s *Service) voids(ctx context.Context, b revocation.Bearer) (revocation.Void, bool, error) {
	if s.Revocations == nil {
		return revocation.Void{}, false, nil
	}
	void, is, err := s.Revocations.Voids(ctx, b)
	if err == nil && is && void.Lost {
		err = s.Revocations.Lost(ctx, b.LastChange())
	}
	return void, is, err
}

// Change is the number that something bears which the request of ctx issues: see
// [Revocations].
func (s *Service) Change(ctx context.Context) (int64, error) {
	if s.Revocations == nil {
		return 0, nil
	}
	return s.Revocations.Change(ctx)
}

// checkRevoked refuses a session that is revoked. The client is told that it has
// expired, so that it gets another.
func (s *Service) checkRevoked(ctx context.Context, session *Session) error {
	void, is, err := s.voids(ctx, session)
	switch {
	case err != nil:
		return err
	case is && void.Lost:
		return &awsapi.Refused{Refusal: awsapi.ExpiredToken, Cause: causeSessionLost}
	case is:
		return revokedSession()
	}
	return nil
}

// ownToken is an OpenID token of ours, of which marks are made if they are needed.
type ownToken struct {
	identity, pool string
	amr            []string
	issued         moment
}

// LastChange implements [revocation.Bearer].
func (t *ownToken) LastChange() int64 { return t.issued.change }

// Marks implements [revocation.Bearer].
func (t *ownToken) Marks() []revocation.Mark {
	return appendIdentity(nil, t.identity, t.pool, t.amr, t.issued)
}

// TokenVoid finds out whether an OpenID token of ours is revoked, and why. Whether
// the token's identity is still alive is another question.
func (s *Service) TokenVoid(ctx context.Context, c *openid.Claims) (revocation.Void, bool, error) {
	return s.voids(ctx, &ownToken{c.Subject, c.Audience, c.AMR, moment{time.Unix(c.IssuedAt, 0), c.Change}})
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
