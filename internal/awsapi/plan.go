package awsapi

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

type planKind uint8

const (
	planString planKind = iota
	planInt
	planBool
	planTime
	planStruct
	planList
	planMap
	planPointer
)

// plan is how a value of a type is bound, worked out once per type.
type plan struct {
	kind   planKind
	typ    reflect.Type
	shape  *Shape
	fields []planField
	key    *plan
	elem   *plan
}

type planField struct {
	name     string // on the wire
	path     string // in messages
	index    int
	required bool
	plan     *plan
}

// sensitive says that a value of this type is never shown, for its own sake or
// for what is inside it.
func (p *plan) sensitive() bool {
	if p.shape != nil && p.shape.sensitive {
		return true
	}
	return p.elem != nil && p.elem.sensitive() || p.key != nil && p.key.sensitive()
}

type compiler struct {
	shapes map[reflect.Type]*Shape
	plans  map[reflect.Type]*plan
}

var timeType = reflect.TypeFor[time.Time]()

func (c *compiler) plan(t reflect.Type) *plan {
	if p := c.plans[t]; p != nil {
		return p
	}
	p := &plan{typ: t, shape: c.shapes[t]}
	c.plans[t] = p
	switch t.Kind() {
	case reflect.String:
		p.kind = planString
	case reflect.Int, reflect.Int32, reflect.Int64:
		p.kind = planInt
	case reflect.Bool:
		p.kind = planBool
	case reflect.Slice:
		p.kind, p.elem = planList, c.plan(t.Elem())
	case reflect.Map:
		p.kind, p.key, p.elem = planMap, c.plan(t.Key()), c.plan(t.Elem())
	case reflect.Pointer:
		p.kind, p.elem = planPointer, c.plan(t.Elem())
	case reflect.Struct:
		if t == timeType {
			p.kind = planTime
			break
		}
		p.kind = planStruct
		for i := range t.NumField() {
			f := t.Field(i)
			name, required := MemberTag(f)
			p.fields = append(p.fields, planField{
				name: name, path: lowerFirst(name), index: i,
				required: required,
				plan:     c.plan(f.Type),
			})
		}
	default:
		panic(fmt.Sprintf("awsapi: no protocol carries a %s", t))
	}
	return p
}

// MemberTag reads the tag of a member, a comma-separated list of
//
//	required    the member must be there
//	name=arn    its name on the wire, where Go cannot spell it: STS has one
//	            member that begins with a small letter
//
// and panics on anything else, which would be a misspelling.
func MemberTag(f reflect.StructField) (name string, required bool) {
	name = f.Name
	for word := range strings.SplitSeq(f.Tag.Get("aws"), ",") {
		wire, named := strings.CutPrefix(word, "name=")
		switch {
		case named:
			name = wire
		case word == "required":
			required = true
		case word != "":
			panic(fmt.Sprintf("awsapi: member %s has the tag %q", f.Name, word))
		}
	}
	return name, required
}

// lowerFirst spells a wire name the way AWS's messages do.
func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// Constraints lists the constraints of the shape in AWS's words, as a message
// about a list of such values does.
func (s *Shape) Constraints() string { return s.constraints() }
