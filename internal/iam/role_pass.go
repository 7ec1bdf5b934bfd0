package iam

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
)

// MayPass says whether a caller may give a role to a service, such as
// cognito-identity.amazonaws.com, which will use it for a resource ("Grant a
// user permissions to pass a role to an AWS service" in the IAM User Guide).
func (s *Service) MayPass(ctx context.Context, c awsapi.Caller, role *RoleEntity, service, resource string) (*Decision, error) {
	if Unlimited(c) {
		return &Decision{Root: true}, nil
	}
	facts := NewFacts()
	facts.Set("iam:passedtoservice", service)
	facts.Set("iam:associatedresourcearn", resource)
	setTags(facts, "aws:resourcetag/", role.Tags)
	setTags(facts, "iam:resourcetag/", role.Tags)
	return s.Authorize(ctx, c, "iam:PassRole", string(role.Arn), facts)
}
