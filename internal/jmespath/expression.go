package jmespath

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jmespath-community/go-jmespath/pkg/parsing"

	"github.com/daypass/daypass/internal/awsapi"
)

// Expression is a JMESPath expression that is ready to be asked.
type Expression struct {
	root parsing.ASTNode
	text string
}

// maxExpression is how long an expression may be, in bytes: parsing recurses.
const maxExpression = 64 << 10

// Parse reads an expression. The error says what is wrong with it.
func Parse(text string) (*Expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("the expression is longer than %d bytes", maxExpression)
	}
	if strings.ContainsRune(text, 0x80) { // the lexer's table of identifiers ends one short of it, and it panics
		return nil, errors.New("the expression has the control character U+0080")
	}
	root, err := parsing.NewParser().Parse(text)
	if err != nil {
		return nil, err
	}
	if err := check(root); err != nil {
		return nil, err
	}
	return &Expression{root, text}, nil
}

// String is the expression as it was written.
func (e *Expression) String() string { return e.text }

// Search asks the expression of a tree. Its error is that of a function: an
// unknown one, or arguments that it does not take.
func (e *Expression) Search(n awsapi.Node) (awsapi.Node, error) { return eval(e.root, n) }

// check refuses what only later dialects of the language have.
func check(n parsing.ASTNode) error {
	switch n.NodeType {
	case parsing.ASTArithmeticExpression, parsing.ASTArithmeticUnaryExpression, parsing.ASTRootNode,
		parsing.ASTLetExpression, parsing.ASTVariable, parsing.ASTBindings, parsing.ASTBinding:
		return fmt.Errorf("%s is not part of the JMESPath specification that the AWS CLI implements", what[n.NodeType.String()])
	}
	for _, c := range n.Children {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

var what = map[string]string{
	"ASTArithmeticExpression": "arithmetic", "ASTArithmeticUnaryExpression": "arithmetic", "ASTRootNode": "the root node ($)",
	"ASTLetExpression": "a let expression", "ASTVariable": "a variable", "ASTBindings": "a let expression", "ASTBinding": "a let expression",
}

var null = awsapi.Node{Kind: awsapi.Null}

func boolean(b bool) awsapi.Node { return awsapi.Node{Kind: awsapi.Bool, Text: strconv.FormatBool(b)} }

// eval is the value of an expression for a tree.
func eval(e parsing.ASTNode, n awsapi.Node) (awsapi.Node, error) {
	switch e.NodeType {
	case parsing.ASTIdentity, parsing.ASTCurrentNode, parsing.ASTEmpty:
		return n, nil
	case parsing.ASTField:
		return field(n, e.Value.(string)), nil
	case parsing.ASTLiteral:
		return literal(e.Value)
	case parsing.ASTIndex:
		return index(n, e.Value.(int)), nil
	case parsing.ASTSlice:
		return slice(n, e.Value.([]*int))
	case parsing.ASTSubexpression, parsing.ASTIndexExpression, parsing.ASTPipe:
		for _, c := range e.Children {
			var err error
			if n, err = eval(c, n); err != nil {
				return null, err
			}
		}
		return n, nil
	case parsing.ASTKeyValPair:
		return eval(e.Children[0], n)
	case parsing.ASTMultiSelectHash, parsing.ASTMultiSelectList:
		return multiSelect(e, n)
	case parsing.ASTProjection, parsing.ASTValueProjection, parsing.ASTFilterProjection, parsing.ASTFlatten:
		return project(e, n)
	case parsing.ASTComparator:
		return compare(e, n)
	case parsing.ASTOrExpression, parsing.ASTAndExpression:
		left, err := eval(e.Children[0], n)
		if err != nil || isFalse(left) == (e.NodeType == parsing.ASTAndExpression) {
			return left, err
		}
		return eval(e.Children[1], n)
	case parsing.ASTNotExpression:
		v, err := eval(e.Children[0], n)
		return boolean(isFalse(v)), err
	case parsing.ASTFunctionExpression:
		return call(e, n)
	}
	return null, fmt.Errorf("an expression reference stands where a value should") // &expr outside a function
}

func field(n awsapi.Node, name string) awsapi.Node {
	if n.Kind == awsapi.Map {
		if m := n.Member(name); m != nil {
			return *m
		}
	}
	return null
}

func index(n awsapi.Node, i int) awsapi.Node {
	if n.Kind != awsapi.List {
		return null
	}
	if i < 0 {
		i += len(n.List)
	}
	if i < 0 || i >= len(n.List) {
		return null
	}
	return n.List[i]
}

// slice is Python's slice of a list.
func slice(n awsapi.Node, parts []*int) (awsapi.Node, error) {
	if n.Kind != awsapi.List {
		return null, nil
	}
	step, size := 1, len(n.List)
	if parts[2] != nil {
		step = *parts[2]
	}
	if step == 0 {
		return null, fmt.Errorf("slice step cannot be 0")
	}
	from, to := 0, size
	if step < 0 {
		from, to = size-1, -1
	}
	bound := func(p *int, otherwise int) int {
		if p == nil {
			return otherwise
		}
		i := *p
		if i < 0 {
			i += size
		}
		if step < 0 {
			return min(max(i, -1), size-1)
		}
		return min(max(i, 0), size)
	}
	from, to = bound(parts[0], from), bound(parts[1], to)
	out := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		out.List = append(out.List, n.List[i])
	}
	return out, nil
}

func multiSelect(e parsing.ASTNode, n awsapi.Node) (awsapi.Node, error) {
	if n.Kind == awsapi.Null {
		return null, nil
	}
	out := awsapi.Node{Kind: awsapi.List}
	if e.NodeType == parsing.ASTMultiSelectHash {
		out.Kind = awsapi.Map
	}
	for _, c := range e.Children {
		v, err := eval(c, n)
		if err != nil {
			return null, err
		}
		if out.Kind == awsapi.List {
			out.List = append(out.List, v)
		} else {
			set(&out, c.Value.(string), v)
		}
	}
	return out, nil
}

// set gives a member a value; one that was there keeps its place.
func set(n *awsapi.Node, name string, v awsapi.Node) {
	if m := n.Member(name); m != nil {
		*m = v
		return
	}
	n.Members = append(n.Members, awsapi.Member{Name: name, Value: v})
}

// project evaluates the expressions that give a list of what they find in each
// element, nulls left out.
func project(e parsing.ASTNode, n awsapi.Node) (awsapi.Node, error) {
	base, err := eval(e.Children[0], n)
	if err != nil {
		return null, err
	}
	var elements []awsapi.Node
	switch {
	case e.NodeType == parsing.ASTValueProjection && base.Kind == awsapi.Map:
		for _, m := range base.Members {
			elements = append(elements, m.Value)
		}
	case e.NodeType != parsing.ASTValueProjection && base.Kind == awsapi.List:
		elements = base.List
	default:
		return null, nil
	}
	out := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
	if e.NodeType == parsing.ASTFlatten {
		for _, v := range elements {
			if v.Kind == awsapi.List {
				out.List = append(out.List, v.List...)
			} else {
				out.List = append(out.List, v)
			}
		}
		return out, nil
	}
	for _, v := range elements {
		if e.NodeType == parsing.ASTFilterProjection {
			holds, err := eval(e.Children[2], v)
			if err != nil {
				return null, err
			}
			if isFalse(holds) {
				continue
			}
		}
		v, err := eval(e.Children[1], v)
		if err != nil {
			return null, err
		}
		if v.Kind != awsapi.Null {
			out.List = append(out.List, v)
		}
	}
	return out, nil
}

// isFalse is the specification's falsehood: null, false, and what is empty. A
// zero is true.
func isFalse(n awsapi.Node) bool {
	switch n.Kind {
	case awsapi.Null:
		return true
	case awsapi.Bool:
		return n.Text == "false"
	case awsapi.Text:
		return n.Text == ""
	case awsapi.List:
		return len(n.List) == 0
	case awsapi.Map:
		return len(n.Members) == 0
	}
	return false
}

func compare(e parsing.ASTNode, n awsapi.Node) (awsapi.Node, error) {
	left, err := eval(e.Children[0], n)
	if err != nil {
		return null, err
	}
	right, err := eval(e.Children[1], n)
	if err != nil {
		return null, err
	}
	switch e.Value {
	case parsing.TOKEQ:
		return boolean(equal(left, right)), nil
	case parsing.TOKNE:
		return boolean(!equal(left, right)), nil
	}
	if left.Kind != right.Kind || left.Kind != awsapi.Number && left.Kind != awsapi.Text {
		return null, nil
	}
	c := order(left, right)
	switch e.Value {
	case parsing.TOKLT:
		return boolean(c < 0), nil
	case parsing.TOKLTE:
		return boolean(c <= 0), nil
	case parsing.TOKGT:
		return boolean(c > 0), nil
	}
	return boolean(c >= 0), nil
}

func equal(a, b awsapi.Node) bool {
	if a.Kind != b.Kind {
		return false
	}
	switch a.Kind {
	case awsapi.Number:
		return order(a, b) == 0
	case awsapi.List:
		return slices.EqualFunc(a.List, b.List, equal)
	case awsapi.Map:
		if len(a.Members) != len(b.Members) {
			return false
		}
		for _, m := range a.Members {
			if other := b.Member(m.Name); other == nil || !equal(m.Value, *other) {
				return false
			}
		}
		return true
	}
	return a.Text == b.Text
}

// literal turns a decoded JSON value into a tree. The members of a literal
// object come in the order of their names.
func literal(v any) (awsapi.Node, error) {
	switch v := v.(type) {
	case nil:
		return null, nil
	case bool:
		return boolean(v), nil
	case string:
		return awsapi.Node{Kind: awsapi.Text, Text: v}, nil
	case float64:
		return number(v), nil
	case []any:
		out := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
		for _, e := range v {
			n, err := literal(e)
			if err != nil {
				return null, err
			}
			out.List = append(out.List, n)
		}
		return out, nil
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		out := awsapi.Node{Kind: awsapi.Map}
		for _, name := range names {
			n, err := literal(v[name])
			if err != nil {
				return null, err
			}
			out.Members = append(out.Members, awsapi.Member{Name: name, Value: n})
		}
		return out, nil
	}
	return null, fmt.Errorf("a literal of the type %T", v)
}
