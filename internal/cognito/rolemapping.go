package cognito

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/login"
)

// checkRoleMappings says whether role mappings make sense for the pool.
func (p *Pool) checkRoleMappings(m RoleMappingMap, l Limits) error {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		mapping := m[name]
		if !slices.Contains(p.mappingNames(), string(name)) {
			return exception(invalidParameter, "(%s) is not a valid RoleMapping ProviderName or is not a configured provider.", name).Because(causeRoleMappingProvider, fmt.Errorf("the pool has %q", p.mappingNames()))
		}
		if err := mapping.check(name, l); err != nil {
			return err
		}
	}
	return nil
}

func (m RoleMapping) check(name IdentityProviderName, l Limits) error {
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

// mappingOf finds the role mapping of a login's provider, and its name: for
// Google and Apple, which may be both a public provider and one in IAM, that of
// the latter first.
func (p *Pool) mappingOf(f proof) (IdentityProviderName, RoleMapping, bool) {
	for _, name := range []string{f.source, f.name} {
		if m, ok := p.RoleMappings[IdentityProviderName(name)]; ok {
			return IdentityProviderName(name), m, true
		}
	}
	return IdentityProviderName(f.source), RoleMapping{}, false
}

// test says whether a rule matches the claims of a login. A claim that is absent
// matches nothing, NotEqual included.
func (r MappingRule) test(claim readClaim) decision.RuleOutcome {
	switch {
	case claim.absent:
		return decision.RuleClaimAbsent
	case len(claim.values) == 0:
		return decision.RuleClaimUnusable
	case r.matches(claim.values):
		return decision.RuleMatched
	}
	return decision.RuleUnmatched
}

// readClaim is a claim as rules see it.
type readClaim struct {
	name   ClaimName
	absent bool
	values []string
	// seen and more are the values as decisions have them.
	seen []string
	more int
}

// read reads the claim that a rule is about, unless it is the one that was read
// last: rules are often about the same.
func (c *readClaim) read(claims login.Claims, name ClaimName) {
	if c.name == name {
		return
	}
	claim, there := claims[string(name)]
	*c = readClaim{name: name, absent: !there || claim.Kind() == 'n', values: claimTexts(claim)}
	c.seen, c.more = decision.Seen(c.values)
}

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
		return !slices.Contains(values, want)
	}
	return false
}
