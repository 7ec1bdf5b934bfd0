package admin

import (
	"context"
	"errors"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/revocation"
)

// Service is the service daypass. It has no rules of its own about what it is asked
// for: those are of the package that has the data.
type Service struct {
	// Account is the account whose sessions these are.
	Account string
	// Store keeps the revocations.
	Store Store
	// Index is the one that the store fills.
	Index *revocation.Index
	// Owners are the services that own what sessions are revoked of.
	Owners Owners
	// Targets are the names of the STS whose sessions no revocation reaches.
	Targets []string
	// Checks look at targets.
	Checks TargetChecks
	// Imports make what has IDs and secrets that somebody chose.
	Imports Imports
	// Hashes know whom records are about.
	Hashes AuditHashes
	// Backups make backups.
	Backups Backups
	// MasterKeys replace the master key.
	MasterKeys MasterKeys
	// SigningKeys are the keys that sign OpenID tokens.
	SigningKeys SigningKeys
	// RootKeys are the access keys of root.
	RootKeys RootKeys
	// Trials have the server do what tests want to see; nil where none may.
	Trials Trials
	// Pages seals the tokens that say where a listing goes on.
	Pages awsapi.Pages
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Owners tell of what other services own: its condition keys, and whether it is
// there.
type Owners interface {
	// SetResourceTags adds those of the tags of what an ARN names.
	SetResourceTags(ctx context.Context, c awsapi.Caller, arn string, facts map[string][]string) error
	// SetIdentityPool adds those of the pool of an identity.
	SetIdentityPool(ctx context.Context, c awsapi.Caller, identity string, facts map[string][]string) error
	// IdentityAlive says whether there is an identity that was not merged into
	// another one.
	IdentityAlive(ctx context.Context, id string) (bool, error)
	// PoolExists says whether there is an identity pool.
	PoolExists(ctx context.Context, id string) (bool, error)
	// PoolRegions are the regions that have identity pools, in alphabetical order.
	PoolRegions(ctx context.Context) ([]string, error)
	// LoginExists says whether an identity has a login, in a pool or, without one,
	// in any.
	LoginExists(ctx context.Context, provider, user, pool string) (bool, error)
	// RoleExists says whether there is a role of an ARN.
	RoleExists(ctx context.Context, arn string) (bool, error)
}

// TargetChecks answer what is asked about targets. Their errors are [ErrNoRole] and
// [ErrNoTarget], or failures.
type TargetChecks interface {
	// CheckTargetRole says what would go to the target of a role.
	CheckTargetRole(ctx context.Context, region string, in *CheckTargetRoleRequest) (*CheckTargetRoleResponse, error)
	// DiagnoseTarget tries a target.
	DiagnoseTarget(ctx context.Context, region string, in *DiagnoseTargetRequest) (*DiagnoseTargetResponse, error)
}

var (
	// ErrNoRole says that there is no role of the name that is linked to a target.
	ErrNoRole = errors.New("admin: no role that is linked to the target")
	// ErrNoTarget says that there is no target of the name.
	ErrNoTarget = errors.New("admin: no such target")
)

// Store is what the service asks of a database.
type Store interface {
	// Revoke adds a revocation, or merges it with one of the same target, durably
	// and into the index, before it returns.
	Revoke(ctx context.Context, r revocation.Revocation) (revocation.Revocation, error)
	// Revocations lists the revocations that were made after a time, those after
	// a target in the order of kind, name, user and pool. The zero Target comes
	// before all.
	Revocations(ctx context.Context, since time.Time, after revocation.Target, limit int) ([]revocation.Revocation, error)
}

// The exceptions of the API: those of cognito-identity.
const (
	invalidParameter = "InvalidParameterException"
	limitExceeded    = "LimitExceededException"
	resourceConflict = "ResourceConflictException"
	resourceNotFound = "ResourceNotFoundException"
	tooManyRequests  = "TooManyRequestsException"
	internalError    = "InternalErrorException"
)

func invalid(cause awsapi.Cause, message string) *awsapi.Error {
	return &awsapi.Error{Code: invalidParameter, Message: message, Cause: cause}
}

func (s *Service) now() time.Time {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	return now().UTC().Truncate(time.Millisecond)
}
