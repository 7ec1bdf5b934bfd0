package admin

import (
	"context"
	"errors"

	"github.com/daypass/daypass/internal/awsapi"
)

// Imports make what AWS's API has no operation for: things with IDs and secrets that
// somebody chose.
type Imports interface {
	// ImportIdentityPool makes an identity pool. Its refusals are exceptions of the API.
	ImportIdentityPool(ctx context.Context, c awsapi.Caller, in *ImportIdentityPoolRequest) error
	// ImportAccessKey makes an access key, or changes its secret, and says whether it
	// had to.
	ImportAccessKey(ctx context.Context, c awsapi.Caller, in *ImportAccessKeyRequest) (changed bool, err error)
}

// The refusals of ImportAccessKey.
var (
	ErrKeyTaken    = errors.New("admin: the access key ID belongs to somebody else")
	ErrKeyKind     = errors.New("admin: the access key ID is one of temporary credentials")
	ErrNoUser      = errors.New("admin: no such user")
	ErrTooManyKeys = errors.New("admin: the user has the maximum number of access keys")
)

// ImportIdentityPool makes an identity pool of an ID that the caller chose.
func (s *Service) ImportIdentityPool(ctx context.Context, c awsapi.Caller, in *ImportIdentityPoolRequest) (*awsapi.None, error) {
	return &awsapi.None{}, s.Imports.ImportIdentityPool(ctx, c, in)
}

// ImportAccessKey gives a user an access key that the caller chose.
func (s *Service) ImportAccessKey(ctx context.Context, c awsapi.Caller, in *ImportAccessKeyRequest) (*ImportAccessKeyResponse, error) {
	changed, err := s.Imports.ImportAccessKey(ctx, c, in)
	switch {
	case errors.Is(err, ErrNoUser):
		return nil, &awsapi.Error{Code: resourceNotFound, Message: "There is no user of this name.", Cause: causeNoUser}
	case errors.Is(err, ErrKeyTaken):
		return nil, &awsapi.Error{Code: resourceConflict, Message: "The access key ID belongs to another user.", Cause: causeKeyTaken}
	case errors.Is(err, ErrKeyKind):
		return nil, invalid(causeKeyKind, "An access key ID that begins with ASIA is for temporary credentials.")
	case errors.Is(err, ErrTooManyKeys):
		return nil, &awsapi.Error{Code: limitExceeded, Message: "The user has the maximum number of access keys.", Cause: causeTooManyKeys}
	case err != nil:
		return nil, err
	}
	return &ImportAccessKeyResponse{Changed: changed}, nil
}

// poolARN is the ARN of the identity pool that is named.
func poolARN(c awsapi.Caller, members ...string) string {
	return "arn:aws:cognito-identity:" + c.Region + ":" + c.Account + ":identitypool/" + members[0]
}
