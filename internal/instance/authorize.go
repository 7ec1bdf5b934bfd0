package instance

import (
	"context"
	"errors"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/revocation"
	"github.com/daypass/daypass/internal/server"
)

// aboutRevocation is what operations of the service daypass are about. The
// resources that they name belong to other services, which know the tags.
func aboutRevocation(i *iam.Service, c *cognito.Service) func(context.Context, awsapi.Caller, any, map[string][]string) (awsapi.Resource, error) {
	return func(ctx context.Context, caller awsapi.Caller, in any, facts map[string][]string) (awsapi.Resource, error) {
		about := awsapi.Resource{ARN: in.(awsapi.ResourceNamer).ResourceARN(caller)}
		if in, ok := in.(*revocation.RevokeSessionsRequest); ok && in.IdentityId != "" {
			if err := c.SetIdentityPool(ctx, caller, string(in.IdentityId), facts); err != nil {
				return about, err
			}
		}
		return about, errors.Join(i.SetResourceTags(ctx, caller, about.ARN, facts), c.SetResourceTags(ctx, caller, about.ARN, facts))
	}
}

// sessionRefused refuses what credentials of GetSessionToken cannot do, whatever
// policies say: call IAM, which would take a second factor, and call STS but for
// AssumeRole and GetCallerIdentity (GetSessionToken in the AWS STS API
// Reference). IAM says that it does not know such a token.
func sessionRefused(row *awsapi.Row, caller awsapi.Caller) error {
	if caller.Session == nil || caller.Session.Name != "" {
		return nil
	}
	switch {
	case row.Service.Name == "iam":
		return server.ErrKeyForOthers
	case row.Service.Name == "sts" && row.Name != "AssumeRole" && row.Name != "GetCallerIdentity":
		return server.ErrSessionCredentials
	}
	return nil
}

// authorize asks IAM whether a caller may do an operation, on what the service
// says it is about.
func authorize(i *iam.Service) func(context.Context, *awsapi.Row, awsapi.Caller, any) error {
	return func(ctx context.Context, row *awsapi.Row, caller awsapi.Caller, in any) error {
		if err := sessionRefused(row, caller); err != nil {
			return err
		}
		if row.Auth != awsapi.Signed || iam.Unlimited(caller) {
			return nil
		}
		facts := iam.NewFacts()
		about, err := row.ResourceOf(ctx, caller, in, facts)
		if err != nil {
			return err
		}
		action := row.Service.Name + ":" + row.Name
		decision, err := i.Authorize(ctx, caller, action, about.ARN, facts)
		if err != nil {
			return err
		}
		if !decision.Allowed() {
			return &server.Denied{Message: decision.Refusal(caller, action, about.Shown()), Cause: decision.Cause(), Err: decision.Why()}
		}
		return nil
	}
}
