package awsapi

import "reflect"

// TypeKind is the kind of a type of the wire.
type TypeKind uint8

// The kinds of types.
const (
	StringType TypeKind = iota
	IntegerType
	LongType
	BooleanType
	TimestampType
	StructureType
	ListType
	MapType
)

func (k TypeKind) String() string {
	return [...]string{"string", "integer", "long", "boolean", "timestamp", "structure", "list", "map"}[k]
}

// Type describes a type of the wire to those who read requests and answers
// without the Go types: the command line and the reference page. Pointers do not
// show.
type Type struct{ p *plan }

// TypeMember is a member of a structure.
type TypeMember struct {
	// Name is its name on the wire, and GoName that of the field.
	Name, GoName string
	// Required says that it must be there.
	Required bool
	// Type is its type.
	Type Type
}

// Input describes the operation's input.
func (r *Row) Input() Type { return Type{r.plan} }

// Output describes the operation's output, where it has one (HasOutput).
func (r *Row) Output() Type { return Type{r.out} }

func (t Type) plan() *plan {
	p := t.p
	for p.kind == planPointer {
		p = p.elem
	}
	return p
}

// Kind is the kind of the type.
func (t Type) Kind() TypeKind {
	p := t.plan()
	switch p.kind {
	case planString:
		return StringType
	case planBool:
		return BooleanType
	case planTime:
		return TimestampType
	case planStruct:
		return StructureType
	case planList:
		return ListType
	case planMap:
		return MapType
	}
	if p.typ.Kind() == reflect.Int64 {
		return LongType
	}
	return IntegerType
}

// Name is the shape's name in the API model; for Go's own types it is theirs.
func (t Type) Name() string { return t.plan().typ.Name() }

// Shape is what the API model demands of values; nil for nothing.
func (t Type) Shape() *Shape { return t.plan().shape }

// Sensitive says that values are never shown.
func (t Type) Sensitive() bool { return t.plan().sensitive() }

// Members are the members of a structure, in the order of the API model.
func (t Type) Members() []TypeMember {
	p := t.plan()
	all := make([]TypeMember, 0, len(p.fields))
	var last []TypeMember
	for _, f := range p.fields {
		field := p.typ.Field(f.Index)
		m := TypeMember{f.Name, field.Name, f.Required, Type{f.plan}}
		if field.Tag.Get("aws") == listedLast {
			last = append(last, m)
		} else {
			all = append(all, m)
		}
	}
	return append(all, last...)
}

// Member finds a member of a structure by its name.
func (t Type) Member(name string) (TypeMember, bool) {
	for _, m := range t.Members() {
		if m.Name == name {
			return m, true
		}
	}
	return TypeMember{}, false
}

// Elem is the type of the elements of a list or of the values of a map.
func (t Type) Elem() Type { return Type{t.plan().elem} }

// Key is the type of the keys of a map.
func (t Type) Key() Type { return Type{t.plan().key} }

// Min and Max are the least and the most that the shape allows: of a string or
// a list the length, of a number the value.
func (s *Shape) Min() (int64, bool) {
	if s == nil {
		return 0, false
	}
	return s.min, s.hasMin
}

// Max is the other end of [Shape.Min].
func (s *Shape) Max() (int64, bool) {
	if s == nil {
		return 0, false
	}
	return s.max, s.hasMax
}

// Values are those that an enumeration allows, as the API model lists them; nil
// for any.
func (s *Shape) Values() []string {
	if s == nil {
		return nil
	}
	return s.declared
}

// Pattern is the pattern that the whole value must match, empty for none.
func (s *Shape) Pattern() string {
	if s == nil || s.pattern == nil {
		return ""
	}
	return s.pattern.text
}
