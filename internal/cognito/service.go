package cognito

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/daypass/daypass/internal/adopt"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/sts"
)

// Service is the service cognito-identity.
type Service struct {
	// Account is the account whose pools these are.
	Account string
	// Store keeps pools and identities.
	Store Store
	// IAM has the roles and the OpenID Connect providers.
	IAM *iam.Service
	// STS makes temporary credentials.
	STS *sts.Service
	// OpenID signs our own tokens.
	OpenID *openid.Provider
	// Logins checks the logins of providers.
	Logins login.Kinds
	// Pages seals the tokens that say where a listing goes on.
	Pages awsapi.Pages
	// Limits are the quotas.
	Limits Limits
	// Salts gives identities salts for audit records; nil where nothing is recorded,
	// and no identity gets one.
	Salts Salts
	// Regions are those in which pools can be made, besides those that have pools.
	Regions []string
	// Budgets limit how fast strangers make rows.
	Budgets Budgets
	// EditWait is how long a change of a pool waits for other changes; zero means
	// five seconds.
	EditWait time.Duration
	// Adopt asks the services that pools were imported from.
	Adopt *adopt.Client
	// Nodes is how many nodes share the rate of what they ask; nil means one.
	Nodes func() int64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Rand makes identifiers; nil means crypto/rand.
	Rand io.Reader

	questions questions
}

// Salts gives salts to identities that were made when nothing was recorded.
type Salts interface {
	// GiveSalt has an identity with logins get a salt before long, unless it has one by
	// then. It does not wait.
	GiveSalt(GUID)
}

// Limits are the quotas of the service (Amazon Cognito Developer Guide, Quotas).
type Limits struct {
	// PoolsPerAccount is the most pools of an account in a region.
	PoolsPerAccount int `quota:"pools-per-account"`
	// UserPoolProviders is the most user-pool clients of a pool.
	UserPoolProviders int `quota:"user-pool-providers"`
	// TagsPerPool is the most tags of a pool.
	TagsPerPool int `quota:"tags-per-pool"`
	// LoginsPerIdentity is the most logins of an identity, public and developer
	// together.
	LoginsPerIdentity int `quota:"logins-per-identity"`
	// RulesPerMapping is the most rules of a role mapping.
	RulesPerMapping int `quota:"rules-per-mapping"`
}

// DefaultLimits are AWS's.
func DefaultLimits() Limits {
	return Limits{PoolsPerAccount: 1000, UserPoolProviders: 50, TagsPerPool: 50, LoginsPerIdentity: 20, RulesPerMapping: 25}
}

// Store is what the service asks of a database. Functions of a transaction may
// run again and touch nothing outside.
type Store interface {
	// View gives one consistent state to read.
	View(ctx context.Context, read func(Tx) error) error
	// Update changes the state: all of it durably before it returns nil, or
	// nothing of it.
	Update(ctx context.Context, change func(Tx) error) error
	// Configure is an Update that also changes pools, which others keep in memory. One
	// runs after the other, also where updates of identities do not.
	Configure(ctx context.Context, change func(Tx) error) error
	// Create stores a new identity with at most one login, unless the pool has changed
	// since it was read or the login belongs to somebody, and says whether it did. Any
	// number of callers do so at the same time, and none waits for updates.
	Create(ctx context.Context, p *Pool, i *Identity) (created bool, err error)
}

// Tx is a transaction. Getters answer nil for what is not there. What they
// return belongs to everybody and is never changed.
type Tx interface {
	// Pool finds a pool by its ID.
	Pool(IdentityPoolId) (*Pool, error)
	// PoolByNumber finds a pool by its number.
	PoolByNumber(int64) (*Pool, error)
	// LockPool gives the mark of the pool of a number, in an update, and keeps the pool
	// from changing until the update is over.
	LockPool(number int64) (mark int64, found bool, err error)
	// Pools lists an account's pools in a region by ID, those after the given one.
	Pools(account, region string, after IdentityPoolId, limit int) ([]*Pool, error)
	// AllPools lists an account's pools in all regions by ID, those after the given
	// one.
	AllPools(account string, after IdentityPoolId, limit int) ([]*Pool, error)
	// CountPools counts an account's pools in a region.
	CountPools(account, region string) (int, error)
	// AddPool stores a new pool and gives it its number, in a Configure.
	AddPool(*Pool) error
	// SavePool stores a changed pool, in a Configure.
	SavePool(*Pool) error
	// DeletePool removes a pool with all its identities, in a Configure.
	DeletePool(*Pool) error
	// PoolWasDeleted says whether there was a pool of an ID that was deleted. Pools that
	// were deleted before this was written down do not count.
	PoolWasDeleted(IdentityPoolId) (bool, error)

	// Identity finds an identity by its GUID, of whatever pool.
	Identity(GUID) (*Identity, error)
	// IdentityByLogin finds the active identity that a login belongs to.
	IdentityByLogin(pool int64, l Login) (*Identity, error)
	// Identities lists a pool's identities by GUID, those after the given one.
	Identities(pool int64, after *GUID, limit int, hideDisabled bool) ([]*Identity, error)
	// AddIdentity stores a new identity with its logins.
	AddIdentity(*Identity) error
	// SaveIdentities stores changed identities; between them logins may move.
	SaveIdentities(was, is []*Identity) error
	// DeleteIdentity removes an identity with its logins.
	DeleteIdentity(*Identity) error

	// Forsake stores marks of what a pool does not adopt any more.
	Forsake(pool int64, marks []Mark) error
	// Forsaken says whether a pool has a mark.
	Forsaken(pool int64, m Mark) (bool, error)
}

func (s *Service) now() time.Time {
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	return now().UTC().Truncate(time.Millisecond)
}

func (s *Service) rand() io.Reader {
	if s.Rand == nil {
		return rand.Reader
	}
	return s.Rand
}
