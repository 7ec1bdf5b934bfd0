package decision

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Role is how the role of an identity was found, or why there is none.
type Role struct {
	// Role is the role that was found; empty if there is none.
	Role string `json:",omitempty"`
	// Reason says why it is this one; empty if there is none.
	Reason Reason `json:",omitempty"`
	// Cause says why there is none (docs/causes.md); empty if there is one.
	Cause string `json:",omitempty"`
	// Login is the key in Logins of the login that decided; empty if none did.
	Login string `json:",omitempty"`
	// CustomRoleArn is the role that the caller asked for.
	CustomRoleArn string `json:",omitempty"`
	// Logins are the logins that were looked at, in order. Those after the one
	// that decided were not.
	Logins []Login `json:",omitempty"`
}

// Login is what one login had to say.
type Login struct {
	// Login is the key in Logins.
	Login string
	// Mapping is the name of the provider's role mapping; empty if it has none.
	Mapping string `json:",omitempty"`
	// Type is the type of the mapping.
	Type string `json:",omitempty"`
	// AmbiguousRoleResolution is what the mapping does where nothing else leads to
	// a role.
	AmbiguousRoleResolution string `json:",omitempty"`
	// Rules are the rules that were tried, in order. Those after the one that
	// decided were not.
	Rules []Rule `json:",omitempty"`
	// Roles are the roles that the token or the assertion offers, and
	// PreferredRole the one that it prefers.
	Roles         []string `json:",omitempty"`
	PreferredRole string   `json:",omitempty"`
	// Role is the role that the login leads to, with its Reason; empty if it leads
	// to none, because of Cause.
	Role   string `json:",omitempty"`
	Reason Reason `json:",omitempty"`
	Cause  string `json:",omitempty"`
}

// Rule is what became of one rule.
type Rule struct {
	// Rule is its number in the mapping, from 1.
	Rule int
	// Claim, MatchType, Value and RoleARN are those of the rule.
	Claim, MatchType, Value, RoleARN string
	// Outcome says whether it matched, or why not.
	Outcome RuleOutcome
	// Seen are the values of the claim as the rule sees them, the first few and cut
	// to the length at which one knows them again.
	Seen []string `json:",omitempty"`
	// More is how many values were not listed.
	More int `json:",omitzero"`
	// Spelled is a claim that differs from the rule's in case only, where the
	// rule's is absent.
	Spelled string `json:",omitempty"`
}

// Reason says why a role was found.
type Reason string

const (
	// RoleOfGuests is the pool's role for guests: there were no logins.
	RoleOfGuests Reason = "guest"
	// RoleOfDeveloperUsers is the pool's authenticated role: the login was a token
	// of GetOpenIdTokenForDeveloperIdentity, to which mappings do not apply.
	RoleOfDeveloperUsers Reason = "developer"
	// RoleUnmapped is the pool's authenticated role: no login has a mapping.
	RoleUnmapped Reason = "unmapped"
	// RoleByRule is the role of the first rule that matched.
	RoleByRule Reason = "rule"
	// RoleByCustomRoleArn is the role that the caller asked for, and is offered.
	RoleByCustomRoleArn Reason = "custom"
	// RolePreferred is the one in cognito:preferred_role.
	RolePreferred Reason = "preferred"
	// RoleAlone is the only one that the token or the assertion offers.
	RoleAlone Reason = "alone"
	// RoleAmbiguous is the pool's authenticated role: nothing else led to one, and
	// the mapping's AmbiguousRoleResolution says so.
	RoleAmbiguous Reason = "ambiguous"
)

// RuleOutcome says what became of a rule.
type RuleOutcome string

const (
	// RuleMatched says that the rule matches.
	RuleMatched RuleOutcome = "matched"
	// RuleUnmatched says that the claim's values do not satisfy the rule.
	RuleUnmatched RuleOutcome = "unmatched"
	// RuleClaimAbsent says that the token does not have the claim.
	RuleClaimAbsent RuleOutcome = "absent"
	// RuleClaimUnusable says that the claim has nothing that can be compared: it is
	// an object or an empty array.
	RuleClaimUnusable RuleOutcome = "unusable"
)

const (
	// maxSeen is how many values of a claim are listed, and maxSeenText how much of
	// each, in bytes.
	maxSeen, maxSeenText = 4, 64
	// maxText is the longest text of a part, in bytes.
	maxText = 4 << 10
)

// Seen are the values of a claim as decisions have them: the first few, cut to the
// length at which one knows them again, and how many more there are. Providers put
// tokens of others into claims: what looks like one is not shown.
func Seen(values []string) (shown []string, more int) {
	if len(values) == 0 {
		return nil, 0
	}
	shown = make([]string, 0, min(len(values), maxSeen))
	for _, value := range values[:min(len(values), maxSeen)] {
		if strings.HasPrefix(value, "eyJ") {
			value = "[token]"
		}
		shown = append(shown, cut(value, maxSeenText))
	}
	return shown, len(values) - len(shown)
}

// String is the role as one line, a step after the other.
func (r *Role) String() string {
	return cut(strings.Join(r.Lines(), "; "), maxText)
}

// Lines are the steps as text, one line each, of which the last is the result.
func (r *Role) Lines() []string {
	lines := make([]string, 0, len(r.Logins)+2)
	for i := range r.Logins {
		lines = r.Logins[i].appendLines(lines)
	}
	if r.CustomRoleArn != "" {
		lines = append(lines, r.customLine())
	}
	if r.Role == "" {
		return append(lines, "no role: "+r.Cause)
	}
	return append(lines, "role "+r.Role+": "+string(r.Reason))
}

func (r *Role) customLine() string {
	what := "is not offered"
	switch r.Reason {
	case RoleByCustomRoleArn:
		what = "is offered"
	case RoleOfGuests, RoleOfDeveloperUsers, RoleUnmapped:
		what = "is not looked at"
	}
	return "custom role " + cut(r.CustomRoleArn, maxARN) + " " + what
}

// maxARN is the most of a role's ARN that texts show, in bytes.
const maxARN = 256

func (l *Login) appendLines(lines []string) []string {
	switch {
	case l.Mapping != "":
		lines = append(lines, "login "+l.Login+": mapping "+l.Mapping+" of type "+l.Type)
	case len(l.Roles) > 0:
		lines = append(lines, "login "+l.Login+": no mapping, but roles of its own")
	default:
		return append(lines, "login "+l.Login+": no mapping")
	}
	for _, r := range l.Rules {
		lines = append(lines, r.line())
	}
	if l.Mapping != "" && l.Type == "Token" || len(l.Roles) > 0 {
		lines = append(lines, l.offerLine())
	}
	switch {
	case l.Role == "":
		lines = append(lines, "it leads to no role: "+l.Cause)
	case l.Reason == RoleAmbiguous:
		lines = append(lines, "AmbiguousRoleResolution AuthenticatedRole")
	}
	return lines
}

func (l *Login) offerLine() string {
	var roles []string
	for n, role := range l.Roles {
		if n == maxSeen {
			roles = append(roles, fmt.Sprintf("%d more", len(l.Roles)-n))
			break
		}
		roles = append(roles, strconv.Quote(cut(role, maxARN)))
	}
	line := "no roles offered"
	if len(roles) > 0 {
		line = "roles offered: " + strings.Join(roles, ", ")
	}
	if l.PreferredRole == "" {
		return line
	}
	line += ", preferred: " + strconv.Quote(cut(l.PreferredRole, maxARN))
	if !slices.Contains(l.Roles, l.PreferredRole) {
		line += ", which is not among them"
	}
	return line
}

func (r Rule) line() string {
	line := fmt.Sprintf("rule %d: %s %s %q: %s", r.Rule, strconv.Quote(r.Claim), r.MatchType, r.Value, r.Outcome)
	if r.Spelled != "" {
		line += ", there is " + strconv.Quote(cut(r.Spelled, maxSeenText))
	}
	for n, value := range r.Seen {
		if n == 0 {
			line += ", seen"
		}
		line += " " + strconv.Quote(value)
	}
	if r.More > 0 {
		line += fmt.Sprintf(" and %d more", r.More)
	}
	return line
}
