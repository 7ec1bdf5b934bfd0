package jmespath

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jmespath-community/go-jmespath/pkg/parsing"

	"github.com/daypass/daypass/internal/awsapi"
)

// function is one of the specification's functions.
type function struct {
	// args are the types that each argument may have; a last one with dots takes
	// any number of arguments.
	args []string
	do   func(args []argument) (awsapi.Node, error)
}

// argument is a value, or the expression behind an ampersand.
type argument struct {
	awsapi.Node
	expr *parsing.ASTNode
}

var functions map[string]function

func init() { // the functions call eval, which calls them
	functions = map[string]function{
		"abs":         {[]string{"number"}, unary(func(n awsapi.Node) awsapi.Node { return number(math.Abs(float(n))) })},
		"avg":         {[]string{"array[number]"}, unary(avg)},
		"ceil":        {[]string{"number"}, unary(func(n awsapi.Node) awsapi.Node { return number(math.Ceil(float(n))) })},
		"contains":    {[]string{"array|string", "any"}, contains},
		"ends_with":   {[]string{"string", "string"}, func(a []argument) (awsapi.Node, error) { return boolean(strings.HasSuffix(a[0].Text, a[1].Text)), nil }},
		"floor":       {[]string{"number"}, unary(func(n awsapi.Node) awsapi.Node { return number(math.Floor(float(n))) })},
		"join":        {[]string{"string", "array[string]"}, join},
		"keys":        {[]string{"object"}, unary(keys)},
		"length":      {[]string{"string|array|object"}, unary(length)},
		"map":         {[]string{"expression", "array"}, mapped},
		"max":         {[]string{"array[number]|array[string]"}, unary(func(n awsapi.Node) awsapi.Node { return extreme(n.List, 1) })},
		"max_by":      {[]string{"array", "expression"}, func(a []argument) (awsapi.Node, error) { return extremeBy("max_by", a, 1) }},
		"merge":       {[]string{"object..."}, merge},
		"min":         {[]string{"array[number]|array[string]"}, unary(func(n awsapi.Node) awsapi.Node { return extreme(n.List, -1) })},
		"min_by":      {[]string{"array", "expression"}, func(a []argument) (awsapi.Node, error) { return extremeBy("min_by", a, -1) }},
		"not_null":    {[]string{"any..."}, notNull},
		"reverse":     {[]string{"array|string"}, unary(reverse)},
		"sort":        {[]string{"array[number]|array[string]"}, unary(sorted)},
		"sort_by":     {[]string{"array", "expression"}, sortBy},
		"starts_with": {[]string{"string", "string"}, func(a []argument) (awsapi.Node, error) { return boolean(strings.HasPrefix(a[0].Text, a[1].Text)), nil }},
		"sum":         {[]string{"array[number]"}, unary(func(n awsapi.Node) awsapi.Node { return number(sum(n.List)) })},
		"to_array":    {[]string{"any"}, unary(toArray)},
		"to_number":   {[]string{"any"}, unary(toNumber)},
		"to_string":   {[]string{"any"}, unary(toString)},
		"type":        {[]string{"any"}, unary(func(n awsapi.Node) awsapi.Node { return text(typeOf(n)) })},
		"values":      {[]string{"object"}, unary(values)},
	}
}

func unary(do func(awsapi.Node) awsapi.Node) func([]argument) (awsapi.Node, error) {
	return func(a []argument) (awsapi.Node, error) { return do(a[0].Node), nil }
}

func call(e parsing.ASTNode, n awsapi.Node) (awsapi.Node, error) {
	name := e.Value.(string)
	f, ok := functions[name]
	if !ok {
		return null, fmt.Errorf("Unknown function: %s()", name) //nolint:staticcheck // the sentence of the AWS CLI
	}
	args := make([]argument, len(e.Children))
	for i, c := range e.Children {
		if c.NodeType == parsing.ASTExpRef {
			args[i].expr = &c.Children[0]
			continue
		}
		v, err := eval(c, n)
		if err != nil {
			return null, err
		}
		args[i].Node = v
	}
	if err := f.takes(name, args); err != nil {
		return null, err
	}
	return f.do(args)
}

// takes checks the number and the types of arguments.
func (f function) takes(name string, args []argument) error {
	variadic := strings.HasSuffix(f.args[len(f.args)-1], "...")
	if !variadic && len(args) != len(f.args) || variadic && len(args) < len(f.args) {
		atLeast := ""
		if variadic {
			atLeast = "at least "
		}
		return fmt.Errorf("Expected %s%d argument%s for function %s(), received %d", //nolint:staticcheck // the sentence of the AWS CLI
			atLeast, len(f.args), plural(len(f.args)), name, len(args))
	}
	for i := range args[:len(f.args)] { // as the reference does: of many arguments of one type it checks the first
		types := strings.Split(strings.TrimSuffix(f.args[i], "..."), "|")
		if !slices.ContainsFunc(types, args[i].is) {
			return fmt.Errorf("In function %s(), invalid type for value: %s, expected one of: %s, received: %q", //nolint:staticcheck // likewise
				name, compact(args[i].Node), strings.Join(types, ", "), args[i].typeOf())
		}
	}
	return nil
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func (a argument) typeOf() string {
	if a.expr != nil {
		return "expression"
	}
	return typeOf(a.Node)
}

// is says whether the argument has a type, such as array[string].
func (a argument) is(want string) bool {
	if want == "any" {
		return a.expr == nil
	}
	outer, elem, ok := strings.Cut(strings.TrimSuffix(want, "]"), "[")
	if a.typeOf() != outer {
		return false
	}
	return !ok || !slices.ContainsFunc(a.List, func(n awsapi.Node) bool { return typeOf(n) != elem })
}

func typeOf(n awsapi.Node) string {
	switch n.Kind {
	case awsapi.Bool:
		return "boolean"
	case awsapi.Number:
		return "number"
	case awsapi.Text:
		return "string"
	case awsapi.List:
		return "array"
	case awsapi.Map:
		return "object"
	}
	return "null"
}

func text(s string) awsapi.Node { return awsapi.Node{Kind: awsapi.Text, Text: s} }

// number writes a number as JSON does: whole ones without a fraction.
func number(f float64) awsapi.Node {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return awsapi.Node{Kind: awsapi.Number, Text: strconv.FormatInt(int64(f), 10)}
	}
	return awsapi.Node{Kind: awsapi.Number, Text: strconv.FormatFloat(f, 'g', -1, 64)}
}

func float(n awsapi.Node) float64 {
	f, _ := strconv.ParseFloat(n.Text, 64) // a number out of range is an infinity, which compares rightly
	return f
}

// order compares two numbers or two texts.
func order(a, b awsapi.Node) int {
	if a.Kind == awsapi.Number {
		switch x, y := float(a), float(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return strings.Compare(a.Text, b.Text)
}

func sum(list []awsapi.Node) (total float64) {
	for _, n := range list {
		total += float(n)
	}
	return total
}

func avg(n awsapi.Node) awsapi.Node {
	if len(n.List) == 0 {
		return null
	}
	return number(sum(n.List) / float64(len(n.List)))
}

func contains(a []argument) (awsapi.Node, error) {
	if a[0].Kind == awsapi.List {
		return boolean(slices.ContainsFunc(a[0].List, func(n awsapi.Node) bool { return equal(n, a[1].Node) })), nil
	}
	if a[1].Kind != awsapi.Text {
		return null, errors.New("In function contains(), a string contains strings only") //nolint:staticcheck // in line with the others
	}
	return boolean(strings.Contains(a[0].Text, a[1].Text)), nil
}

func join(a []argument) (awsapi.Node, error) {
	parts := make([]string, len(a[1].List))
	for i, n := range a[1].List {
		parts[i] = n.Text
	}
	return text(strings.Join(parts, a[0].Text)), nil
}

func keys(n awsapi.Node) awsapi.Node {
	out := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
	for _, m := range n.Members {
		out.List = append(out.List, text(m.Name))
	}
	return out
}

func values(n awsapi.Node) awsapi.Node {
	out := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
	for _, m := range n.Members {
		out.List = append(out.List, m.Value)
	}
	return out
}

func length(n awsapi.Node) awsapi.Node {
	return number(float64(len(n.List) + len(n.Members) + utf8.RuneCountInString(n.Text)))
}

func mapped(a []argument) (awsapi.Node, error) {
	out := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
	for _, n := range a[1].List {
		v, err := eval(*a[0].expr, n)
		if err != nil {
			return null, err
		}
		out.List = append(out.List, v)
	}
	return out, nil
}

// extreme is the first of the largest (sign 1) or smallest (sign -1) elements.
func extreme(list []awsapi.Node, sign int) awsapi.Node {
	best := null
	for i, n := range list {
		if i == 0 || order(n, best)*sign > 0 {
			best = n
		}
	}
	return best
}

// by gives what the expression finds in each element, which must be of one type
// that can be ordered.
func by(name string, a []argument) ([]awsapi.Node, error) {
	found := make([]awsapi.Node, len(a[0].List))
	for i, n := range a[0].List {
		v, err := eval(*a[1].expr, n)
		if err != nil {
			return nil, err
		}
		if v.Kind != awsapi.Number && v.Kind != awsapi.Text || v.Kind != found[0].Kind && i > 0 {
			return nil, fmt.Errorf("In function %s(), invalid type for value: %s, expected one of: string, number, received: %q", //nolint:staticcheck // likewise
				name, compact(v), typeOf(v))
		}
		found[i] = v
	}
	return found, nil
}

func extremeBy(name string, a []argument, sign int) (awsapi.Node, error) {
	found, err := by(name, a)
	if err != nil || len(found) == 0 {
		return null, err
	}
	best := 0
	for i := range found {
		if order(found[i], found[best])*sign > 0 {
			best = i
		}
	}
	return a[0].List[best], nil
}

func sortBy(a []argument) (awsapi.Node, error) {
	found, err := by("sort_by", a)
	if err != nil {
		return null, err
	}
	places := make([]int, len(found))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(i, j int) int { return order(found[i], found[j]) })
	out := awsapi.Node{Kind: awsapi.List, List: make([]awsapi.Node, len(places))}
	for i, p := range places {
		out.List[i] = a[0].List[p]
	}
	return out, nil
}

func sorted(n awsapi.Node) awsapi.Node {
	out := awsapi.Node{Kind: awsapi.List, List: slices.Clone(n.List)}
	slices.SortStableFunc(out.List, order)
	return out
}

func merge(a []argument) (awsapi.Node, error) {
	out := awsapi.Node{Kind: awsapi.Map}
	for _, n := range a {
		if n.Kind != awsapi.Map {
			return null, fmt.Errorf("In function merge(), invalid type for value: %s, expected one of: object, received: %q", //nolint:staticcheck // likewise
				compact(n.Node), n.typeOf())
		}
		for _, m := range n.Members {
			set(&out, m.Name, m.Value)
		}
	}
	return out, nil
}

func notNull(a []argument) (awsapi.Node, error) {
	for _, n := range a {
		if n.Kind != awsapi.Null {
			return n.Node, nil
		}
	}
	return null, nil
}

func reverse(n awsapi.Node) awsapi.Node {
	if n.Kind == awsapi.Text {
		r := []rune(n.Text)
		slices.Reverse(r)
		return text(string(r))
	}
	out := awsapi.Node{Kind: awsapi.List, List: slices.Clone(n.List)}
	slices.Reverse(out.List)
	return out
}

func toArray(n awsapi.Node) awsapi.Node {
	if n.Kind == awsapi.List {
		return n
	}
	return awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{n}}
}

func toNumber(n awsapi.Node) awsapi.Node {
	switch n.Kind {
	case awsapi.Number:
		return n
	case awsapi.Text:
		s := strings.TrimSpace(n.Text)
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return awsapi.Node{Kind: awsapi.Number, Text: strconv.FormatInt(i, 10)}
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return awsapi.Node{Kind: awsapi.Number, Text: strconv.FormatFloat(f, 'g', -1, 64)}
		}
	}
	return null
}

func toString(n awsapi.Node) awsapi.Node {
	if n.Kind == awsapi.Text {
		return n
	}
	return text(compact(n))
}

// compact writes a tree as JSON without spaces.
func compact(n awsapi.Node) string { return string(n.AppendJSON(nil)) }
