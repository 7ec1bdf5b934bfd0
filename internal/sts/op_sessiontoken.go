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
	session, err := s.userSession(ctx, c, lasts)
	if err != nil {
		return nil, err
	}
	made, err := s.issue(ctx, session)
	if err != nil {
		return nil, err
	}
	return &GetSessionTokenResponse{Credentials: made}, nil
}

// userSession makes the session of a caller with a long-term access key.
func (s *Service) userSession(ctx context.Context, c awsapi.Caller, lasts time.Duration) (*Session, error) {
	change, err := s.Change(ctx)
	if err != nil {
		return nil, err
	}
	issued := s.now().UTC().Truncate(time.Second)
	session := &Session{
		Kind: UserSession, Account: c.Account, PrincipalID: c.PrincipalID, Parent: c.AccessKeyID,
		AuthTime: issued, AuthChange: change, Issued: issued, Change: change,
	}
	session.Path = strings.TrimPrefix(c.PrincipalARN, "arn:aws:iam::"+c.Account+":user")
	if c.Root {
		session.Kind, session.Path = RootSession, ""
		lasts = min(lasts, maxRootDuration)
	}
	session.Expires = issued.Add(lasts)
	return session, nil
}

// MayCall refuses what credentials of GetSessionToken cannot do, whatever
// policies say: call IAM, which would take a second factor, and call STS but for
// AssumeRole and GetCallerIdentity (GetSessionToken in the AWS STS API
// Reference). IAM says that it does not know such a token.
func MayCall(row *awsapi.Row, c awsapi.Caller) error {
	if c.Session == nil || c.Session.Name != "" {
		return nil
	}
	switch {
	case row.Service.Name == "iam":
		return &awsapi.Refused{Refusal: awsapi.UnknownKey, Cause: causeKeyForOthers}
	case row.Service.Name == "sts" && row.Name != "AssumeRole" && row.Name != "GetCallerIdentity":
		return &awsapi.Refused{Refusal: awsapi.Denied, Message: "Cannot call " + row.Name + " with session credentials", Cause: causeSessionCredentials}
	}
	return nil
}

// checkParent says whether the access key that a user's or root's session was
// got with is still theirs, with the secret that it had then. The user may have another name by now.
func (s *Service) checkParent(ctx context.Context, session *Session, caller *awsapi.Caller) error {
	owner, err := s.IAM.ParentKey(ctx, session.Parent, session.Change)
	_, refused := awsapi.AsRefused(err)
	switch {
	case refused:
		return &awsapi.Refused{Refusal: awsapi.UnknownKey, Cause: causeParentKey, Err: err}
	case err != nil:
		return err
	case owner.Root != (session.Kind == RootSession) || owner.PrincipalID != session.PrincipalID:
		return s.unknownToken(session.AccessKeyID)
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
		owner, _, err := s.IAM.AccessKey(ctx, id)
		if _, refused := awsapi.AsRefused(err); refused {
			return nil, badAccessKeyID()
		}
		if err != nil {
			return nil, err
		}
		account = owner.Account
	}
	return &GetAccessKeyInfoResponse{Account: account}, nil
}
