package cognito_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/cognito"
)

// reference says what identity pools should answer. It is the identity model of
// the Amazon Cognito Developer Guide (Identity pools authentication flow) and of
// the API reference, written once more and as plainly as possible: maps, loops,
// no store, nothing of the code under test but its words.
type reference struct {
	// guests says of each pool whether it has guests.
	guests map[cognito.IdentityPoolId]bool
	// identities has every identity that there ever was; nil is one that was
	// deleted.
	identities map[cognito.IdentityId]*refIdentity
	// now is the time of the next call.
	now time.Time
	// abroad says of each pool that adopts which identities logins have where it came
	// from; forsaken are the logins and identities that are not adopted any more.
	abroad   map[cognito.IdentityPoolId]map[refLogin]cognito.IdentityId
	forsaken map[spot]bool
}

type refIdentity struct {
	pool              cognito.IdentityPoolId
	authenticated     bool
	heir              cognito.IdentityId // whom a disabled identity was merged into
	logins            []refLogin
	created, modified time.Time
}

// refLogin is who somebody is at a provider, public or developer.
type refLogin struct{ provider, subject string }

func (l refLogin) public() bool { return l.provider != developerProvider }

func developer(user string) refLogin { return refLogin{developerProvider, user} }

// answer is what a call is answered. Of errors the text counts where AWS's is
// known; else it is empty in what the reference answers.
type answer struct {
	ID   cognito.IdentityId
	List string
	Code string
	Text string
	// token came with the answer. It is never the same and is not compared.
	token cognito.OIDCToken
}

// newID is in an answer of the reference that should have a new identity.
const newID = "a new identity"

func refused(code, format string, args ...any) answer {
	return answer{Code: code, Text: fmt.Sprintf(format, args...)}
}

func identityUnknown(id cognito.IdentityId) answer {
	return refused("ResourceNotFoundException", "Identity '%s' not found.", id)
}

func forbidden(id cognito.IdentityId) answer {
	return refused("NotAuthorizedException", "Access to Identity '%s' is forbidden.", id)
}

var (
	guestsRefused  = refused("NotAuthorizedException", "Unauthenticated access is not supported for this identity pool.")
	loginsMismatch = refused("NotAuthorizedException", "Logins don't match. Please include at least one valid login for this identity or identity pool.")
	notPublic      = refused("InvalidParameterException", "Please provide a valid public provider")
	userTaken      = refused("DeveloperUserAlreadyRegisteredException", "This developer user identifier is already registered with Cognito.")
	conflict       = answer{Code: "ResourceConflictException"}
	userUnknown    = answer{Code: "ResourceNotFoundException"}
)

func (r *reference) clone() *reference {
	c := &reference{guests: r.guests, identities: map[cognito.IdentityId]*refIdentity{}, now: r.now, abroad: r.abroad, forsaken: maps.Clone(r.forsaken)}
	for id, i := range r.identities {
		if i != nil {
			copied := *i
			copied.logins = slices.Clone(i.logins)
			i = &copied
		}
		c.identities[id] = i
	}
	return c
}

// owner is the active identity of a pool that a login belongs to.
func (r *reference) owner(pool cognito.IdentityPoolId, l refLogin) cognito.IdentityId {
	for id, i := range r.identities {
		if i != nil && i.pool == pool && slices.Contains(i.logins, l) {
			return id
		}
	}
	return ""
}

// inPool finds an identity of a pool.
func (r *reference) inPool(pool cognito.IdentityPoolId, id cognito.IdentityId) *refIdentity {
	if i := r.identities[id]; i != nil && i.pool == pool {
		return i
	}
	return nil
}

// survivor is who has the logins of a disabled identity now: its heir, or the
// heir's heir. It is empty where somebody on the way was deleted.
func (r *reference) survivor(id cognito.IdentityId) cognito.IdentityId {
	for r.identities[id] != nil && r.identities[id].heir != "" {
		id = r.identities[id].heir
	}
	if r.identities[id] == nil {
		return ""
	}
	return id
}

// guest is a call about an identity without any login.
func (r *reference) guest(id cognito.IdentityId) answer {
	i := r.identities[id]
	switch {
	case i == nil:
		return identityUnknown(id)
	case i.heir != "" || i.authenticated:
		return forbidden(id)
	case !r.guests[i.pool]:
		return guestsRefused
	}
	return answer{ID: id}
}

// settle is a call with verified logins, about an identity that it names or does
// not name.
func (r *reference) settle(pool cognito.IdentityPoolId, named cognito.IdentityId, logins []refLogin, got answer) (said answer) {
	var owners, others, adopted []cognito.IdentityId
	defer func() {
		if said.Code != "" { // nothing was done
			for _, id := range adopted {
				delete(r.identities, id)
			}
		}
	}()
	for _, l := range logins {
		o, made := r.owner(pool, l), false
		if o == "" {
			o, made = r.adopt(pool, l)
		}
		if made {
			adopted = append(adopted, o)
		}
		if o != "" && !slices.Contains(owners, o) {
			owners = append(owners, o)
			if o != named {
				others = append(others, o)
			}
		}
	}
	if named == "" {
		switch len(owners) {
		case 0:
			return r.create(pool, logins, got)
		case 1:
			return r.join(owners[0], nil, logins)
		}
		return conflict
	}
	i, proven := r.identities[named], len(others) < len(owners)
	switch {
	case i == nil:
		return identityUnknown(named)
	case i.heir != "" && len(owners) == 1 && owners[0] == r.survivor(named):
		return r.join(owners[0], nil, logins)
	case i.heir != "":
		return forbidden(named)
	case i.authenticated && !proven:
		return loginsMismatch
	case i.authenticated || len(others) == 0:
		return r.join(named, others, logins)
	case len(others) == 1:
		return r.join(others[0], []cognito.IdentityId{named}, logins)
	}
	return conflict
}

// create makes an identity. Its ID cannot be foretold, only that it is new.
func (r *reference) create(pool cognito.IdentityPoolId, logins []refLogin, got answer) answer {
	if !fit(logins) {
		return conflict
	}
	if _, known := r.identities[got.ID]; known || got.ID == "" {
		return answer{ID: newID}
	}
	r.identities[got.ID] = &refIdentity{pool: pool, authenticated: len(logins) > 0, logins: logins, created: r.now, modified: r.now}
	return answer{ID: got.ID}
}

// join gives an identity the logins of others, who are disabled, and logins that
// belong to nobody.
func (r *reference) join(id cognito.IdentityId, losers []cognito.IdentityId, logins []refLogin) answer {
	i := r.identities[id]
	all := slices.Clone(i.logins)
	for _, loser := range losers {
		all = append(all, r.identities[loser].logins...)
	}
	for _, l := range logins {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	if !fit(all) {
		return conflict
	}
	if len(all) != len(i.logins) || len(losers) > 0 {
		i.logins, i.authenticated, i.modified = all, true, r.now
	}
	for _, loser := range losers {
		l := r.identities[loser]
		l.logins, l.authenticated, l.heir, l.modified = nil, true, id, r.now
	}
	return answer{ID: id}
}

// fit says whether an identity can have all these logins.
func fit(logins []refLogin) bool {
	providers := map[string]bool{}
	for _, l := range logins {
		if l.public() && providers[l.provider] {
			return false
		}
		providers[l.provider] = true
	}
	return len(logins) <= mostLogins
}

// remove takes logins from an identity, which stays what it is.
func (r *reference) remove(id cognito.IdentityId, gone func(refLogin) bool) answer {
	i := r.identities[id]
	if slices.ContainsFunc(i.logins, gone) {
		for _, l := range i.logins {
			if gone(l) {
				r.forsakeLogins(i.pool, l)
			}
		}
		i.logins = slices.DeleteFunc(slices.Clone(i.logins), gone)
		i.modified = r.now
	}
	return answer{}
}

// users lists the developer users of an identity.
func (i *refIdentity) users() []string {
	var users []string
	for _, l := range i.logins {
		if !l.public() {
			users = append(users, l.subject)
		}
	}
	slices.Sort(users)
	return users
}

// description is an identity as DescribeIdentity and ListIdentities show it.
func (r *reference) description(id cognito.IdentityId) string {
	i := r.identities[id]
	var names []string
	for _, l := range i.logins {
		names = append(names, l.provider)
	}
	slices.Sort(names)
	return describe(id, slices.Compact(names), i.created, i.modified)
}

func describe(id cognito.IdentityId, providers []string, created, modified time.Time) string {
	const millis = "15:04:05.000"
	return fmt.Sprintf("%s [%s] %s-%s\n", id, strings.Join(providers, " "), created.Format(millis), modified.Format(millis))
}

// String writes the whole state down, the same state in the same words.
func (r *reference) String() string {
	var lines []string
	for id, i := range r.identities {
		if i != nil {
			lines = append(lines, i.line(id))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func (i *refIdentity) line(id cognito.IdentityId) string {
	logins := slices.SortedFunc(slices.Values(i.logins), func(a, b refLogin) int {
		return cmp.Or(cmp.Compare(a.provider, b.provider), cmp.Compare(a.subject, b.subject))
	})
	state := "guest"
	switch {
	case i.heir != "":
		state = "disabled for " + string(i.heir)
	case i.authenticated:
		state = "authenticated"
	}
	return fmt.Sprintf("%s %s %v, pool %s, %d-%d\n", id, state, logins, i.pool, i.created.UnixMilli(), i.modified.UnixMilli())
}

// check says which rule that holds of every state this one breaks.
func (r *reference) check() error {
	owners := map[spot]cognito.IdentityId{}
	for id, i := range r.identities {
		switch {
		case i == nil:
			continue
		case len(i.logins) > 0 && !i.authenticated:
			return fmt.Errorf("%s has logins and is a guest", id)
		case len(i.logins) > 0 && i.heir != "":
			return fmt.Errorf("%s has logins and is disabled", id)
		case !fit(i.logins):
			return fmt.Errorf("%s has too many logins, or two of a provider: %v", id, i.logins)
		}
		for _, l := range i.logins {
			at := spot{pool: i.pool, login: l}
			if other, taken := owners[at]; taken {
				return fmt.Errorf("%v belongs to %s and to %s", l, id, other)
			}
			owners[at] = id
		}
	}
	return nil
}
