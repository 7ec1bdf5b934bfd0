package instance

import (
	"context"
	"errors"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/sts"
)

// owners are the services whose resources the service daypass is about.
type owners struct {
	iam     *iam.Service
	cognito *cognito.Service
}

// SetResourceTags implements revocation.Owners.
func (o owners) SetResourceTags(ctx context.Context, c awsapi.Caller, arn string, facts map[string][]string) error {
	return errors.Join(o.iam.SetResourceTags(ctx, c, arn, facts), o.cognito.SetResourceTags(ctx, c, arn, facts))
}

// SetIdentityPool implements revocation.Owners.
func (o owners) SetIdentityPool(ctx context.Context, c awsapi.Caller, identity string, facts map[string][]string) error {
	return o.cognito.SetIdentityPool(ctx, c, identity, facts)
}

// Exists implements revocation.Owners.
func (o owners) Exists(ctx context.Context, t revocation.Target) (bool, error) {
	switch t.Kind {
	case revocation.Identity:
		return o.cognito.IdentityAlive(ctx, t.Name)
	case revocation.IdentityPool:
		return o.cognito.PoolExists(ctx, t.Name)
	case revocation.Login:
		return o.cognito.LoginExists(ctx, t.Name, t.User, t.Pool)
	case revocation.Role:
		account, name, ok := iam.ParseRoleARN(t.Name)
		if !ok {
			return false, nil
		}
		role, ok, err := o.iam.Role(ctx, account, name)
		return ok && string(role.Arn) == t.Name, err
	}
	return false, nil
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
		action := row.Service.Name + ":" + row.Name
		decision, err := i.Authorize(ctx, caller, action, about.ARN, facts)
		if err != nil {
			return err
		}
		if !decision.Allowed() {
			return &awsapi.Refused{Refusal: awsapi.Denied, Message: decision.Refusal(caller, action, about.Shown()), Cause: decision.Cause(), Err: decision.Why()}
		}
		return nil
	}
}
