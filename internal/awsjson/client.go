package awsjson

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

var _ awsapi.Wire = Protocol{}

// EncodeInput writes a request: the operation in X-Amz-Target, the input as a
// JSON object.
func (Protocol) EncodeInput(row *awsapi.Row, in awsapi.Node) (awsapi.Post, error) {
	if in.Kind == awsapi.Null {
		in = awsapi.Node{Kind: awsapi.Map}
	}
	in, err := seconds(in)
	return awsapi.Post{
		Header: []string{"Content-Type", ContentType, "X-Amz-Target", row.Service.Target + "." + row.Name},
		Body:   in.AppendJSON(nil),
	}, err
}

// seconds turns the timestamps of a tree into numbers.
func seconds(n awsapi.Node) (awsapi.Node, error) {
	switch n.Kind {
	case awsapi.Time:
		t, err := time.Parse(time.RFC3339Nano, n.Text)
		return awsapi.Node{Kind: awsapi.Number, Text: string(appendTime(nil, t))}, err
	case awsapi.List:
		list := make([]awsapi.Node, len(n.List))
		for i, e := range n.List {
			var err error
			if list[i], err = seconds(e); err != nil {
				return n, err
			}
		}
		n.List = list
	case awsapi.Map:
		members := make([]awsapi.Member, len(n.Members))
		for i, m := range n.Members {
			v, err := seconds(m.Value)
			if err != nil {
				return n, err
			}
			members[i] = awsapi.Member{Name: m.Name, Value: v}
		}
		n.Members = members
	}
	return n, nil
}

var errNoAnswer = errors.New("the answer is not JSON")

// DecodeOutput reads an answer. An empty body is an empty output.
func (p Protocol) DecodeOutput(row *awsapi.Row, body []byte) (awsapi.Node, error) {
	if !row.HasOutput() || len(body) == 0 {
		return awsapi.Node{Kind: awsapi.Map}, nil
	}
	n, err := awsapi.ParseJSON(body)
	if err != nil {
		return n, errNoAnswer
	}
	return shaped(row.Output(), n)
}

// shaped puts a value into the order of its type.
func shaped(t awsapi.Type, n awsapi.Node) (awsapi.Node, error) {
	if n.Kind == awsapi.Null {
		return n, nil
	}
	out := awsapi.Node{Kind: n.Kind}
	kind := t.Kind()
	switch {
	case kind == awsapi.StructureType && n.Kind == awsapi.Map:
		for _, m := range t.Members() {
			v := n.Member(m.Name)
			if v == nil || v.Kind == awsapi.Null {
				continue
			}
			value, err := shaped(m.Type, *v)
			if err != nil {
				return out, err
			}
			out.Members = append(out.Members, awsapi.Member{Name: m.Name, Value: value})
		}
		return out, nil
	case kind == awsapi.MapType && n.Kind == awsapi.Map:
		for _, m := range n.Members {
			value, err := shaped(t.Elem(), m.Value)
			if err != nil {
				return out, err
			}
			out.Members = append(out.Members, awsapi.Member{Name: m.Name, Value: value})
		}
		return out, nil
	case kind == awsapi.ListType && n.Kind == awsapi.List:
		out.List = make([]awsapi.Node, len(n.List))
		for i, e := range n.List {
			var err error
			if out.List[i], err = shaped(t.Elem(), e); err != nil {
				return out, err
			}
		}
		return out, nil
	case kind == awsapi.TimestampType && n.Kind == awsapi.Number:
		f, err := strconv.ParseFloat(n.Text, 64)
		if err != nil {
			return out, err
		}
		return awsapi.Node{Kind: awsapi.Time, Text: time.UnixMicro(int64(math.Round(f * 1e6))).UTC().Format(time.RFC3339Nano)}, nil
	case kind == awsapi.StringType && n.Kind == awsapi.Text,
		kind == awsapi.BooleanType && n.Kind == awsapi.Bool,
		(kind == awsapi.IntegerType || kind == awsapi.LongType) && n.Kind == awsapi.Number:
		return n, nil
	}
	return out, fmt.Errorf("the answer has another type where a %s should be", kind)
}

// DecodeError reads an error. A namespace before the code is left out.
func (Protocol) DecodeError(body []byte) (code, message string) {
	n, err := awsapi.ParseJSON(body)
	if err != nil || n.Kind != awsapi.Map {
		return "", ""
	}
	text := func(names ...string) string {
		for _, name := range names {
			if m := n.Member(name); m != nil && m.Kind == awsapi.Text {
				return m.Text
			}
		}
		return ""
	}
	code = text("__type", "code")
	return code[strings.LastIndexByte(code, '#')+1:], text("message", "Message")
}
