package policy

import (
	"fmt"
	"slices"
	"strings"
)

// filled is a statement in which every variable that is known stands for its
// value.
type filled struct {
	layer Layer
	from  Statement
	deny  bool

	actions     []string // as written
	notAction   bool
	resources   []filledARN
	notResource bool
	conditions  []filledCondition

	// obstacles are what the dialect cannot say of it, which matters only where the
	// statement does.
	obstacles []Unsayable
}

// stop notes what is in the way of a statement.
func (s *filled) stop(o Obstacle, format string, args ...any) {
	s.obstacles = append(s.obstacles, Unsayable{Obstacle: o, Detail: fmt.Sprintf(format, args...)})
}

// A filledARN is a resource: * or the patterns of an ARN's components.
type filledARN struct {
	every bool
	parts [components][]piece
}

// A filledCondition is one key under an operator. Values that no value of a
// request can match are left out.
type filledCondition struct {
	operator string // as written
	use      operatorUse
	key      string // as written
	values   [][]piece
}

// identifiers are the keys whose values are identifiers that daypass makes, of
// lower-case letters, digits, dashes and one colon.
var identifiers = map[string]bool{
	"cognito-identity.amazonaws.com:sub": true, "cognito-identity.amazonaws.com:aud": true,
}

// fill gives the statements of a document that can apply to the caller at all.
func (r *renderer) fill(layer Layer, d *Document) (all []filled) {
	raw := d.statementsAsWritten()
	for i := range raw {
		s := filled{layer: layer, from: d.names[i], deny: d.statements[i].deny, notAction: raw[i].notAction != nil}
		s.actions = slices.Concat(raw[i].action, raw[i].notAction)
		if r.fillConditions(&s, d, i, raw[i].conditions) && r.fillResources(&s, d, i, &raw[i]) {
			all = append(all, s)
		}
	}
	return all
}

// fillConditions decides the conditions on the caller's keys and fills in the
// values of the others. It is false if the statement never applies.
func (r *renderer) fillConditions(s *filled, d *Document, index int, raw []rawCondition) bool {
	variables := d.version == version2012
	for i, c := range raw {
		compiled := &d.statements[index].conditions[i]
		use, err := readOperator(c.operator)
		if err != nil || compiled.empty {
			return false
		}
		values := make([][]piece, 0, len(c.values))
		open := false // a variable stays
		for _, text := range c.values {
			value, here, ok := r.fillPattern(text, syntax{wildcards: use.wildcards(), variables: variables && use.variables()})
			if ok {
				values = append(values, value)
			}
			open = open || here
		}
		if !IsCallerKey(c.key) {
			if open && !r.dialect.variables {
				s.stop(VariableObstacle, "the value of %s %s has a variable whose value only the store knows", c.operator, c.key)
			}
			switch holds, decided := use.without(len(values)); {
			case decided && !holds:
				return false
			case decided:
				continue
			case len(values) == 0:
				s.stop(ConditionObstacle, "every value of %s %s has a variable that the caller has no value for", c.operator, c.key)
			}
			s.conditions = append(s.conditions, filledCondition{c.operator, use, c.key, values})
			continue
		}
		if open {
			s.stop(VariableObstacle, "%s compares %s, which is the caller's, with what only the store knows", c.operator, c.key)
		} else if !compiled.holds(r.facts) {
			return false
		}
	}
	return true
}

// callerFacts are the facts that stay the same for the session.
func callerFacts(facts Context) Context {
	kept := Context{}
	for key, values := range facts {
		if IsCallerKey(key) {
			kept[key] = values
		}
	}
	return kept
}

// without is what an operator says if none of its listed values can match, where
// that can be said without the request.
func (u operatorUse) without(values int) (holds, decided bool) {
	switch {
	case values > 0 || u.operator.null || u.ifExists || u.set == forAll:
		return false, false
	case u.set == forAny && u.operator.negated:
		return false, false // it holds for a request that has the key
	}
	return u.operator.negated, true
}

// wildcards and variables say what the values of an operator can have.
func (u operatorUse) wildcards() bool {
	return strings.HasSuffix(u.base, "Like") || strings.HasPrefix(u.base, "Arn")
}

func (u operatorUse) variables() bool {
	return strings.HasPrefix(u.base, "String") || strings.HasPrefix(u.base, "Arn") || u.base == "Bool"
}

// fillResources fills in the resources. It is false if the statement never
// applies.
func (r *renderer) fillResources(s *filled, d *Document, index int, raw *rawStatement) bool {
	list := raw.resource
	if s.notResource = raw.notResource != nil; s.notResource {
		list = raw.notResource
	}
	for _, resource := range list {
		if d.statements[index].ignores(resource) {
			continue
		}
		if resource == "*" {
			s.resources = append(s.resources, filledARN{every: true})
			continue
		}
		pieces, open, ok := r.fillPattern(complete(resource), syntax{wildcards: true, variables: d.version == version2012})
		if open && !r.dialect.variables {
			s.stop(VariableObstacle, "the resource %s has a variable whose value only the store knows", resource)
		}
		if !ok {
			if s.notResource && !s.deny {
				return false // so as not to allow everything for want of a value
			}
			continue
		}
		parts := splitPieces(pieces)
		if len(parts) < components {
			continue // what Parse refuses since the document was stored matches nothing
		}
		var arn filledARN
		copy(arn.parts[:], parts)
		s.resources = append(s.resources, arn)
	}
	if len(s.resources) > 0 {
		return true
	}
	if s.notResource { // it denies all but nothing
		s.notResource, s.resources = false, []filledARN{{every: true}}
		return true
	}
	return false
}

// fillPattern reads a pattern and fills in the caller's variables. It is not ok if
// one of them has no value, so that the pattern matches nothing; open says that
// one stays, whose value only the store knows.
func (r *renderer) fillPattern(text string, s syntax) (pieces []piece, open, ok bool) {
	read, err := readPieces(text, s)
	if err != nil {
		return nil, false, false // Parse has read it
	}
	for _, p := range read {
		if p.kind != hole {
			pieces = append(pieces, p)
			continue
		}
		if !IsCallerKey(p.variable.key) {
			open = true
			pieces = append(pieces, p)
			continue
		}
		value, ok := p.variable.value(r.facts)
		if !ok {
			return nil, false, false
		}
		origin := filledValue
		if _, given := r.facts[p.variable.key]; given && identifiers[p.variable.key] {
			origin = filledIdentifier
		}
		if value != "" {
			pieces = append(pieces, piece{kind: literal, text: value, origin: origin})
		}
	}
	return pieces, open, true
}

// A piece that was filled in says so, since a store may read a character of a
// caller's value otherwise than AWS does.
type pieceOrigin uint8

const (
	written          pieceOrigin = iota // in the policy
	filledValue                         // a value of the caller's
	filledIdentifier                    // an identifier that daypass made
)

// same says whether two statements mean the same, for the same texts.
func (s filled) same(o filled) bool {
	return s.deny == o.deny && s.notAction == o.notAction && s.notResource == o.notResource &&
		slices.Equal(s.actions, o.actions) && slices.EqualFunc(s.resources, o.resources, filledARN.same) &&
		slices.EqualFunc(s.conditions, o.conditions, filledCondition.same)
}

func (a filledARN) same(o filledARN) bool {
	return a.every == o.every && slices.EqualFunc(a.parts[:], o.parts[:], samePieces)
}

func (c filledCondition) same(o filledCondition) bool {
	return c.operator == o.operator && strings.EqualFold(c.key, o.key) && slices.EqualFunc(c.values, o.values, samePieces)
}

func samePieces(a, b []piece) bool { return slices.Equal(symbolsOf(a), symbolsOf(b)) }

// A symbol is one character of a pattern, or what stands for some.
type symbol struct {
	kind pieceKind
	char rune
	key  string // of a hole, with its default
}

func symbolsOf(pieces []piece) []symbol {
	n := 0
	for _, p := range pieces {
		n += max(len(p.text), 1)
	}
	list := make([]symbol, 0, n)
	for _, p := range pieces {
		switch p.kind {
		case literal:
			for _, char := range p.text {
				list = append(list, symbol{kind: literal, char: char})
			}
		case hole:
			list = append(list, symbol{kind: hole, key: p.variable.key + "\x00" + p.variable.def})
		default:
			list = append(list, symbol{kind: p.kind})
		}
	}
	return list
}
