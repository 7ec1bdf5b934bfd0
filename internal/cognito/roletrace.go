package cognito

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/login"
)

// RoleTrace says how the role of a caller was found, or why there is none: what
// an operator reads who asks why somebody got this role. Its JSON is stable:
// members and values are added, not changed. It holds claims that rules look at
// and no tokens.
type RoleTrace struct {
	// Role is the role that was found; empty if there is none.
	Role ARNString `json:",omitempty"`
	// Reason says why it is this one; empty if there is none.
	Reason RoleReason `json:",omitempty"`
	// Cause says why there is none (docs/causes.md); empty if there is one.
	Cause awsapi.Cause `json:",omitempty"`
	// Login is the key in Logins of the login that decided; empty if none did.
	Login string `json:",omitempty"`
	// CustomRoleArn is the role that the caller asked for.
	CustomRoleArn ARNString `json:",omitempty"`
	// Logins are the logins that were looked at, in order. Those after the one
	// that decided were not.
	Logins []*LoginTrace `json:",omitempty"`
}

// LoginTrace is what one login had to say.
type LoginTrace struct {
	// Login is the key in Logins.
	Login string
	// Mapping is the name of the provider's role mapping; empty if it has none.
	Mapping IdentityProviderName `json:",omitempty"`
	// Type is the type of the mapping.
	Type RoleMappingType `json:",omitempty"`
	// AmbiguousRoleResolution is what the mapping does where nothing else leads to
	// a role.
	AmbiguousRoleResolution AmbiguousRoleResolutionType `json:",omitempty"`
	// Rules are the rules that were tried, in order. Those after the one that
	// decided were not.
	Rules []RuleTrace `json:",omitempty"`
	// Roles are the roles that the token or the assertion offers, and
	// PreferredRole the one that it prefers.
	Roles         []ARNString `json:",omitempty"`
	PreferredRole ARNString   `json:",omitempty"`
	// Role is the role that the login leads to, with its Reason; empty if it leads
	// to none, because of Cause.
	Role   ARNString    `json:",omitempty"`
	Reason RoleReason   `json:",omitempty"`
	Cause  awsapi.Cause `json:",omitempty"`
}

// RuleTrace is what became of one rule.
type RuleTrace struct {
	// Rule is its number in the mapping, from 1.
	Rule int
	MappingRule
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

// RoleReason says why a role was found.
type RoleReason string

const (
	// RoleOfGuests is the pool's role for guests: there were no logins.
	RoleOfGuests RoleReason = "guest"
	// RoleOfDeveloperUsers is the pool's authenticated role: the login was a token
	// of GetOpenIdTokenForDeveloperIdentity, to which mappings do not apply.
	RoleOfDeveloperUsers RoleReason = "developer"
	// RoleUnmapped is the pool's authenticated role: no login has a mapping.
	RoleUnmapped RoleReason = "unmapped"
	// RoleByRule is the role of the first rule that matched.
	RoleByRule RoleReason = "rule"
	// RoleByCustomRoleArn is the role that the caller asked for, and is offered.
	RoleByCustomRoleArn RoleReason = "custom"
	// RolePreferred is the one in cognito:preferred_role.
	RolePreferred RoleReason = "preferred"
	// RoleAlone is the only one that the token or the assertion offers.
	RoleAlone RoleReason = "alone"
	// RoleAmbiguous is the pool's authenticated role: nothing else led to one, and
	// the mapping's AmbiguousRoleResolution says so.
	RoleAmbiguous RoleReason = "ambiguous"
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
	// maxSeen is how many values of a claim a trace shows, and maxSeenText how much
	// of each, in bytes.
	maxSeen, maxSeenText = 4, 64
	// maxTraceText is the longest text of a trace, in bytes.
	maxTraceText = 4 << 10
)

// login begins the trace of a login. On a nil trace it does nothing.
func (t *RoleTrace) login(f proof, name IdentityProviderName, m RoleMapping) *LoginTrace {
	if t == nil {
		return nil
	}
	step := &LoginTrace{Login: f.name}
	if m.Type != "" {
		step.Mapping, step.Type, step.AmbiguousRoleResolution = name, m.Type, m.AmbiguousRoleResolution
	}
	t.Logins = append(t.Logins, step)
	return step
}

func (t *RoleTrace) end(a roleAnswer, custom ARNString, proofs []proof) {
	if t == nil {
		return
	}
	t.CustomRoleArn = custom
	if t.Role, t.Reason, t.Cause = a.traced(); a.decided >= 0 {
		t.Login = proofs[a.decided].name
	}
}

func (s *LoginTrace) end(a roleAnswer) {
	if s != nil {
		s.Role, s.Reason, s.Cause = a.traced()
	}
}

// traced is an answer as traces have it: a role and its reason, or a cause.
func (a roleAnswer) traced() (ARNString, RoleReason, awsapi.Cause) {
	switch {
	case a.role != "":
		return a.role, a.reason, ""
	case a.cause == "":
		return "", "", causeRoleNotSet
	}
	return "", "", a.cause
}

func (s *LoginTrace) offers(roles []ARNString, preferred ARNString) {
	if s != nil {
		s.Roles, s.PreferredRole = roles, preferred
	}
}

func (s *LoginTrace) rule(n int, r MappingRule, outcome RuleOutcome, values []string, claims login.Claims) {
	if s == nil {
		return
	}
	step := RuleTrace{Rule: n + 1, MappingRule: r, Outcome: outcome}
	if outcome == RuleClaimAbsent {
		step.Spelled = otherSpelling(claims, string(r.Claim))
	}
	for i, value := range values {
		if i >= maxSeen {
			step.More++
			continue
		}
		step.Seen = append(step.Seen, shown(value))
	}
	s.Rules = append(s.Rules, step)
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

// shown is a claim's value as a trace has it. Providers put tokens of others
// into claims: what looks like one is not shown.
func shown(value string) string {
	if strings.HasPrefix(value, "eyJ") {
		return "[token]"
	}
	return cut(value, maxSeenText)
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "..."
}

// String is the trace as one line, a step after the other.
func (t *RoleTrace) String() string {
	return cut(strings.Join(t.Lines(), "; "), maxTraceText)
}

// Lines are the steps as text, one line each, of which the last is the result.
func (t *RoleTrace) Lines() []string {
	var lines []string
	for _, l := range t.Logins {
		lines = append(lines, l.lines()...)
	}
	if t.CustomRoleArn != "" {
		lines = append(lines, t.customLine())
	}
	if t.Role == "" {
		return append(lines, "no role: "+string(t.Cause))
	}
	return append(lines, "role "+string(t.Role)+": "+string(t.Reason))
}

func (t *RoleTrace) customLine() string {
	what := "is not offered"
	switch t.Reason {
	case RoleByCustomRoleArn:
		what = "is offered"
	case RoleOfGuests, RoleOfDeveloperUsers, RoleUnmapped:
		what = "is not looked at"
	}
	return "custom role " + cut(string(t.CustomRoleArn), maxARN) + " " + what
}

// maxARN is the most of a role's ARN that texts show, in bytes.
const maxARN = 256

func (s *LoginTrace) lines() []string {
	head := "login " + s.Login + ": "
	switch {
	case s.Mapping != "":
		head += "mapping " + string(s.Mapping) + " of type " + string(s.Type)
	case len(s.Roles) > 0:
		head += "no mapping, but roles of its own"
	default:
		return []string{head + "no mapping"}
	}
	lines := []string{head}
	for _, r := range s.Rules {
		lines = append(lines, r.line())
	}
	if s.Mapping != "" && s.Type == "Token" || len(s.Roles) > 0 {
		lines = append(lines, s.offerLine())
	}
	switch {
	case s.Role == "":
		lines = append(lines, "it leads to no role: "+string(s.Cause))
	case s.Reason == RoleAmbiguous:
		lines = append(lines, "AmbiguousRoleResolution AuthenticatedRole")
	}
	return lines
}

func (s *LoginTrace) offerLine() string {
	var roles []string
	for n, role := range s.Roles {
		if n == maxSeen {
			roles = append(roles, fmt.Sprintf("%d more", len(s.Roles)-n))
			break
		}
		roles = append(roles, strconv.Quote(cut(string(role), maxARN)))
	}
	line := "no roles offered"
	if len(roles) > 0 {
		line = "roles offered: " + strings.Join(roles, ", ")
	}
	if s.PreferredRole == "" {
		return line
	}
	line += ", preferred: " + strconv.Quote(cut(string(s.PreferredRole), maxARN))
	if !slices.Contains(s.Roles, s.PreferredRole) {
		line += ", which is not among them"
	}
	return line
}

func (r RuleTrace) line() string {
	line := fmt.Sprintf("rule %d: %s %s %q: %s", r.Rule, strconv.Quote(string(r.Claim)), r.MatchType, string(r.Value), r.Outcome)
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

// roleQuestion is what role resolution was asked. As a value of a log it is the
// trace, which nobody works out where the line is not written.
type roleQuestion struct {
	pool   *Pool
	proofs []proof
	custom ARNString
	// developer says that the login was a token of developer authentication.
	developer bool
}

func (q *roleQuestion) answer(trace *RoleTrace) roleAnswer {
	if q.developer {
		return q.pool.developerRole(q.custom, trace)
	}
	return q.pool.resolveRole(q.proofs, q.custom, trace)
}

// LogValue implements slog.LogValuer.
func (q *roleQuestion) LogValue() slog.Value {
	trace := &RoleTrace{}
	q.answer(trace)
	return slog.StringValue(trace.String())
}
