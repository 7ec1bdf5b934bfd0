package cognito

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
)

// identityAndPool finds an identity and its pool.
func (s *Service) identityAndPool(ctx context.Context, id IdentityId) (*Identity, *Pool, error) {
	e := audit.From(ctx)
	e.Set("identity", audit.Hash(string(id)))
	e.SetIdentity(string(id), false) // unless it turns out to be
	region, g, ok := parseID(string(id))
	if !ok {
		return nil, nil, identityNotFound(id)
	}
	var found struct {
		i *Identity
		p *Pool
	}
	err := s.Store.View(ctx, func(tx Tx) (err error) {
		found.p = nil
		if found.i, err = tx.Identity(g); err != nil || found.i == nil {
			return err
		}
		found.p, err = tx.PoolByNumber(found.i.Pool)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	i, p := found.i, found.p
	if i == nil || p == nil || p.Region() != region {
		return nil, nil, identityNotFound(id)
	}
	e.SetRegion(region)
	e.Set("pool", string(p.IdentityPoolId))
	e.SetPool(string(p.IdentityPoolId))
	e.SetIdentity(string(id), i.Authenticated)
	return i, p, nil
}

// record says which identity a request is about, and gives its ID.
func (i *Identity) record(ctx context.Context, p *Pool) IdentityId {
	id := i.ID(p)
	e := audit.From(ctx)
	e.Set("identity", audit.Hash(string(id)))
	e.SetIdentity(string(id), i.Authenticated)
	return id
}

// recordOwner says that the logins of a request are those of the identity, so that their
// hashes go with it.
func (i *Identity) recordOwner(ctx context.Context) {
	if len(i.Salts) > 0 {
		audit.From(ctx).SetSalt(i.Salts[0][:])
	}
}

// IdentityAlive says whether there is an identity of this ID, in a pool that
// exists, that was not merged into another one. It is asked for every call that
// is signed with what an identity holds, and for every token of ours that
// somebody shows at STS: what a merged or deleted identity held is void because
// of its row, and nothing else needs to be kept, or told to other processes.
func (s *Service) IdentityAlive(ctx context.Context, id string) (alive bool, err error) {
	region, g, ok := parseID(id)
	if !ok {
		return false, nil
	}
	err = s.Store.View(ctx, func(tx Tx) error {
		alive = false
		i, err := tx.Identity(g)
		if err != nil || i == nil || i.Disabled {
			return err
		}
		p, err := tx.PoolByNumber(i.Pool)
		alive = p != nil && p.Region() == region
		return err
	})
	return alive, err
}

// errOvertaken ends an attempt at something that was decided by what is not so any
// more: the pool has changed, or a login has got an identity.
var errOvertaken = errors.New("cognito: overtaken by a change of the pool or of the login")

// mostAttempts bounds how often a call is begun again.
const mostAttempts = 20

// untilSettled makes attempts at a call until one is not overtaken by others.
func untilSettled[T any](attempt func(again bool) (*T, error)) (*T, error) {
	for n := range mostAttempts {
		out, err := attempt(n > 0)
		if !errors.Is(err, errOvertaken) {
			return out, err
		}
	}
	return nil, exception(tooManyRequests, "Rate exceeded").Because(causeOvertaken, nil)
}

// guest makes a new guest of a pool. It takes one from the budgets, and none again for
// another attempt.
func (s *Service) guest(ctx context.Context, c awsapi.Caller, p *Pool, again bool) (*Identity, error) {
	if !p.AllowUnauthenticatedIdentities {
		return nil, guestsRefused()
	}
	now := s.now()
	if !again {
		if err := s.Budgets.guest(p, c.Request, now); err != nil {
			return nil, err
		}
	}
	i, err := s.fresh(p, now)
	if err != nil {
		return nil, err
	}
	return i, s.create(ctx, p, i)
}

// create stores a new identity by the pool as it was read.
func (s *Service) create(ctx context.Context, p *Pool, i *Identity) error {
	created, err := s.Store.Create(ctx, p, i)
	if err == nil && !created {
		err = errOvertaken
	}
	return err
}

// fresh is an identity that is not stored yet.
func (s *Service) fresh(p *Pool, now time.Time) (*Identity, error) {
	g, err := newGUID(s.rand())
	return &Identity{GUID: g, Pool: p.Number, Created: now, Modified: now}, err
}

// stillThere says whether a pool that was read before still exists, and keeps it
// until the update is over, so that nothing is changed in one that is gone.
func stillThere(tx Tx, p *Pool) error {
	_, found, err := tx.LockPool(p.Number)
	if err == nil && !found {
		err = poolNotFound(p.IdentityPoolId)
	}
	return err
}

// unchanged says whether a pool is still as it was read, and keeps it so until the
// update is over.
func unchanged(tx Tx, p *Pool) error {
	mark, found, err := tx.LockPool(p.Number)
	switch {
	case err != nil:
		return err
	case !found:
		return poolNotFound(p.IdentityPoolId)
	case mark != p.Mark:
		return errOvertaken
	}
	return nil
}

// guestOf checks that an identity may be used without a login.
func guestOf(i *Identity, p *Pool) error {
	switch {
	case i.Disabled:
		return identityForbidden(i.ID(p), causeIdentityDisabled)
	case i.Authenticated:
		return identityForbidden(i.ID(p), causeIdentityNotAGuest)
	case !p.AllowUnauthenticatedIdentities:
		return guestsRefused()
	}
	return nil
}

// entry is what a call with logins comes with.
type entry struct {
	// given is the identity that the call names, nil if it names none.
	given *Identity
	// logins are the logins that are proven, proofs what has proven them, and tokens
	// what was presented.
	logins []Login
	proofs []proof
	tokens LoginsMap
	// developer is the developer user among them, nil if there is none. One who
	// has another identity than the given one is refused instead of merged.
	developer *Login
}

// settle finds the identity that proven logins lead to, and links, makes or
// merges what it takes. What is already so costs no write.
func (s *Service) settle(ctx context.Context, p *Pool, e entry) (*Identity, error) {
	i, err := s.settled(ctx, p, e)
	if err != nil {
		return nil, err
	}
	if s.Salts != nil && len(i.Salts) == 0 {
		s.Salts.GiveSalt(i.GUID)
	}
	i.recordOwner(ctx)
	return i, nil
}

func (s *Service) settled(ctx context.Context, p *Pool, e entry) (*Identity, error) {
	if e.given == nil {
		known, err := s.known(ctx, p, e.logins)
		if known != nil || err != nil {
			return known, err
		}
	} else if !e.given.Disabled && e.given.hasAll(e.logins) {
		return e.given, nil
	}
	var answers []adopted
	if p.Adoption != nil {
		var err error
		if answers, err = s.adopt(ctx, p, e); err != nil {
			return nil, err
		}
	}
	return s.change(ctx, p, e, answers)
}

// known finds the identity that has all the logins, if there is one.
func (s *Service) known(ctx context.Context, p *Pool, logins []Login) (*Identity, error) {
	var i *Identity
	err := s.Store.View(ctx, func(tx Tx) (err error) {
		i, err = tx.IdentityByLogin(p.Number, logins[0])
		return err
	})
	if err != nil || i == nil || !i.hasAll(logins) {
		return nil, err
	}
	return i, nil
}

// change decides with everything read again inside one transaction. That of a single
// login, to which known has found nothing, is not decided but made, unless somebody
// was faster. Answers are the identities that another service says some of the logins
// have.
func (s *Service) change(ctx context.Context, p *Pool, e entry, answers []adopted) (*Identity, error) {
	now := s.now()
	if err := s.Budgets.mayChange(p, e.logins, now); err != nil {
		if e.given == nil { // another call of the same user may have made the change since
			if known, failed := s.known(ctx, p, e.logins); known != nil || failed != nil {
				return known, failed
			}
		}
		return nil, err
	}
	fresh, err := s.fresh(p, now)
	if err != nil {
		return nil, err
	}
	if e.given == nil && len(e.logins) == 1 && len(answers) == 0 {
		r, err := s.linking(p, now).settle(nil, nil, fresh, e.logins)
		if err != nil {
			return nil, err
		}
		if err := s.create(ctx, p, r.survivor); err != nil {
			return nil, err
		}
		s.Budgets.changed(p, e.logins, now)
		return r.survivor, nil
	}
	var survivor *Identity
	var changed bool
	err = s.Store.Update(ctx, func(tx Tx) error {
		survivor, changed = nil, false
		if err := unchanged(tx, p); err != nil {
			return err
		}
		var given *Identity
		if e.given != nil {
			if given, err = tx.Identity(e.given.GUID); err != nil {
				return err
			}
			if given == nil {
				return identityNotFound(e.given.ID(p))
			}
			if given, err = follow(tx, given); err != nil {
				return err
			}
		}
		owners, err := ownersOf(tx, p, e.logins)
		if err != nil {
			return err
		}
		if owners, err = s.adoptedBy(tx, p, answers, owners, now); err != nil {
			return err
		}
		if e.developer != nil && taken(*e.developer, given, owners) {
			return developerUserTaken()
		}
		r, err := s.linking(p, now).settle(given, owners, fresh, e.logins)
		if err != nil {
			return err
		}
		survivor, changed = r.survivor, r.changed
		return r.save(tx, fresh, given, owners)
	})
	if err == nil && changed {
		s.Budgets.changed(p, e.logins, now)
	}
	return survivor, err
}

// mostMerges bounds how many merges are followed: whoever makes a longer chain,
// call by call, does not get to slow down the store.
const mostMerges = 100

// follow gives a disabled identity as though it had been merged right into the
// one that has its logins now: what it was merged into may have been merged into
// another since, and so on.
func follow(tx Tx, given *Identity) (*Identity, error) {
	last := given
	for n := 0; last.Disabled && n < mostMerges; n++ {
		next, err := tx.Identity(last.MergedInto)
		if err != nil {
			return nil, err
		}
		if next == nil || !next.Disabled {
			break
		}
		last = next
	}
	if last == given {
		return given, nil
	}
	c := given.clone()
	c.MergedInto = last.MergedInto
	return c, nil
}

// taken says whether a developer user has another identity than the one that
// the call names.
func taken(user Login, given *Identity, owners []*Identity) bool {
	if given == nil || given.Disabled {
		return false
	}
	return slices.ContainsFunc(owners, func(i *Identity) bool { return i.has(user) && i.GUID != given.GUID })
}

func (s *Service) linking(p *Pool, now time.Time) linking {
	k := linking{pool: p, most: s.Limits.LoginsPerIdentity, now: now}
	if s.Salts != nil {
		k.salt = new(Salt)
		_, _ = rand.Read(k.salt[:]) // never fails
	}
	return k
}

// ownersOf finds the active identities that logins belong to, each once.
func ownersOf(tx Tx, p *Pool, logins []Login) ([]*Identity, error) {
	var owners []*Identity
	for _, l := range logins {
		i, err := tx.IdentityByLogin(p.Number, l)
		if err != nil {
			return nil, err
		}
		if i != nil && find(owners, i.GUID) == nil {
			owners = append(owners, i)
		}
	}
	return owners, nil
}

func find(all []*Identity, g GUID) *Identity {
	for _, i := range all {
		if i != nil && i.GUID == g {
			return i
		}
	}
	return nil
}

// save stores what settle decided. Given and owners are the identities as they
// were.
func (r *settlement) save(tx Tx, fresh, given *Identity, owners []*Identity) error {
	if !r.changed {
		return nil
	}
	if fresh != nil && r.survivor.GUID == fresh.GUID {
		return tx.AddIdentity(r.survivor)
	}
	is := append([]*Identity{r.survivor}, r.merged...)
	was := make([]*Identity, len(is))
	for n, i := range is {
		if was[n] = find(owners, i.GUID); was[n] == nil {
			was[n] = given
		}
	}
	return tx.SaveIdentities(was, is)
}
