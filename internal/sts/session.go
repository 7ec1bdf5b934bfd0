package sts

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/seal"
)

// Kind says whose rights a session has.
type Kind uint8

const (
	// RoleSession has those of the role that was assumed.
	RoleSession Kind = iota
	// UserSession has those of the user who called GetSessionToken.
	UserSession
	// RootSession has those of the account's root, who called GetSessionToken.
	RootSession
	// GuestSession has those of the role that was assumed, within the limits of
	// guests of identity pools.
	GuestSession

	kinds // how many there are
)

// Session is what temporary credentials stand for: everything that anybody has
// to know about them later.
type Session struct {
	// Kind says whose rights it has.
	Kind Kind
	// Account is the account of the role or user.
	Account string
	// Path is the path and name of the role or user, /service-role/AppAuth; empty
	// for root.
	Path string
	// PrincipalID is the unique ID of the role or user; empty for root. One that
	// was deleted and made again has another one.
	PrincipalID string
	// Name is the name of a role's session.
	Name string
	// Parent is the long-term access key that a user's or root's session was made
	// with. The session ends when the key does.
	Parent string
	// AuthTime is when what the session stems from was shown or, for an OpenID
	// token of ours, issued, in whole seconds. Revocations go by it where there is
	// no number.
	AuthTime time.Time
	// Change is the number of the last change that the session was issued by, and
	// AuthChange that which what it stems from was issued by. Revocations go by them.
	// Zero where there is no number, since it was issued by a version without.
	Change, AuthChange int64
	// Lineage are the marks of the sessions that this one was made from, by
	// assuming another role.
	Lineage []revocation.Mark
	// Issued and Expires are when the session begins and ends, in whole seconds.
	Issued, Expires time.Time
	// AccessKeyID is the ID of the session's access key.
	AccessKeyID string
	// Secret is the secret access key.
	Secret seal.Secret
	// Provider is the one whose token or assertion the role was assumed with;
	// empty for other sessions.
	Provider string
	// Keys are those of the provider's condition keys that stay with the session.
	Keys []Key
	// Tags are the session tags.
	Tags []SessionTag
	// SourceIdentity says who is behind the session; empty if nobody said.
	SourceIdentity string
	// Policy is the session policy, JSON; empty if there is none.
	Policy string
	// PolicyARNs are the managed policies that are session policies too.
	PolicyARNs []string
}

// SessionTag is a session tag, as sessions have it.
type SessionTag = awsapi.SessionTag

// Key is a condition key of a provider, without the provider in front (see
// [KeyPrefix]): sub of cognito-identity.amazonaws.com:sub.
type Key struct {
	Name   string
	Values []string
}

// PrincipalARN is the ARN of the role or user, with its path; empty for root.
func (s *Session) PrincipalARN() string {
	switch s.Kind {
	case UserSession:
		return "arn:aws:iam::" + s.Account + ":user" + s.Path
	case RootSession:
		return ""
	}
	return "arn:aws:iam::" + s.Account + ":role" + s.Path
}

// ARN is the caller that the session is.
func (s *Session) ARN() string {
	switch s.Kind {
	case UserSession:
		return s.PrincipalARN()
	case RootSession:
		return "arn:aws:iam::" + s.Account + ":root"
	}
	name := s.Path[strings.LastIndexByte(s.Path, '/')+1:]
	return "arn:aws:sts::" + s.Account + ":assumed-role/" + name + "/" + s.Name
}

// UserID is the unique ID of the caller that the session is.
func (s *Session) UserID() string {
	switch s.Kind {
	case UserSession:
		return s.PrincipalID
	case RootSession:
		return s.Account
	}
	return s.PrincipalID + ":" + s.Name
}

// maxSessionToken bounds session tokens, in characters. Clients send them in a
// header, or in the query of a presigned URL.
const maxSessionToken = 8192

// secretBytes make a secret access key of 40 characters.
const secretBytes = 30

// mint gives a session its access key and seals it.
func (s *Service) mint(session *Session) (*Credentials, error) {
	id, err := iam.NewID(iam.TemporaryKeyPrefix, session.Account, s.rand())
	if err != nil {
		return nil, err
	}
	var random [secretBytes]byte
	if _, err := io.ReadFull(s.rand(), random[:]); err != nil {
		return nil, fmt.Errorf("make a secret access key: %w", err)
	}
	secret := encode(random[:])
	session.AccessKeyID, session.Secret = id, seal.NewSecret(secret)

	room := rooms.Get().(*[2048]byte)
	defer func() {
		clear(room[:]) // the secret is in it
		rooms.Put(room)
	}()
	plain := appendSession(room[:0], session, random[:])
	if base64.StdEncoding.EncodedLen(len(plain)+seal.Overhead) > maxSessionToken {
		return nil, tokenTooLarge()
	}
	sealed := s.Tokens.Seal(plain[len(plain):], plain, []byte(id))
	return &Credentials{
		SessionToken:    encode(sealed),
		SecretAccessKey: secret,
		Expiration:      session.Expires,
		AccessKeyId:     id,
	}, nil
}

// rooms are where sessions are sealed, one after the other. Few are longer.
var rooms = sync.Pool{New: func() any { return new([2048]byte) }}

// encode writes bytes in base64, and most without a second copy on the heap.
func encode(b []byte) string {
	var room [1024]byte
	return string(base64.StdEncoding.AppendEncode(room[:0], b))
}

// Credentials finds who has an access key, and its secret: of long-term keys in
// IAM, of temporary ones in the session token itself. Credentials that are not
// good are an *awsapi.Refused.
func (s *Service) Credentials(ctx context.Context, accessKeyID, token string) (awsapi.Caller, seal.Secret, error) {
	switch temporary := strings.HasPrefix(accessKeyID, string(iam.TemporaryKeyPrefix)); {
	case temporary && token == "":
		return awsapi.Caller{}, seal.Secret{}, &awsapi.Refused{Refusal: awsapi.UnknownKey, Cause: causeTokenMissing}
	case temporary:
		caller, secret, _, err := s.Session(ctx, accessKeyID, token)
		return caller, secret, err
	case token != "":
		return awsapi.Caller{}, seal.Secret{}, &awsapi.Refused{Refusal: awsapi.UnknownKey, Cause: causeTokenLeftOver}
	}
	return s.IAM.AccessKey(ctx, accessKeyID)
}

// Session opens a session token. The token must be that of the access key, and
// of this deployment's account. One that is not good is an *awsapi.Refused, which
// says no more to whoever sent it than whether it was good once. The secret is for
// checking the signature that proves that the caller has it.
func (s *Service) Session(ctx context.Context, accessKeyID, token string) (awsapi.Caller, seal.Secret, *Session, error) {
	session, err := s.open(accessKeyID, token)
	if err == nil && s.FollowKeys != nil {
		// Only tokens that open are worth asking for.
		if err = s.FollowKeys(ctx); err == nil {
			session, err = s.open(accessKeyID, token)
		}
	}
	if err != nil {
		return awsapi.Caller{}, seal.Secret{}, nil, err
	}
	if err := s.checkIdentities(ctx, session); err != nil {
		return awsapi.Caller{}, seal.Secret{}, nil, err
	}
	if err := s.checkRevoked(ctx, session); err != nil {
		return awsapi.Caller{}, seal.Secret{}, nil, err
	}
	caller := session.caller()
	if session.Kind == UserSession || session.Kind == RootSession {
		if err := s.checkParent(ctx, session, &caller); err != nil {
			return awsapi.Caller{}, seal.Secret{}, nil, err
		}
	}
	return caller, session.Secret, session, nil
}

// caller is who acts in the session.
func (s *Session) caller() awsapi.Caller {
	acts := &awsapi.Session{
		Name: s.Name, Issued: s.Issued, Expires: s.Expires, Tags: s.Tags, SourceIdentity: s.SourceIdentity,
		Provider: s.Provider, Keys: s.lastingKeys(), PolicyARNs: s.PolicyARNs,
		Origin: s,
	}
	switch {
	case s.Kind == GuestSession: // which has no others: nobody could give it any
		acts.Policies, acts.PolicyARNs = []string{guestPolicy}, []string{guestPolicyARN}
	case s.Policy != "":
		acts.Policies = []string{s.Policy}
	}
	return awsapi.Caller{
		Account: s.Account, ARN: s.ARN(), UserID: s.UserID(), Root: s.Kind == RootSession, AccessKeyID: s.AccessKeyID,
		PrincipalARN: s.PrincipalARN(), PrincipalID: s.PrincipalID, Session: acts,
	}
}

// lastingKeys are the provider's condition keys that later requests have too
// ("Available keys for AWS web identity federation" in the IAM User Guide).
func (s *Session) lastingKeys() map[string][]string {
	if len(s.Keys) == 0 {
		return nil
	}
	keys := make(map[string][]string, len(s.Keys))
	prefix := KeyPrefix(s.Provider)
	for _, k := range s.Keys {
		keys[keyOf(prefix, k.Name)] = k.Values
	}
	return keys
}

// unknownToken refuses a token that is none of ours, or not that of the access key.
func (s *Service) unknownToken(accessKeyID string) error {
	return s.IAM.RefusedKey(accessKeyID, causeUnknownToken)
}

// revokedSession refuses a session that would be good had it not been revoked, or
// whose identity is no more. The client is told that it has expired, so that it
// gets another.
func revokedSession() error {
	return &awsapi.Refused{Refusal: awsapi.ExpiredToken, Cause: causeRevokedSession}
}

// tokenEncoding accepts one spelling of a token only.
var tokenEncoding = base64.StdEncoding.Strict()

func (s *Service) open(accessKeyID, token string) (*Session, error) {
	// The decoder skips line ends even when strict.
	if len(token) > maxSessionToken || strings.IndexByte(token, '\n') >= 0 || strings.IndexByte(token, '\r') >= 0 {
		return nil, s.unknownToken(accessKeyID)
	}
	if account, ok := iam.AccountOf(accessKeyID); !ok || account != s.Account {
		return nil, s.unknownToken(accessKeyID)
	}
	// The key's ID, what is sealed and what is in it lie behind one another: one
	// allocation, of which only the last part is written to.
	id, length := len(accessKeyID), tokenEncoding.DecodedLen(len(token))
	all := append(make([]byte, 0, id+len(token)+2*length), accessKeyID...)
	all = append(all, token...)
	all, err := tokenEncoding.AppendDecode(all, all[id:])
	if err != nil {
		return nil, s.unknownToken(accessKeyID)
	}
	sealed := all[id+len(token):]
	plain, err := s.Tokens.Open(all[len(all):], sealed, all[:id])
	if err != nil {
		return nil, s.unknownToken(accessKeyID)
	}
	session, ok := readSession(plain)
	if !ok || session.Account != s.Account {
		return nil, s.unknownToken(accessKeyID)
	}
	if !s.now().Before(session.Expires) {
		return nil, &awsapi.Refused{Refusal: awsapi.ExpiredToken, Cause: causeExpiredSession}
	}
	session.AccessKeyID = accessKeyID
	return session, nil
}
