package instance

import (
	"context"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
)

// imports makes what the service daypass imports: admin.Imports.
type imports struct {
	cognito *cognito.Service
	iam     *iam.Service
}

// ImportIdentityPool implements admin.Imports.
func (i imports) ImportIdentityPool(ctx context.Context, c awsapi.Caller, in *admin.ImportIdentityPoolRequest) error {
	return i.cognito.ImportIdentityPool(ctx, c, cognito.IdentityPoolId(in.IdentityPoolId), cognito.IdentityPoolName(in.IdentityPoolName), in.AllowUnauthenticatedIdentities, in.ReuseId, in.DryRun)
}

// ImportIdentities implements admin.Imports.
func (i imports) ImportIdentities(ctx context.Context, c awsapi.Caller, in *admin.ImportIdentitiesRequest) (*admin.ImportIdentitiesResponse, error) {
	list := make([]cognito.Imported, len(in.Identities))
	for n, one := range in.Identities {
		list[n] = cognito.Imported{
			IdentityId: cognito.IdentityId(one.IdentityId), Authenticated: len(one.Logins)+len(one.DeveloperUserIdentifierList) > 0,
			Created: one.CreationDate, Modified: one.LastModifiedDate,
		}
		for _, u := range one.DeveloperUserIdentifierList {
			list[n].DeveloperUsers = append(list[n].DeveloperUsers, cognito.DeveloperUserIdentifier(u))
		}
	}
	done, err := i.cognito.ImportIdentities(ctx, c, cognito.IdentityPoolId(in.IdentityPoolId), list)
	if err != nil {
		return nil, err
	}
	out := &admin.ImportIdentitiesResponse{Added: int32(done.Added), Present: int32(done.Present)}
	for _, id := range done.Forsaken {
		out.Deleted = append(out.Deleted, admin.IdentityId(id))
	}
	return out, nil
}

// SetIdentityPoolAdoption implements admin.Imports.
func (i imports) SetIdentityPoolAdoption(ctx context.Context, c awsapi.Caller, in *admin.SetIdentityPoolAdoptionRequest) error {
	var a *cognito.Adoption
	if in.Adoption != nil {
		a = &cognito.Adoption{Host: string(in.Adoption.Host), Until: in.Adoption.Until, QuestionsPerSecond: int(in.Adoption.QuestionsPerSecond)}
		for _, name := range in.Adoption.Providers {
			a.Providers = append(a.Providers, cognito.IdentityProviderName(name))
		}
	}
	return i.cognito.SetAdoption(ctx, c, cognito.IdentityPoolId(in.IdentityPoolId), a)
}

// IdentityPoolAdoption implements admin.Imports.
func (i imports) IdentityPoolAdoption(ctx context.Context, c awsapi.Caller, id admin.IdentityPoolId) (*admin.Adoption, error) {
	a, err := i.cognito.GetAdoption(ctx, c, cognito.IdentityPoolId(id))
	if a == nil || err != nil {
		return nil, err
	}
	out := &admin.Adoption{Host: admin.AdoptionHost(a.Host), Until: a.Until, QuestionsPerSecond: admin.QuestionsPerSecond(a.QuestionsPerSecond)}
	for _, name := range a.Providers {
		out.Providers = append(out.Providers, admin.IdentityProviderName(name))
	}
	return out, nil
}

// ImportAccessKey implements admin.Imports.
func (i imports) ImportAccessKey(ctx context.Context, c awsapi.Caller, in *admin.ImportAccessKeyRequest) (bool, error) {
	return i.iam.ImportAccessKey(ctx, c, iam.UserNameType(in.UserName), iam.AccessKeyIdType(in.AccessKeyId), seal.NewSecret(string(in.SecretAccessKey)), in.DryRun)
}
