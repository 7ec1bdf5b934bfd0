package awsquery

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// faultNamespace is the namespace of errors that belong to no service.
const faultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09"

// Encode writes an output as XML. Members that are not set are left out unless
// they are required, in which case they are empty elements; so is an empty list.
func (Protocol) Encode(row *awsapi.Row, out any, requestID string) (awsapi.Answer, error) {
	w := &writer{row: row}
	w.Grow(1024)
	w.open(row.Name+"Response", row.Service.Namespace)
	if row.HasOutput() {
		w.open(row.Name+"Result", "")
		w.members(reflect.ValueOf(out).Elem())
		w.close(row.Name + "Result")
	}
	w.open("ResponseMetadata", "")
	w.element("RequestId", requestID)
	w.close("ResponseMetadata")
	w.close(row.Name + "Response")
	return answer(200, w, requestID), w.err
}

// EncodeError writes an ErrorResponse in the service's namespace.
func (Protocol) EncodeError(s *awsapi.Service, e *awsapi.Error, requestID string) awsapi.Answer {
	namespace, kind := faultNamespace, "Sender"
	if s != nil {
		namespace = s.Namespace
	}
	if e.HTTPStatus() >= 500 {
		kind = "Receiver"
	}
	w := &writer{}
	w.open("ErrorResponse", namespace)
	w.open("Error", "")
	w.element("Type", kind)
	w.element("Code", e.Code)
	w.element("Message", e.Message)
	w.close("Error")
	w.element("RequestId", requestID)
	w.close("ErrorResponse")
	return answer(e.HTTPStatus(), w, requestID)
}

func answer(status int, w *writer, requestID string) awsapi.Answer {
	return awsapi.Answer{Status: status, ContentType: "text/xml", Header: []string{"x-amzn-RequestId", requestID}, Body: w.Bytes()}
}

var timeType = reflect.TypeFor[time.Time]()

type writer struct {
	bytes.Buffer
	row *awsapi.Row // nil in an error
	err error
}

func (w *writer) open(name, namespace string) {
	w.WriteString("<" + name)
	if namespace != "" {
		w.WriteString(` xmlns="` + namespace + `"`)
	}
	w.WriteByte('>')
}

func (w *writer) close(name string) { w.WriteString("</" + name + ">") }

func (w *writer) element(name, text string) {
	w.open(name, "")
	if plain(text) {
		w.WriteString(text)
	} else {
		_ = xml.EscapeText(w, []byte(text)) // a buffer takes everything
	}
	w.close(name)
}

// plain says that a text needs no escaping, as is so of nearly all: it is
// printable ASCII without markup.
func plain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c > '~', c == '<', c == '>', c == '&', c == '"', c == '\'':
			return false
		}
	}
	return true
}

func (w *writer) members(v reflect.Value) {
	for _, m := range w.row.Fields(v.Type()) {
		if f := v.Field(m.Index); m.Required && empty(f) {
			w.element(m.Name, "")
		} else {
			w.value(m.Name, f)
		}
	}
}

// empty says that a member would be left out, were it not required: a tag may
// well have an empty value, and a listing no entries.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return false
}

func (w *writer) value(name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			w.value(name, v.Elem())
		}
	case reflect.String:
		if v.Len() > 0 {
			w.element(name, v.String())
		}
	case reflect.Bool:
		w.element(name, strconv.FormatBool(v.Bool()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		w.element(name, strconv.FormatInt(v.Int(), 10))
	case reflect.Slice:
		w.list(name, v)
	case reflect.Map:
		w.entries(name, v)
	case reflect.Struct:
		w.structure(name, v)
	default:
		w.err = fmt.Errorf("awsquery: no way to write a %s", v.Type())
	}
}

func (w *writer) structure(name string, v reflect.Value) {
	if v.Type() == timeType {
		if t := v.Interface().(time.Time); !t.IsZero() {
			w.element(name, t.UTC().Format("2006-01-02T15:04:05Z"))
		}
		return
	}
	w.open(name, "")
	w.members(v)
	w.close(name)
}

func (w *writer) list(name string, v reflect.Value) {
	if v.IsNil() {
		return
	}
	w.open(name, "")
	for i := range v.Len() {
		w.item("member", v.Index(i))
	}
	w.close(name)
}

// item writes an element of a list or map, which is there even if it is empty.
func (w *writer) item(name string, v reflect.Value) {
	if v.Kind() == reflect.String {
		w.element(name, v.String())
		return
	}
	w.value(name, v)
}

func (w *writer) entries(name string, v reflect.Value) {
	if v.IsNil() {
		return
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	w.open(name, "")
	for _, k := range keys {
		w.open("entry", "")
		w.element("key", k.String())
		w.item("value", v.MapIndex(k))
		w.close("entry")
	}
	w.close(name)
}
