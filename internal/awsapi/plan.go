package awsapi

import (
	"fmt"
	"reflect"
	"strings"
	"time"
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
	// values is the most that a legal value is made of: see Outline.
	values int
}

type planField struct {
	Field
	path string // in messages
	plan *plan
}

// Field is a member of a structure as the wire knows it.
type Field struct {
	// Name is its name on the wire.
	Name string
	// Index is its number in the Go struct.
	Index int
	// Required says that it must be there.
	Required bool
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
	// fields are the members of every structure, for those who write answers.
	fields map[reflect.Type][]Field
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
		if p.key.kind != planString {
			panic(fmt.Sprintf("awsapi: the keys of a %s are no strings", t))
		}
	case reflect.Pointer:
		p.kind, p.elem = planPointer, c.plan(t.Elem())
	case reflect.Struct:
		c.planStruct(p)
	default:
		panic(fmt.Sprintf("awsapi: no protocol carries a %s", t))
	}
	p.measure()
	return p
}

func (c *compiler) planStruct(p *plan) {
	if p.typ == timeType {
		p.kind = planTime
		return
	}
	p.kind = planStruct
	fields := make([]Field, p.typ.NumField())
	if len(fields) > MaxMembers {
		panic(fmt.Sprintf("awsapi: %s has too many members", p.typ))
	}
	for i := range fields {
		f := p.typ.Field(i)
		name, required := MemberTag(f)
		fields[i] = Field{name, i, required}
		p.fields = append(p.fields, planField{fields[i], lowerFirst(name), c.plan(f.Type)})
	}
	c.fields[p.typ] = fields
}

const listedLast = "last"

// MemberTag reads the tag of a member, a comma-separated list of
//
//	required    the member must be there
//	name=arn    its name on the wire, where Go cannot spell it: STS has one
//	            member that begins with a small letter
//	last        the API model lists it last, where the wire has it elsewhere
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
		case word == listedLast:
		case word != "":
			panic(fmt.Sprintf("awsapi: member %s has the tag %q", f.Name, word))
		}
	}
	return name, required
}

// Constraints lists the constraints of the shape in AWS's words, as a message
// about a list of such values does.
func (s *Shape) Constraints() string { return s.constraints() }
