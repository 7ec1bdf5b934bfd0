package awsjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
)

const (
	// maxDepth bounds how deep a request may nest. The deepest input of any
	// operation (a role mapping's rules) has six levels.
	maxDepth = 32
	// maxValues bounds how many values a request may have, since each takes far
	// more memory than its two bytes on the wire. The largest input of any
	// operation (ten role mappings of 400 rules) has some 20,000.
	maxValues = 32 << 10
)

// errTooMuch says that a document exceeds one of the bounds.
var errTooMuch = errors.New("awsjson: too deep or too many values")

var (
	errNoObject = errors.New("awsjson: not an object")
	errMore     = errors.New("awsjson: something behind the object")
)

// decoder reads one document.
type decoder struct {
	*jsontext.Decoder
	values int
}

// Decode reads a JSON object. An empty body, anything but an object, an object
// that is cut short and anything after it are refused alike, without a text.
func (Protocol) Decode(body []byte) (awsapi.Node, error) {
	// A Decoder reads a bytes.Buffer in place.
	d := decoder{Decoder: jsontext.NewDecoder(bytes.NewBuffer(body))}
	n, err := d.value(0)
	switch {
	case err != nil:
		return awsapi.Node{}, unreadable(err)
	case n.Kind != awsapi.Map:
		return awsapi.Node{}, unreadable(errNoObject)
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return awsapi.Node{}, unreadable(errMore)
	}
	return n, nil
}

// unreadable leaves out the names that lead to the place, which may be keys of
// maps: they are the caller's.
func unreadable(err error) error {
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		err = fmt.Errorf("byte %d: %w", s.ByteOffset, s.Err)
	}
	return &awsapi.SerializationError{Err: err}
}

func (d *decoder) value(depth int) (awsapi.Node, error) {
	t, err := d.ReadToken()
	if err != nil {
		return awsapi.Node{}, err
	}
	if d.values++; d.values > maxValues {
		return awsapi.Node{}, errTooMuch
	}
	switch t.Kind() {
	case 'n':
		return awsapi.Node{Kind: awsapi.Null}, nil
	case 't', 'f':
		return awsapi.Node{Kind: awsapi.Bool, Text: t.String()}, nil
	case '"':
		return awsapi.Node{Kind: awsapi.Text, Text: t.String()}, nil
	case '0':
		return awsapi.Node{Kind: awsapi.Number, Text: t.String()}, nil
	}
	if depth == maxDepth {
		return awsapi.Node{}, errTooMuch
	}
	if t.Kind() == '[' {
		return d.list(depth + 1)
	}
	return d.object(depth + 1)
}

func (d *decoder) list(depth int) (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.List}
	for d.PeekKind() != ']' {
		v, err := d.value(depth)
		if err != nil {
			return n, err
		}
		n.List = append(n.List, v)
	}
	_, err := d.ReadToken()
	return n, err
}

func (d *decoder) object(depth int) (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.Map}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return n, err
		}
		key := name.String()
		v, err := d.value(depth)
		if err != nil {
			return n, err
		}
		if n.Members == nil {
			n.Members = make([]awsapi.Member, 0, 3)
		}
		n.Members = append(n.Members, awsapi.Member{Name: key, Value: v})
	}
	_, err := d.ReadToken()
	return n, err
}
