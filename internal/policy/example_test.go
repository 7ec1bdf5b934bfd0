package policy_test

import (
	"errors"
	"fmt"

	"github.com/daypass/daypass/internal/policy"
)

// The trust policy of a role that an identity pool gives to those who have
// signed in.
func Example() {
	trust, err := policy.Parse(policy.Trust, `{
		"Version": "2012-10-17",
		"Statement": [{
			"Sid": "SignedIn",
			"Effect": "Allow",
			"Principal": {"Federated": "cognito-identity.amazonaws.com"},
			"Action": "sts:AssumeRoleWithWebIdentity",
			"Condition": {
				"StringEquals": {"cognito-identity.amazonaws.com:aud": "us-east-1:12345678-dead-beef-cafe-123456790ab"},
				"ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}
			}
		}]
	}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, amr := range []string{"authenticated", "unauthenticated"} {
		req := &policy.Request{
			Principal: policy.Principal{Federated: "cognito-identity.amazonaws.com"},
			Action:    "sts:AssumeRoleWithWebIdentity",
			Context:   policy.Context{},
		}
		req.Context.Set("cognito-identity.amazonaws.com:aud", "us-east-1:12345678-dead-beef-cafe-123456790ab")
		req.Context.Set("cognito-identity.amazonaws.com:amr", amr)
		decision := trust.Evaluate(req)
		fmt.Println(amr, decision.Effect)
		for _, s := range decision.Statements {
			fmt.Println("  by statement", s.Index, s.Sid)
		}
	}
	// Output:
	// authenticated Allow
	//   by statement 0 SignedIn
	// unauthenticated ImplicitDeny
}

// A document that says something that would not be evaluated is not accepted.
func ExampleParse_malformed() {
	_, err := policy.Parse(policy.Identity, `{
		"Version": "2012-10-17",
		"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "my-bucket"}
	}`)
	var malformed *policy.Error
	if errors.As(err, &malformed) {
		fmt.Println(malformed.Message)
	}
	// Output:
	// Resource my-bucket must be in ARN format or "*".
}
