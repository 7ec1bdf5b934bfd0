package audit

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/daypass/daypass/internal/decision"
)

// Decisions are in every record of credentials, so what they are made of is worked out
// once for each type. They are written as package json would write them, except that
// the subject of a login has its hash in its place, and that the values of claims which
// mapping rules have looked at are left out: they are addresses and names of people, who
// may be forgotten, and a record is not.

// decided is how values of a type of package decision are written.
type decided struct {
	kind   reflect.Kind
	fields []decidedField
	elem   *decided // of a pointer or slice
}

type decidedField struct {
	name  string
	index int
	omit  bool // where it is empty
	value *decided
}

// decidedTypes are those that were asked for. No type contains itself.
var decidedTypes = sync.OnceValue(func() *decided { return decidedOf(reflect.TypeFor[decision.Decision]()) })

func decidedOf(t reflect.Type) *decided {
	d := &decided{kind: t.Kind()}
	switch d.kind {
	case reflect.Pointer, reflect.Slice:
		d.elem = decidedOf(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if t == reflect.TypeFor[decision.Rule]() && f.Name == "Seen" {
				continue
			}
			_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			d.fields = append(d.fields, decidedField{f.Name, i, options != "", decidedOf(f.Type)})
		}
	}
	return d
}

// decision writes what was decided.
func (w *writer) decision() {
	e := w.e
	if len(e.decided.Tags) == 0 && e.decided.Role == nil && len(e.decided.Trust) == 0 && e.decided.Target == nil && len(e.policies) == 0 {
		return
	}
	start := len(w.b)
	w.name("decision")
	d := e.Decision()
	if w.decided(decidedTypes(), reflect.ValueOf(&d).Elem()); len(w.b)-start > maxPart {
		w.b = append(w.b[:start], `,"decision":{"omitted":true}`...)
	}
}

func (w *writer) decided(d *decided, v reflect.Value) {
	switch d.kind {
	case reflect.String:
		w.b = appendString(w.b, w.value(v.String()))
	case reflect.Bool:
		w.b = strconv.AppendBool(w.b, v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		w.b = strconv.AppendInt(w.b, v.Int(), 10)
	case reflect.Pointer:
		if v.IsNil() {
			w.raw("null")
			return
		}
		w.decided(d.elem, v.Elem())
	case reflect.Slice:
		w.raw("[")
		for i := range v.Len() {
			if i > 0 {
				w.raw(",")
			}
			w.decided(d.elem, v.Index(i))
		}
		w.raw("]")
	case reflect.Struct:
		w.raw("{")
		for i := range d.fields {
			f := &d.fields[i]
			member := v.Field(f.index)
			if f.omit && (member.IsZero() || f.value.kind == reflect.Slice && member.Len() == 0) {
				continue
			}
			w.name(f.name)
			w.decided(f.value, member)
		}
		w.raw("}")
	}
}
