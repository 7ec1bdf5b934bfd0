package awsquery

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

var _ awsapi.Wire = Protocol{}

// EncodeInput writes a request: a form with the operation in Action.
func (Protocol) EncodeInput(row *awsapi.Row, in awsapi.Node) (awsapi.Post, error) {
	var b strings.Builder
	b.WriteString("Action=" + url.QueryEscape(row.Name) + "&Version=" + url.QueryEscape(row.Service.Version))
	err := formValue(&b, "", row.Input(), in)
	return awsapi.Post{Header: []string{"Content-Type", ContentType + "; charset=utf-8"}, Body: []byte(b.String())}, err
}

// formValue writes a value under a name.
func formValue(b *strings.Builder, name string, t awsapi.Type, n awsapi.Node) error {
	kind := t.Kind()
	switch {
	case n.Kind == awsapi.Null:
		return nil
	case kind == awsapi.StructureType && n.Kind == awsapi.Map:
		for _, m := range n.Members {
			member, ok := t.Member(m.Name)
			if !ok {
				return fmt.Errorf("there is no member %s", dotted(name, m.Name))
			}
			if err := formValue(b, dotted(name, m.Name), member.Type, m.Value); err != nil {
				return err
			}
		}
		return nil
	case kind == awsapi.ListType && n.Kind == awsapi.List:
		if len(n.List) == 0 {
			parameter(b, name, "")
		}
		for i, e := range n.List {
			if err := formValue(b, name+".member."+strconv.Itoa(i+1), t.Elem(), e); err != nil {
				return err
			}
		}
		return nil
	case kind == awsapi.MapType && n.Kind == awsapi.Map:
		for i, m := range n.Members {
			entry := name + ".entry." + strconv.Itoa(i+1)
			parameter(b, entry+".key", m.Name)
			if err := formValue(b, entry+".value", t.Elem(), m.Value); err != nil {
				return err
			}
		}
		return nil
	case kind == awsapi.TimestampType && n.Kind == awsapi.Time:
		moment, err := time.Parse(time.RFC3339Nano, n.Text)
		parameter(b, name, moment.UTC().Format("2006-01-02T15:04:05Z"))
		return err
	case n.Kind == awsapi.Text || n.Kind == awsapi.Number || n.Kind == awsapi.Bool:
		parameter(b, name, n.Text)
		return nil
	}
	return fmt.Errorf("%s is no %s", name, kind)
}

func dotted(outer, name string) string {
	if outer == "" {
		return name
	}
	return outer + "." + name
}

func parameter(b *strings.Builder, name, value string) {
	b.WriteByte('&')
	b.WriteString(url.QueryEscape(name))
	b.WriteByte('=')
	b.WriteString(url.QueryEscape(value))
}

// element is an element of an answer.
type element struct {
	name     string
	text     []byte
	children []element
}

func (e *element) child(name string) *element {
	for i := range e.children {
		if e.children[i].name == name {
			return &e.children[i]
		}
	}
	return nil
}

// Bounds of an answer, beside its length.
const (
	maxElements    = 2 << 20
	maxAnswerDepth = 32
)

// parse reads the elements of an answer.
func parse(body []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var root element
	open := []*element{&root}
	count := 0
	for {
		token, err := d.RawToken()
		if err != nil {
			break // whether it is the end is seen below
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if count++; count > maxElements || len(open) > maxAnswerDepth {
				return nil, errors.New("the answer is too long or too deep")
			}
			top.children = append(top.children, element{name: token.Name.Local})
			open = append(open, &top.children[len(top.children)-1])
		case xml.EndElement:
			if len(open) == 1 || top.name != token.Name.Local {
				return nil, errNoAnswer
			}
			open = open[:len(open)-1]
		case xml.CharData:
			top.text = append(top.text, token...)
		case xml.Directive:
			return nil, errNoAnswer
		}
	}
	if len(open) != 1 || len(root.children) != 1 {
		return nil, errNoAnswer
	}
	return &root.children[0], nil
}

var errNoAnswer = errors.New("the answer is not XML")

// DecodeOutput reads an answer.
func (Protocol) DecodeOutput(row *awsapi.Row, body []byte) (awsapi.Node, error) {
	empty := awsapi.Node{Kind: awsapi.Map}
	root, err := parse(body)
	if err != nil {
		return empty, err
	}
	if root.name != row.Name+"Response" {
		return empty, fmt.Errorf("the answer is a %s", root.name)
	}
	if !row.HasOutput() {
		return empty, nil
	}
	result := root.child(row.Name + "Result")
	if result == nil {
		return empty, nil
	}
	return shaped(row.Output(), result)
}

// shaped reads a value of a type.
func shaped(t awsapi.Type, e *element) (awsapi.Node, error) {
	text := string(e.text)
	switch t.Kind() {
	case awsapi.StructureType:
		out := awsapi.Node{Kind: awsapi.Map}
		for _, m := range t.Members() {
			c := e.child(m.Name)
			if c == nil {
				continue
			}
			v, err := shaped(m.Type, c)
			if err != nil {
				return out, err
			}
			out.Members = append(out.Members, awsapi.Member{Name: m.Name, Value: v})
		}
		return out, nil
	case awsapi.ListType:
		out := awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{}}
		for i := range e.children {
			v, err := shaped(t.Elem(), &e.children[i])
			if err != nil {
				return out, err
			}
			out.List = append(out.List, v)
		}
		return out, nil
	case awsapi.MapType:
		out := awsapi.Node{Kind: awsapi.Map}
		for i := range e.children {
			key, value := e.children[i].child("key"), e.children[i].child("value")
			if key == nil || value == nil {
				return out, errNoAnswer
			}
			v, err := shaped(t.Elem(), value)
			if err != nil {
				return out, err
			}
			out.Members = append(out.Members, awsapi.Member{Name: string(key.text), Value: v})
		}
		return out, nil
	case awsapi.TimestampType:
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			return awsapi.Node{}, errors.New("the answer has no time where one should be")
		}
		return awsapi.Node{Kind: awsapi.Time, Text: text}, nil
	case awsapi.BooleanType:
		if text != "true" && text != "false" {
			return awsapi.Node{}, errors.New("the answer has neither true nor false where one should be")
		}
		return awsapi.Node{Kind: awsapi.Bool, Text: text}, nil
	case awsapi.IntegerType, awsapi.LongType:
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return awsapi.Node{}, errors.New("the answer has no number where one should be")
		}
		return awsapi.Node{Kind: awsapi.Number, Text: text}, nil
	}
	return awsapi.Node{Kind: awsapi.Text, Text: text}, nil
}

// DecodeError reads an ErrorResponse.
func (Protocol) DecodeError(body []byte) (code, message string) {
	root, err := parse(body)
	if err != nil {
		return "", ""
	}
	e := root.child("Error")
	if e == nil {
		return "", ""
	}
	if c := e.child("Code"); c != nil {
		code = string(c.text)
	}
	if c := e.child("Message"); c != nil {
		message = string(c.text)
	}
	return code, message
}
