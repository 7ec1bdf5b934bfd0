package cognito

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/login"
)

// developerTokenDuration is how long a developer token lasts where nobody says.
const developerTokenDuration = 15 * time.Minute

// maxDeveloperUser is the most characters of a developer user identifier.
const maxDeveloperUser = 1024

// GetOpenIdTokenForDeveloperIdentity gives a token to a user for whom the
// developer's own back end vouches, whose identity it finds or makes. It does
// not depend on the basic (classic) flow being allowed.
func (s *Service) GetOpenIdTokenForDeveloperIdentity(ctx context.Context, c awsapi.Caller, in *GetOpenIdTokenForDeveloperIdentityInput) (*GetOpenIdTokenForDeveloperIdentityResponse, error) {
	return untilSettled(func(bool) (*GetOpenIdTokenForDeveloperIdentityResponse, error) { return s.developerToken(ctx, c, in) })
}

func (s *Service) developerToken(ctx context.Context, c awsapi.Caller, in *GetOpenIdTokenForDeveloperIdentityInput) (*GetOpenIdTokenForDeveloperIdentityResponse, error) {
	p, err := s.viewPool(ctx, c, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	if err := checkPrincipalTags(in.PrincipalTags); err != nil {
		return nil, err
	}
	given, err := s.namedIn(ctx, p, in.IdentityId)
	if err != nil {
		return nil, err
	}
	proofs, user, err := s.proveDeveloper(ctx, p, in.Logins, given != nil)
	if err != nil {
		return nil, err
	}
	i, err := s.settle(ctx, p, entry{given: given, logins: loginsOf(proofs), proofs: proofs, tokens: in.Logins, developer: &user})
	if err != nil {
		return nil, withoutExternalService(err)
	}
	lasts := developerTokenDuration
	if in.TokenDuration != nil {
		lasts = time.Duration(*in.TokenDuration) * time.Second
	}
	claims, err := s.claims(ctx, i, p, proofs, lasts)
	if err != nil {
		return nil, err
	}
	claims.Tags = map[string]string{}
	for k, v := range in.PrincipalTags {
		claims.Tags[string(k)] = string(v)
	}
	token, err := s.OpenID.Sign(ctx, p.Region(), claims)
	if err != nil {
		return nil, err
	}
	return &GetOpenIdTokenForDeveloperIdentityResponse{IdentityId: i.record(ctx, p), Token: OIDCToken(token)}, nil
}

// namedIn finds the identity that a call names, which must be one of the pool;
// nil if it names none.
func (s *Service) namedIn(ctx context.Context, p *Pool, id IdentityId) (*Identity, error) {
	if id == "" {
		return nil, nil
	}
	i, of, err := s.identityAndPool(ctx, id)
	if err != nil {
		return nil, err
	}
	if of.Number != p.Number {
		return nil, identityNotFound(id)
	}
	return i, nil
}

// proveDeveloper takes the caller's word for the developer user, and verifies
// the public logins that come with it.
func (s *Service) proveDeveloper(ctx context.Context, p *Pool, logins LoginsMap, named bool) ([]proof, Login, error) {
	name := IdentityProviderName(p.DeveloperProviderName)
	user, ok := logins[name]
	if name == "" || !ok {
		return nil, Login{}, noSuchDeveloperProvider()
	}
	if token, err := login.Parse(string(user), maxLoginToken); err == nil && token.Issuer() == s.OpenID.Issuer {
		return nil, Login{}, ownTokenRefused()
	}
	if utf8.RuneCountInString(string(user)) > maxDeveloperUser {
		return nil, Login{}, exception(invalidParameter, "A developer user identifier can have at most %d characters.", maxDeveloperUser).Because(causeDeveloperUserTooLong, nil)
	}
	public := LoginsMap{}
	for n, v := range logins {
		switch {
		case n == name:
		case p.anotherDeveloper(string(n), string(v)):
			return nil, Login{}, noSuchDeveloperProvider()
		default:
			public[n] = v
		}
	}
	// The caller is a back end, which brings the logins of any number of users.
	proofs, err := s.prove(ctx, "", p, public, named)
	if err != nil {
		return nil, Login{}, withoutExternalService(err)
	}
	mine := proof{
		login: Login{Provider: p.developer(), Subject: string(user)},
		name:  string(name), qualified: p.qualifiedUser(string(user)), source: string(name),
	}
	audit.From(ctx).SetPerson(audit.Person{Provider: mine.name, Subject: mine.login.Subject})
	return slices.Insert(proofs, 0, mine), mine.login, nil
}

// anotherDeveloper says whether a login is of a developer provider that the pool
// does not have: under a name that may be one, with a value that is no token.
func (p *Pool) anotherDeveloper(name, value string) bool {
	if p.Providers[name] != 0 || name == ownProvider || slices.Contains(publicProviders, IdentityProviderName(name)) {
		return false
	}
	_, notJWT := login.Parse(value, maxLoginToken)
	return !isProviderName(name) || !strings.ContainsAny(name, "/:") && notJWT != nil
}

// withoutExternalService gives the errors of an operation that does not declare
// ExternalServiceException: clients may try an internal error again.
func withoutExternalService(err error) error {
	e, ok := awsapi.AsError(err)
	if !ok || e.Code != externalService {
		return err
	}
	return &awsapi.Error{Code: internalError, Message: e.Message, Fault: awsapi.Server, Cause: e.Cause, Err: e.Err}
}

// LookupDeveloperIdentity finds the identity of a developer user, or the
// developer users of an identity, or says whether the two belong together.
func (s *Service) LookupDeveloperIdentity(ctx context.Context, c awsapi.Caller, in *LookupDeveloperIdentityInput) (*LookupDeveloperIdentityResponse, error) {
	const op = "LookupDeveloperIdentity"
	p, err := s.viewPool(ctx, c, in.IdentityPoolId)
	switch {
	case err != nil:
		return nil, err
	case in.IdentityId == "" && in.DeveloperUserIdentifier == "":
		return nil, exception(invalidParameter, "Either IdentityId or DeveloperUserIdentifier must not be null.").Because(causeNothingToLookUp, nil)
	case p.DeveloperProviderName == "":
		return nil, noSuchDeveloperProvider()
	}
	// The user comes first: an identity that is there after that was there before
	// as well, so the answer is true of one moment.
	owner, userErr := s.developerUser(ctx, p, in.DeveloperUserIdentifier)
	i, err := s.namedIn(ctx, p, in.IdentityId)
	if err != nil {
		return nil, err
	}
	switch {
	case userErr != nil:
		return nil, userErr
	case owner == nil: // the identity alone is named
	case i == nil:
		i = owner
	case i.GUID != owner.GUID:
		return nil, developerUserElsewhere()
	default:
		return &LookupDeveloperIdentityResponse{IdentityId: in.IdentityId, DeveloperUserIdentifierList: DeveloperUserIdentifierList{in.DeveloperUserIdentifier}}, nil
	}
	id := i.ID(p)
	last, err := s.after(op, string(id), in.NextToken)
	if err != nil {
		return nil, err
	}
	most := 60
	if in.MaxResults != nil {
		most = int(*in.MaxResults)
	}
	out := &LookupDeveloperIdentityResponse{IdentityId: id, DeveloperUserIdentifierList: DeveloperUserIdentifierList{}}
	for _, user := range i.developerUsers(p) {
		if string(user) <= last && last != "" {
			continue
		}
		if len(out.DeveloperUserIdentifierList) == most {
			out.NextToken = s.nextToken(op, string(id), string(out.DeveloperUserIdentifierList[most-1]))
			break
		}
		out.DeveloperUserIdentifierList = append(out.DeveloperUserIdentifierList, user)
	}
	return out, nil
}

// developerUser finds the identity of a developer user; nil if none is named.
func (s *Service) developerUser(ctx context.Context, p *Pool, user DeveloperUserIdentifier) (i *Identity, err error) {
	if user == "" {
		return nil, nil
	}
	err = s.Store.View(ctx, func(tx Tx) error {
		i, err = tx.IdentityByLogin(p.Number, Login{Provider: p.developer(), Subject: string(user)})
		return err
	})
	if err == nil && i == nil {
		err = developerUserNotFound()
	}
	return i, err
}

// developerUsers lists the developer users who are the identity, in order.
func (i *Identity) developerUsers(p *Pool) []DeveloperUserIdentifier {
	var users []DeveloperUserIdentifier
	for _, l := range i.Logins {
		if l.Provider == p.developer() {
			users = append(users, DeveloperUserIdentifier(l.Subject))
		}
	}
	slices.Sort(users)
	return users
}

// MergeDeveloperIdentities gives all logins of the source user's identity to
// the destination user's, and disables the former.
func (s *Service) MergeDeveloperIdentities(ctx context.Context, c awsapi.Caller, in *MergeDeveloperIdentitiesInput) (*MergeDeveloperIdentitiesResponse, error) {
	p, err := s.viewPool(ctx, c, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	if p.DeveloperProviderName == "" || in.DeveloperProviderName != p.DeveloperProviderName {
		return nil, noSuchDeveloperProvider()
	}
	var id IdentityId
	err = s.Store.Update(ctx, func(tx Tx) error {
		if err := stillThere(tx, p); err != nil {
			return err
		}
		source, err := tx.IdentityByLogin(p.Number, Login{Provider: p.developer(), Subject: string(in.SourceUserIdentifier)})
		if err != nil {
			return err
		}
		destination, err := tx.IdentityByLogin(p.Number, Login{Provider: p.developer(), Subject: string(in.DestinationUserIdentifier)})
		if err != nil {
			return err
		}
		if source == nil || destination == nil {
			return developerUserNotFound()
		}
		id = destination.ID(p)
		if source.GUID == destination.GUID {
			return nil
		}
		r, err := s.linking(p, s.now()).merge(destination, []*Identity{source}, nil)
		if err != nil {
			return err
		}
		return r.save(tx, nil, nil, []*Identity{destination, source})
	})
	if err != nil {
		return nil, err
	}
	return &MergeDeveloperIdentitiesResponse{IdentityId: id}, nil
}

// UnlinkDeveloperIdentity removes a developer user from an identity.
func (s *Service) UnlinkDeveloperIdentity(ctx context.Context, c awsapi.Caller, in *UnlinkDeveloperIdentityInput) (*awsapi.None, error) {
	p, err := s.viewPool(ctx, c, in.IdentityPoolId)
	if err != nil {
		return nil, err
	}
	if p.DeveloperProviderName == "" || in.DeveloperProviderName != p.DeveloperProviderName {
		return nil, noSuchDeveloperProvider()
	}
	i, err := s.namedIn(ctx, p, in.IdentityId)
	if err != nil {
		return nil, err
	}
	user := Login{Provider: p.developer(), Subject: string(in.DeveloperUserIdentifier)}
	err = s.changeIdentity(ctx, p, i, func(tx Tx, p *Pool, i *Identity) (*Identity, error) {
		owner, err := tx.IdentityByLogin(p.Number, user)
		switch {
		case err != nil:
			return nil, err
		case owner == nil:
			return nil, developerUserNotFound()
		case owner.GUID != i.GUID:
			return nil, developerUserElsewhere()
		}
		is, gone := i.unlink(s.now(), func(l Login) bool { return l == user })
		return is, p.forsake(tx, gone, GUID{})
	})
	if err != nil {
		return nil, err
	}
	return &awsapi.None{}, nil
}
