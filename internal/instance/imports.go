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

// ImportAccessKey implements admin.Imports.
func (i imports) ImportAccessKey(ctx context.Context, c awsapi.Caller, in *admin.ImportAccessKeyRequest) (bool, error) {
	return i.iam.ImportAccessKey(ctx, c, iam.UserNameType(in.UserName), iam.AccessKeyIdType(in.AccessKeyId), seal.NewSecret(string(in.SecretAccessKey)), in.DryRun)
}
