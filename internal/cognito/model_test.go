package cognito_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/daypass/daypass/internal/cognito"
)

// The identity model is checked with random sequences of calls: the real service
// on a real database, with tokens of real signatures, against a reference that is
// a page of maps. -rapid.checks=N runs N sequences; -v shows how often each
// answer came.

// checks says how many sequences a test runs, and of how many steps on average,
// if nobody asks for a number. One that fails is told by its seed, not by a file
// in the tree.
func checks(t *testing.T, n, steps string) {
	t.Helper()
	set := map[string]string{"rapid.nofailfile": "true"}
	if flag.Lookup("rapid.checks").Value.String() == "100" { // rapid's own default
		set["rapid.checks"], set["rapid.steps"] = n, steps
	}
	for name, value := range set {
		was := flag.Lookup(name).Value.String()
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set(name, was) })
	}
}

// TestModelSequences has one caller. After each step the answer must be the
// reference's, and all that is stored must be what the reference says it is.
func TestModelSequences(t *testing.T) {
	checks(t, "40", "50")
	modelSequences(t, newRig(t))
}

func modelSequences(t *testing.T, r *rig) {
	seen := census{}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(r)
		if pick(t, "small", []bool{true, false}) {
			w.makeSmall()
		}
		if r.abroad != nil {
			w.adopts(t)
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { w.compare(t) },
			"call": func(t *rapid.T) {
				w.step(t, seen, calls(w.creating(), w.changing(), w.imports(), w.alone()).Draw(t, "call"))
			},
		})
	})
	seen.log(t)
}

// TestModelTogether has eight callers at the same time, in two rounds with a
// restart between them. There must be an order of their calls that explains the
// answers and what is stored in the end; see explanation.
func TestModelTogether(t *testing.T) {
	checks(t, "40", "30")
	modelTogether(t, newRig(t))
}

func modelTogether(t *testing.T, r *rig) {
	seen := census{}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(r)
		w.makeSmall()
		w.onePage = true
		if r.abroad != nil {
			w.adopts(t)
		}
		for range 4 {
			w.step(t, seen, calls(w.creating()).Draw(t, "first"))
		}
		for range 2 {
			plan := rapid.SliceOfN(calls(w.creating(), w.changing(), w.imports()), 1, 4)
			w.together(t, seen, rapid.SliceOfN(plan, 8, 8).Draw(t, "plans"))
			r.restart()
		}
		w.compare(t)
	})
	seen.log(t)
}

// together makes calls at the same time and finds out what they did.
func (w *world) together(t *rapid.T, seen census, plans [][]call) {
	w.ref.now = w.rig.now()
	lanes := together(t.Context(), w.rig, plans)
	stored, err := w.rig.state(w.pools...)
	if err == nil {
		err = stored.check()
	}
	if err != nil {
		t.Fatalf("%v\nbefore\n%v\n%safter\n%v", err, w.ref, history(lanes), stored)
	}
	after := explain(w.ref, lanes, stored.String())
	if after == nil {
		t.Fatalf("no order of these calls explains it\nbefore\n%v\n%safter\n%v", w.ref, history(lanes), stored)
	}
	w.ref = after
	for _, e := range slices.Concat(lanes...) {
		seen.count(e.call, e.got)
		w.learn(e.call, e.got)
	}
}

// world is what a random sequence plays in: two pools, one with guests and one
// without, and every identity that was in them.
type world struct {
	rig             *rig
	pools           []cognito.IdentityPoolId
	subjects, users []string
	onePage         bool
	ref             *reference
	// ids are the identities that calls can name, beginning with one that does
	// not exist.
	ids []cognito.IdentityId
	// tokens are ways to spend the developer tokens that there are.
	tokens []spend
}

func newWorld(r *rig) *world {
	w := &world{
		rig: r, subjects: modelSubjects, users: modelUsers,
		ids: []cognito.IdentityId{"us-east-1:00000000-0000-4000-8000-000000000000"},
		ref: &reference{guests: map[cognito.IdentityPoolId]bool{}, identities: map[cognito.IdentityId]*refIdentity{}},
	}
	for _, guests := range []bool{true, false} {
		pool := r.newPool(guests)
		w.pools = append(w.pools, pool)
		w.ref.guests[pool] = guests
	}
	return w
}

// makeSmall leaves one pool and few people, who meet more often.
func (w *world) makeSmall() {
	w.pools, w.subjects, w.users = w.pools[:1], w.subjects[:2], w.users[:3]
}

// step makes a call and compares its answer.
func (w *world) step(t *rapid.T, seen census, c call) {
	w.rig.clock.Add(1)
	w.ref.now = w.rig.now()
	got := c.ask(t.Context(), w.rig)
	want := c.expect(w.ref, got)
	if !agree(want, got) {
		t.Fatalf("%T%+v\nanswer %+v\nwant   %+v", c, c, got, want)
	}
	seen.count(c, got)
	w.learn(c, got)
}

// learn keeps the identity of an answer for further calls.
func (w *world) learn(c call, got answer) {
	if c, ok := c.(developerToken); ok && got.ID != "" {
		w.tokens = append(w.tokens, spend{len(w.rig.tokens), got.ID, c.logins(), got.ID})
		w.rig.tokens = append(w.rig.tokens, got.token)
	}
	for _, id := range w.ids {
		if id == got.ID {
			return
		}
	}
	if got.ID != "" {
		w.ids = append(w.ids, got.ID)
	}
}

// compare holds what is stored against the reference, and both against the rules.
func (w *world) compare(t *rapid.T) {
	stored, err := w.rig.state(w.pools...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.ref.String(), stored.String()); diff != "" {
		t.Fatalf("what is stored (-want +got)\n%s", diff)
	}
	if err := stored.check(); err != nil {
		t.Fatal(err)
	}
}

// kind is a kind of call: how often it comes, and how one is drawn.
type kind struct {
	weight int
	draw   func(*rapid.T) call
}

// creating are calls that mostly make identities.
func (w *world) creating() []kind {
	return []kind{
		{6, func(t *rapid.T) call { return getID{w.pool(t), w.logins(t, 3)} }},
		{3, func(t *rapid.T) call { return developerToken{w.pool(t), "", pick(t, "user", w.users), w.logins(t, 2)} }},
		{2, func(t *rapid.T) call { return getID{w.pool(t), nil} }},
	}
}

// changing are all the others but for what only one caller can do. What links
// and merges comes most often.
func (w *world) changing() []kind {
	return []kind{
		{3, func(t *rapid.T) call { return getToken{w.id(t), w.logins(t, 3)} }},
		{5, func(t *rapid.T) call { return getToken(w.proven(t)) }},
		{2, func(t *rapid.T) call { return getCredentials{w.id(t), w.logins(t, 3)} }},
		{4, func(t *rapid.T) call { return getCredentials(w.proven(t)) }},
		{2, func(t *rapid.T) call { return getCredentials{w.id(t), nil} }},
		{4, func(t *rapid.T) call {
			return developerToken{w.pool(t), w.id(t), pick(t, "user", w.users), w.logins(t, 2)}
		}},
		{2, func(t *rapid.T) call { return w.ownDeveloperToken(t) }},
		{3, func(t *rapid.T) call { return w.spend(t) }},
		{5, func(t *rapid.T) call { return w.mergeUsers(t) }},
		{1, func(t *rapid.T) call { return unlink{w.id(t), w.logins(t, 3), w.providers(t)} }},
		{3, func(t *rapid.T) call { return w.ownUnlink(t) }},
		{1, func(t *rapid.T) call { return unlinkUser{w.pool(t), w.id(t), pick(t, "user", w.users)} }},
		{2, func(t *rapid.T) call { return w.ownUnlinkUser(t) }},
		{3, func(t *rapid.T) call { return w.lookup(t) }},
		{1, func(t *rapid.T) call { return describeOne{w.id(t)} }},
		{2, func(t *rapid.T) call { return list{w.pool(t), pick(t, "hide", []bool{false, true}), w.page(t)} }},
		{1, func(t *rapid.T) call { return deleteAll{[]cognito.IdentityId{w.id(t), w.id(t)}} }},
	}
}

// alone are those that only one caller can do.
func (w *world) alone() []kind {
	return []kind{
		{1, func(t *rapid.T) call { return openOrClose{w.pool(t), pick(t, "guests", []bool{false, true})} }},
		{1, func(*rapid.T) call { return restart{} }},
	}
}

// calls generates calls of some kinds.
func calls(kinds ...[]kind) *rapid.Generator[call] {
	var all []func(*rapid.T) call
	for _, k := range slices.Concat(kinds...) {
		all = append(all, slices.Repeat([]func(*rapid.T) call{k.draw}, k.weight)...)
	}
	return rapid.Custom(func(t *rapid.T) call { return pick(t, "kind", all)(t) })
}

// pick chooses evenly. Rapid likes small numbers better than others, which is
// good for sizes, and would be the first in the list here.
func pick[T any](t *rapid.T, label string, all []T) T {
	n := rapid.Uint32().Draw(t, label)
	return all[n*2654435769>>8%uint32(len(all))]
}

func (w *world) pool(t *rapid.T) cognito.IdentityPoolId {
	if pick(t, "pool", []int{0, 0, 0, 1}) == 0 {
		return w.pools[0]
	}
	return w.pools[len(w.pools)-1]
}

// id mostly draws an identity that is there.
func (w *world) id(t *rapid.T) cognito.IdentityId {
	there := slices.DeleteFunc(slices.Clone(w.ids), func(id cognito.IdentityId) bool { return w.ref.identities[id] == nil })
	if len(there) == 0 || pick(t, "there", []int{0, 0, 0, 0, 0, 0, 0, 1}) == 1 {
		there = w.ids
	}
	return pick(t, "id", there)
}

// user draws a developer user, mostly one who has an identity.
func (w *world) user(t *rapid.T, pool cognito.IdentityPoolId) string {
	known := slices.DeleteFunc(slices.Clone(w.users), func(user string) bool { return w.ref.owner(pool, developer(user)) == "" })
	if len(known) == 0 || pick(t, "any", []bool{false, false, true}) {
		known = w.users
	}
	return pick(t, "user", known)
}

// page draws how long a page is. Only a listing in one page sees one state.
func (w *world) page(t *rapid.T) int {
	if w.onePage {
		return 60
	}
	return pick(t, "page", []int{1, 2, 3, 60})
}

// logins draws logins of different public providers.
func (w *world) logins(t *rapid.T, most int) []refLogin {
	var logins []refLogin
	for _, name := range w.rig.issuers.names[:most] {
		if pick(t, name, []bool{false, true}) {
			logins = append(logins, refLogin{name, pick(t, "subject", w.subjects)})
		}
	}
	return logins
}

// providers draws names of providers, sometimes that of the developer's.
func (w *world) providers(t *rapid.T) []string {
	names := append([]string{"elsewhere.example"}, w.rig.issuers.names...)
	if pick(t, "developer", []int{0, 0, 0, 0, 0, 0, 0, 1}) == 1 {
		names = []string{developerProvider}
	}
	return []string{pick(t, "remove", names), pick(t, "remove", names)}
}

// disabled draws a disabled identity, if there is one.
func (w *world) disabled(t *rapid.T) cognito.IdentityId {
	var all []cognito.IdentityId
	for _, id := range w.ids {
		if i := w.ref.identities[id]; i != nil && i.heir != "" {
			all = append(all, id)
		}
	}
	if len(all) == 0 {
		return w.id(t)
	}
	return pick(t, "disabled", all)
}

// proven draws an identity and logins of which one is its own, or, if it is
// disabled, its survivor's.
func (w *world) proven(t *rapid.T) getToken {
	c := getToken{w.id(t), w.logins(t, 3)}
	if pick(t, "way", []int{0, 0, 0, 1}) == 1 {
		c.id = w.disabled(t)
	}
	i := w.ref.identities[w.ref.survivor(c.id)]
	if i == nil {
		return c
	}
	own := slices.DeleteFunc(slices.Clone(i.logins), func(l refLogin) bool { return !l.public() })
	if len(own) == 0 {
		return c
	}
	proof := pick(t, "proof", own)
	c.logins = slices.DeleteFunc(c.logins, func(l refLogin) bool { return l.provider == proof.provider })
	c.logins = append(c.logins, proof)
	return c
}

// ownUnlink draws an UnlinkIdentity with a proof.
func (w *world) ownUnlink(t *rapid.T) call {
	c := w.proven(t)
	return unlink{c.id, c.logins, w.providers(t)}
}

// ownUser draws a developer user with the identity that he has, if he has one.
func (w *world) ownUser(t *rapid.T) (cognito.IdentityPoolId, cognito.IdentityId, string) {
	pool := w.pool(t)
	user := w.user(t, pool)
	id := w.ref.owner(pool, developer(user))
	if id == "" {
		t.Skip("the user has no identity")
	}
	return pool, id, user
}

func (w *world) ownDeveloperToken(t *rapid.T) call {
	pool, id, user := w.ownUser(t)
	return developerToken{pool, id, user, w.logins(t, 2)}
}

func (w *world) ownUnlinkUser(t *rapid.T) call {
	pool, id, user := w.ownUser(t)
	return unlinkUser{pool, id, user}
}

func (w *world) mergeUsers(t *rapid.T) call {
	pool := w.pool(t)
	c := mergeUsers{pool, w.user(t, pool), w.user(t, pool)}
	if c.source == c.survivor { // once more, since that does nothing
		c.survivor = w.user(t, pool)
	}
	return c
}

func (w *world) lookup(t *rapid.T) call {
	c := lookup{pool: w.pool(t), page: w.page(t)}
	switch pick(t, "how", []int{0, 1, 2, 3}) {
	case 0:
		c.id = w.id(t)
	case 1:
		c.user = w.user(t, c.pool)
	case 2:
		c.id, c.user = w.id(t), w.user(t, c.pool)
	case 3:
		c.pool, c.id, c.user = w.ownUser(t)
	}
	return c
}

// spend draws a developer token, preferably of an identity that was disabled
// since.
func (w *world) spend(t *rapid.T) call {
	if len(w.tokens) == 0 {
		t.Skip("there is no developer token")
	}
	tokens := slices.DeleteFunc(slices.Clone(w.tokens), func(c spend) bool {
		i := w.ref.identities[c.of]
		return i == nil || i.heir == ""
	})
	if len(tokens) == 0 || pick(t, "any", []bool{false, true}) {
		tokens = w.tokens
	}
	c := pick(t, "token", tokens)
	if pick(t, "other", []int{0, 0, 0, 1}) == 1 {
		c.id = w.id(t)
	}
	return c
}

// census counts answers, to show (with -v) that sequences are not all of one
// kind.
type census map[string]int

func (s census) count(c call, got answer) { s[fmt.Sprintf("%T %s", c, got.Code)]++ }

func (s census) log(t *testing.T) {
	for _, what := range slices.Sorted(maps.Keys(s)) {
		t.Logf("%6d %s", s[what], what)
	}
}
