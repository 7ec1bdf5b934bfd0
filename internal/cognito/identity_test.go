package cognito

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The pool of the rules' tests: providers 1 and 2 are public, 3 is the
// developer provider.
var rulesPool = &Pool{
	IdentityPool: IdentityPool{
		IdentityPoolId:            "us-east-1:00000000-0000-4000-8000-000000000000",
		OpenIdConnectProviderARNs: OIDCProviderList{"arn:aws:iam::123456789012:oidc-provider/a.example", "arn:aws:iam::123456789012:oidc-provider/b.example"},
		DeveloperProviderName:     "dev",
	},
	Providers: map[string]int32{"a.example": 1, "b.example": 2, "developer:dev": 3},
}

var (
	made  = time.UnixMilli(1_700_000_000_000).UTC()
	later = made.Add(time.Hour)

	rules = linking{pool: rulesPool, most: 20, now: later}

	alice  = Login{1, "alice"}
	alice2 = Login{1, "alice2"}
	aliceB = Login{2, "alice"}
	dev1   = Login{3, "u1"}
	dev2   = Login{3, "u2"}
)

// person makes an identity whose GUID is n everywhere.
func person(n byte, logins ...Login) *Identity {
	i := &Identity{Created: made, Modified: made, Authenticated: len(logins) > 0, Logins: logins}
	for b := range i.GUID {
		i.GUID[b] = n
	}
	return i
}

func disabled(n, into byte) *Identity {
	i := person(n)
	i.Authenticated, i.Disabled, i.MergedInto = true, true, person(into).GUID
	return i
}

func unlinked(n byte) *Identity {
	i := person(n)
	i.Authenticated = true
	return i
}

func changed(i *Identity, logins ...Login) *Identity {
	c := i.clone()
	c.Logins, c.Authenticated, c.Modified = logins, true, later
	return c
}

func merged(i *Identity, into byte) *Identity {
	c := i.clone()
	c.Logins, c.Authenticated, c.Disabled, c.MergedInto, c.Modified = nil, true, true, person(into).GUID, later
	return c
}

func manyLogins(n int) []Login {
	logins := make([]Login, n)
	for i := range logins {
		logins[i] = Login{3, fmt.Sprint("user", i)}
	}
	return logins
}

func TestSettle(t *testing.T) {
	const forbidden = "NotAuthorizedException: Access to Identity 'us-east-1:01010101-0101-0101-0101-010101010101' is forbidden."
	const dontMatch = "NotAuthorizedException: Logins don't match. Please include at least one valid login for this identity or identity pool."
	const conflict = "ResourceConflictException: Login is already linked to another account."
	full := person(1, manyLogins(20)...)
	tests := []struct {
		name   string
		given  *Identity
		owners []*Identity
		logins []Login
		want   *settlement
		err    string
	}{
		{"a new login makes an identity", nil, nil, []Login{alice},
			&settlement{survivor: changed(person(9), alice), changed: true}, ""},
		{"two new logins are linked to one identity", nil, nil, []Login{alice, aliceB},
			&settlement{survivor: changed(person(9), alice, aliceB), changed: true}, ""},
		{"a known login finds its identity", nil, []*Identity{person(1, alice)}, []Login{alice},
			&settlement{survivor: person(1, alice)}, ""},
		{"a new login beside a known one is linked", nil, []*Identity{person(1, alice)}, []Login{alice, aliceB},
			&settlement{survivor: changed(person(1, alice), alice, aliceB), changed: true}, ""},
		{"logins of two identities conflict", nil, []*Identity{person(1, alice), person(2, aliceB)}, []Login{alice, aliceB}, nil, conflict},
		{"a guest with a new login is upgraded", person(1), nil, []Login{alice},
			&settlement{survivor: changed(person(1), alice), changed: true}, ""},
		{"a guest with somebody's login is merged into them", person(1), []*Identity{person(2, alice)}, []Login{alice},
			&settlement{survivor: changed(person(2, alice), alice), merged: []*Identity{merged(person(1), 2)}, changed: true}, ""},
		{"a guest with the logins of two identities", person(1), []*Identity{person(2, alice), person(3, aliceB)}, []Login{alice, aliceB}, nil, conflict},
		{"one's own login changes nothing", person(1, alice), []*Identity{person(1, alice)}, []Login{alice},
			&settlement{survivor: person(1, alice)}, ""},
		{"one's own login and a new one", person(1, alice), []*Identity{person(1, alice)}, []Login{alice, aliceB},
			&settlement{survivor: changed(person(1, alice), alice, aliceB), changed: true}, ""},
		{"somebody else's login proves nothing", person(1, alice), []*Identity{person(2, aliceB)}, []Login{aliceB}, nil, dontMatch},
		{"a new login proves nothing", person(1, alice), nil, []Login{aliceB}, nil, dontMatch},
		{"an identity that lost its logins is out of reach", unlinked(1), nil, []Login{alice}, nil, dontMatch},
		{"one's own login and somebody else's merge", person(1, alice), []*Identity{person(1, alice), person(2, aliceB)}, []Login{alice, aliceB},
			&settlement{survivor: changed(person(1, alice), alice, aliceB), merged: []*Identity{merged(person(2, aliceB), 1)}, changed: true}, ""},
		{"a merge of two users of one provider", person(1, alice), []*Identity{person(1, alice), person(2, alice2, aliceB)}, []Login{alice, aliceB}, nil, conflict},
		{"a second user of one provider", person(1, alice), []*Identity{person(1, alice)}, []Login{alice, alice2}, nil, conflict},
		{"several users of the developer provider", person(1, dev1), []*Identity{person(1, dev1)}, []Login{dev1, dev2},
			&settlement{survivor: changed(person(1, dev1), dev1, dev2), changed: true}, ""},
		{"a twenty-first login", full, []*Identity{full}, append(manyLogins(20), alice), nil, "ResourceConflictException: An identity can have at most 20 linked logins."},
		{"a merge beyond twenty logins", full, []*Identity{full, person(2, alice)}, []Login{{3, "user0"}, alice}, nil, "ResourceConflictException: An identity can have at most 20 linked logins."},
		{"a disabled identity with the login of its survivor", disabled(1, 2), []*Identity{person(2, alice)}, []Login{alice},
			&settlement{survivor: person(2, alice)}, ""},
		{"a disabled identity with the login of another", disabled(1, 2), []*Identity{person(3, alice)}, []Login{alice}, nil, forbidden},
		{"a disabled identity with a new login", disabled(1, 2), nil, []Login{alice}, nil, forbidden},
		{"a disabled identity with logins of survivor and another", disabled(1, 2), []*Identity{person(2, alice), person(3, aliceB)}, []Login{alice, aliceB}, nil, forbidden},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := rules.settle(test.given, test.owners, person(9), test.logins)
			if err != nil {
				if err.Error() != test.err {
					t.Fatalf("error %q, want %q", err.Error(), test.err)
				}
				return
			}
			if test.err != "" {
				t.Fatalf("no error, want %q", test.err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(settlement{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// What resolve is given belongs to others and may not change.
func TestSettleChangesNoArgument(t *testing.T) {
	given, owner := person(1, alice), person(2, aliceB)
	was := []*Identity{given.clone(), owner.clone()}
	if _, err := rules.settle(given, []*Identity{given, owner}, person(9), []Login{alice, aliceB, dev1}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(was, []*Identity{given, owner}); diff != "" {
		t.Errorf("arguments changed:\n%s", diff)
	}
}

func TestGuestOf(t *testing.T) {
	open, closed := *rulesPool, *rulesPool
	open.AllowUnauthenticatedIdentities = true
	tests := []struct {
		name string
		i    *Identity
		p    *Pool
		err  string
	}{
		{"a guest", person(1), &open, ""},
		{"a guest of a pool without guests", person(1), &closed, "NotAuthorizedException: Unauthenticated access is not supported for this identity pool."},
		{"an authenticated identity", person(1, alice), &open, "NotAuthorizedException: Access to Identity 'us-east-1:01010101-0101-0101-0101-010101010101' is forbidden."},
		{"an identity that lost its logins", unlinked(1), &open, "NotAuthorizedException: Access to Identity 'us-east-1:01010101-0101-0101-0101-010101010101' is forbidden."},
		{"a disabled identity", disabled(1, 2), &open, "NotAuthorizedException: Access to Identity 'us-east-1:01010101-0101-0101-0101-010101010101' is forbidden."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := guestOf(test.i, test.p); err != nil {
				got = err.Error()
			}
			if got != test.err {
				t.Errorf("error %q, want %q", got, test.err)
			}
		})
	}
}

// Salts go where the logins go: hashes that were made with them are found by the
// survivor of a merge, and go with it.
func TestSettleSalts(t *testing.T) {
	salted := func(i *Identity, salts ...Salt) *Identity {
		i.Salts = salts
		return i
	}
	var many []Salt
	for n := range mostSalts {
		many = append(many, Salt{9, byte(n)})
	}
	for name, test := range map[string]struct {
		salt   *Salt
		given  *Identity
		owners []*Identity
		logins []Login
		want   []Salt
	}{
		"nothing is recorded":       {nil, nil, nil, []Login{alice}, nil},
		"a new identity":            {&Salt{7}, nil, nil, []Login{alice}, []Salt{{7}}},
		"a guest with a new login":  {&Salt{7}, person(1), nil, []Login{alice}, []Salt{{7}}},
		"one that has a salt":       {&Salt{7}, nil, []*Identity{salted(person(1, alice), Salt{1})}, []Login{alice, aliceB}, []Salt{{1}}},
		"what is so needs no write": {&Salt{7}, nil, []*Identity{person(1, alice)}, []Login{alice}, nil},
		"a merge": {&Salt{7}, salted(person(1, alice), Salt{1}), []*Identity{salted(person(1, alice), Salt{1}), salted(person(2, aliceB), Salt{2}, Salt{3})},
			[]Login{alice, aliceB}, []Salt{{1}, {2}, {3}}},
		"a merge into one without salt": {&Salt{7}, person(1, alice), []*Identity{person(1, alice), salted(person(2, aliceB), Salt{2})},
			[]Login{alice, aliceB}, []Salt{{2}}},
		"a merge while nothing is recorded": {nil, person(1, alice), []*Identity{person(1, alice), salted(person(2, aliceB), Salt{2})},
			[]Login{alice, aliceB}, []Salt{{2}}},
		"a merge too many": {nil, salted(person(1, alice), many...), []*Identity{salted(person(1, alice), many...), salted(person(2, aliceB), Salt{2})},
			[]Login{alice, aliceB}, append(append([]Salt{many[0]}, many[2:]...), Salt{2})},
	} {
		t.Run(name, func(t *testing.T) {
			k := rules
			k.salt = test.salt
			got, err := k.settle(test.given, test.owners, person(9), test.logins)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.survivor.Salts); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for _, gone := range got.merged {
				if gone.Salts != nil {
					t.Errorf("what was merged keeps %v", gone.Salts)
				}
			}
		})
	}
}
