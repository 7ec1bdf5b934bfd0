package instance

import (
	"cmp"
	"context"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/sts"
	"github.com/daypass/daypass/internal/target"
)

// targetChecks answers the service daypass about targets.
type targetChecks struct {
	sts     *sts.Service
	cognito *cognito.Service
}

// sampleID is that of the made-up identity or pool of a region.
func sampleID(region string) string { return region + ":00000000-0000-4000-8000-000000000000" }

// CheckTargetRole implements admin.TargetChecks.
func (c targetChecks) CheckTargetRole(ctx context.Context, region string, in *admin.CheckTargetRoleRequest) (*admin.CheckTargetRoleResponse, error) {
	claims := &openid.Claims{
		Subject: cmp.Or(string(in.IdentityId), sampleID(region)), Audience: cmp.Or(string(in.IdentityPoolId), sampleID(region)), AMR: []string{"authenticated"},
	}
	if in.Guest {
		claims.AMR = []string{"unauthenticated"}
	}
	if len(in.PrincipalTags) > 0 {
		claims.Tags = openid.Tags{}
	}
	for key, value := range in.PrincipalTags {
		claims.Tags[string(key)] = string(value)
	}
	role, err := c.sts.CheckTarget(ctx, string(in.RoleName), claims)
	if err != nil {
		return nil, err
	}
	if role == nil {
		return nil, admin.ErrNoRole
	}
	out := &admin.CheckTargetRoleResponse{
		TargetName: admin.TargetName(role.Name), TargetRole: role.Role, Policy: role.Policy.Document, PolicySize: int32(role.Policy.Size),
		MaximumPolicySize: policy.MaxRendered, Obstacles: admin.ObstacleList{}, Notes: role.Policy.Notes,
	}
	if role.Target == nil {
		out.Obstacles = append(out.Obstacles, admin.Obstacle{Kind: "target-missing", Message: "the server has no target " + role.Name + " (--target)"})
		return out, nil
	}
	out.Dialect, out.Way = string(role.Target.Dialect), string(role.Target.Way())
	for _, u := range role.Policy.Unsayable {
		out.Obstacles = append(out.Obstacles, admin.Obstacle{Kind: string(u.Obstacle), Message: u.Error()})
	}
	return out, nil
}

// maxPools is how many pools' tokens a target is shown.
const maxPools = 5

// DiagnoseTarget implements admin.TargetChecks.
func (c targetChecks) DiagnoseTarget(ctx context.Context, region string, in *admin.DiagnoseTargetRequest) (*admin.DiagnoseTargetResponse, error) {
	t, err := c.sts.Targets.Get(string(in.TargetName))
	if err != nil {
		return nil, admin.ErrNoTarget
	}
	patient := target.Patient{Region: region}
	if in.RoleName != "" {
		role, err := c.sts.CheckTarget(ctx, string(in.RoleName), &openid.Claims{Subject: sampleID(region), Audience: sampleID(region)})
		if err != nil {
			return nil, err
		}
		if role == nil || role.Name != t.Name {
			return nil, admin.ErrNoRole
		}
		patient.Role = role.Role
	}
	if patient.Pools, err = c.cognito.SomePools(ctx, maxPools); err != nil {
		return nil, err
	}
	out := &admin.DiagnoseTargetResponse{Findings: admin.FindingList{}}
	for _, f := range c.sts.Targets.Examine(ctx, t, patient) {
		out.Findings = append(out.Findings, admin.Finding{Check: f.Check, Verdict: string(f.Verdict), Message: f.Message})
	}
	return out, nil
}
