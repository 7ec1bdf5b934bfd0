package admin

import (
	"context"
	"errors"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// AuditHashes know the hashes under which people are in the records of the audit trail.
// Their errors are those below, or failures.
type AuditHashes interface {
	// AuditHash gives the hashes of whom a call names. Of it the provider is called as
	// Logins calls it.
	AuditHash(ctx context.Context, in *AuditHashRequest) (*AuditHashResponse, error)
}

var (
	// ErrNoTrail says that the server has no audit trail.
	ErrNoTrail = errors.New("admin: no audit trail")
	// ErrNoDeveloperProvider says that the pool that is named is not there, or has no
	// developer provider.
	ErrNoDeveloperProvider = errors.New("admin: no developer provider")
)

// AuditHash gives the hashes under which a person or an identity is in the records of
// the audit trail.
func (s *Service) AuditHash(ctx context.Context, _ awsapi.Caller, in *AuditHashRequest) (*AuditHashResponse, error) {
	login, developer := in.ProviderName != "" || in.UserIdentifier != "", in.DeveloperUserIdentifier != ""
	switch {
	case (in.ProviderName == "") != (in.UserIdentifier == ""):
		return nil, invalid(causeAuditWhom, "ProviderName and UserIdentifier go together.")
	case login && developer:
		return nil, invalid(causeAuditWhom, "Name either a user of a login provider or a developer user.")
	case developer && in.IdentityPoolId == "":
		return nil, invalid(causeAuditWhom, "DeveloperUserIdentifier needs the IdentityPoolId of its identity pool.")
	case !login && !developer && in.IdentityId == "":
		return nil, invalid(causeAuditWhom, "Name an identity by IdentityId, a user by ProviderName and UserIdentifier, or a developer user by DeveloperUserIdentifier.")
	}
	asked := *in
	asked.ProviderName = IdentityProviderName(loginName(string(in.ProviderName)))
	if in.IdentityId != "" {
		audit.From(ctx).Set("identity", audit.Hash(string(in.IdentityId)))
	}
	out, err := s.Hashes.AuditHash(ctx, &asked)
	switch {
	case errors.Is(err, ErrNoTrail):
		return nil, invalid(causeNoTrail, "This server keeps no audit trail. Start it with --audit-log.")
	case errors.Is(err, ErrNoDeveloperProvider):
		return nil, invalid(causeAuditWhom, "There is no identity pool of this ID that has a developer provider.")
	}
	return out, err
}

// aboutPerson is about the pool, where the call names one, and has the pool of an
// identity.
func (s *Service) aboutPerson() awsapi.Subject {
	subject := awsapi.FoundIn(awsapi.OnNothing(), func(ctx context.Context, c awsapi.Caller, in *AuditHashRequest, r *awsapi.Resource, facts map[string][]string) error {
		if in.IdentityPoolId != "" {
			r.ARN = poolARN(c, string(in.IdentityPoolId))
		}
		if in.IdentityId != "" {
			if err := s.Owners.SetIdentityPool(ctx, c, string(in.IdentityId), facts); err != nil {
				return err
			}
		}
		return s.Owners.SetResourceTags(ctx, c, r.ARN, facts)
	}, "aws:ResourceTag/${TagKey}", "cognito-identity:IdentityPoolArn")
	subject.Resource = "identity pool that is named, `*` otherwise"
	return subject
}
