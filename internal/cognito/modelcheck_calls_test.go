package cognito_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/cognito"
)

// call is one request: what the service answers, and what the reference does.
type call interface {
	// ask makes the request.
	ask(context.Context, *rig) answer
	// expect gives the reference's answer, and changes the reference accordingly.
	// What nobody can foretell, a new ID, it takes from the answer that was got.
	expect(r *reference, got answer) answer
}

// agree says whether an answer is the one that was expected.
func agree(want, got answer) bool {
	if want.Text == "" {
		got.Text = ""
	}
	got.token = ""
	return want == got
}

func refusal(err error) answer {
	e, ok := awsapi.AsError(err)
	if !ok {
		return answer{Code: "not an answer", Text: err.Error()}
	}
	return answer{Code: e.Code, Text: e.Message}
}

// loginsMap has the tokens, or the developer's word, for logins.
func (r *rig) loginsMap(logins []refLogin) cognito.LoginsMap {
	if len(logins) == 0 {
		return nil
	}
	m := cognito.LoginsMap{}
	for _, l := range logins {
		value := l.subject
		if l.public() {
			value = r.issuers.tokens[l]
		}
		m[cognito.IdentityProviderName(l.provider)] = cognito.IdentityProviderToken(value)
	}
	return m
}

// tokenFor checks what a token of ours says of whom it is for.
func tokenFor(id cognito.IdentityId, logins []refLogin, token cognito.OIDCToken) answer {
	var claims struct {
		Sub string
		Amr []string
	}
	parts := strings.Split(string(token), ".")
	if len(parts) != 3 {
		return answer{Code: "no token", Text: string(token)}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(payload, &claims)
	}
	amr := []string{"unauthenticated"}
	if len(logins) > 0 {
		amr = []string{"authenticated"}
		for _, l := range logins {
			amr = append(amr, l.provider)
		}
	}
	missing := slices.DeleteFunc(amr, func(s string) bool { return slices.Contains(claims.Amr, s) })
	if err != nil || claims.Sub != string(id) || len(missing) > 0 {
		return answer{Code: "a token of somebody else", Text: fmt.Sprint(string(payload), err, missing)}
	}
	return answer{ID: id, token: token}
}

type getID struct {
	pool   cognito.IdentityPoolId
	logins []refLogin
}

func (c getID) ask(ctx context.Context, r *rig) answer {
	out, err := r.service.GetId(ctx, modelStranger, &cognito.GetIdInput{IdentityPoolId: c.pool, Logins: r.loginsMap(c.logins)})
	if err != nil {
		return refusal(err)
	}
	return answer{ID: out.IdentityId}
}

func (c getID) expect(r *reference, got answer) answer {
	switch {
	case len(c.logins) > 0:
		return r.settle(c.pool, "", c.logins, got)
	case !r.guests[c.pool]:
		return guestsRefused
	}
	return r.create(c.pool, nil, got)
}

// getToken is GetOpenIdToken.
type getToken struct {
	id     cognito.IdentityId
	logins []refLogin
}

func (c getToken) ask(ctx context.Context, r *rig) answer {
	out, err := r.service.GetOpenIdToken(ctx, modelStranger, &cognito.GetOpenIdTokenInput{IdentityId: c.id, Logins: r.loginsMap(c.logins)})
	if err != nil {
		return refusal(err)
	}
	return tokenFor(out.IdentityId, c.logins, out.Token)
}

func (c getToken) expect(r *reference, got answer) answer {
	if len(c.logins) == 0 {
		return r.guest(c.id)
	}
	i := r.identities[c.id]
	if i == nil {
		return identityUnknown(c.id)
	}
	return r.settle(i.pool, c.id, c.logins, got)
}

// getCredentials is GetCredentialsForIdentity. It goes by the same rules.
type getCredentials getToken

func (c getCredentials) ask(ctx context.Context, r *rig) answer {
	return credentials(r.service.GetCredentialsForIdentity(ctx, modelStranger, &cognito.GetCredentialsForIdentityInput{
		IdentityId: c.id, Logins: r.loginsMap(c.logins),
	}))
}

func credentials(out *cognito.GetCredentialsForIdentityResponse, err error) answer {
	switch {
	case err != nil:
		return refusal(err)
	case out.Credentials == nil || out.Credentials.SecretKey == "":
		return answer{Code: "no credentials"}
	}
	return answer{ID: out.IdentityId}
}

func (c getCredentials) expect(r *reference, got answer) answer { return getToken(c).expect(r, got) }

// developerToken is GetOpenIdTokenForDeveloperIdentity. An empty id finds or
// makes the identity.
type developerToken struct {
	pool   cognito.IdentityPoolId
	id     cognito.IdentityId
	user   string
	public []refLogin
}

func (c developerToken) logins() []refLogin {
	return append([]refLogin{developer(c.user)}, c.public...)
}

func (c developerToken) ask(ctx context.Context, r *rig) answer {
	out, err := r.service.GetOpenIdTokenForDeveloperIdentity(ctx, modelRoot, &cognito.GetOpenIdTokenForDeveloperIdentityInput{
		IdentityPoolId: c.pool, IdentityId: c.id, Logins: r.loginsMap(c.logins()),
	})
	if err != nil {
		return refusal(err)
	}
	return tokenFor(out.IdentityId, c.logins(), out.Token)
}

func (c developerToken) expect(r *reference, got answer) answer {
	if c.id != "" {
		i := r.inPool(c.pool, c.id)
		if i == nil {
			return identityUnknown(c.id)
		}
		if owner := r.owner(c.pool, developer(c.user)); i.heir == "" && owner != "" && owner != c.id {
			return userTaken
		}
	}
	return r.settle(c.pool, c.id, c.logins(), got)
}

// spend shows a developer token that was got before to GetCredentialsForIdentity,
// for the identity that it is for or another.
type spend struct {
	token  int // which
	of     cognito.IdentityId
	logins []refLogin
	id     cognito.IdentityId
}

func (c spend) ask(ctx context.Context, r *rig) answer {
	return credentials(r.service.GetCredentialsForIdentity(ctx, modelStranger, &cognito.GetCredentialsForIdentityInput{
		IdentityId: c.id, Logins: cognito.LoginsMap{"cognito-identity.amazonaws.com": cognito.IdentityProviderToken(r.tokens[c.token])},
	}))
}

func (c spend) expect(r *reference, _ answer) answer {
	i := r.identities[c.id]
	switch {
	case i == nil:
		return identityUnknown(c.id)
	case c.of != c.id:
		return loginsMismatch
	case i.heir != "":
		return forbidden(c.id)
	case !slices.ContainsFunc(c.logins, func(l refLogin) bool { return slices.Contains(i.logins, l) }):
		return loginsMismatch
	}
	return answer{ID: c.id}
}

// lookup is LookupDeveloperIdentity, page by page, by identity, by user or both.
type lookup struct {
	pool cognito.IdentityPoolId
	id   cognito.IdentityId
	user string
	page int
}

func (c lookup) ask(ctx context.Context, r *rig) answer {
	limit := cognito.QueryLimit(c.page)
	in := &cognito.LookupDeveloperIdentityInput{
		IdentityPoolId: c.pool, IdentityId: c.id, DeveloperUserIdentifier: cognito.DeveloperUserIdentifier(c.user), MaxResults: &limit,
	}
	var all answer
	for {
		out, err := r.service.LookupDeveloperIdentity(ctx, modelRoot, in)
		if err != nil {
			return refusal(err)
		}
		all.ID = out.IdentityId
		for _, user := range out.DeveloperUserIdentifierList {
			all.List += string(user) + " "
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return all
		}
	}
}

func (c lookup) expect(r *reference, _ answer) answer {
	id := c.id
	if id != "" && r.inPool(c.pool, id) == nil {
		return identityUnknown(id)
	}
	if c.user != "" {
		owner := r.owner(c.pool, developer(c.user))
		switch {
		case owner == "":
			return userUnknown
		case id == owner:
			return answer{ID: id, List: c.user + " "}
		case id != "":
			return conflict
		}
		id = owner
	}
	want := answer{ID: id}
	for _, user := range r.identities[id].users() {
		want.List += user + " "
	}
	return want
}

// mergeUsers is MergeDeveloperIdentities.
type mergeUsers struct {
	pool             cognito.IdentityPoolId
	source, survivor string
}

func (c mergeUsers) ask(ctx context.Context, r *rig) answer {
	out, err := r.service.MergeDeveloperIdentities(ctx, modelRoot, &cognito.MergeDeveloperIdentitiesInput{
		IdentityPoolId: c.pool, DeveloperProviderName: developerProvider,
		SourceUserIdentifier:      cognito.DeveloperUserIdentifier(c.source),
		DestinationUserIdentifier: cognito.DeveloperUserIdentifier(c.survivor),
	})
	if err != nil {
		return refusal(err)
	}
	return answer{ID: out.IdentityId}
}

func (c mergeUsers) expect(r *reference, _ answer) answer {
	source, survivor := r.owner(c.pool, developer(c.source)), r.owner(c.pool, developer(c.survivor))
	switch {
	case source == "" || survivor == "":
		return userUnknown
	case source == survivor:
		return answer{ID: survivor}
	}
	return r.join(survivor, []cognito.IdentityId{source}, nil)
}

// unlinkUser is UnlinkDeveloperIdentity.
type unlinkUser struct {
	pool cognito.IdentityPoolId
	id   cognito.IdentityId
	user string
}

func (c unlinkUser) ask(ctx context.Context, r *rig) answer {
	_, err := r.service.UnlinkDeveloperIdentity(ctx, modelRoot, &cognito.UnlinkDeveloperIdentityInput{
		IdentityPoolId: c.pool, IdentityId: c.id, DeveloperProviderName: developerProvider,
		DeveloperUserIdentifier: cognito.DeveloperUserIdentifier(c.user),
	})
	if err != nil {
		return refusal(err)
	}
	return answer{}
}

func (c unlinkUser) expect(r *reference, _ answer) answer {
	if r.inPool(c.pool, c.id) == nil {
		return identityUnknown(c.id)
	}
	switch r.owner(c.pool, developer(c.user)) {
	case c.id:
		return r.remove(c.id, func(l refLogin) bool { return l == developer(c.user) })
	case "":
		return userUnknown
	}
	return conflict
}

// unlink is UnlinkIdentity.
type unlink struct {
	id     cognito.IdentityId
	logins []refLogin
	remove []string
}

func (c unlink) ask(ctx context.Context, r *rig) answer {
	in := &cognito.UnlinkIdentityInput{IdentityId: c.id, Logins: r.loginsMap(c.logins)}
	for _, name := range c.remove {
		in.LoginsToRemove = append(in.LoginsToRemove, cognito.IdentityProviderName(name))
	}
	if _, err := r.service.UnlinkIdentity(ctx, modelStranger, in); err != nil {
		return refusal(err)
	}
	return answer{}
}

func (c unlink) expect(r *reference, _ answer) answer {
	i := r.identities[c.id]
	switch {
	case i == nil:
		return identityUnknown(c.id)
	case slices.Contains(c.remove, developerProvider):
		return notPublic
	case i.heir != "":
		return forbidden(c.id)
	case !slices.ContainsFunc(c.logins, func(l refLogin) bool { return slices.Contains(i.logins, l) }):
		return loginsMismatch
	}
	return r.remove(c.id, func(l refLogin) bool { return slices.Contains(c.remove, l.provider) })
}

// deleteAll is DeleteIdentities.
type deleteAll struct{ ids []cognito.IdentityId }

func (c deleteAll) ask(ctx context.Context, r *rig) answer {
	out, err := r.service.DeleteIdentities(ctx, modelRoot, &cognito.DeleteIdentitiesInput{IdentityIdsToDelete: c.ids})
	if err != nil {
		return refusal(err)
	}
	left := answer{}
	for _, u := range out.UnprocessedIdentityIds {
		left.List += string(u.IdentityId) + " "
	}
	return left
}

func (c deleteAll) expect(r *reference, _ answer) answer {
	for _, id := range c.ids {
		if i := r.identities[id]; i != nil {
			r.identities[id] = nil
			r.forsakeLogins(i.pool, i.logins...)
			if r.abroad[i.pool] != nil {
				r.forsaken[spot{pool: i.pool, id: id}] = true
			}
		}
	}
	return answer{}
}

// describeOne is DescribeIdentity.
type describeOne struct{ id cognito.IdentityId }

func (c describeOne) ask(ctx context.Context, r *rig) answer {
	out, err := r.service.DescribeIdentity(ctx, modelRoot, &cognito.DescribeIdentityInput{IdentityId: c.id})
	if err != nil {
		return refusal(err)
	}
	return answer{ID: out.IdentityId, List: description(*out)}
}

func description(d cognito.IdentityDescription) string {
	var names []string
	for _, name := range d.Logins {
		names = append(names, string(name))
	}
	return describe(d.IdentityId, names, d.CreationDate, d.LastModifiedDate)
}

func (c describeOne) expect(r *reference, _ answer) answer {
	if r.identities[c.id] == nil {
		return identityUnknown(c.id)
	}
	return answer{ID: c.id, List: r.description(c.id)}
}

// list is ListIdentities, page by page.
type list struct {
	pool         cognito.IdentityPoolId
	hideDisabled bool
	page         int
}

func (c list) ask(ctx context.Context, r *rig) answer {
	in := &cognito.ListIdentitiesInput{IdentityPoolId: c.pool, HideDisabled: c.hideDisabled, MaxResults: cognito.QueryLimit(c.page)}
	var all answer
	for {
		out, err := r.service.ListIdentities(ctx, modelRoot, in)
		if err != nil {
			return refusal(err)
		}
		for _, d := range out.Identities {
			all.List += description(d)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return all
		}
	}
}

func (c list) expect(r *reference, _ answer) answer {
	var lines []string
	for id, i := range r.identities {
		if i != nil && i.pool == c.pool && !(c.hideDisabled && i.heir != "") {
			lines = append(lines, r.description(id))
		}
	}
	slices.Sort(lines)
	return answer{List: strings.Join(lines, "")}
}

// openOrClose is UpdateIdentityPool: it lets guests in or out.
type openOrClose struct {
	pool   cognito.IdentityPoolId
	guests bool
}

func (c openOrClose) ask(ctx context.Context, r *rig) answer {
	was, err := r.service.DescribeIdentityPool(ctx, modelRoot, &cognito.DescribeIdentityPoolInput{IdentityPoolId: c.pool})
	if err != nil {
		return refusal(err)
	}
	changed := *was
	changed.AllowUnauthenticatedIdentities = c.guests
	if _, err := r.service.UpdateIdentityPool(ctx, modelRoot, &changed); err != nil {
		return refusal(err)
	}
	return answer{}
}

func (c openOrClose) expect(r *reference, _ answer) answer {
	r.guests[c.pool] = c.guests
	return answer{}
}

// restart closes the database and opens it again.
type restart struct{}

func (restart) ask(_ context.Context, r *rig) answer {
	r.restart()
	return answer{}
}

func (restart) expect(*reference, answer) answer { return answer{} }
