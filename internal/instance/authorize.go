package instance

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/server"
)

// authorize asks IAM whether a caller may do an operation, on what the service
// says it is about.
func authorize(i *iam.Service) func(context.Context, *awsapi.Row, awsapi.Caller, any) error {
	return func(ctx context.Context, row *awsapi.Row, caller awsapi.Caller, in any) error {
		if iam.Unlimited(caller) {
			return nil
		}
		facts := i.RequestFacts(ctx)
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
			return &server.Denied{Message: decision.Refusal(caller, action, about.Shown())}
		}
		return nil
	}
}
