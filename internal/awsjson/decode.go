package awsjson

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
)

// maxDepth bounds how deep a request may nest. The deepest input of any
// operation (a role mapping's rules) has six levels.
const maxDepth = 32

// Decode reads a JSON object. An empty body, anything but an object, an object
// that is cut short and anything after it are refused alike, without a text.
func (Protocol) Decode(body []byte) (awsapi.Node, error) {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	n, err := value(d, 0)
	if err != nil || n.Kind != awsapi.Map {
		return awsapi.Node{}, &awsapi.SerializationError{}
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return awsapi.Node{}, &awsapi.SerializationError{}
	}
	return n, nil
}

func value(d *jsontext.Decoder, depth int) (awsapi.Node, error) {
	t, err := d.ReadToken()
	if err != nil {
		return awsapi.Node{}, err
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
		return awsapi.Node{}, io.ErrUnexpectedEOF
	}
	if t.Kind() == '[' {
		return list(d, depth+1)
	}
	return object(d, depth+1)
}

func list(d *jsontext.Decoder, depth int) (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.List}
	for d.PeekKind() != ']' {
		v, err := value(d, depth)
		if err != nil {
			return n, err
		}
		n.List = append(n.List, v)
	}
	_, err := d.ReadToken()
	return n, err
}

func object(d *jsontext.Decoder, depth int) (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.Map}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return n, err
		}
		key := name.String()
		v, err := value(d, depth)
		if err != nil {
			return n, err
		}
		n.Members = append(n.Members, awsapi.Member{Name: key, Value: v})
	}
	_, err := d.ReadToken()
	return n, err
}
