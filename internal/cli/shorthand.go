package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// The shorthand syntax of the AWS CLI ("Using shorthand syntax with the AWS CLI"
// in its User Guide):
//
//	parameter     = keyval *( "," keyval )
//	keyval        = key ( "=" / "@=" ) values
//	values        = csv-list / explicit-list / hash-literal
//	csv-list      = first-value *( "," second-value )
//	explicit-list = "[" [ value *( "," value ) ] "]"
//	hash-literal  = "{" [ keyval *( "," keyval ) ] "}"
//
// with quotes of both kinds around values. A value after @= names a file that has
// it. The parser knows no types; typed gives the values those that the shape has.

const maxShorthandDepth = 32

// syntaxError is a mistake at a place.
func (p *shorthand) syntaxError(at int, expected, actual string) error {
	return &inputError{fmt.Sprintf("Expected: '%s', received: '%s'", expected, actual), " for input:\n" + pointedAt(p.input, at)}
}

// pointedAt shows a place of the input with a caret under it.
func pointedAt(input string, at int) string {
	column, rest := at, ""
	if newline := strings.LastIndexByte(input[:at], '\n'); newline >= 0 {
		column = at - newline - 1
	}
	if newline := strings.IndexByte(input[at:], '\n'); newline >= 0 {
		input, rest = input[:at+newline], input[at+newline:]
	}
	return input + "\n" + strings.Repeat(" ", column) + "^" + rest
}

var (
	singleQuoted = regexp.MustCompile(`^'(?:\\\\|\\'|[^'])*'`)
	doubleQuoted = regexp.MustCompile(`^"(?:\\\\|\\"|[^"])*"`)
	// What words are made of, as the AWS CLI has it. A second value of a list ends
	// at an equals sign, since a key came before that.
	firstValue  = regexp.MustCompile(`^(?:\\,|[!#-&(-+\--<>-Z\\-z|-\x{ffff}])(?:\\,|[\s!#-&(-+\--\\^-|~-\x{ffff}])*`)
	secondValue = regexp.MustCompile(`^(?:\\,|[!#-&(-+\--<>-Z\\-z|-\x{ffff}])(?:\\,|[\s!#-&(-+\--<>-\x{ffff}])*`)
)

// shorthand is a parser on its way through an input.
type shorthand struct {
	input string
	at    int
	depth int
	// load gives the content of a file:// or fileb:// value.
	load func(string) (string, bool, error)
}

// parseShorthand reads a value in shorthand. All of its leaves are texts.
func parseShorthand(input string, load func(string) (string, bool, error)) (awsapi.Node, error) {
	p := &shorthand{input: input, load: load}
	out := awsapi.Node{Kind: awsapi.Map}
	if err := p.keyval(&out); err != nil {
		return out, err
	}
	last := p.at
	for p.at < len(p.input) {
		if err := p.expect(',', true); err != nil {
			return out, err
		}
		before := len(out.Members)
		if err := p.keyval(&out); err != nil {
			return out, err
		}
		if added := out.Members[before].Name; out.Member(added) != &out.Members[before].Value {
			return out, &inputError{
				`Second instance of key "` + added + `" encountered`,
				" for input:\n" + pointedAt(p.input, min(last+1, len(p.input))) + "\nThis is often because there is a preceding \",\" instead of a space.",
			}
		}
		last = p.at
	}
	return out, nil
}

func (p *shorthand) end() bool { return p.at >= len(p.input) }

// current is the character here, 0 at the end.
func (p *shorthand) current() byte {
	if p.end() {
		return 0
	}
	return p.input[p.at]
}

func (p *shorthand) space() {
	for !p.end() && strings.IndexByte(" \t\n\r\v\f", p.input[p.at]) >= 0 {
		p.at++
	}
}

func (p *shorthand) expect(c byte, spaces bool) error {
	if spaces {
		p.space()
	}
	if p.end() {
		return p.syntaxError(len(p.input), string(c), "EOF")
	}
	if p.input[p.at] != c {
		actual := []rune(p.input[p.at:])[0]
		return p.syntaxError(p.at, string(c), string(actual))
	}
	p.at++
	if spaces {
		p.space()
	}
	return nil
}

// keyval reads a key with its value into an object.
func (p *shorthand) keyval(into *awsapi.Node) error {
	key := p.key()
	fromFile, err := p.equals()
	if err != nil {
		return err
	}
	v, err := p.values()
	if err == nil && fromFile {
		v, err = p.loaded(v)
	}
	into.Members = append(into.Members, awsapi.Member{Name: key, Value: v})
	return err
}

// equals reads the sign between key and value, and says whether the value is in
// a file.
func (p *shorthand) equals() (fromFile bool, err error) {
	p.space()
	if p.current() == '@' {
		p.at++
		fromFile = true
	}
	return fromFile, p.expect('=', true)
}

func (p *shorthand) loaded(n awsapi.Node) (awsapi.Node, error) {
	switch n.Kind {
	case awsapi.Text:
		content, is, err := p.load(n.Text)
		if err == nil && !is {
			err = &inputError{"a value after @= names a file", ": " + n.Text + " does not begin with file:// or fileb://"}
		}
		return awsapi.Node{Kind: awsapi.Text, Text: content}, err
	case awsapi.List:
		for i := range n.List {
			var err error
			if n.List[i], err = p.loaded(n.List[i]); err != nil {
				return n, err
			}
		}
		return n, nil
	}
	return n, errors.New("a value after @= names a file")
}

func (p *shorthand) key() string {
	from := p.at
	for !p.end() {
		c := p.input[p.at]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("-_.#/:", c) < 0 {
			break
		}
		p.at++
	}
	return p.input[from:p.at]
}

func text(s string) awsapi.Node { return awsapi.Node{Kind: awsapi.Text, Text: s} }

func (p *shorthand) values() (awsapi.Node, error) {
	switch p.current() {
	case 0:
		return text(""), nil
	case '[':
		return p.explicitList()
	case '{':
		return p.hash()
	}
	return p.csv()
}

// csv reads a value, or several with commas between. A comma may also begin the
// next key: then the way goes back to it.
func (p *shorthand) csv() (awsapi.Node, error) {
	first, err := p.first()
	if err != nil {
		return first, err
	}
	p.space()
	if p.current() != ',' {
		return first, nil
	}
	if err := p.expect(',', true); err != nil {
		return first, err
	}
	list := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{first}}
	for {
		v, err := p.second()
		if err == nil {
			p.space()
			if p.end() {
				list.List = append(list.List, v)
				break
			}
			if err = p.expect(',', true); err == nil {
				list.List = append(list.List, v)
				continue
			}
		}
		if p.end() {
			return list, err
		}
		p.at = strings.LastIndexByte(p.input[:p.at+1], ',')
		break
	}
	if len(list.List) == 1 {
		return first, nil
	}
	return list, nil
}

func (p *shorthand) quoted(r *regexp.Regexp, name, quote string) (awsapi.Node, error) {
	v := r.FindString(p.input[p.at:])
	if v == "" {
		return awsapi.Node{}, p.syntaxError(p.at, "<"+name+" quoted>", "<none>")
	}
	p.at += len(v)
	v = strings.ReplaceAll(v[1:len(v)-1], `\`+quote, quote)
	return text(strings.ReplaceAll(v, `\\`, `\`)), nil
}

func unescaped(v string) awsapi.Node {
	return text(strings.TrimRight(strings.ReplaceAll(v, `\,`, `,`), " \t\n\r\v\f"))
}

func (p *shorthand) first() (awsapi.Node, error) {
	switch p.current() {
	case '\'':
		return p.quoted(singleQuoted, "singled", `'`)
	case '"':
		return p.quoted(doubleQuoted, "double", `"`)
	}
	v := firstValue.FindString(p.input[p.at:])
	p.at += len(v)
	return unescaped(v), nil
}

func (p *shorthand) second() (awsapi.Node, error) {
	switch p.current() {
	case '\'':
		return p.quoted(singleQuoted, "singled", `'`)
	case '"':
		return p.quoted(doubleQuoted, "double", `"`)
	}
	v := secondValue.FindString(p.input[p.at:])
	if v == "" {
		return awsapi.Node{}, p.syntaxError(p.at, "<second>", "<none>")
	}
	p.at += len(v)
	return unescaped(v), nil
}

func (p *shorthand) explicitValue() (awsapi.Node, error) {
	switch p.current() {
	case '[':
		return p.explicitList()
	case '{':
		return p.hash()
	}
	return p.first()
}

var errShorthandDepth = errors.New("the value nests too deeply")

func (p *shorthand) explicitList() (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
	if p.depth++; p.depth > maxShorthandDepth {
		return n, errShorthandDepth
	}
	defer func() { p.depth-- }()
	if err := p.expect('[', true); err != nil {
		return n, err
	}
	for p.current() != ']' {
		v, err := p.explicitValue()
		if err != nil {
			return n, err
		}
		n.List = append(n.List, v)
		if err := p.next(']'); err != nil {
			return n, err
		}
	}
	return n, p.expect(']', false)
}

// next goes over the comma before the next value, if there is one.
func (p *shorthand) next(closing byte) error {
	p.space()
	if p.current() == closing {
		return nil
	}
	err := p.expect(',', false)
	p.space()
	return err
}

func (p *shorthand) hash() (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.Map}
	if p.depth++; p.depth > maxShorthandDepth {
		return n, errShorthandDepth
	}
	defer func() { p.depth-- }()
	if err := p.expect('{', true); err != nil {
		return n, err
	}
	for p.current() != '}' {
		key := p.key()
		fromFile, err := p.equals()
		if err != nil {
			return n, err
		}
		v, err := p.explicitValue()
		if err == nil && fromFile {
			v, err = p.loaded(v)
		}
		if err != nil {
			return n, err
		}
		if err := p.next('}'); err != nil {
			return n, err
		}
		if m := n.Member(key); m != nil {
			*m = v
		} else {
			n.Members = append(n.Members, awsapi.Member{Name: key, Value: v})
		}
	}
	return n, p.expect('}', false)
}

// typed gives what shorthand holds as texts the types of a shape: a lone value
// where a list should be is a list of one, numbers and booleans are read. What
// does not fit stays as it is, for the validation to tell.
func typed(n awsapi.Node, t awsapi.Type) (awsapi.Node, error) {
	switch t.Kind() {
	case awsapi.StructureType, awsapi.MapType:
		if n.Kind != awsapi.Map {
			return n, nil
		}
		for i := range n.Members {
			elem := t
			if t.Kind() == awsapi.MapType {
				elem = t.Elem()
			} else if m, ok := t.Member(n.Members[i].Name); ok {
				elem = m.Type
			} else {
				continue
			}
			var err error
			if n.Members[i].Value, err = typed(n.Members[i].Value, elem); err != nil {
				return n, err
			}
		}
	case awsapi.ListType:
		if n.Kind != awsapi.List {
			return awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{n}}, nil // its element is not converted: so it is with the AWS CLI
		}
		for i := range n.List {
			var err error
			if n.List[i], err = typed(n.List[i], t.Elem()); err != nil {
				return n, err
			}
		}
	case awsapi.IntegerType, awsapi.LongType:
		if n.Kind == awsapi.Text {
			return integer(n.Text)
		}
	case awsapi.BooleanType:
		if s := strings.ToLower(n.Text); n.Kind == awsapi.Text && (s == "true" || s == "false") {
			return awsapi.Node{Kind: awsapi.Bool, Text: s}, nil
		}
	}
	return n, nil
}
