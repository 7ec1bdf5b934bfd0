package sts

import (
	"context"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
)

// How long sessions of GetSessionToken last: those of users as they ask, those
// of root an hour at most.
const (
	defaultUserDuration = 12 * time.Hour
	maxRootDuration     = time.Hour
)

// GetSessionToken gives a user or root temporary credentials with rights of
// their own. They end with the access key that they were got with.
func (s *Service) GetSessionToken(ctx context.Context, c awsapi.Caller, in *GetSessionTokenRequest) (*GetSessionTokenResponse, error) {
	switch {
	case c.Session != nil:
		return nil, sessionRefused()
	case in.SerialNumber != "" || in.TokenCode != "":
		return nil, noMFA()
	}
	lasts := defaultUserDuration
	if in.DurationSeconds != nil {
		lasts = time.Duration(*in.DurationSeconds) * time.Second
	}
	made, err := s.issue(ctx, s.userSession(c, lasts))
	if err != nil {
		return nil, err
	}
	return &GetSessionTokenResponse{Credentials: made}, nil
}

// userSession makes the session of a caller with a long-term access key.
func (s *Service) userSession(c awsapi.Caller, lasts time.Duration) *Session {
	issued := s.now().UTC().Truncate(time.Second)
	session := &Session{Kind: UserSession, Account: c.Account, PrincipalID: c.PrincipalID, Parent: c.AccessKeyID, AuthTime: issued, Issued: issued}
	session.Path = strings.TrimPrefix(c.PrincipalARN, "arn:aws:iam::"+c.Account+":user")
	if c.Root {
		session.Kind, session.Path = RootSession, ""
		lasts = min(lasts, maxRootDuration)
	}
	session.Expires = issued.Add(lasts)
	return session
}

// checkParent says whether the access key that a user's or root's session was
// got with is still theirs. The user may have another name by now.
func (s *Service) checkParent(ctx context.Context, session *Session, caller *awsapi.Caller) error {
	owner, _, ok, err := s.IAM.AccessKey(ctx, session.Parent)
	if err != nil {
		return err
	}
	switch {
	case !ok:
		return ErrParentKey
	case owner.Root != (session.Kind == RootSession) || owner.PrincipalID != session.PrincipalID:
		return ErrUnknownToken
	}
	caller.ARN, caller.PrincipalARN = owner.ARN, owner.PrincipalARN
	return nil
}

// GetAccessKeyInfo tells whose an access key is. The account stands in the key's
// ID, whether or not there is such a key.
func (s *Service) GetAccessKeyInfo(ctx context.Context, _ awsapi.Caller, in *GetAccessKeyInfoRequest) (*GetAccessKeyInfoResponse, error) {
	id := string(in.AccessKeyId)
	account, ok := iam.AccountOf(id)
	if !ok { // root's may be any text
		owner, _, known, err := s.IAM.AccessKey(ctx, id)
		if err != nil {
			return nil, err
		}
		if !known {
			return nil, badAccessKeyID()
		}
		account = owner.Account
	}
	return &GetAccessKeyInfoResponse{Account: account}, nil
}
