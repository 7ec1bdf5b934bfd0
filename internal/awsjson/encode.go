package awsjson

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/plainjson"
)

// Encode writes an output as compact JSON. Members that are not set (empty
// strings, nil lists, maps and pointers, zero times) are left out; an
// operation without output shape has an empty body, which is not {}.
func (Protocol) Encode(row *awsapi.Row, out any, requestID string) (awsapi.Answer, error) {
	a := awsapi.Answer{Status: 200, ContentType: ContentType, Header: []string{"x-amzn-RequestId", requestID}}
	if !row.HasOutput() {
		return a, nil
	}
	e := encoder{row: row}
	room := rooms.Get().(*[2048]byte)
	defer rooms.Put(room)
	body, err := e.value(room[:0], reflect.ValueOf(out).Elem())
	a.Body = bytes.Clone(body)
	return a, err
}

// rooms are where answers are put together. Nearly all are shorter, and take as much
// of the heap as they are long.
var rooms = sync.Pool{New: func() any { return new([2048]byte) }}

var timeType = reflect.TypeFor[time.Time]()

// encoder appends the values of an operation's output.
type encoder struct {
	row *awsapi.Row
	// envelope says that the answer is an Envelope: times are whole seconds, and
	// members that are required are there even if they are empty.
	envelope bool
}

func (e encoder) value(b []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() { // an element of a list; members that are nil are left out
			return append(b, "null"...), nil
		}
		return e.value(b, v.Elem())
	case reflect.String:
		return appendText(b, v.String())
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Slice:
		return e.list(b, v)
	case reflect.Map:
		return e.object(b, v)
	case reflect.Struct:
		if v.Type() == timeType {
			t := timeOf(v)
			if e.envelope {
				return strconv.AppendInt(b, t.Unix(), 10), nil
			}
			return appendTime(b, t), nil
		}
		return e.structure(b, v)
	}
	return b, fmt.Errorf("awsjson: no way to write a %s", v.Type())
}

// appendText writes a string. Nearly all are plain, and written as they are.
func appendText(b []byte, text string) ([]byte, error) {
	if plainjson.Plain(text) {
		b = append(b, '"')
		b = append(b, text...)
		return append(b, '"'), nil
	}
	return jsontext.AppendQuote(b, text)
}

// timeOf is a value of type time.Time. One that has an address is not copied to the
// heap.
func timeOf(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}

// appendTime writes a timestamp as epoch seconds with at most milliseconds.
func appendTime(b []byte, t time.Time) []byte {
	return strconv.AppendFloat(b, float64(t.UnixMilli())/1000, 'f', -1, 64)
}

func (e encoder) structure(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	first := true
	for _, member := range e.row.Fields(v.Type()) {
		f := v.Field(member.Index)
		if unset(f) && !(e.envelope && member.Required && empty(f)) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, '"')
		b = append(b, member.Name...)
		b = append(b, '"', ':')
		var err error
		if b, err = e.value(b, f); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// unset says that a member is left out: absent beats null.
func unset(f reflect.Value) bool {
	switch f.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return f.IsNil()
	case reflect.String:
		return f.Len() == 0
	case reflect.Struct:
		return f.Type() == timeType && timeOf(f).IsZero()
	}
	return false
}

// empty says that a value has an empty form: a text, a list or a map.
func empty(f reflect.Value) bool {
	switch f.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return f.Len() == 0
	}
	return false
}

func (e encoder) list(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = e.value(b, v.Index(i)); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// object writes the entries in the order of their keys, so that an answer
// is always the same.
func (e encoder) object(b []byte, v reflect.Value) ([]byte, error) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendText(b, k.String()); err != nil {
			return b, err
		}
		b = append(b, ':')
		if b, err = e.value(b, v.MapIndex(k)); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// EncodeError writes an error: __type, then the message. AWS spells the key
// Message where the request never reached the service's own code (access
// denied, a value of the wrong kind), and sends none at all where there is no
// text.
func (Protocol) EncodeError(_ *awsapi.Service, e *awsapi.Error, requestID string) awsapi.Answer {
	body := []byte(`{"__type":`)
	body, _ = jsontext.AppendQuote(body, e.Code)
	if e.Message != "" {
		key := `,"message":`
		if e.Code == "AccessDeniedException" || e.Code == "SerializationException" {
			key = `,"Message":`
		}
		body = append(body, key...)
		body, _ = jsontext.AppendQuote(body, strings.ToValidUTF8(e.Message, "\uFFFD"))
	}
	a := awsapi.Answer{Status: e.HTTPStatus(), ContentType: ContentType, Body: append(body, '}')}
	a.Header = []string{"x-amzn-RequestId", requestID, "x-amzn-ErrorType", e.Code + ":"}
	if e.Message != "" {
		a.Header = append(a.Header, "x-amzn-ErrorMessage", headerText(e.Message))
	}
	return a
}

// headerText makes a message fit for a header: one line of printable ASCII
// and of a bounded length, since it may quote what a stranger sent.
func headerText(s string) string {
	const most = 1024
	b := make([]byte, 0, min(len(s), most))
	for _, r := range s {
		if len(b) == most {
			break
		}
		if r < ' ' || r > '~' {
			r = '?'
		}
		b = append(b, byte(r))
	}
	return string(b)
}
