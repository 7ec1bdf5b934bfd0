package declare

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/daypass/daypass/internal/awsapi"
)

const (
	// MaxFile is the longest file that is read, in bytes.
	MaxFile  = 4 << 20
	maxDepth = 64
)

// value is a value of a file, with the line that it begins in.
type value struct {
	line    int
	kind    awsapi.Kind // Null, Bool, Number, Text, List or Map
	text    string
	list    []*value
	members []member
}

type member struct {
	name string
	line int
	*value
}

// Error is a mistake in a file, or what a server says of a part of it.
type Error struct {
	File string
	Line int
	Err  error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// mistake is an error at a line; its file is filled in by Parse.
func mistake(line int, format string, args ...any) *Error {
	return &Error{Line: line, Err: fmt.Errorf(format, args...)}
}

// read reads a text. Anchors, aliases and tags are refused: a file says what it means
// where it says it, and cannot grow by pointing at itself.
func read(text []byte) (*value, error) {
	if len(text) > MaxFile {
		return nil, mistake(0, "longer than %d bytes", MaxFile)
	}
	if line := tooDeep(text); line > 0 {
		return nil, mistake(line, "nested more than %d deep", maxDepth)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, yamlError(err)
	}
	var docs []*ast.DocumentNode
	for _, d := range file.Docs {
		if d.Body != nil {
			docs = append(docs, d)
		}
	}
	if len(docs) == 0 {
		return nil, mistake(0, "the file has nothing in it: it begins with Version: 1")
	}
	if len(docs) > 1 {
		return nil, mistake(0, "%d documents in the file: only one is allowed", len(docs))
	}
	return fromNode(docs[0].Body, 0)
}

// tooDeep is the line where a text is nested so deeply that the parser, whose work grows
// with the square of the depth, is not to see it; 0 where it is not. It looks at
// brackets without asking whether they are in a text, so it leaves much room.
func tooDeep(text []byte) int {
	const most = 1000
	line, open, dashes, begins := 1, 0, 0, true
	for _, b := range text {
		switch b {
		case '\n', '\r':
			dashes, begins = 0, true
			if b == '\n' {
				line++
			}
			continue
		case '[', '{':
			open++
		case ']', '}':
			open = max(0, open-1)
		case '-', '?', ':':
			if begins {
				dashes++
			}
			continue
		case ' ', '\t':
			if open <= most && dashes <= most {
				continue
			}
		}
		if begins = false; open > most || dashes > most {
			return line
		}
	}
	return 0
}

// yamlError is an error of the parser, whose text begins with [line:column] and goes on
// with an extract of the file.
func yamlError(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	line := 0
	if rest, ok := strings.CutPrefix(text, "["); ok {
		if _, scanErr := fmt.Sscanf(rest, "%d:", &line); scanErr == nil {
			_, text, _ = strings.Cut(text, "] ")
		}
	}
	return &Error{Line: line, Err: errors.New(text)}
}

func fromNode(n ast.Node, depth int) (*value, error) {
	line := 0
	if t := n.GetToken(); t != nil && t.Position != nil {
		line = t.Position.Line
	}
	if depth > maxDepth {
		return nil, mistake(line, "nested more than %d deep", maxDepth)
	}
	v := &value{line: line}
	switch n := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		v.kind, v.text = awsapi.Bool, fmt.Sprint(n.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		v.kind, v.text = awsapi.Number, n.GetToken().Value
	case *ast.StringNode:
		v.kind, v.text = awsapi.Text, n.Value
	case *ast.LiteralNode:
		v.kind, v.text = awsapi.Text, n.Value.Value
	case *ast.SequenceNode:
		v.kind = awsapi.List
		for _, e := range n.Values {
			item, err := fromNode(e, depth+1)
			if err != nil {
				return nil, err
			}
			v.list = append(v.list, item)
		}
	case *ast.MappingNode:
		return v, v.add(n.Values, depth)
	case *ast.MappingValueNode:
		return v, v.add([]*ast.MappingValueNode{n}, depth)
	default:
		return nil, mistake(line, "anchors, aliases, tags and the like are not read")
	}
	return v, nil
}

// add makes the value an object with these members.
func (v *value) add(members []*ast.MappingValueNode, depth int) error {
	v.kind = awsapi.Map
	var names awsapi.Names
	for _, m := range members {
		key, ok := m.Key.(ast.ScalarNode)
		if !ok {
			return mistake(v.line, "a name that is no text")
		}
		name, line := key.GetToken().Value, key.GetToken().Position.Line
		if !names.Add(name) {
			return mistake(line, "%s is there twice", name)
		}
		below, err := fromNode(m.Value, depth+1)
		if err != nil {
			return err
		}
		v.members = append(v.members, member{name, line, below})
	}
	return nil
}

// member is the value of a name; nil where there is none.
func (v *value) member(name string) *value {
	for _, m := range v.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// take is the value of a name, which is no longer a member.
func (v *value) take(name string) *value {
	for i, m := range v.members {
		if m.name == name {
			v.members = append(v.members[:i:i], v.members[i+1:]...)
			return m.value
		}
	}
	return nil
}

// node is the value without its lines.
func (v *value) node() awsapi.Node {
	n := awsapi.Node{Kind: v.kind, Text: v.text}
	for _, e := range v.list {
		n.List = append(n.List, e.node())
	}
	for _, m := range v.members {
		n.Members = append(n.Members, awsapi.Member{Name: m.name, Value: m.node()})
	}
	return n
}

// texts is a list of texts.
func (v *value) texts(what string) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	if v.kind != awsapi.List {
		return nil, mistake(v.line, "%s is a list", what)
	}
	var all []string
	for _, e := range v.list {
		s, err := e.word(what)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// word is a text, or a number or a truth value as it is written.
func (v *value) word(what string) (string, error) {
	switch v.kind {
	case awsapi.Text, awsapi.Number, awsapi.Bool:
		return v.text, nil
	}
	return "", mistake(v.line, "%s is a text", what)
}

// document is a policy: an object, or the text of one.
func (v *value) document(what string) (string, error) {
	switch v.kind {
	case awsapi.Map:
		return string(v.node().AppendJSON(nil)), nil
	case awsapi.Text:
		if n, err := awsapi.ParseJSON([]byte(v.text)); err == nil && n.Kind == awsapi.Map {
			return v.text, nil
		}
	}
	return "", mistake(v.line, "%s is a policy: an object, or a text that is the JSON of one", what)
}
