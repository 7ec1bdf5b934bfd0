package admin

import (
	"context"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// Imports make what AWS's API has no operation for: things with IDs and secrets that
// somebody chose. Their refusals are exceptions of this service.
type Imports interface {
	// ImportIdentityPool makes an identity pool.
	ImportIdentityPool(ctx context.Context, c awsapi.Caller, in *ImportIdentityPoolRequest) error
	// ImportAccessKey makes an access key, or changes its secret, and says whether it
	// had to.
	ImportAccessKey(ctx context.Context, c awsapi.Caller, in *ImportAccessKeyRequest) (changed bool, err error)
	// ImportIdentities stores identities of another service.
	ImportIdentities(ctx context.Context, c awsapi.Caller, in *ImportIdentitiesRequest) (*ImportIdentitiesResponse, error)
	// SetIdentityPoolAdoption makes an identity pool adopt identities, or ends that.
	SetIdentityPoolAdoption(ctx context.Context, c awsapi.Caller, in *SetIdentityPoolAdoptionRequest) error
	// IdentityPoolAdoption says how an identity pool adopts; nil if it does not.
	IdentityPoolAdoption(ctx context.Context, c awsapi.Caller, id IdentityPoolId) (*Adoption, error)
}

// ImportIdentityPool makes an identity pool of an ID that the caller chose.
func (s *Service) ImportIdentityPool(ctx context.Context, c awsapi.Caller, in *ImportIdentityPoolRequest) (*awsapi.None, error) {
	return &awsapi.None{}, s.Imports.ImportIdentityPool(ctx, c, in)
}

// ImportAccessKey gives a user an access key that the caller chose.
func (s *Service) ImportAccessKey(ctx context.Context, c awsapi.Caller, in *ImportAccessKeyRequest) (*ImportAccessKeyResponse, error) {
	changed, err := s.Imports.ImportAccessKey(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &ImportAccessKeyResponse{Changed: changed}, nil
}

// ListRegions lists the regions that have identity pools, so that all pools can be
// listed: the operation of AWS lists those of one region.
func (s *Service) ListRegions(ctx context.Context, _ awsapi.Caller, _ *ListRegionsRequest) (*ListRegionsResponse, error) {
	regions, err := s.Owners.PoolRegions(ctx)
	if err != nil {
		return nil, err
	}
	out := &ListRegionsResponse{Regions: RegionList{}}
	for _, r := range regions {
		out.Regions = append(out.Regions, RegionName(r))
	}
	return out, nil
}

// ImportIdentities stores identities of another service, under the IDs that they have
// there.
func (s *Service) ImportIdentities(ctx context.Context, c awsapi.Caller, in *ImportIdentitiesRequest) (*ImportIdentitiesResponse, error) {
	return s.Imports.ImportIdentities(ctx, c, in)
}

// SetIdentityPoolAdoption makes an identity pool adopt identities, or ends that.
func (s *Service) SetIdentityPoolAdoption(ctx context.Context, c awsapi.Caller, in *SetIdentityPoolAdoptionRequest) (*awsapi.None, error) {
	return &awsapi.None{}, s.Imports.SetIdentityPoolAdoption(ctx, c, in)
}

// GetIdentityPoolAdoption shows how an identity pool adopts identities.
func (s *Service) GetIdentityPoolAdoption(ctx context.Context, c awsapi.Caller, in *GetIdentityPoolAdoptionRequest) (*GetIdentityPoolAdoptionResponse, error) {
	a, err := s.Imports.IdentityPoolAdoption(ctx, c, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	return &GetIdentityPoolAdoptionResponse{IdentityPoolId: in.IdentityPoolId, Adoption: a}, nil
}

// poolARN is the ARN of the identity pool that is named.
func poolARN(c awsapi.Caller, members ...string) string {
	region, _, _ := strings.Cut(members[0], ":")
	return "arn:aws:cognito-identity:" + region + ":" + c.Account + ":identitypool/" + members[0]
}
