package cognito_test

import (
	"context"
	"testing"

	"github.com/daypass/daypass/internal/cognito"
)

// overtaken is a store in which something happens between what a call has read and what
// it writes.
type overtaken struct {
	cognito.Store
	meanwhile func()
}

// Update implements cognito.Store.
func (s overtaken) Update(ctx context.Context, change func(cognito.Tx) error) error {
	s.meanwhile()
	return s.Store.Update(ctx, change)
}

// Create implements cognito.Store.
func (s overtaken) Create(ctx context.Context, p *cognito.Pool, i *cognito.Identity) (bool, error) {
	s.meanwhile()
	return s.Store.Create(ctx, p, i)
}

// A call that is overtaken by a change of the pool, or by another call of the same user,
// is answered as though it came after.
func TestOvertakenCalls(t *testing.T) {
	r := newRig(t)
	login := refLogin{r.issuers.names[0], "alice"}
	noGuests := func(in *cognito.IdentityPool) { in.AllowUnauthenticatedIdentities = false }
	noProvider := func(in *cognito.IdentityPool) { in.OpenIdConnectProviderARNs = in.OpenIdConnectProviderARNs[1:] }
	tags := func(in *cognito.IdentityPool) { in.IdentityPoolTags = cognito.IdentityPoolTagsType{"changed": "yes"} }
	notConfigured := answer{Code: "NotAuthorizedException", Text: "Token is not from a supported provider of this identity pool."}
	guest := func(p cognito.IdentityPoolId, _ cognito.IdentityId) call { return getID{p, nil} }
	first := func(p cognito.IdentityPoolId, _ cognito.IdentityId) call { return getID{p, []refLogin{login}} }
	link := func(_ cognito.IdentityPoolId, id cognito.IdentityId) call { return getToken{id, []refLogin{login}} }
	for name, test := range map[string]struct {
		call   func(pool cognito.IdentityPoolId, guest cognito.IdentityId) call
		change func(*cognito.IdentityPool) // nil: the pool is deleted
		always bool
		want   answer // of the code and the text; an ID if there is none
	}{
		"a guest, when guests are switched off":        {guest, noGuests, false, guestsRefused},
		"a guest, when the pool is deleted":            {guest, nil, false, answer{Code: "ResourceNotFoundException"}},
		"a guest, when something else changes":         {guest, tags, false, answer{}},
		"a guest, when something changes all the time": {guest, tags, true, answer{Code: "TooManyRequestsException", Text: "Rate exceeded"}},
		"a new login, when its provider is removed":    {first, noProvider, false, notConfigured},
		"a new login, when the pool is deleted":        {first, nil, false, answer{Code: "ResourceNotFoundException"}},
		"a new login, when something else changes":     {first, tags, false, answer{}},
		"a link, when its provider is removed":         {link, noProvider, false, loginsMismatch},
		"a link, when the pool is deleted":             {link, nil, false, answer{Code: "ResourceNotFoundException"}},
		"a link, when something else changes":          {link, tags, false, answer{}},
	} {
		t.Run(name, func(t *testing.T) {
			pool := r.newPool(true)
			guest := getID{pool, nil}.ask(t.Context(), r).ID
			times := 0
			r.service.Store = overtaken{r.store, func() {
				if times++; times > 1 && !test.always {
					return
				}
				var err error
				if test.change != nil {
					err = r.settings(pool, test.change)
				} else {
					_, err = r.service.DeleteIdentityPool(t.Context(), modelRoot, &cognito.DeleteIdentityPoolInput{IdentityPoolId: pool})
				}
				if err != nil {
					t.Error(err)
				}
			}}
			defer func() { r.service.Store = r.store }()
			got := test.call(pool, guest).ask(t.Context(), r)
			if got.Code != test.want.Code || test.want.Text != "" && got.Text != test.want.Text || (got.ID == "") != (test.want.Code != "") {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
	t.Run("a new login, which another call brings first", func(t *testing.T) {
		pool := r.newPool(true)
		var other answer
		r.service.Store = overtaken{r.store, func() {
			r.service.Store = r.store
			other = getID{pool, []refLogin{login}}.ask(t.Context(), r)
		}}
		if got := (getID{pool, []refLogin{login}}).ask(t.Context(), r); got.ID == "" || got != other {
			t.Errorf("%+v and %+v", got, other)
		}
	})
}
