package sts

import (
	"context"

	"github.com/daypass/daypass/internal/awsapi"
)

// GetCallerIdentity tells the caller who they are. It takes a valid signature
// and no permission.
func (s *Service) GetCallerIdentity(_ context.Context, c awsapi.Caller, _ *GetCallerIdentityRequest) (*GetCallerIdentityResponse, error) {
	return &GetCallerIdentityResponse{Arn: c.ARN, UserId: c.UserID, Account: c.Account}, nil
}
