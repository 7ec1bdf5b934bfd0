package cognito

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/adopt"
	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/limit"
)

// Adoption is that a pool, which was imported, asks the service it came from for the
// identity of a login that it does not know, and keeps the ID it is given.
type Adoption struct {
	// Host is who is asked, and who gets the login's token: a host name, with a port or
	// not.
	Host string
	// Until is when that ends.
	Until time.Time
	// QuestionsPerSecond is how often it is asked at most.
	QuestionsPerSecond int
	// Providers are those whose logins are asked about; empty for all.
	Providers []IdentityProviderName `json:",omitempty"`
	// Key is what the marks of logins are made with that are not adopted again.
	Key []byte `json:"-"`
}

const (
	// MostQuestionsPerSecond bounds what an adoption may ask. AWS takes 25 GetId a second
	// from an account where nobody has asked for more.
	MostQuestionsPerSecond = 1000
	// longestAdoption is how far in the future the end of an adoption may be.
	longestAdoption = 3 * 366 * 24 * time.Hour
	// mostAdoptionProviders is how many providers an adoption may name.
	mostAdoptionProviders = 100
	// adoptionKeySize is the size of an adoption's key.
	adoptionKeySize = 32
	// mostWaiting is how many questions of a pool may wait for an answer at a time.
	mostWaiting = 32
)

// Mark stands for a login that was unlinked here, or an identity that was deleted, in a
// pool that adopts.
type Mark [16]byte

// asks says whether a login of a provider is asked about.
func (a *Adoption) asks(name IdentityProviderName, now time.Time) bool {
	return now.Before(a.Until) && (len(a.Providers) == 0 || slices.Contains(a.Providers, name))
}

// markOf is the mark of a login.
func (a *Adoption) markOf(l Login) Mark {
	return a.mark("login", append(binary.AppendUvarint(nil, uint64(l.Provider)), l.Subject...))
}

// markOfIdentity is the mark of an identity.
func (a *Adoption) markOfIdentity(g GUID) Mark { return a.mark("identity", g[:]) }

func (a *Adoption) mark(kind string, of []byte) Mark {
	h := hmac.New(sha256.New, a.Key)
	h.Write(append([]byte(kind+"\x00"), of...))
	return Mark(h.Sum(nil))
}

// forsake remembers that logins, and an identity unless its GUID is zero, are not to be
// adopted again. A pool that does not adopt has nothing to remember.
func (p *Pool) forsake(tx Tx, logins []Login, g GUID) error {
	if p.Adoption == nil {
		return nil
	}
	marks := make([]Mark, 0, len(logins)+1)
	for _, l := range logins {
		marks = append(marks, p.Adoption.markOf(l))
	}
	if g != (GUID{}) {
		marks = append(marks, p.Adoption.markOfIdentity(g))
	}
	return tx.Forsake(p.Number, marks)
}

// hostForm is what a host that is asked looks like, in lower case.
var hostForm = regexp.MustCompile(`\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\z`)

func checkAdoptionHost(host string) error {
	name, port := host, ""
	if strings.Contains(host, ":") {
		var err error
		if name, port, err = net.SplitHostPort(host); err != nil {
			return err
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("not a port")
		}
	}
	if len(name) > 253 || !hostForm.MatchString(name) {
		return errors.New("not a host name in lower case")
	}
	return nil
}

// SetAdoption makes a pool adopt, or changes how; nil ends it, and forgets what must not
// be adopted again.
func (s *Service) SetAdoption(ctx context.Context, c awsapi.Caller, id IdentityPoolId, a *Adoption) error {
	if a != nil {
		if err := s.checkAdoption(a); err != nil {
			return err
		}
	}
	key := make([]byte, adoptionKeySize)
	if _, err := io.ReadFull(s.rand(), key); err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	_, err := s.changePool(ctx, c, id, throttled, func(p *Pool) error {
		was := p.Adoption
		p.Adoption = a
		if a == nil {
			return nil
		}
		changed := *a
		changed.Key = key
		if was != nil {
			changed.Key = was.Key
		}
		p.Adoption = &changed
		return nil
	})
	return err
}

func (s *Service) checkAdoption(a *Adoption) error {
	now := s.now()
	invalid := func(err error, format string, args ...any) error {
		return exception(invalidParameter, format, args...).Because(causeAdoptionSettings, err)
	}
	if err := checkAdoptionHost(a.Host); err != nil {
		return invalid(err, "Host must be the name of a host that answers over TLS, such as cognito-identity.us-east-1.amazonaws.com.")
	}
	switch {
	case a.Until.After(now.Add(longestAdoption)):
		return invalid(nil, "Until must be at most three years away.")
	case a.QuestionsPerSecond < 1 || a.QuestionsPerSecond > MostQuestionsPerSecond:
		return invalid(nil, "QuestionsPerSecond must be from 1 to %d.", MostQuestionsPerSecond)
	case len(a.Providers) > mostAdoptionProviders:
		return invalid(nil, "At most %d providers can be named.", mostAdoptionProviders)
	}
	return nil
}

// GetAdoption shows how a pool adopts; nil if it does not.
func (s *Service) GetAdoption(ctx context.Context, c awsapi.Caller, id IdentityPoolId) (*Adoption, error) {
	p, err := s.viewPool(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return p.Adoption, nil
}

// Imported is an identity of another service, as its ListIdentities shows it.
type Imported struct {
	IdentityId IdentityId
	// Authenticated says that the identity has logins. Which users they are, nobody is
	// told.
	Authenticated bool
	// DeveloperUsers are those of its developer users that are known.
	DeveloperUsers    []DeveloperUserIdentifier
	Created, Modified time.Time
}

// Imports is what became of identities that were imported.
type Imports struct {
	Added, Present int
	// Forsaken are those that were deleted here, and stay so.
	Forsaken []IdentityId
}

// ImportIdentities stores identities of another service in a pool, all or nothing. Those
// that are there stay as they are, and get the developer users that they lack.
func (s *Service) ImportIdentities(ctx context.Context, c awsapi.Caller, id IdentityPoolId, list []Imported) (*Imports, error) {
	p, err := s.viewPool(ctx, c, id)
	if err != nil {
		return nil, err
	}
	now := s.now()
	guids := make([]GUID, len(list))
	for n, i := range list {
		if guids[n], err = s.checkImport(p, i); err != nil {
			return nil, err
		}
	}
	var out *Imports
	err = s.Store.Update(ctx, func(tx Tx) error {
		out = &Imports{}
		if err := unchanged(tx, p); err != nil {
			return err
		}
		for n, i := range list {
			if err := s.importOne(tx, p, guids[n], i, now, out); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errOvertaken) {
		err = exception(tooManyRequests, "Rate exceeded").Because(causeOvertaken, nil)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) checkImport(p *Pool, i Imported) (GUID, error) {
	region, g, ok := parseID(string(i.IdentityId))
	switch {
	case !ok:
		return g, exception(invalidParameter, "An identity ID is REGION:GUID, with a GUID in lower case.").Because(causeImportID, nil)
	case region != p.Region():
		return g, exception(invalidParameter, "An identity ID is of another region than the identity pool.").Because(causeImportID, nil)
	case len(i.DeveloperUsers) > 0 && p.DeveloperProviderName == "":
		return g, noSuchDeveloperProvider()
	case i.Authenticated && len(i.DeveloperUsers) == 0 && p.Adoption == nil:
		return g, exception(invalidParameter, "Identities with logins can be imported into an identity pool that adopts only. Call SetIdentityPoolAdoption first.").Because(causeImportWithoutAdoption, nil)
	}
	for _, u := range i.DeveloperUsers {
		if u == "" || len([]rune(string(u))) > maxDeveloperUser {
			return g, exception(invalidParameter, "A developer user identifier has 1 to %d characters.", maxDeveloperUser).Because(causeDeveloperUserTooLong, nil)
		}
	}
	return g, nil
}

func (s *Service) importOne(tx Tx, p *Pool, g GUID, in Imported, now time.Time, out *Imports) error {
	if p.Adoption != nil {
		forsaken, err := tx.Forsaken(p.Number, p.Adoption.markOfIdentity(g))
		if err != nil {
			return err
		}
		if forsaken {
			out.Forsaken = append(out.Forsaken, in.IdentityId)
			return nil
		}
	}
	i, err := tx.Identity(g)
	switch {
	case err != nil:
		return err
	case i != nil && i.Pool != p.Number:
		return exception(resourceConflict, "An identity of another identity pool has one of the IDs.").Because(causeImportTaken, nil)
	case i != nil:
		out.Present++
	default:
		i = &Identity{GUID: g, Pool: p.Number, Created: past(in.Created, now), Authenticated: in.Authenticated}
		if i.Modified = past(in.Modified, now); i.Modified.Before(i.Created) {
			i.Modified = i.Created
		}
		if err := tx.AddIdentity(i); err != nil {
			return err
		}
		out.Added++
	}
	return s.importUsers(tx, p, i, in.DeveloperUsers, now)
}

// importUsers gives an identity developer users that nobody has. One who has another
// identity here keeps it: what was decided here counts.
func (s *Service) importUsers(tx Tx, p *Pool, i *Identity, users []DeveloperUserIdentifier, now time.Time) error {
	if i.Disabled {
		return nil
	}
	is := i.clone()
	for _, u := range users {
		l := Login{Provider: p.developer(), Subject: string(u)}
		owner, err := tx.IdentityByLogin(p.Number, l)
		if err != nil {
			return err
		}
		forsaken := false
		if owner == nil && p.Adoption != nil {
			if forsaken, err = tx.Forsaken(p.Number, p.Adoption.markOf(l)); err != nil {
				return err
			}
		}
		if owner != nil || forsaken {
			continue
		}
		if err := s.linking(p, now).link(is, l); err != nil {
			return err
		}
	}
	if len(is.Logins) == len(i.Logins) {
		return nil
	}
	is.Authenticated, is.Modified = true, now
	return tx.SaveIdentities([]*Identity{i}, []*Identity{is})
}

// past is a moment that others tell of: one that they leave out, or that is still to
// come, is now.
func past(t, now time.Time) time.Time {
	if t.IsZero() || t.After(now) || t.Unix() < 0 {
		return now
	}
	return t.UTC().Truncate(time.Millisecond)
}

// adopted is a login, and the identity that another service says it has.
type adopted struct {
	login Login
	guid  GUID
}

// adopt asks the service that the pool was imported from about those of a call's logins
// that have no identity here, one question each. No transaction is open meanwhile. Who
// gets no answer is refused: a new identity would be a second one.
func (s *Service) adopt(ctx context.Context, p *Pool, e entry) ([]adopted, error) {
	now := s.now()
	unknown, err := s.adoptable(ctx, p, e, now)
	if err != nil || len(unknown) == 0 {
		return nil, err
	}
	logins := loginsOf(unknown)
	if err := s.Budgets.mayChange(p, logins, now); err != nil {
		return nil, err
	}
	audit.From(ctx).Set("adoption", p.Adoption.Host)
	s.Budgets.changed(p, logins, now) // whatever comes of it, so that one user cannot ask for all
	answers := make([]adopted, 0, len(unknown))
	for _, f := range unknown {
		g, err := s.askFor(ctx, p, f.name, string(e.tokens[IdentityProviderName(f.name)]), now)
		if err != nil {
			return nil, err
		}
		answers = append(answers, adopted{f.login, g})
	}
	return answers, nil
}

// adoptable are the logins of a call that are asked about.
func (s *Service) adoptable(ctx context.Context, p *Pool, e entry, now time.Time) (unknown []proof, err error) {
	err = s.Store.View(ctx, func(tx Tx) error {
		unknown = nil
		for _, f := range e.proofs {
			if f.login.Provider == p.developer() || !p.Adoption.asks(IdentityProviderName(f.name), now) {
				continue
			}
			owner, err := tx.IdentityByLogin(p.Number, f.login)
			if err != nil {
				return err
			}
			if owner != nil {
				continue
			}
			forsaken, err := tx.Forsaken(p.Number, p.Adoption.markOf(f.login))
			if err != nil {
				return err
			}
			if !forsaken {
				unknown = append(unknown, f)
			}
		}
		return nil
	})
	return unknown, err
}

// askFor asks about one login.
func (s *Service) askFor(ctx context.Context, p *Pool, provider, token string, now time.Time) (GUID, error) {
	done, cause := s.questions.begin(p, s.nodes(), now)
	if cause != "" {
		return GUID{}, rateExceeded(cause)
	}
	defer done()
	id, err := s.Adopt.GetID(ctx, adopt.Question{Host: p.Adoption.Host, Pool: string(p.IdentityPoolId), Provider: provider, Token: token})
	if err != nil {
		return GUID{}, adoptionFailed(err)
	}
	region, g, ok := parseID(id)
	switch {
	case !ok:
		return GUID{}, adoptionFailed(adopt.Misplaced("the identity ID is not REGION:GUID"))
	case region != p.Region():
		return GUID{}, adoptionFailed(adopt.Misplaced("the identity ID is of another region than " + p.Region()))
	}
	return g, nil
}

func (s *Service) nodes() int64 {
	if s.Nodes == nil {
		return 1
	}
	return max(1, s.Nodes())
}

// adoptionFailed is what somebody sees whose login could not be asked about.
func adoptionFailed(err error) error {
	var e *adopt.Error
	if !errors.As(err, &e) {
		return err
	}
	return exception(externalService, "The service that this identity pool was imported from did not answer. Try again later.").Because(e.Cause, err)
}

// adoptedBy gives the owners of a call's logins those identities that another service
// named, and adds them to the pool if it has none of that ID. One that was merged into
// another is followed; one that was deleted, or led to one that was, is passed over. A
// login that got an identity meanwhile keeps it.
func (s *Service) adoptedBy(tx Tx, p *Pool, answers []adopted, owners []*Identity, now time.Time) ([]*Identity, error) {
	for _, a := range answers {
		owner, err := tx.IdentityByLogin(p.Number, a.login)
		if err != nil {
			return nil, err
		}
		if owner != nil {
			continue
		}
		forsaken, err := tx.Forsaken(p.Number, p.Adoption.markOf(a.login))
		if err != nil {
			return nil, err
		}
		if forsaken { // since it was asked about
			return nil, errOvertaken
		}
		i, err := heir(tx, p, a.guid, now)
		if err != nil {
			return nil, err
		}
		if i != nil && find(owners, i.GUID) == nil {
			owners = append(owners, i)
		}
	}
	return owners, nil
}

// heir finds the active identity that an adopted ID leads to, which is made if the pool
// has none of that ID; nil if it was deleted.
func heir(tx Tx, p *Pool, g GUID, now time.Time) (*Identity, error) {
	i, err := tx.Identity(g)
	if err != nil {
		return nil, err
	}
	if i == nil {
		forsaken, err := tx.Forsaken(p.Number, p.Adoption.markOfIdentity(g))
		if err != nil || forsaken {
			return nil, err
		}
		i = &Identity{GUID: g, Pool: p.Number, Created: now, Modified: now, Authenticated: true}
		return i, tx.AddIdentity(i)
	}
	if i.Pool != p.Number {
		return nil, adoptionFailed(adopt.Misplaced("the identity ID is one of another identity pool"))
	}
	for n := 0; i != nil && i.Disabled; n++ {
		if n == mostMerges {
			return nil, adoptionFailed(adopt.Misplaced("the identity was merged too often"))
		}
		if i, err = tx.Identity(i.MergedInto); err != nil {
			return nil, err
		}
	}
	return i, nil
}

// questions bounds what pools ask: how often, and how many wait at a time.
type questions struct {
	mu    sync.Mutex
	pools map[int64]*asked // of the pools that have asked since the start
}

// asked is what one pool asks.
type asked struct {
	rate    float64
	bucket  *limit.Keyed[struct{}]
	waiting int
}

// begin lets a question of a pool through, which must be told to be done, or says why
// not. Each of several nodes has its share of the rate.
func (q *questions) begin(p *Pool, nodes int64, now time.Time) (done func(), refused awsapi.Cause) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.pools == nil {
		q.pools = map[int64]*asked{}
	}
	rate := float64(p.Adoption.QuestionsPerSecond) / float64(nodes)
	a := q.pools[p.Number]
	if a == nil {
		a = &asked{}
		q.pools[p.Number] = a
	}
	if a.rate != rate {
		a.rate, a.bucket = rate, &limit.Keyed[struct{}]{PerSecond: rate, Burst: max(1, int(rate)), Keys: 1}
	}
	switch {
	case a.waiting >= mostWaiting:
		return nil, causeAdoptionWaiting
	case !a.bucket.Take(struct{}{}, now):
		return nil, causeAdoptionRate
	}
	a.waiting++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		a.waiting--
	}, ""
}
