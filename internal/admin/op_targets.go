package admin

import (
	"context"
	"errors"

	"github.com/daypass/daypass/internal/awsapi"
)

// CheckTargetRole shows what GetCredentialsForIdentity would send to the target of a
// role, and asks the target nothing.
func (s *Service) CheckTargetRole(ctx context.Context, c awsapi.Caller, in *CheckTargetRoleRequest) (*CheckTargetRoleResponse, error) {
	out, err := s.Checks.CheckTargetRole(ctx, c.Request.Region, in)
	return out, targetError(err)
}

// DiagnoseTarget tries what a target makes of tokens that it must refuse, and
// whether it keeps sessions apart.
func (s *Service) DiagnoseTarget(ctx context.Context, c awsapi.Caller, in *DiagnoseTargetRequest) (*DiagnoseTargetResponse, error) {
	out, err := s.Checks.DiagnoseTarget(ctx, c.Request.Region, in)
	return out, targetError(err)
}

func targetError(err error) error {
	switch {
	case errors.Is(err, ErrNoRole):
		return invalid(causeRole, "There is no role of this name that is linked to the target by its tag daypass:target.")
	case errors.Is(err, ErrNoTarget):
		return invalid(causeNoTarget, "There is no target of this name: name it with --target when the server starts.")
	}
	return err
}
