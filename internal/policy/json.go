package policy

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxBytes is the limit of policyDocumentType in the IAM API. The quotas of
	// the several uses of a document are lower and not of this package.
	maxBytes = 131072
	// maxDepth is how deep a document can nest at all: document, list of
	// statements, statement, Condition, operator, list of values.
	maxDepth = 6
)

// A node is a JSON value with its members in the order of the text.
type node struct {
	kind    jsontext.Kind // jsontext.KindTrue stands for both booleans
	text    string        // of a string, number or boolean
	members []member      // of an object
	items   []node        // of an array
}

type member struct {
	name  string
	value node
}

// readJSON reads one JSON text. jsontext refuses duplicate names and invalid
// UTF-8, which readers of policies are known to disagree about.
func readJSON(text string) (node, error) {
	if len(text) > maxBytes {
		return node{}, fmt.Errorf("longer than %d bytes", maxBytes)
	}
	dec := jsontext.NewDecoder(strings.NewReader(text))
	root, err := readNode(dec, 0)
	if err != nil {
		return node{}, err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return node{}, errors.New("text after the JSON value")
	}
	return root, nil
}

func readNode(dec *jsontext.Decoder, depth int) (node, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return node{}, err
	}
	switch kind := token.Kind(); kind {
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
		if depth == maxDepth {
			return node{}, fmt.Errorf("nested deeper than %d", maxDepth)
		}
		if kind == jsontext.KindBeginObject {
			return readObject(dec, depth+1)
		}
		return readArray(dec, depth+1)
	case jsontext.KindTrue, jsontext.KindFalse:
		return node{kind: jsontext.KindTrue, text: token.String()}, nil
	default:
		return node{kind: kind, text: token.String()}, nil
	}
}

func readObject(dec *jsontext.Decoder, depth int) (node, error) {
	n := node{kind: jsontext.KindBeginObject}
	for dec.PeekKind() != jsontext.KindEndObject {
		name, err := dec.ReadToken()
		if err != nil {
			return node{}, err
		}
		m := member{name: name.String()}
		if m.value, err = readNode(dec, depth); err != nil {
			return node{}, err
		}
		n.members = append(n.members, m)
	}
	_, err := dec.ReadToken()
	return n, err
}

func readArray(dec *jsontext.Decoder, depth int) (node, error) {
	n := node{kind: jsontext.KindBeginArray}
	for dec.PeekKind() != jsontext.KindEndArray {
		item, err := readNode(dec, depth)
		if err != nil {
			return node{}, err
		}
		n.items = append(n.items, item)
	}
	_, err := dec.ReadToken()
	return n, err
}

func (n *node) isObject() bool { return n.kind == jsontext.KindBeginObject }
func (n *node) isArray() bool  { return n.kind == jsontext.KindBeginArray }
func (n *node) isString() bool { return n.kind == jsontext.KindString }

// isScalar leaves out null, which means nothing anywhere in a policy.
func (n *node) isScalar() bool {
	return n.kind == jsontext.KindString || n.kind == jsontext.KindNumber || n.kind == jsontext.KindTrue
}

func (n *node) stringOnly() (string, error) {
	if !n.isString() {
		return "", fmt.Errorf("%v where a string belongs", n.kind)
	}
	return n.text, nil
}

// list reads "a string or a list of strings", the shape of most elements;
// allowed says which nodes are strings here.
func (n *node) list(allowed func(*node) bool) ([]string, error) {
	if allowed(n) {
		return []string{n.text}, nil
	}
	if !n.isArray() {
		return nil, fmt.Errorf("%v where a string or a list of strings belongs", n.kind)
	}
	values := make([]string, 0, len(n.items))
	for i := range n.items {
		if !allowed(&n.items[i]) {
			return nil, fmt.Errorf("%v in a list of strings", n.items[i].kind)
		}
		values = append(values, n.items[i].text)
	}
	return values, nil
}

// sizeWithoutSpace counts the characters of a JSON text that a quota counts:
// all but the white space between tokens.
func sizeWithoutSpace(text string) int {
	size, inString, escaped := 0, false, false
	for _, r := range text {
		if !inString && (r == ' ' || r == '\t' || r == '\n' || r == '\r') {
			continue
		}
		size++
		switch {
		case escaped:
			escaped = false
		case inString && r == '\\':
			escaped = true
		case r == '"':
			inString = !inString
		}
	}
	return size
}
