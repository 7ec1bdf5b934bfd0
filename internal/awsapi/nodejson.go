package awsapi

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends the value as JSON, without white space. A value of a form
// that has no shape yet is its text.
func (n Node) AppendJSON(b []byte) []byte {
	switch n.Kind {
	case Null:
		return append(b, "null"...)
	case Bool, Number:
		return append(b, n.Text...)
	case List:
		b = append(b, '[')
		for i, e := range n.List {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.AppendJSON(b)
		}
		return append(b, ']')
	case Map:
		b = append(b, '{')
		for i, m := range n.Members {
			if i > 0 {
				b = append(b, ',')
			}
			b, _ = jsontext.AppendQuote(b, m.Name)
			b = append(b, ':')
			b = m.Value.AppendJSON(b)
		}
		return append(b, '}')
	}
	b, _ = jsontext.AppendQuote(b, n.Text)
	return b
}

const (
	maxDocumentDepth  = 64
	maxDocumentValues = 4 << 20
)

var errTooMuch = errors.New("too deep or too many values")

// ParseJSON reads a JSON document without a shape, such as an answer or what a
// user of the command line gives. Names that occur twice are refused. The caller
// bounds its length.
func ParseJSON(document []byte) (Node, error) {
	r := reader{Decoder: jsontext.NewDecoder(bytes.NewBuffer(document))}
	n, err := r.value(0)
	if err != nil {
		return Node{}, err
	}
	if _, err := r.ReadToken(); err != io.EOF {
		return Node{}, errors.New("something follows the value")
	}
	return n, nil
}

type reader struct {
	*jsontext.Decoder
	values int
}

func (r *reader) value(depth int) (Node, error) {
	t, err := r.ReadToken()
	if err != nil {
		return Node{}, err
	}
	if r.values++; r.values > maxDocumentValues || depth > maxDocumentDepth {
		return Node{}, errTooMuch
	}
	n := Node{}
	switch t.Kind() {
	case 'n':
	case 't', 'f':
		n = Node{Kind: Bool, Text: t.String()}
	case '"':
		n = Node{Kind: Text, Text: t.String()}
	case '0':
		n = Node{Kind: Number, Text: t.String()}
	case '[':
		n = Node{Kind: List, List: []Node{}}
		for r.PeekKind() != ']' {
			e, err := r.value(depth + 1)
			if err != nil {
				return Node{}, err
			}
			n.List = append(n.List, e)
		}
		_, err = r.ReadToken()
	case '{':
		n.Kind = Map
		for r.PeekKind() != '}' {
			name, err := r.ReadToken()
			if err != nil {
				return Node{}, err
			}
			m := Member{Name: name.String()}
			if m.Value, err = r.value(depth + 1); err != nil {
				return Node{}, err
			}
			n.Members = append(n.Members, m)
		}
		_, err = r.ReadToken()
	}
	return n, err
}
