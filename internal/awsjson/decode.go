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
	// spare is how many values are kept beyond what an operation takes, so that the
	// refusal of a list with too many entries shows them, as AWS's does.
	spare = 256
)

var (
	// errTooMuch says that a document exceeds one of the bounds.
	errTooMuch  = errors.New("awsjson: too deep or too many values")
	errNoObject = errors.New("awsjson: not an object")
	errMore     = errors.New("awsjson: something behind the object")
)

// decoder reads one document.
type decoder struct {
	*jsontext.Decoder
	// left is how many values may still be kept, and spare how many of them may be
	// entries beyond the limit of their list or map.
	left, spare int
}

// Decode reads a JSON object along the outline of an operation's input. Members
// that the input does not have are read over, whatever they hold; so are entries
// far beyond the limit of their list or map, of which enough are kept that the
// input is refused for them. An empty body, anything but an object, an object that
// is cut short and anything after it are refused alike, without a text.
func (Protocol) Decode(row *awsapi.Row, body []byte) (awsapi.Node, error) {
	o := row.Outline()
	if n, ok := decodePlain(o, body); ok {
		return n, nil
	}
	return decodeAny(o, body)
}

func decodeAny(o *awsapi.Outline, body []byte) (awsapi.Node, error) {
	d := decoder{
		// A Decoder reads a bytes.Buffer in place. It does not look for names that
		// occur twice, since it would keep those of members that are read over.
		Decoder: jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true)),
		left:    min(o.Values()+spare, awsapi.MaxValues), spare: spare,
	}
	if d.PeekKind() != '{' {
		if _, err := d.ReadToken(); err != nil {
			return awsapi.Node{}, unreadable(err)
		}
		return awsapi.Node{}, unreadable(errNoObject)
	}
	n, err := d.value(o)
	if err != nil {
		return awsapi.Node{}, unreadable(err)
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

// value reads a value. Of one whose kind is not the outline's the kind is kept,
// which is all that its refusal tells.
func (d *decoder) value(o *awsapi.Outline) (awsapi.Node, error) {
	if d.left--; d.left < 0 {
		return awsapi.Node{}, errTooMuch
	}
	switch k := d.PeekKind(); {
	case k == '[' && o.Kind() == awsapi.List:
		return d.list(o)
	case k == '[':
		return awsapi.Node{Kind: awsapi.List}, d.skip()
	case k == '{' && o.Structure():
		return d.structure(o)
	case k == '{' && o.Kind() == awsapi.Map:
		return d.entries(o)
	case k == '{':
		return awsapi.Node{Kind: awsapi.Map}, d.skip()
	}
	t, err := d.ReadToken()
	if err != nil {
		return awsapi.Node{}, err
	}
	var n awsapi.Node
	switch t.Kind() {
	case 'n':
		return n, nil
	case 't', 'f':
		return awsapi.Node{Kind: awsapi.Bool, Text: t.String()}, nil
	case '"':
		n.Kind = awsapi.Text
	case '0':
		n.Kind = awsapi.Number
	}
	if o.Kind() == awsapi.Text {
		n.Text = t.String()
	}
	return n, nil
}

// skip reads over a value.
func (d *decoder) skip() error {
	for outside := d.StackDepth(); ; {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
		switch depth := d.StackDepth(); {
		case depth > maxDepth:
			return errTooMuch
		case depth == outside:
			return nil
		}
	}
}

// wanted says whether to keep one more entry of a list or map that has so many.
// One beyond the limit always is, since the input is refused for it.
func (d *decoder) wanted(o *awsapi.Outline, have int) bool {
	most, limited := o.Entries()
	if !limited || have <= most {
		return true
	}
	cost := o.Elem().Values()
	if cost > d.spare {
		return false
	}
	d.spare -= cost
	return true
}

func (d *decoder) list(o *awsapi.Outline) (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.List}
	if _, err := d.ReadToken(); err != nil {
		return n, err
	}
	for elem := o.Elem(); d.PeekKind() != ']'; {
		if !d.wanted(o, len(n.List)) {
			if err := d.skip(); err != nil {
				return n, err
			}
			continue
		}
		v, err := d.value(elem)
		if err != nil {
			return n, err
		}
		n.List = append(n.List, v)
	}
	_, err := d.ReadToken()
	return n, err
}

// structure reads an object whose members have names of their own.
func (d *decoder) structure(o *awsapi.Outline) (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.Map}
	if _, err := d.ReadToken(); err != nil {
		return n, err
	}
	var seen uint64
	for d.PeekKind() != '}' {
		raw, err := d.name()
		if err != nil {
			return n, err
		}
		i, name, member := o.Member(string(raw))
		if member == nil {
			if err := d.skip(); err != nil {
				return n, err
			}
			continue
		}
		if seen&(1<<i) != 0 {
			return n, d.twice()
		}
		seen |= 1 << i
		v, err := d.value(member)
		if err != nil {
			return n, err
		}
		if n.Members == nil {
			n.Members = make([]awsapi.Member, 0, 3)
		}
		n.Members = append(n.Members, awsapi.Member{Name: name, Value: v})
	}
	_, err := d.ReadToken()
	return n, err
}

// entries reads an object whose names are keys.
func (d *decoder) entries(o *awsapi.Outline) (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.Map}
	if _, err := d.ReadToken(); err != nil {
		return n, err
	}
	var seen awsapi.Names
	for elem := o.Elem(); d.PeekKind() != '}'; {
		raw, err := d.name()
		if err != nil {
			return n, err
		}
		if !d.wanted(o, len(n.Members)) {
			if err := d.skip(); err != nil {
				return n, err
			}
			continue
		}
		name := string(raw)
		if !seen.Add(name) {
			return n, d.twice()
		}
		v, err := d.value(elem)
		if err != nil {
			return n, err
		}
		n.Members = append(n.Members, awsapi.Member{Name: name, Value: v})
	}
	_, err := d.ReadToken()
	return n, err
}

// name reads a name. It is good until the next read.
func (d *decoder) name() ([]byte, error) {
	raw, err := d.ReadValue()
	switch {
	case err != nil:
		return nil, err
	case raw.Kind() != '"': // the decoder has refused it
		return nil, errNoObject
	case bytes.IndexByte(raw, '\\') < 0:
		return raw[1 : len(raw)-1], nil
	}
	return jsontext.AppendUnquote(nil, raw)
}

// twice refuses a name that occurs twice; the decoder is behind it.
func (d *decoder) twice() error {
	return fmt.Errorf("before byte %d: %w", d.InputOffset(), jsontext.ErrDuplicateName)
}
