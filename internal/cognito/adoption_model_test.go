package cognito_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/adopt"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/fetch"
)

// abroad is the service that the pools of a fleet came from: it has an identity for
// every login, and tells it to whoever has a token of the login.
type abroad struct {
	server *httptest.Server
	client *adopt.Client

	mu         sync.Mutex
	identities map[cognito.IdentityPoolId]map[refLogin]cognito.IdentityId
}

// startAbroad starts it for the logins of issuers.
func startAbroad(t testing.TB, issuers *issuers) *abroad {
	a := &abroad{identities: map[cognito.IdentityPoolId]map[refLogin]cognito.IdentityId{}}
	logins := map[string]refLogin{}
	for l, token := range issuers.tokens {
		logins[token] = l
	}
	a.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			IdentityPoolId cognito.IdentityPoolId
			Logins         map[string]string
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Logins) != 1 {
			http.Error(w, `{"__type":"SerializationException"}`, http.StatusBadRequest)
			return
		}
		for name, token := range in.Logins {
			a.mu.Lock()
			id := a.identities[in.IdentityPoolId][logins[token]]
			a.mu.Unlock()
			if id == "" || logins[token].provider != name {
				http.Error(w, `{"__type":"NotAuthorizedException"}`, http.StatusBadRequest)
				return
			}
			fmt.Fprintf(w, `{"IdentityId":%q}`, id)
		}
	}))
	t.Cleanup(a.server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(a.server.Certificate())
	a.client = &adopt.Client{Fetch: &fetch.Client{AllowLoopback: true, RootCAs: roots, Timeout: adopt.Timeout, MaxBody: adopt.MaxAnswer}}
	return a
}

// adopts makes the pools adopt from somewhere that has few identities, several logins
// of some of them.
func (w *world) adopts(t *rapid.T) {
	w.ref.abroad, w.ref.forsaken = map[cognito.IdentityPoolId]map[refLogin]cognito.IdentityId{}, map[spot]bool{}
	for n, pool := range w.pools {
		known := map[refLogin]cognito.IdentityId{}
		for i, l := range w.rig.everyLogin() {
			if !l.public() {
				continue
			}
			id := cognito.IdentityId(fmt.Sprintf("us-east-1:aaaaaaaa-%04x-%04x-%04x-%012x", w.rig.clock.Load()&0xffff, n, pick(t, "abroad", []int{0, 1, 2, i + 3}), w.rig.clock.Load()))
			known[l] = id
		}
		w.rig.abroad.mu.Lock()
		w.rig.abroad.identities[pool] = known
		w.rig.abroad.mu.Unlock()
		w.ref.abroad[pool] = known
		if err := w.rig.service.SetAdoption(context.Background(), modelRoot, pool, &cognito.Adoption{
			Host: w.rig.abroad.server.Listener.Addr().String(), Until: w.rig.now().Add(time.Hour), QuestionsPerSecond: cognito.MostQuestionsPerSecond,
		}); err != nil {
			t.Fatal(err)
		}
		w.rig.clock.Add(1000) // another pool has other IDs
	}
}

// spot is a login or an identity of a pool.
type spot struct {
	pool  cognito.IdentityPoolId
	login refLogin
	id    cognito.IdentityId
}

// marks are what is not adopted any more, as text.
func (r *reference) marks() string {
	var all []string
	for p := range r.forsaken {
		all = append(all, fmt.Sprint(p))
	}
	slices.Sort(all)
	return fmt.Sprint(all)
}

func (r *reference) forsakeLogins(pool cognito.IdentityPoolId, logins ...refLogin) {
	for _, l := range logins {
		if r.abroad[pool] != nil {
			r.forsaken[spot{pool: pool, login: l}] = true
		}
	}
}

// adopt gives the owner that a login of nobody's has abroad, and says whether it was
// made for that.
func (r *reference) adopt(pool cognito.IdentityPoolId, l refLogin) (owner cognito.IdentityId, made bool) {
	id := r.abroad[pool][l]
	if id == "" || r.forsaken[spot{pool: pool, login: l}] {
		return "", false
	}
	switch {
	case r.identities[id] != nil:
		return r.survivor(id), false
	case r.forsaken[spot{pool: pool, id: id}]:
		return "", false
	}
	r.identities[id] = &refIdentity{pool: pool, authenticated: true, created: r.now, modified: r.now}
	return id, true
}

// importOne is ImportIdentities, of one.
type importOne struct {
	pool          cognito.IdentityPoolId
	id            cognito.IdentityId
	authenticated bool
	users         []string
}

func (c importOne) ask(ctx context.Context, r *rig) answer {
	in := cognito.Imported{IdentityId: c.id, Authenticated: c.authenticated}
	for _, u := range c.users {
		in.DeveloperUsers = append(in.DeveloperUsers, cognito.DeveloperUserIdentifier(u))
	}
	out, err := r.service.ImportIdentities(ctx, modelRoot, c.pool, []cognito.Imported{in})
	if err != nil {
		return refusal(err)
	}
	return answer{List: fmt.Sprintf("%d %d %d", out.Added, out.Present, len(out.Forsaken))}
}

func (c importOne) expect(r *reference, _ answer) answer {
	if r.forsaken[spot{pool: c.pool, id: c.id}] {
		return answer{List: "0 0 1"}
	}
	said := answer{List: "0 1 0"}
	i := r.identities[c.id]
	was := i
	switch {
	case i == nil:
		i = &refIdentity{pool: c.pool, authenticated: c.authenticated, created: r.now, modified: r.now}
		said = answer{List: "1 0 0"}
	case i.pool != c.pool:
		return conflict
	case i.heir != "":
		return said
	}
	next := *i
	next.logins = slices.Clone(i.logins)
	for _, u := range c.users {
		if l := developer(u); r.owner(c.pool, l) == "" && !r.forsaken[spot{pool: c.pool, login: l}] && !slices.Contains(next.logins, l) {
			next.logins = append(next.logins, l)
		}
	}
	if !fit(next.logins) {
		return conflict
	}
	if len(next.logins) > len(i.logins) {
		next.authenticated, next.modified = true, r.now
	}
	if was == nil || len(next.logins) > len(i.logins) {
		r.identities[c.id] = &next
	}
	return said
}

// imports are calls that bring identities of elsewhere.
func (w *world) imports() []kind {
	if w.ref.abroad == nil {
		return nil
	}
	return []kind{{3, func(t *rapid.T) call {
		var users []string
		if pick(t, "with users", []bool{false, false, true}) {
			users = []string{pick(t, "user", w.users)}
		}
		pool := w.pool(t)
		there := slices.Compact(slices.Sorted(maps.Values(w.ref.abroad[pool])))
		return importOne{pool, pick(t, "imported", there), len(users) > 0 || pick(t, "authenticated", []bool{false, true}), users}
	}}}
}

// newAdoptingRig is newFleet with somewhere that its pools came from.
func newAdoptingRig(r *rig) *rig {
	r.abroad = startAbroad(r.t, r.issuers)
	r.restart()
	return r
}

// TestModelAdoption is TestModelSequences with pools that adopt.
func TestModelAdoption(t *testing.T) {
	checks(t, "40", "50")
	modelSequences(t, newAdoptingRig(newRig(t)))
}

// TestModelAdoptionTogether is TestModelTogether with pools that adopt.
func TestModelAdoptionTogether(t *testing.T) {
	checks(t, "25", "30")
	modelTogether(t, newAdoptingRig(newRig(t)))
}

// TestModelAdoptionOnNodes is that at three nodes.
func TestModelAdoptionOnNodes(t *testing.T) {
	checks(t, "12", "30")
	threeNodes(t, func(t *testing.T, r *rig) { modelTogether(t, newAdoptingRig(r)) })
}
