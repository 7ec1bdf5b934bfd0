package cognito

import (
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// Role resolution is how GetCredentialsForIdentity finds the role of proven
// logins ("Role-based access control" in the Amazon Cognito Developer Guide). It
// is a function of the pool, the logins and the role that the caller asks for;
// the same function writes down how it came to its answer, for whoever asks.

// roleAnswer is what role resolution comes to.
type roleAnswer struct {
	// role is empty if there is none: because of cause, or because the pool has no
	// role for this kind of user if that is empty too.
	role   ARNString
	reason RoleReason
	// decided is the login that led to the role; -1 if none did.
	decided int
	// cause says why there is no role, and provider by whose mapping.
	cause    awsapi.Cause
	provider IdentityProviderName
}

// refusal is the answer to the caller; nil if there is a role.
func (a roleAnswer) refusal(custom ARNString) *awsapi.Error {
	switch {
	case a.role != "":
		return nil
	case a.cause == "":
		return badConfiguration(causeRoleNotSet, nil)
	case a.cause == causeRoleNotOffered:
		return roleForbidden(custom, a.cause)
	}
	return ambiguousRole(a.provider, a.cause)
}

// resolveRole finds the role that proven logins lead to. Logins that have no say
// (neither a mapping nor roles from their provider) decide nothing; of the
// others the first that leads to a role counts, in the order of the proofs, and
// if none does the first refusal. Custom is the role that the caller asks for
// where several are offered; where nothing is mapped it is not looked at. The
// trace may be nil.
func (p *Pool) resolveRole(proofs []proof, custom ARNString, trace *RoleTrace) roleAnswer {
	answer := p.resolve(proofs, custom, trace)
	trace.end(answer, custom, proofs)
	return answer
}

// developerRole finds the role of a user of the developer provider, to whom
// mappings do not apply: the provider is the operator's own.
func (p *Pool) developerRole(custom ARNString, trace *RoleTrace) roleAnswer {
	answer := roleAnswer{role: p.Roles["authenticated"], reason: RoleOfDeveloperUsers, decided: -1}
	trace.end(answer, custom, nil)
	return answer
}

func (p *Pool) resolve(proofs []proof, custom ARNString, trace *RoleTrace) roleAnswer {
	if len(proofs) == 0 {
		return roleAnswer{role: p.Roles["unauthenticated"], reason: RoleOfGuests, decided: -1}
	}
	heard := false
	var refused roleAnswer
	for n, f := range proofs {
		name, mapping, mapped := p.mappingOf(f)
		step := trace.login(f, name, mapping)
		if !mapped && len(f.roles) == 0 {
			continue
		}
		heard = true
		answer := p.resolveOne(f, name, mapping, custom, step)
		step.end(answer)
		if answer.role != "" {
			answer.decided = n
			return answer
		}
		if refused.cause == "" {
			refused = answer
		}
	}
	if !heard {
		return roleAnswer{role: p.Roles["authenticated"], reason: RoleUnmapped, decided: -1}
	}
	refused.decided = -1
	return refused
}

// resolveOne finds the role of one login. A mapping without a type stands for
// none: then the login's provider offers roles itself.
func (p *Pool) resolveOne(f proof, name IdentityProviderName, m RoleMapping, custom ARNString, step *LoginTrace) roleAnswer {
	var answer roleAnswer
	if m.Type == "Rules" {
		answer = m.byRules(f, custom, step)
	} else {
		answer = byToken(f, custom, step)
	}
	if answer.role == "" && answer.cause != causeRoleNotOffered && m.AmbiguousRoleResolution == "AuthenticatedRole" {
		answer = roleAnswer{role: p.Roles["authenticated"], reason: RoleAmbiguous}
	}
	answer.provider = name
	return answer
}

// byRules takes the role of the first rule that matches, or with a role that is
// asked for, the first of those that matches and leads to that.
func (m RoleMapping) byRules(f proof, custom ARNString, step *LoginTrace) roleAnswer {
	var claim readClaim
	for n, r := range m.RulesConfiguration.Rules {
		claim.read(f.claims, r.Claim)
		outcome := r.test(claim)
		step.rule(n, r, outcome, claim.values, f.claims)
		switch {
		case outcome != RuleMatched:
		case custom == "":
			return roleAnswer{role: r.RoleARN, reason: RoleByRule}
		case custom == r.RoleARN:
			return roleAnswer{role: custom, reason: RoleByCustomRoleArn}
		}
	}
	if custom != "" {
		return roleAnswer{cause: causeRoleNotOffered}
	}
	return roleAnswer{cause: m.whyUnmatched(f)}
}

// whyUnmatched tells claims that differ from those that are not there at all.
func (m RoleMapping) whyUnmatched(f proof) awsapi.Cause {
	cause := causeRoleClaimAbsent
	var claim readClaim
	for _, r := range m.RulesConfiguration.Rules {
		if claim.read(f.claims, r.Claim); !claim.absent {
			return causeRoleNoMatch
		}
		if otherSpelling(f.claims, string(r.Claim)) != "" {
			cause = causeRoleClaimCase
		}
	}
	return cause
}

// byToken takes the role that is asked for if the token or the assertion offers
// it, else the preferred one, else a lone one.
func byToken(f proof, custom ARNString, step *LoginTrace) roleAnswer {
	offered, preferred := rolesOf(f)
	step.offers(offered, preferred)
	switch {
	case custom != "" && slices.Contains(offered, custom):
		return roleAnswer{role: custom, reason: RoleByCustomRoleArn}
	case custom != "":
		return roleAnswer{cause: causeRoleNotOffered}
	case preferred != "":
		return roleAnswer{role: preferred, reason: RolePreferred}
	case len(offered) == 1:
		return roleAnswer{role: offered[0], reason: RoleAlone}
	case len(offered) == 0:
		return roleAnswer{cause: causeRoleNotInToken}
	}
	return roleAnswer{cause: causeRoleAmbiguous}
}

// rolesOf are the roles that a login's provider offers, each once, and the one
// that it prefers. A SAML assertion has an attribute for them, and no preference; a
// token has them in cognito:roles, an array or a list with commas, and cognito:preferred_role.
func rolesOf(f proof) (offered []ARNString, preferred ARNString) {
	if isSAML(f.source) {
		return f.roles, ""
	}
	claim := f.claims["cognito:roles"]
	texts := claimTexts(claim)
	if claim.Kind() == '"' && len(texts) == 1 {
		texts = strings.Split(texts[0], ",")
	}
	for _, text := range texts {
		if role := ARNString(strings.TrimSpace(text)); role != "" && !slices.Contains(offered, role) {
			offered = append(offered, role)
		}
	}
	if texts := claimTexts(f.claims["cognito:preferred_role"]); len(texts) == 1 {
		preferred = ARNString(texts[0])
	}
	return offered, preferred
}
