package cognito

import (
	"cmp"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/decision"
	"github.com/daypass/daypass/internal/login"
)

// Role resolution is how GetCredentialsForIdentity finds the role of proven
// logins ("Role-based access control" in the Amazon Cognito Developer Guide). It
// is a function of the pool, the logins and the role that the caller asks for,
// and says how it came to its answer.

// roleAnswer is what role resolution comes to.
type roleAnswer struct {
	// answer is the role or why there is none, with the reasons.
	answer *decision.Role
	// decided is the login that led to the role; -1 if none did.
	decided int
	// provider is by whose mapping there is no role.
	provider IdentityProviderName
}

func (r roleAnswer) role() ARNString { return ARNString(r.answer.Role) }

// refusal is the answer to the caller; nil if there is a role.
func (r roleAnswer) refusal() error {
	switch cause := awsapi.Cause(r.answer.Cause); {
	case r.answer.Role != "":
		return nil
	case cause == causeRoleNotSet:
		return badConfiguration(causeRoleNotSet, nil)
	case cause == causeRoleNotOffered:
		return roleForbidden(ARNString(r.answer.CustomRoleArn), cause)
	default:
		return ambiguousRole(r.provider, cause)
	}
}

// found is a role with its reason, or without a role that the pool has none.
func (r roleAnswer) found(role ARNString, reason decision.Reason) roleAnswer {
	if r.answer.Role, r.answer.Reason = string(role), reason; role == "" {
		r.answer.Reason, r.answer.Cause = "", string(causeRoleNotSet)
	}
	return r
}

// resolveRole finds the role that proven logins lead to. Logins that have no say
// (neither a mapping nor roles from their provider) decide nothing; of the
// others the first that leads to a role counts, in the order of the proofs, and
// if none does the first refusal. Custom is the role that the caller asks for
// where several are offered; where nothing is mapped it is not looked at.
func (p *Pool) resolveRole(proofs []proof, custom ARNString) roleAnswer {
	r := roleAnswer{answer: &decision.Role{CustomRoleArn: string(custom)}, decided: -1}
	if len(proofs) == 0 {
		return r.found(p.Roles["unauthenticated"], decision.RoleOfGuests)
	}
	heard := false
	r.answer.Logins = make([]decision.Login, 0, len(proofs))
	for n, f := range proofs {
		name, mapping, mapped := p.mappingOf(f)
		r.answer.Logins = append(r.answer.Logins, loginOf(f, name, mapping))
		if !mapped && len(f.roles) == 0 {
			continue
		}
		heard = true
		l := &r.answer.Logins[n]
		p.resolveOne(l, f, mapping, custom)
		if l.Role != "" {
			r.decided, r.answer.Login = n, l.Login
			r.answer.Cause = ""
			return r.found(ARNString(l.Role), l.Reason)
		}
		if r.answer.Cause == "" || r.answer.Cause == string(causeRoleNotSet) {
			r.answer.Cause, r.provider = l.Cause, name
		}
	}
	if !heard {
		return r.found(p.Roles["authenticated"], decision.RoleUnmapped)
	}
	return r
}

// developerRole finds the role of a user of the developer provider, to whom
// mappings do not apply: the provider is the operator's own.
func (p *Pool) developerRole(custom ARNString) roleAnswer {
	r := roleAnswer{answer: &decision.Role{CustomRoleArn: string(custom)}, decided: -1}
	return r.found(p.Roles["authenticated"], decision.RoleOfDeveloperUsers)
}

// loginOf is a login with the role mapping that counts for it. A mapping without
// a type stands for none.
func loginOf(f proof, name IdentityProviderName, m RoleMapping) decision.Login {
	l := decision.Login{Login: f.name}
	if m.Type != "" {
		l.Mapping, l.Type, l.AmbiguousRoleResolution = string(name), string(m.Type), string(m.AmbiguousRoleResolution)
	}
	return l
}

// resolveOne finds the role of one login. Without a mapping the login's provider
// offers roles itself.
func (p *Pool) resolveOne(l *decision.Login, f proof, m RoleMapping, custom ARNString) {
	find := byToken
	if m.Type == "Rules" {
		find = m.byRules
	}
	role, reason, cause := find(l, f, custom)
	if cause != "" && cause != causeRoleNotOffered && m.AmbiguousRoleResolution == "AuthenticatedRole" {
		role, reason, cause = p.Roles["authenticated"], decision.RoleAmbiguous, ""
	}
	if role == "" {
		reason, cause = "", cmp.Or(cause, causeRoleNotSet)
	}
	l.Role, l.Reason, l.Cause = string(role), reason, string(cause)
}

// byRules takes the role of the first rule that matches, or with a role that is
// asked for, the first of those that matches and leads to that.
func (m RoleMapping) byRules(l *decision.Login, f proof, custom ARNString) (ARNString, decision.Reason, awsapi.Cause) {
	var claim readClaim
	l.Rules = make([]decision.Rule, 0, len(m.RulesConfiguration.Rules))
	for n, r := range m.RulesConfiguration.Rules {
		claim.read(f.claims, r.Claim)
		tried := decision.Rule{
			Rule: n + 1, Claim: string(r.Claim), MatchType: string(r.MatchType), Value: string(r.Value), RoleARN: string(r.RoleARN),
			Outcome: r.test(claim), Seen: claim.seen, More: claim.more,
		}
		if tried.Outcome == decision.RuleClaimAbsent {
			tried.Spelled = otherSpelling(f.claims, tried.Claim)
		}
		l.Rules = append(l.Rules, tried)
		switch {
		case tried.Outcome != decision.RuleMatched:
		case custom == "":
			return r.RoleARN, decision.RoleByRule, ""
		case custom == r.RoleARN:
			return custom, decision.RoleByCustomRoleArn, ""
		}
	}
	if custom != "" {
		return "", "", causeRoleNotOffered
	}
	return "", "", whyUnmatched(l.Rules)
}

// whyUnmatched tells claims that differ from those that are not there at all.
func whyUnmatched(rules []decision.Rule) awsapi.Cause {
	cause := causeRoleClaimAbsent
	for _, r := range rules {
		if r.Outcome != decision.RuleClaimAbsent {
			return causeRoleNoMatch
		}
		if r.Spelled != "" {
			cause = causeRoleClaimCase
		}
	}
	return cause
}

// otherSpelling finds a claim whose name differs in case only.
func otherSpelling(claims login.Claims, name string) string {
	var found []string
	for other := range claims {
		if other != name && strings.EqualFold(other, name) {
			found = append(found, other)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.Min(found)
}

// byToken takes the role that is asked for if the token or the assertion offers
// it, else the preferred one, else a lone one.
func byToken(l *decision.Login, f proof, custom ARNString) (ARNString, decision.Reason, awsapi.Cause) {
	offered, preferred := rolesOf(f)
	l.Roles, l.PreferredRole = offered, preferred
	switch {
	case custom != "" && slices.Contains(offered, string(custom)):
		return custom, decision.RoleByCustomRoleArn, ""
	case custom != "":
		return "", "", causeRoleNotOffered
	case preferred != "":
		return ARNString(preferred), decision.RolePreferred, ""
	case len(offered) == 1:
		return ARNString(offered[0]), decision.RoleAlone, ""
	case len(offered) == 0:
		return "", "", causeRoleNotInToken
	}
	return "", "", causeRoleAmbiguous
}

// rolesOf are the roles that a login's provider offers, each once, and the one
// that it prefers. A SAML assertion has an attribute for them, and no preference; a
// token has them in cognito:roles, an array or a list with commas, and cognito:preferred_role.
func rolesOf(f proof) (offered []string, preferred string) {
	if isSAML(f.source) {
		return f.roles, ""
	}
	claim := f.claims["cognito:roles"]
	texts := claimTexts(claim)
	if claim.Kind() == '"' && len(texts) == 1 {
		texts = strings.Split(texts[0], ",")
	}
	for _, text := range texts {
		if role := strings.TrimSpace(text); role != "" && !slices.Contains(offered, role) {
			offered = append(offered, role)
		}
	}
	if texts := claimTexts(f.claims["cognito:preferred_role"]); len(texts) == 1 {
		preferred = texts[0]
	}
	return offered, preferred
}
