package awsjson

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
)

// Encode writes an output as compact JSON. Members that are not set (empty
// strings, nil lists, maps and pointers, zero times) are left out; an
// operation without output shape has an empty body, which is not {}.
func (Protocol) Encode(row *awsapi.Row, out any, requestID string) (awsapi.Answer, error) {
	a := awsapi.Answer{Status: 200, ContentType: ContentType, Header: []string{"x-amzn-RequestId", requestID}}
	if !row.HasOutput() {
		return a, nil
	}
	body, err := appendValue(make([]byte, 0, 512), reflect.ValueOf(out).Elem())
	a.Body = body
	return a, err
}

func appendValue(b []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.Pointer:
		return appendValue(b, v.Elem())
	case reflect.String:
		return jsontext.AppendQuote(b, v.String())
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Slice:
		return appendList(b, v)
	case reflect.Map:
		return appendMap(b, v)
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return AppendTime(b, t), nil
		}
		return appendStruct(b, v)
	}
	return b, fmt.Errorf("awsjson: no way to write a %s", v.Type())
}

// AppendTime writes a timestamp as epoch seconds with at most milliseconds.
func AppendTime(b []byte, t time.Time) []byte {
	ms := t.UnixMilli()
	b = strconv.AppendInt(b, ms/1000, 10)
	if frac := ms % 1000; frac > 0 {
		b = append(b, strings.TrimRight(fmt.Sprintf(".%03d", frac), "0")...)
	}
	return b
}

func appendStruct(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	first := true
	for i := range v.NumField() {
		f := v.Field(i)
		if unset(f) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, '"')
		b = append(b, v.Type().Field(i).Name...)
		b = append(b, '"', ':')
		var err error
		if b, err = appendValue(b, f); err != nil {
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
		t, ok := f.Interface().(time.Time)
		return ok && t.IsZero()
	}
	return false
}

func appendList(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, v.Index(i)); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

// appendMap writes the entries in the order of their keys, so that an answer
// is always the same.
func appendMap(b []byte, v reflect.Value) ([]byte, error) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = jsontext.AppendQuote(b, k.String()); err != nil {
			return b, err
		}
		b = append(b, ':')
		if b, err = appendValue(b, v.MapIndex(k)); err != nil {
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
