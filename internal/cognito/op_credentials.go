package cognito

import (
	"context"
	"slices"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/openid"
)

const (
	// sessionName is the role session name of the enhanced flow.
	sessionName = "CognitoIdentityCredentials"
	// tokenDuration is how long a token of GetOpenIdToken lasts.
	tokenDuration = 10 * time.Minute
)

// GetOpenIdToken gives an identity a token that an STS trusts: the first half
// of the basic (classic) flow.
func (s *Service) GetOpenIdToken(ctx context.Context, c awsapi.Caller, in *GetOpenIdTokenInput) (*GetOpenIdTokenResponse, error) {
	return untilSettled(func(bool) (*GetOpenIdTokenResponse, error) { return s.openIDToken(ctx, c, in) })
}

func (s *Service) openIDToken(ctx context.Context, c awsapi.Caller, in *GetOpenIdTokenInput) (*GetOpenIdTokenResponse, error) {
	i, p, err := s.identityAndPool(ctx, in.IdentityId)
	if err != nil {
		return nil, err
	}
	if err := p.checkClassicFlow(in.Logins); err != nil {
		return nil, err
	}
	i, proofs, err := s.enter(ctx, c, i, p, in.Logins)
	if err != nil {
		return nil, err
	}
	claims, err := s.claims(ctx, i, p, proofs, tokenDuration)
	if err != nil {
		return nil, err
	}
	claims.Tags = p.tagSession(ctx, proofs, -1)
	token, err := s.OpenID.Sign(ctx, p.Region(), claims)
	if err != nil {
		return nil, err
	}
	return &GetOpenIdTokenResponse{IdentityId: i.ID(p), Token: OIDCToken(token)}, nil
}

// checkClassicFlow refuses the basic (classic) flow where the pool does not
// allow it, or chooses roles by rules which that flow would go round, and for
// SAML, whose responses say which roles there are.
func (p *Pool) checkClassicFlow(logins LoginsMap) error {
	if len(p.RoleMappings) > 0 {
		return exception(invalidParameter, "Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.").Because(causeClassicFlowMapped, nil)
	}
	if !p.classicFlow() {
		return exception(invalidParameter, "Basic (classic) flow is not enabled, please use enhanced flow.").Because(causeClassicFlowOff, nil)
	}
	for name := range logins {
		if isSAML(string(name)) {
			return exception(invalidParameter, "Basic (classic) flow is not supported with SAML providers, please use enhanced flow.").Because(causeClassicFlowSAML, nil)
		}
	}
	return nil
}

// GetCredentialsForIdentity gives an identity temporary credentials: the second
// half of the enhanced flow, or of the developer flow.
func (s *Service) GetCredentialsForIdentity(ctx context.Context, c awsapi.Caller, in *GetCredentialsForIdentityInput) (*GetCredentialsForIdentityResponse, error) {
	return untilSettled(func(bool) (*GetCredentialsForIdentityResponse, error) { return s.credentials(ctx, c, in) })
}

func (s *Service) credentials(ctx context.Context, c awsapi.Caller, in *GetCredentialsForIdentityInput) (*GetCredentialsForIdentityResponse, error) {
	i, p, err := s.identityAndPool(ctx, in.IdentityId)
	if err != nil {
		return nil, err
	}
	var role ARNString
	var claims *openid.Claims
	if token, ok := in.Logins[ownProvider]; ok {
		role, claims, err = s.developerClaims(ctx, i, p, in, string(token))
	} else {
		i, role, claims, err = s.identityClaims(ctx, c, i, p, in)
	}
	if err != nil {
		return nil, err
	}
	made, err := s.STS.AssumeRoleForIdentity(ctx, c.Request, string(role), claims, sessionName)
	if err != nil {
		return nil, roleNotAssumed(err)
	}
	return &GetCredentialsForIdentityResponse{IdentityId: i.ID(p), Credentials: &Credentials{
		AccessKeyId:  string(made.AccessKeyId),
		SecretKey:    string(made.SecretAccessKey),
		SessionToken: string(made.SessionToken),
		Expiration:   made.Expiration,
	}}, nil
}

// identityClaims lets the holder of an identity in, chooses the role and says
// what a token of the identity would say.
func (s *Service) identityClaims(ctx context.Context, caller awsapi.Caller, i *Identity, p *Pool, in *GetCredentialsForIdentityInput) (*Identity, ARNString, *openid.Claims, error) {
	i, proofs, err := s.enter(ctx, caller, i, p, in.Logins)
	if err != nil {
		return nil, "", nil, err
	}
	resolved := p.resolveRole(proofs, in.CustomRoleArn)
	audit.From(ctx).DecideRole(resolved.answer)
	if err := resolved.refusal(); err != nil {
		return nil, "", nil, err
	}
	c, err := s.claims(ctx, i, p, proofs, tokenDuration)
	if err != nil {
		return nil, "", nil, err
	}
	c.Tags = p.tagSession(ctx, proofs, resolved.decided)
	return i, resolved.role(), c, nil
}

// tagSession makes the tags of a session, and records which.
func (p *Pool) tagSession(ctx context.Context, proofs []proof, decided int) map[string]string {
	if len(proofs) == 0 || len(p.PrincipalTagMaps) == 0 {
		return nil
	}
	tags, logins := p.sessionTags(proofs, decided)
	audit.From(ctx).DecideTags(logins)
	return tags
}

// developerClaims reads a token of GetOpenIdTokenForDeveloperIdentity: it is
// passed through to STS, so what it says is what counts. The role is the pool's.
func (s *Service) developerClaims(ctx context.Context, i *Identity, p *Pool, in *GetCredentialsForIdentityInput, token string) (ARNString, *openid.Claims, error) {
	if len(in.Logins) > 1 {
		return "", nil, exception(invalidParameter, "A login of %s cannot be combined with others.", ownProvider).Because(causeOwnTokenCombined, nil)
	}
	claims, err := s.ownToken(ctx, token)
	if err != nil {
		return "", nil, err
	}
	role, err := s.developerRoleOf(ctx, i, p, claims, in.CustomRoleArn)
	return role, claims, err
}

// developerRoleOf is the role that a token of ours of an authenticated identity
// leads to.
func (s *Service) developerRoleOf(ctx context.Context, i *Identity, p *Pool, claims *openid.Claims, custom ARNString) (ARNString, error) {
	switch {
	case claims.Subject != string(i.ID(p)) || claims.Audience != string(p.IdentityPoolId):
		return "", loginsDontMatch(causeNoProofForIdentity)
	case !claims.Authenticated():
		return "", loginsDontMatch(causeGuestToken)
	case i.Disabled:
		return "", identityForbidden(i.ID(p), causeIdentityDisabled)
	case !i.stillHas(p, claims.AMR):
		return "", loginsDontMatch(causeNoProofForIdentity)
	}
	for _, l := range openid.Logins(string(p.IdentityPoolId), claims.AMR) {
		audit.From(ctx).SetPerson(audit.Person{Provider: l.Provider, Subject: l.Subject})
	}
	i.recordOwner(ctx)
	if err := s.checkRevoked(ctx, claims); err != nil {
		return "", err
	}
	resolved := p.developerRole(custom)
	audit.From(ctx).DecideRole(resolved.answer)
	return resolved.role(), resolved.refusal()
}

// stillHas says whether a login that a token was made for is still linked: a
// token does not outlive the unlinking of what it stands for.
func (i *Identity) stillHas(p *Pool, amr []string) bool {
	return slices.ContainsFunc(openid.Logins(string(p.IdentityPoolId), amr), func(l openid.Login) bool { return i.has(p.login(l)) })
}

// login is a login as identities have it; one that no identity has if the pool
// does not know its provider.
func (p *Pool) login(l openid.Login) Login {
	switch {
	case !l.Developer:
		return Login{Provider: p.Providers[l.Provider], Subject: l.Subject}
	case l.Provider == string(p.DeveloperProviderName):
		return Login{Provider: p.developer(), Subject: l.Subject}
	}
	return Login{}
}

// qualifiedUser is a developer user as the amr claim has it.
func (p *Pool) qualifiedUser(user string) string {
	return string(p.DeveloperProviderName) + ":" + string(p.IdentityPoolId) + ":" + user
}

// enter lets the holder of an identity in: a guest with nothing but the ID, or
// somebody with logins that lead to it.
func (s *Service) enter(ctx context.Context, c awsapi.Caller, i *Identity, p *Pool, logins LoginsMap) (*Identity, []proof, error) {
	if len(logins) == 0 {
		return i, nil, guestOf(i, p)
	}
	proofs, err := s.prove(ctx, c.Network().String(), p, logins, true)
	if err != nil {
		return nil, nil, err
	}
	given, authenticated := i.GUID, i.Authenticated
	i, err = s.settle(ctx, p, entry{given: i, logins: loginsOf(proofs), proofs: proofs, tokens: logins})
	if err == nil && (i.GUID != given || i.Authenticated != authenticated) {
		i.record(ctx, p)
	}
	return i, proofs, err
}

// claims are what a token of an identity says. The enhanced flow shows them to
// STS as they are, the basic flow signs them.
func (s *Service) claims(ctx context.Context, i *Identity, p *Pool, proofs []proof, lasts time.Duration) (*openid.Claims, error) {
	change, err := s.STS.Change(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	c := &openid.Claims{
		Change:   change,
		Subject:  string(i.ID(p)),
		Audience: string(p.IdentityPoolId),
		AMR:      []string{"unauthenticated"},
		Issuer:   s.OpenID.Issuer,
		IssuedAt: now.Unix(),
		Expires:  now.Add(lasts).Unix(),
	}
	if len(proofs) > 0 {
		c.IdentityPoolARN = p.ARN()
		c.AMR = make([]string, 1, 1+2*len(proofs))
		c.AMR[0] = "authenticated"
		for _, f := range proofs {
			c.AMR = append(c.AMR, f.name, f.qualified)
		}
	}
	return c, nil
}
