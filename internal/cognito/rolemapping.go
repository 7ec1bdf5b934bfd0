package cognito

import (
	"maps"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// checkRoleMappings says whether role mappings make sense for the pool.
func (p *Pool) checkRoleMappings(m RoleMappingMap, l Limits) *awsapi.Error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		mapping := m[name]
		if !slices.Contains(p.mappingNames(), string(name)) {
			return exception(invalidParameter, "(%s) is not a valid RoleMapping ProviderName or is not a configured provider.", name).Because(causeRoleMappingProvider, nil)
		}
		if err := mapping.check(name, l); err != nil {
			return err
		}
	}
	return nil
}

func (m RoleMapping) check(name IdentityProviderName, l Limits) *awsapi.Error {
	bad := func(format string, args ...any) *awsapi.Error {
		return exception(invalidParameter, format, args...).Because(causeRoleMapping, nil)
	}
	switch {
	case m.AmbiguousRoleResolution == "":
		return bad("AmbiguousRoleResolution is required in the role mapping of %s.", name)
	case m.Type == "Rules" && m.RulesConfiguration == nil:
		return bad("RulesConfiguration is required in the role mapping of %s, whose type is Rules.", name)
	case m.Type == "Token" && m.RulesConfiguration != nil:
		return bad("RulesConfiguration is not allowed in the role mapping of %s, whose type is Token.", name)
	case m.RulesConfiguration != nil && len(m.RulesConfiguration.Rules) > l.RulesPerMapping:
		return bad("The role mapping of %s can have at most %d rules.", name, l.RulesPerMapping)
	}
	return nil
}

// mappingNames are the names by which role mappings can refer to the providers
// of the pool: a user pool with its client, the ARN of an OpenID Connect or
// SAML provider, the name of a public provider.
func (p *Pool) mappingNames() []string {
	var names []string
	for name := range p.SupportedLoginProviders {
		names = append(names, string(name))
	}
	for _, c := range p.CognitoIdentityProviders {
		names = append(names, string(c.ProviderName)+":"+string(c.ClientId))
	}
	for _, a := range p.OpenIdConnectProviderARNs {
		names = append(names, string(a))
	}
	for _, a := range p.SamlProviderARNs {
		names = append(names, string(a))
	}
	return names
}

// chooseRole finds the role that proven logins lead to, and the login that
// decided (-1 if none did). Logins without a mapping decide nothing; of those
// with one the first that leads to a role counts. Custom is the role that the
// caller asks for, where the mapping offers several; without a mapping it is
// not looked at.
func (p *Pool) chooseRole(proofs []proof, custom ARNString) (role ARNString, decided int, err *awsapi.Error) {
	if len(proofs) == 0 {
		return p.Roles["unauthenticated"], -1, nil
	}
	mapped := false
	for n, f := range proofs {
		m, ok := p.RoleMappings[IdentityProviderName(f.source)]
		if !ok {
			// Google and Apple may be both a public provider and one in IAM.
			m, ok = p.RoleMappings[IdentityProviderName(f.name)]
		}
		if !ok && len(f.roles) > 0 {
			// A SAML response that offers roles needs no mapping.
			m, ok = RoleMapping{Type: "Token", AmbiguousRoleResolution: "Deny"}, true
		}
		if !ok {
			continue
		}
		mapped = true
		found, refused := m.choose(f, custom, p.Roles["authenticated"])
		if found != "" {
			return found, n, nil
		}
		if err == nil {
			err = refused
		}
	}
	if mapped {
		return "", -1, err
	}
	return p.Roles["authenticated"], -1, nil
}

// choose finds the role of a login whose provider has a mapping.
func (m RoleMapping) choose(f proof, custom, standard ARNString) (ARNString, *awsapi.Error) {
	offered, best := m.offers(f)
	switch {
	case custom != "" && slices.Contains(offered, custom):
		return custom, nil
	case custom != "":
		return "", roleForbidden(custom, causeRoleNotOffered)
	case best != "":
		return best, nil
	case m.AmbiguousRoleResolution == "AuthenticatedRole":
		return standard, nil
	}
	return "", ambiguousRole(f.source)
}

// offers lists the roles that a login may have, and the one that it has unless
// the caller asks for another.
func (m RoleMapping) offers(f proof) (offered []ARNString, best ARNString) {
	if m.Type == "Token" {
		return tokenRoles(f)
	}
	for _, r := range m.RulesConfiguration.Rules {
		if r.matches(claimTexts(f.claims[string(r.Claim)])) {
			offered = append(offered, r.RoleARN)
		}
	}
	if len(offered) > 0 {
		best = offered[0]
	}
	return offered, best
}

// tokenRoles reads cognito:roles, an array or a list with commas, and
// cognito:preferred_role, or the roles of a SAML response. A lone role needs no
// preference.
func tokenRoles(f proof) (offered []ARNString, best ARNString) {
	if isSAML(f.source) {
		if len(f.roles) == 1 {
			best = f.roles[0]
		}
		return f.roles, best
	}
	claim := f.claims["cognito:roles"]
	texts := claimTexts(claim)
	if claim.Kind() == '"' {
		texts = strings.Split(texts[0], ",")
	}
	for _, role := range texts {
		if role = strings.TrimSpace(role); role != "" {
			offered = append(offered, ARNString(role))
		}
	}
	if preferred := claimTexts(f.claims["cognito:preferred_role"]); len(preferred) == 1 && preferred[0] != "" {
		return offered, ARNString(preferred[0])
	}
	if len(offered) == 1 {
		best = offered[0]
	}
	return offered, best
}

// matches says whether a claim's values satisfy the rule. A claim that is
// absent satisfies none, NotEqual included.
func (r MappingRule) matches(values []string) bool {
	want := string(r.Value)
	switch r.MatchType {
	case "Equals":
		return slices.Contains(values, want)
	case "StartsWith":
		return slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, want) })
	case "Contains":
		return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, want) })
	case "NotEqual":
		return len(values) > 0 && !slices.Contains(values, want)
	}
	return false
}
