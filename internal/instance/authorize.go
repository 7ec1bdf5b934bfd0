package instance

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/server"
)

// authorize asks IAM whether a caller may do an operation on the resource that
// its input names.
func authorize(i *iam.Service) func(context.Context, *awsapi.Row, awsapi.Caller, any) error {
	return func(ctx context.Context, row *awsapi.Row, caller awsapi.Caller, in any) error {
		resource := "*"
		if n, ok := in.(awsapi.ResourceNamer); ok {
			resource = n.ResourceARN(caller)
		}
		action := row.Service.Name + ":" + row.Name
		decision, err := i.Authorize(ctx, caller, action, resource, i.RequestFacts(ctx))
		if err != nil {
			return err
		}
		if !decision.Allowed() {
			return &server.Denied{Message: decision.Refusal(caller, action, resource)}
		}
		return nil
	}
}
