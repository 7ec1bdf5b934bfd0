package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// A setOperator says how the several values of a key are combined.
type setOperator uint8

const (
	noSet     setOperator = iota
	forAny                // ForAnyValue: some value passes
	forAll                // ForAllValues: every value passes
	prefixAny = "ForAnyValue:"
	prefixAll = "ForAllValues:"
)

// A condition is one key under one operator, compiled. All conditions of a
// statement must hold.
type condition struct {
	key      string // lower-cased
	set      setOperator
	ifExists bool // holds for an absent key
	negated  bool
	null     bool
	empty    bool // lists no value
	test     test
}

// An operatorUse is an operator as written: ForAnyValue:StringLikeIfExists.
type operatorUse struct {
	base     string
	operator operator
	set      setOperator
	ifExists bool
}

// readOperator accepts the documented spellings and nothing else. Null has
// neither suffix nor prefix: whether a key is there is no question to its
// values.
func readOperator(name string) (operatorUse, error) {
	use := operatorUse{base: name}
	if rest, ok := strings.CutPrefix(name, prefixAny); ok {
		use.base, use.set = rest, forAny
	} else if rest, ok := strings.CutPrefix(name, prefixAll); ok {
		use.base, use.set = rest, forAll
	}
	use.base, use.ifExists = strings.CutSuffix(use.base, "IfExists")
	var known bool
	use.operator, known = operators[use.base]
	if !known || use.operator.null && use.base != name {
		return operatorUse{}, fmt.Errorf("unknown condition operator %q", name)
	}
	return use, nil
}

// newCondition compiles one key under an operator.
func newCondition(raw rawCondition, variables bool) (condition, error) {
	use, err := readOperator(raw.operator)
	if err != nil {
		return condition{}, err
	}
	test, err := use.operator.compile(raw.values, variables)
	if err != nil {
		return condition{}, fmt.Errorf("%s %q: %w", raw.operator, raw.key, err)
	}
	return condition{
		key:      strings.ToLower(raw.key),
		set:      use.set,
		ifExists: use.ifExists,
		negated:  use.operator.negated,
		null:     use.operator.null,
		empty:    len(raw.values) == 0,
		test:     test,
	}, nil
}

func newConditions(raw []rawCondition, variables bool) ([]condition, error) {
	conditions := make([]condition, len(raw))
	for i := range raw {
		var err error
		if conditions[i], err = newCondition(raw[i], variables); err != nil {
			return nil, err
		}
	}
	return conditions, nil
}

// holds reports whether the condition is met.
func (c *condition) holds(ctx Context) bool {
	values := ctx[c.key]
	switch {
	case c.empty:
		return false
	case c.null:
		return c.test.match(strconv.FormatBool(len(values) == 0), ctx)
	case len(values) == 0:
		return c.holdsAbsent()
	}
	switch c.set {
	case forAny:
		return !allEmpty(values) && c.some(values, ctx)
	case forAll:
		return allEmpty(values) || c.every(values, ctx)
	}
	if c.negated {
		return c.every(values, ctx)
	}
	return c.some(values, ctx)
}

// holdsAbsent is the answer for a key that the request does not have. All
// values of none pass, which is why ForAllValues does not belong alone into an
// Allow. No value of none passes, whatever IfExists says of the operator: that is
// what AWS does, though the page about IfExists has it otherwise.
func (c *condition) holdsAbsent() bool {
	switch c.set {
	case forAny:
		return false
	case forAll:
		return true
	}
	return c.ifExists || c.negated
}

// passes applies the operator, negation included, to one value.
func (c *condition) passes(value string, ctx Context) bool {
	return c.test.match(value, ctx) != c.negated
}

func (c *condition) some(values []string, ctx Context) bool {
	for _, v := range values {
		if c.passes(v, ctx) {
			return true
		}
	}
	return false
}

func (c *condition) every(values []string, ctx Context) bool {
	for _, v := range values {
		if !c.passes(v, ctx) {
			return false
		}
	}
	return true
}

// allEmpty reports a null data set, which ForAllValues and ForAnyValue take for no
// values.
func allEmpty(values []string) bool {
	for _, v := range values {
		if v != "" {
			return false
		}
	}
	return true
}
