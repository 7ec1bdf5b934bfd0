package sts

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
)

// Session is a role that was assumed: everything that anybody has to know about
// it later.
type Session struct {
	// Account is the account of the role.
	Account string
	// RolePath is the role's path and name, /service-role/AppAuth.
	RolePath string
	// RoleID is the unique ID of the role. A role that was deleted and made again
	// has another one.
	RoleID string
	// Name is the name of the session.
	Name string
	// Issued and Expires are when the session begins and ends, in whole seconds.
	Issued, Expires time.Time
	// AccessKeyID is the ID of the session's access key.
	AccessKeyID string
	// Secret is the secret access key.
	Secret seal.Secret
	// Provider is the one whose token the role was assumed with.
	Provider string
	// Audience, Subject and AMR are the token's. Of the provider's condition keys
	// they are the ones that stay in a session (see [KeyPrefix]).
	Audience, Subject string
	AMR               []string
	// Tags are the session tags.
	Tags []Tag
	// SourceIdentity says who is behind the session; empty if nobody said.
	SourceIdentity string
	// Policy is the session policy, JSON; empty if there is none.
	Policy string
}

// Tag is a session tag.
type Tag = awsapi.SessionTag

// RoleARN is the ARN of the role, with its path.
func (s *Session) RoleARN() string { return "arn:aws:iam::" + s.Account + ":role" + s.RolePath }

// RoleName is the name of the role, without its path.
func (s *Session) RoleName() string { return s.RolePath[strings.LastIndexByte(s.RolePath, '/')+1:] }

// ARN is the ARN of the session.
func (s *Session) ARN() string {
	return "arn:aws:sts::" + s.Account + ":assumed-role/" + s.RoleName() + "/" + s.Name
}

// UserID is the unique ID of the session.
func (s *Session) UserID() string { return s.RoleID + ":" + s.Name }

// Errors of [Service.Session].
var (
	// ErrUnknownToken says that the token is none of ours, or belongs to another
	// access key.
	ErrUnknownToken = errors.New("unknown session token")
	// ErrExpiredToken says that the session has ended.
	ErrExpiredToken = errors.New("expired session token")
)

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
	secret := base64.StdEncoding.EncodeToString(random[:])
	session.AccessKeyID, session.Secret = id, seal.NewSecret(secret)

	plain := appendSession(make([]byte, 0, 512), session, random[:])
	if base64.StdEncoding.EncodedLen(len(plain)+seal.Overhead) > maxSessionToken {
		return nil, tokenTooLarge()
	}
	sealed := s.Tokens.Seal(make([]byte, 0, len(plain)+seal.Overhead), plain, []byte(id))
	return &Credentials{
		SessionToken:    base64.StdEncoding.EncodeToString(sealed),
		SecretAccessKey: secret,
		Expiration:      session.Expires,
		AccessKeyId:     id,
	}, nil
}

// Session opens a session token. The token must be that of the access key, and
// of this deployment's account. The error is ErrUnknownToken or ErrExpiredToken,
// and says no more to whoever sent the token. The secret is for checking the
// signature that proves that the caller has it.
func (s *Service) Session(_ context.Context, accessKeyID, token string) (awsapi.Caller, seal.Secret, *Session, error) {
	session, err := s.open(accessKeyID, token)
	if err != nil {
		return awsapi.Caller{}, seal.Secret{}, nil, err
	}
	return session.caller(), session.Secret, session, nil
}

// caller is who acts in the session.
func (s *Session) caller() awsapi.Caller {
	acts := &awsapi.Session{
		Name: s.Name, Issued: s.Issued, Tags: s.Tags, SourceIdentity: s.SourceIdentity,
		Provider: s.Provider, Keys: s.lastingKeys(),
	}
	if s.Policy != "" {
		acts.Policies = []string{s.Policy}
	}
	return awsapi.Caller{
		Account: s.Account, ARN: s.ARN(), UserID: s.UserID(), AccessKeyID: s.AccessKeyID,
		PrincipalARN: s.RoleARN(), PrincipalID: s.RoleID, Session: acts,
	}
}

// lastingKeys are the provider's condition keys that later requests have too
// ("Available keys for AWS web identity federation" in the IAM User Guide).
func (s *Session) lastingKeys() map[string][]string {
	prefix := KeyPrefix(s.Provider)
	keys := map[string][]string{prefix + ":aud": {s.Audience}, prefix + ":sub": {s.Subject}}
	if len(s.AMR) > 0 {
		keys[prefix+":amr"] = s.AMR
	}
	return keys
}

// tokenEncoding accepts one spelling of a token only.
var tokenEncoding = base64.StdEncoding.Strict()

func (s *Service) open(accessKeyID, token string) (*Session, error) {
	// The decoder skips line ends even when strict.
	if len(token) > maxSessionToken || strings.IndexByte(token, '\n') >= 0 || strings.IndexByte(token, '\r') >= 0 {
		return nil, ErrUnknownToken
	}
	if account, ok := iam.AccountOf(accessKeyID); !ok || account != s.Account {
		return nil, ErrUnknownToken
	}
	sealed, err := tokenEncoding.DecodeString(token)
	if err != nil {
		return nil, ErrUnknownToken
	}
	plain, err := s.Tokens.Open(make([]byte, 0, len(sealed)), sealed, []byte(accessKeyID))
	if err != nil {
		return nil, ErrUnknownToken
	}
	session, ok := readSession(plain)
	if !ok || session.Account != s.Account {
		return nil, ErrUnknownToken
	}
	if !s.now().Before(session.Expires) {
		return nil, ErrExpiredToken
	}
	session.AccessKeyID = accessKeyID
	return session, nil
}
