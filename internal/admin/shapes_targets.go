package admin

// Named strings of targets.
type (
	// The name of a role.
	RoleName string
	// The key of a principal tag.
	TagKey string
	// The value of a principal tag.
	TagValue string
)

// CheckTargetRoleRequest is the input of CheckTargetRole.
type CheckTargetRoleRequest struct {
	// The name of a role that is linked to a target.
	RoleName RoleName `aws:"required"`
	// The identity to check for. It need not exist; if absent, daypass makes one up.
	IdentityId IdentityId
	// The identity pool of the identity. It need not exist; if absent, daypass makes one up.
	IdentityPoolId IdentityPoolId
	// Whether the identity is a guest, to whom the limits of guests apply.
	Guest bool
	// The principal tags of the identity.
	PrincipalTags map[TagKey]TagValue
}

// CheckTargetRoleResponse is the output of CheckTargetRole.
type CheckTargetRoleResponse struct {
	// The target that the role is linked to.
	TargetName TargetName
	// The role at the target that daypass assumes.
	TargetRole string
	// The dialect of the target. Absent if the server has no target of the name.
	Dialect string
	// How daypass authenticates to the target: service-key or web-identity.
	Way string
	// The session policy that daypass would send. Absent if there are obstacles.
	Policy string
	// The length of the session policy in characters.
	PolicySize int32
	// The most characters that targets accept.
	MaximumPolicySize int32
	// Why daypass can send no session policy. Sign-ins to the role are refused unless the list is empty.
	Obstacles ObstacleList
	// The parts of the session policy that the target is known not to enforce.
	Notes NoteList
}

// ObstacleList lists obstacles.
type ObstacleList []Obstacle

// NoteList lists notes.
type NoteList []string

// Obstacle is one thing that the target's policies cannot say.
type Obstacle struct {
	// The kind: not-resource, not-action, action, condition, variable, character, overlap, size or target-missing.
	Kind string
	// What is wrong and, where a statement is at fault, which one.
	Message string
}

// DiagnoseTargetRequest is the input of DiagnoseTarget.
type DiagnoseTargetRequest struct {
	// The name of the target.
	TargetName TargetName `aws:"required"`
	// A role that is linked to the target. daypass assumes the role at the target that this role's tags name. Not needed for MinIO with a service key.
	RoleName RoleName
}

// DiagnoseTargetResponse is the output of DiagnoseTarget.
type DiagnoseTargetResponse struct {
	// What was found.
	Findings FindingList
}

// FindingList lists findings.
type FindingList []Finding

// Finding is what was found of one thing.
type Finding struct {
	// The name of the check, which does not change between versions.
	Check string
	// The verdict: ok, warning, wrong or skipped.
	Verdict string
	// What was found and, unless it is good, what to change.
	Message string
}
