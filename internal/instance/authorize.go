package instance

import (
	"context"
	"errors"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sts"
)

// owners are the services whose resources the service daypass is about.
type owners struct {
	iam     *iam.Service
	cognito *cognito.Service
}

// PoolRegions implements admin.Owners.
func (o owners) PoolRegions(ctx context.Context) ([]string, error) { return o.cognito.PoolRegions(ctx) }

// SetResourceTags implements admin.Owners.
func (o owners) SetResourceTags(ctx context.Context, c awsapi.Caller, arn string, facts map[string][]string) error {
	return errors.Join(o.iam.SetResourceTags(ctx, c, arn, facts), o.cognito.SetResourceTags(ctx, c, arn, facts))
}

// SetIdentityPool implements admin.Owners.
func (o owners) SetIdentityPool(ctx context.Context, c awsapi.Caller, identity string, facts map[string][]string) error {
	return o.cognito.SetIdentityPool(ctx, c, identity, facts)
}

// IdentityAlive implements admin.Owners.
func (o owners) IdentityAlive(ctx context.Context, id string) (bool, error) {
	return o.cognito.IdentityAlive(ctx, id)
}

// PoolExists implements admin.Owners.
func (o owners) PoolExists(ctx context.Context, id string) (bool, error) {
	return o.cognito.PoolExists(ctx, id)
}

// LoginExists implements admin.Owners.
func (o owners) LoginExists(ctx context.Context, provider, user, pool string) (bool, error) {
	return o.cognito.LoginExists(ctx, provider, user, pool)
}

// RoleExists implements admin.Owners.
func (o owners) RoleExists(ctx context.Context, arn string) (bool, error) {
	return o.iam.RoleExists(ctx, arn)
}

// authorize asks IAM whether a caller may do an operation, on what the service
// says it is about.
func authorize(i *iam.Service) func(context.Context, *awsapi.Row, awsapi.Caller, any) error {
	return func(ctx context.Context, row *awsapi.Row, caller awsapi.Caller, in any) error {
		if err := sts.MayCall(row, caller); err != nil {
			return err
		}
		if row.Auth != awsapi.Signed || iam.Unlimited(caller) {
			return nil
		}
		facts := iam.NewFacts()
		about, err := row.About(ctx, caller, in, facts)
		if err != nil {
			return err
		}
		for _, action := range append([]string{row.Service.Name + ":" + row.Name}, about.Also...) {
			decision, err := i.Authorize(ctx, caller, action, about.ARN, facts)
			if err != nil {
				return err
			}
			if err := decision.Err(caller, action, about.Shown()); err != nil {
				return err
			}
		}
		return nil
	}
}
