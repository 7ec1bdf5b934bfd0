package admin

import (
	"context"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/revocation"
)

// maxRevoked is how many targets may be revoked at a time. In memory that is
// some 20 MB, and three times that while a start reads them.
const maxRevoked = 250_000

// RevokeSessions voids what was issued. It holds when it is answered. To name
// what nobody has is no error, since what was issued to it may live on, but the
// answer says so, for those who have mistyped it.
func (s *Service) RevokeSessions(ctx context.Context, c awsapi.Caller, in *RevokeSessionsRequest) (*RevokeSessionsResponse, error) {
	target, err := in.target(c.Account)
	if err != nil {
		return nil, err
	}
	event := audit.From(ctx)
	event.Set("revoked", string(target.Kind))
	event.Set("target", hashOf(target))
	now := s.now()
	r := revocation.Revocation{Target: target, Before: now, Created: now}
	if in.IssuedBefore != nil {
		r.Asked = time.Unix(int64(*in.IssuedBefore), 0).UTC()
		r.Before = r.Asked
	}
	switch {
	case r.Before.After(now):
		return nil, invalid(causeFuture, "IssuedBefore must not be in the future.")
	case s.Index.Len() >= maxRevoked:
		return nil, &awsapi.Error{Code: limitExceeded, Message: "Too many sessions are revoked at a time.", Cause: causeLimitRevocations}
	}
	exists, err := s.exists(ctx, target)
	if err != nil {
		return nil, err
	}
	r, err = s.Store.Revoke(ctx, r)
	if err != nil {
		return nil, err
	}
	return &RevokeSessionsResponse{Revocation: detailOf(r), TargetExists: exists, TargetsNotReached: s.notReached(target)}, nil
}

// notReached are the targets that may have sessions of whom a revocation is about,
// since a role that is linked to none now may have been before. A session that is
// revoked by its key is one of ours.
func (s *Service) notReached(t revocation.Target) (names TargetNameList) {
	if t.Kind == revocation.AccessKey {
		return nil
	}
	for _, name := range s.Targets {
		names = append(names, TargetName(name))
	}
	return names
}

// exists says whether there is a target; nil for a session, which nobody keeps, and
// for everything.
func (s *Service) exists(ctx context.Context, t revocation.Target) (*bool, error) {
	var exists bool
	var err error
	switch t.Kind {
	case revocation.Identity:
		exists, err = s.Owners.IdentityAlive(ctx, t.Name)
	case revocation.IdentityPool:
		exists, err = s.Owners.PoolExists(ctx, t.Name)
	case revocation.Login:
		exists, err = s.Owners.LoginExists(ctx, t.Name, t.User, t.Pool)
	case revocation.Role:
		exists, err = s.Owners.RoleExists(ctx, t.Name)
	default:
		return nil, nil
	}
	return &exists, err
}

// hashOf stands for the target in a log, since an identity ID is all that a guest
// has to show.
func hashOf(t revocation.Target) string {
	if t.Kind == revocation.Everything {
		return "*"
	}
	if t.Kind == revocation.Role || t.Kind == revocation.AccessKey || t.Kind == revocation.IdentityPool {
		return t.Name
	}
	return audit.Hash(strings.TrimSuffix(t.Name+" "+t.User, " "))
}

// target reads the one that the call names.
func (in *RevokeSessionsRequest) target(account string) (revocation.Target, error) {
	var named []revocation.Target
	if in.IdentityId != "" {
		named = append(named, revocation.Target{Kind: revocation.Identity, Name: string(in.IdentityId)})
	}
	if l := in.Login; l != nil {
		named = append(named, revocation.LoginTarget(loginName(string(l.ProviderName)), string(l.UserIdentifier), string(l.IdentityPoolId)))
	}
	if in.IdentityPoolId != "" {
		named = append(named, revocation.Target{Kind: revocation.IdentityPool, Name: string(in.IdentityPoolId)})
	}
	if in.AccessKeyId != "" {
		named = append(named, revocation.Target{Kind: revocation.AccessKey, Name: string(in.AccessKeyId)})
	}
	if in.RoleArn != "" {
		named = append(named, revocation.Target{Kind: revocation.Role, Name: string(in.RoleArn)})
	}
	if in.Everything != nil && *in.Everything {
		named = append(named, revocation.Target{Kind: revocation.Everything})
	}
	switch {
	case len(named) != 1:
		return revocation.Target{}, invalid(causeTarget, "Name exactly one of IdentityId, Login, IdentityPoolId, AccessKeyId, RoleArn and Everything.")
	case in.AccessKeyId != "" && !strings.HasPrefix(string(in.AccessKeyId), "ASIA"):
		return revocation.Target{}, invalid(causeTarget, "AccessKeyId must be that of temporary credentials. Long-term access keys are made inactive or deleted in IAM.")
	case in.RoleArn != "" && !isRole(string(in.RoleArn), account):
		return revocation.Target{}, invalid(causeTarget, "RoleArn must be the ARN of a role of this account.")
	}
	return named[0], nil
}

// loginName is a provider as Logins calls it. Whoever revokes is in a hurry, and a
// provider that is called by its ARN, by its issuer or, of user pools, with a
// client, as other operations call it, must not be one that nobody has.
func loginName(name string) string {
	if _, issuer, ok := strings.Cut(name, ":oidc-provider/"); ok {
		return issuer
	}
	if strings.HasPrefix(name, "cognito-idp.") {
		name, _, _ = strings.Cut(name, ":")
	}
	return strings.TrimPrefix(name, "https://")
}

func isRole(text, account string) bool {
	return strings.HasPrefix(text, "arn:aws:iam::"+account+":role/") && !strings.HasSuffix(text, "/")
}

// aboutTarget is about the pool or the role, where the call names one, and has
// the pool of an identity.
func (s *Service) aboutTarget() awsapi.Subject {
	subject := awsapi.FoundIn(awsapi.OnNothing(), s.findTarget, "aws:ResourceTag/${TagKey}", "cognito-identity:IdentityPoolArn")
	subject.Resource = "role or identity pool that is named, `*` otherwise"
	return subject
}

// findTarget asks the services that own what the call names. It need not be
// there.
func (s *Service) findTarget(ctx context.Context, c awsapi.Caller, in *RevokeSessionsRequest, r *awsapi.Resource, facts map[string][]string) error {
	pool := in.IdentityPoolId
	if in.Login != nil {
		pool = in.Login.IdentityPoolId
	}
	switch {
	case in.RoleArn != "":
		r.ARN = string(in.RoleArn)
	case pool != "":
		r.ARN = poolARN(c, string(pool))
	}
	if in.IdentityId != "" {
		if err := s.Owners.SetIdentityPool(ctx, c, string(in.IdentityId), facts); err != nil {
			return err
		}
	}
	return s.Owners.SetResourceTags(ctx, c, r.ARN, facts)
}

// detailOf is the revocation as the API shows it.
func detailOf(r revocation.Revocation) RevocationDetail {
	d := RevocationDetail{IssuedBefore: r.Before, CreationDate: r.Created, ExpirationDate: r.Ends()}
	switch r.Kind {
	case revocation.Identity:
		d.IdentityId = IdentityId(r.Name)
	case revocation.Login:
		d.Login = &RevokedLogin{ProviderName: IdentityProviderName(r.Name), UserIdentifier: UserIdentifier(r.User), IdentityPoolId: IdentityPoolId(r.Pool)}
	case revocation.IdentityPool:
		d.IdentityPoolId = IdentityPoolId(r.Name)
	case revocation.AccessKey:
		d.AccessKeyId = AccessKeyId(r.Name)
	case revocation.Role:
		d.RoleArn = RoleArn(r.Name)
	case revocation.Everything:
		yes := true
		d.Everything = &yes
	}
	return d
}
