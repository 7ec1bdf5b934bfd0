package policy_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/policy"
)

// The reference evaluator: the same language read from the user guide a second
// time, in the most obvious way and without regard to speed. It takes documents
// that Parse accepts and shares no code with the package.

// A naiveAnswer lists the statements that apply.
type naiveAnswer struct{ allow, deny []int }

func (a naiveAnswer) effect() policy.Effect {
	switch {
	case len(a.deny) > 0:
		return policy.ExplicitDeny
	case len(a.allow) > 0:
		return policy.Allow
	}
	return policy.ImplicitDeny
}

// statements are those that made the answer.
func (a naiveAnswer) statements() []int {
	if len(a.deny) > 0 {
		return a.deny
	}
	return a.allow
}

func naiveEvaluate(text string, kind policy.Kind, req *policy.Request) naiveAnswer {
	return naiveAnswerOf(text, kind, req, false)
}

// naiveAnswerOf with onlyNamed takes an asterisk for a principal only where a
// condition says which principals are meant.
func naiveAnswerOf(text string, kind policy.Kind, req *policy.Request, onlyNamed bool) (answer naiveAnswer) {
	var doc struct {
		Version   string
		Statement json.RawMessage
	}
	must(json.Unmarshal([]byte(text), &doc))
	var statements []naiveStatement
	if strings.HasPrefix(strings.TrimSpace(string(doc.Statement)), "{") {
		statements = make([]naiveStatement, 1)
		must(json.Unmarshal(doc.Statement, &statements[0]))
	} else {
		must(json.Unmarshal(doc.Statement, &statements))
	}
	for i, s := range statements {
		n := naive{kind: kind, req: req, variables: doc.Version == "2012-10-17", deny: s.Effect == "Deny", onlyNamed: onlyNamed}
		switch {
		case !n.applies(s):
		case n.deny:
			answer.deny = append(answer.deny, i)
		default:
			answer.allow = append(answer.allow, i)
		}
	}
	return answer
}

// naiveNamed asks a trust policy how it means a caller whom it allows, by taking
// names away from the caller: first the account, then the role.
func naiveNamed(text string, req policy.Request) string {
	if naiveEvaluate(text, policy.Trust, &req).effect() != policy.Allow {
		return ""
	}
	req.Principal.Account = ""
	if len(naiveEvaluate(text, policy.Trust, &req).allow) == 0 {
		return "account"
	}
	req.Principal.ARNs = slices.DeleteFunc(slices.Clone(req.Principal.ARNs), func(name string) bool { return strings.Contains(name, ":role/") })
	if len(naiveAnswerOf(text, policy.Trust, &req, true).allow) == 0 {
		return "role"
	}
	return "caller"
}

// naiveDecide follows "Determining whether a request is allowed or denied
// within an account": first look for a deny everywhere, then ask each layer
// that there is whether it allows.
func (c decisionCase) naiveDecide() outcome {
	req := c.Request.request()
	if c.Trust != "" {
		answer := naiveEvaluate(string(c.Trust), policy.Trust, req)
		return outcome{
			Want: answer.effect().String(), Statements: naivePlaces("trust/", answer.statements()),
			Named: naiveNamed(string(c.Trust), *req),
		}
	}
	type layer struct {
		name        string
		there       bool
		allow, deny []string
	}
	ask := func(name string, texts []document, numbered bool) layer {
		l := layer{name: name, there: len(texts) > 0}
		for i, text := range texts {
			answer, place := naiveEvaluate(string(text), policy.Identity, req), name+"/"
			if numbered {
				place += strconv.Itoa(i) + "/"
			}
			l.allow = append(l.allow, naivePlaces(place, answer.allow)...)
			l.deny = append(l.deny, naivePlaces(place, answer.deny)...)
		}
		return l
	}
	var boundary []document
	if c.Boundary != "" {
		boundary = []document{c.Boundary}
	}
	identity := ask("identity", c.Identity, true)
	identity.there = true
	layers := []layer{ask("session", c.Session, true), ask("boundary", boundary, false), identity}
	for _, l := range layers {
		if len(l.deny) > 0 {
			return outcome{Want: "ExplicitDeny", Layer: l.name, Statements: l.deny}
		}
	}
	for _, l := range layers {
		if l.there && len(l.allow) == 0 {
			return outcome{Want: "ImplicitDeny", Layer: l.name}
		}
	}
	return outcome{Want: "Allow", Statements: identity.allow}
}

func naivePlaces(prefix string, indices []int) (places []string) {
	for _, i := range indices {
		places = append(places, prefix+strconv.Itoa(i))
	}
	return places
}

type naiveStatement struct {
	Effect                string
	Principal             any
	Action, NotAction     any
	Resource, NotResource any
	Condition             map[string]map[string]json.RawMessage
}

type naive struct {
	kind      policy.Kind
	req       *policy.Request
	variables bool
	deny      bool
	onlyNamed bool
}

func (n naive) applies(s naiveStatement) bool {
	if n.kind == policy.Trust && !n.principal(s.Principal, s.Condition) {
		return false
	}
	if s.Action != nil && !slices.ContainsFunc(list(s.Action), n.action) ||
		s.NotAction != nil && slices.ContainsFunc(list(s.NotAction), n.action) {
		return false
	}
	if s.Resource != nil && !slices.ContainsFunc(list(s.Resource), n.resource) {
		return false
	}
	if s.NotResource != nil {
		if slices.ContainsFunc(list(s.NotResource), n.resource) {
			return false
		}
		for _, pattern := range list(s.NotResource) {
			if _, ok := n.regexpOf(pattern, true, ".*"); !ok && !n.deny {
				return false
			}
		}
	}
	for operator, keys := range s.Condition {
		for key, raw := range keys {
			if !n.condition(operator, key, raw) {
				return false
			}
		}
	}
	return true
}

func (n naive) principal(p any, conditions map[string]map[string]json.RawMessage) bool {
	caller := n.req.Principal
	everybody := func() bool {
		return n.deny || caller.Federated == "" && (!n.onlyNamed || naiveComparesPrincipal(conditions))
	}
	if p == "*" {
		return everybody()
	}
	for kind, values := range p.(map[string]any) {
		for _, v := range list(values) {
			switch {
			case kind == "Federated" && caller.Federated != "" && v == caller.Federated,
				kind == "AWS" && v == "*" && everybody(),
				kind == "AWS" && caller.Federated == "" && !strings.HasSuffix(v, ":root") && slices.Contains(caller.ARNs, v),
				kind == "AWS" && caller.Federated == "" && caller.Account != "" && v == caller.Account,
				kind == "AWS" && caller.Federated == "" && caller.Account != "" &&
					strings.HasSuffix(v, ":root") && strings.Split(v, ":")[4] == caller.Account:
				return true
			}
		}
	}
	return false
}

// naiveComparesPrincipal says whether some operator without a Not in it is about
// aws:PrincipalArn.
func naiveComparesPrincipal(conditions map[string]map[string]json.RawMessage) bool {
	for operator, keys := range conditions {
		for key := range keys {
			if strings.EqualFold(key, "aws:PrincipalArn") && !strings.Contains(operator, "Not") && operator != "Null" {
				return true
			}
		}
	}
	return false
}

func (n naive) action(pattern string) bool {
	if pattern == "*:*" {
		return true
	}
	r := regexp.QuoteMeta(asciiLower(pattern))
	r = strings.ReplaceAll(strings.ReplaceAll(r, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile(`(?s)^(?:` + r + `)$`).MatchString(asciiLower(n.req.Action))
}

func (n naive) resource(pattern string) bool {
	for pattern != "*" && strings.Count(pattern, ":") < 5 {
		pattern += ":*"
	}
	return pattern == "*" || n.arn(pattern, n.req.Resource)
}

// arn gives the asterisk two meanings: in the last component it stands for
// anything, before it for anything but a colon.
func (n naive) arn(pattern, s string) bool {
	if strings.Count(s, ":") < 5 {
		return false
	}
	if pattern == "*" {
		return true
	}
	// A variable may contain a colon, and so may its name.
	if n.variables && strings.HasPrefix(pattern, "${") && strings.HasSuffix(pattern, "}") && strings.Count(pattern, "${") == 1 &&
		pattern != "${*}" && pattern != "${?}" && pattern != "${$}" {
		value, ok := n.variable(pattern[2 : len(pattern)-1])
		return ok && value == s
	}
	var patterns []string
	rest := pattern
	for len(patterns) < 5 {
		colon, depth := -1, 0
		for i := range len(rest) {
			switch {
			case n.variables && strings.HasPrefix(rest[i:], "${"):
				depth = 1
			case rest[i] == '}':
				depth = 0
			case rest[i] == ':' && depth == 0 && colon < 0:
				colon = i
			}
		}
		if colon < 0 {
			return false
		}
		patterns, rest = append(patterns, rest[:colon]), rest[colon+1:]
	}
	patterns = append(patterns, rest)
	values := strings.SplitN(s, ":", 6)
	for i := range patterns {
		r, ok := n.regexpOf(patterns[i], true, ".*")
		if !ok || !r.MatchString(values[i]) {
			return false
		}
	}
	return true
}

var naiveVariable = regexp.MustCompile(`^\$\{([^},]*)(?:, *'([^']*)' *)?\}`)

// variable looks up key or "key, 'default'".
func (n naive) variable(inner string) (string, bool) {
	m := naiveVariable.FindStringSubmatch("${" + inner + "}")
	values := n.values(m[1])
	switch {
	case len(values) == 1:
		return values[0], utf8.ValidString(values[0])
	case len(values) == 0 && strings.Contains(m[0], ","):
		return m[2], true
	}
	return "", false
}

func (n naive) values(key string) []string { return n.req.Context[strings.ToLower(key)] }

// regexpOf translates a pattern; ok is false if a variable has no value.
func (n naive) regexpOf(pattern string, wildcards bool, star string) (r *regexp.Regexp, ok bool) {
	var b strings.Builder
	ok = true
	for pattern != "" {
		switch m := naiveVariable.FindString(pattern); {
		case n.variables && (m == "${*}" || m == "${?}" || m == "${$}"):
			b.WriteString(regexp.QuoteMeta(m[2:3]))
			pattern = pattern[len(m):]
		case n.variables && m != "":
			value, found := n.variable(m[2 : len(m)-1])
			if !found {
				value, ok = "", false
			}
			b.WriteString(regexp.QuoteMeta(value))
			pattern = pattern[len(m):]
		case wildcards && pattern[0] == '*':
			b.WriteString(star)
			pattern = pattern[1:]
		case wildcards && pattern[0] == '?':
			b.WriteString(".")
			pattern = pattern[1:]
		default:
			size := len([]byte(string([]rune(pattern)[0])))
			b.WriteString(regexp.QuoteMeta(pattern[:size]))
			pattern = pattern[size:]
		}
	}
	return regexp.MustCompile(`(?s)^(?:` + b.String() + `)$`), ok
}

func (n naive) condition(operator, key string, raw json.RawMessage) bool {
	wants := naiveTexts(raw)
	if len(wants) == 0 {
		return false
	}
	have := n.values(key)
	if operator == "Null" {
		return slices.ContainsFunc(wants, func(w string) bool { return strings.EqualFold(w, "true") == (len(have) == 0) })
	}
	name, all := strings.CutPrefix(operator, "ForAllValues:")
	name, some := strings.CutPrefix(name, "ForAnyValue:")
	name, ifExists := strings.CutSuffix(name, "IfExists")
	positive := strings.Replace(name, "Not", "", 1)
	negated := positive != name
	if some && strings.Join(have, "") == "" {
		return false
	}
	if len(have) == 0 {
		return ifExists || all || negated
	}
	passes := func(value string) bool {
		matched := slices.ContainsFunc(wants, func(want string) bool { return n.compare(positive, want, value) })
		return matched != negated
	}
	fails := func(value string) bool { return !passes(value) }
	if all && !slices.ContainsFunc(have, func(v string) bool { return v != "" }) {
		return true
	}
	if all || negated && !some {
		return !slices.ContainsFunc(have, fails)
	}
	return slices.ContainsFunc(have, passes)
}

// compare applies a positive operator.
func (n naive) compare(operator, want, have string) bool {
	family, relation := operator, ""
	for _, f := range []string{"Numeric", "Date"} {
		if rest, ok := strings.CutPrefix(operator, f); ok {
			family, relation = f, rest
		}
	}
	switch family {
	case "StringEquals", "StringLike":
		r, ok := n.regexpOf(want, family == "StringLike", ".*")
		return ok && r.MatchString(have)
	case "StringEqualsIgnoreCase":
		r, ok := n.regexpOf(want, false, "")
		return ok && regexp.MustCompile("(?i)"+r.String()).MatchString(have)
	case "Numeric":
		w, h := naiveNumber(want), naiveNumber(have)
		return h != nil && naiveRelation(relation, h.Cmp(w))
	case "Date":
		w, h := naiveDate(want), naiveDate(have)
		return h != nil && naiveRelation(relation, h.Cmp(w))
	case "Bool":
		if strings.HasPrefix(want, "${") {
			var ok bool
			if want, ok = n.variable(want[2 : len(want)-1]); !ok {
				return false
			}
		}
		want, have = asciiLower(want), asciiLower(have)
		return want == have && (want == "true" || want == "false")
	case "BinaryEquals":
		b, err := base64.StdEncoding.DecodeString(want)
		must(err)
		return string(b) == have
	case "IpAddress":
		ip := net.ParseIP(naiveZone.ReplaceAllString(have, "$1"))
		if !strings.Contains(want, "/") {
			return ip != nil && net.ParseIP(want).Equal(ip)
		}
		_, block, err := net.ParseCIDR(want)
		must(err)
		return ip != nil && block.Contains(ip)
	case "ArnEquals", "ArnLike":
		return n.arn(want, have)
	}
	panic("reference: unknown operator " + operator)
}

// naiveZone is an IPv6 address with a zone.
var naiveZone = regexp.MustCompile(`(?s)^([^%]*:[^%]*)%.+$`)

func naiveRelation(name string, order int) bool {
	return order == 0 && strings.HasSuffix(name, "Equals") ||
		order < 0 && strings.HasPrefix(name, "LessThan") ||
		order > 0 && strings.HasPrefix(name, "GreaterThan")
}

func naiveNumber(s string) *big.Rat {
	if !regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`).MatchString(s) {
		return nil
	}
	r, _ := new(big.Rat).SetString(s)
	return r
}

// naiveDate is a date as nanoseconds since 1970.
func naiveDate(s string) *big.Int {
	if regexp.MustCompile(`^[0-9]+$`).MatchString(s) {
		seconds, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil
		}
		return new(big.Int).Mul(big.NewInt(seconds), big.NewInt(1e9))
	}
	m := naiveDateRE.FindStringSubmatch(s)
	if m == nil {
		return nil
	}
	number := func(text string, least, most int64) *big.Int {
		n, _ := new(big.Int).SetString("0"+text, 10)
		if n.Cmp(big.NewInt(least)) < 0 || n.Cmp(big.NewInt(most)) > 0 {
			return nil
		}
		return n
	}
	year, _ := new(big.Int).SetString(strings.TrimPrefix(m[1], "+"), 10)
	month := number(cmp.Or(m[2], "1"), 1, 12)
	if month == nil {
		return nil
	}
	day := number(cmp.Or(m[3], "1"), 1, naiveDaysIn(year, month.Int64()))
	hour, minute, second := number(m[4], 0, 23), number(m[5], 0, 59), number(m[6], 0, 59)
	zoneHour, zoneMinute := number(m[9], 0, 23), number(m[10], 0, 59)
	if day == nil || hour == nil || minute == nil || second == nil || zoneHour == nil || zoneMinute == nil {
		return nil
	}
	// Whole years, then months, then days, from the year 0 on.
	days := naiveDaysBefore(year)
	for m := int64(1); m < month.Int64(); m++ {
		days.Add(days, big.NewInt(naiveDaysIn(year, m)))
	}
	days.Add(days, day).Sub(days, big.NewInt(1)).Sub(days, naiveDaysBefore(big.NewInt(1970)))
	times := func(n *big.Int, by int64) *big.Int { return n.Mul(n, big.NewInt(by)) }
	zone := times(times(zoneHour, 60).Add(zoneHour, zoneMinute), 60)
	if m[8] == "-" {
		zone.Neg(zone)
	}
	total := times(days, 24).Add(days, hour)
	total = times(total, 60).Add(total, minute)
	total = times(total, 60).Add(total, second)
	total = times(total.Sub(total, zone), 1e9)
	return total.Add(total, number((m[7] + "000000000")[:9], 0, 1e9))
}

// naiveDateRE has the groups year, month, day, hour, minute, second, fraction, sign
// and hours and minutes of the zone.
var naiveDateRE = regexp.MustCompile(`^([+-]?\d{4,9})(?:-(\d\d?)(?:-(\d\d?))?)?` +
	`(?:[Tt](\d\d?)(?::(\d\d?)(?::(\d\d?)(?:\.(\d+))?)?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?)?$`)

// naiveDaysBefore counts the days between the beginnings of the year 0 and a year, by
// the number of leap years between them.
func naiveDaysBefore(year *big.Int) *big.Int {
	last := new(big.Int).Sub(year, big.NewInt(1))
	leaps := big.NewInt(1) // the year 0
	for divisor, sign := range map[int64]int64{4: 1, 100: -1, 400: 1} {
		// Div rounds down for a positive divisor.
		n := new(big.Int).Div(last, big.NewInt(divisor))
		leaps.Add(leaps, n.Mul(n, big.NewInt(sign)))
	}
	days := new(big.Int).Mul(year, big.NewInt(365))
	return days.Add(days, leaps)
}

func naiveDaysIn(year *big.Int, month int64) int64 {
	divisible := func(by int64) bool { return new(big.Int).Mod(year, big.NewInt(by)).Sign() == 0 }
	switch {
	case month == 2 && divisible(4) && (!divisible(100) || divisible(400)):
		return 29
	case month == 2:
		return 28
	case month == 4, month == 6, month == 9, month == 11:
		return 30
	}
	return 31
}

func asciiLower(s string) string {
	b := []byte(s)
	for i := range b {
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// list reads a string or a list of strings.
func list(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var texts []string
	for _, item := range v.([]any) {
		texts = append(texts, item.(string))
	}
	return texts
}

// naiveTexts reads scalars as the text they are written with.
func naiveTexts(raw json.RawMessage) []string {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		items = []json.RawMessage{raw}
	}
	var texts []string
	for _, item := range items {
		var s string
		if json.Unmarshal(item, &s) != nil {
			s = strings.TrimSpace(string(item))
		}
		texts = append(texts, s)
	}
	return texts
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
