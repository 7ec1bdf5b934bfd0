package awsapi

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// binder carries what a walk over one request has found.
type binder struct {
	violations []string
}

// path is where the walk is; it becomes text only when somebody must be told.
type path struct {
	up   *path
	name string
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	if p.up == nil {
		return p.name
	}
	return p.up.String() + "." + p.name
}

func (b *binder) bind(p *plan, n Node, dst reflect.Value, at *path) error {
	switch p.kind {
	case planPointer:
		v := reflect.New(p.elem.typ)
		if err := b.bind(p.elem, n, v.Elem(), at); err != nil {
			return err
		}
		dst.Set(v)
		return nil
	case planString:
		return b.bindString(p, n, dst, at)
	case planInt:
		return b.bindInt(p, n, dst, at)
	case planBool:
		return b.bindBool(p, n, dst)
	case planStruct:
		return b.bindStruct(p, n, dst, at)
	case planList:
		return b.bindList(p, n, dst, at)
	case planMap:
		return b.bindMap(p, n, dst, at)
	}
	return &SerializationError{}
}

// wrongKind is AWS's sentence for a value of another kind than the shape's.
func wrongKind(n Node, want string) error {
	switch n.Kind {
	case List:
		return &SerializationError{"Start of list found where not expected"}
	case Map:
		return &SerializationError{"Start of structure or map found where not expected."}
	case Form:
		return &SerializationError{"Value is not a valid " + want[strings.LastIndexByte(want, ' ')+1:]}
	}
	switch want {
	case "list":
		return &SerializationError{"Expected list or null"}
	case "structure":
		return &SerializationError{"Expected null"}
	}
	value := "STRING_VALUE"
	switch {
	case n.Kind == Number:
		value = "NUMBER_VALUE"
	case n.Kind == Bool && n.Text == "true":
		value = "TRUE_VALUE"
	case n.Kind == Bool:
		value = "FALSE_VALUE"
	}
	return &SerializationError{value + " can not be converted to " + want}
}

func isText(n Node) bool { return n.Kind == Text || n.Kind == Form && len(n.Members) == 0 }

func (b *binder) bindString(p *plan, n Node, dst reflect.Value, at *path) error {
	if !isText(n) {
		return wrongKind(n, "a String")
	}
	dst.SetString(n.Text)
	b.checkString(p.shape, n.Text, at)
	return nil
}

func (b *binder) bindInt(p *plan, n Node, dst reflect.Value, at *path) error {
	want := "an Integer"
	if p.typ.Kind() == reflect.Int64 {
		want = "a Long"
	}
	if n.Kind != Number && !(n.Kind == Form && len(n.Members) == 0) {
		return wrongKind(n, want)
	}
	v, err := strconv.ParseInt(n.Text, 10, 64)
	if err != nil {
		// A fractional number is truncated, as AWS does. A form has whole ones only.
		f, ferr := strconv.ParseFloat(n.Text, 64)
		if n.Kind == Form || ferr != nil || math.Abs(f) > 1<<53 {
			return wrongKind(Node{Kind: Form}, want)
		}
		v = int64(f)
	}
	if dst.OverflowInt(v) {
		return wrongKind(Node{Kind: Form}, want)
	}
	dst.SetInt(v)
	if s := p.shape; s != nil {
		if s.hasMax && v > s.max {
			b.violate(n.Text, s.sensitive, at, s.maxSentence())
		}
		if s.hasMin && v < s.min {
			b.violate(n.Text, s.sensitive, at, s.minSentence())
		}
	}
	return nil
}

func (b *binder) bindBool(_ *plan, n Node, dst reflect.Value) error {
	ok := n.Kind == Bool || n.Kind == Form && (n.Text == "true" || n.Text == "false")
	if !ok {
		return wrongKind(n, "a Boolean")
	}
	dst.SetBool(n.Text == "true")
	return nil
}

func (b *binder) bindStruct(p *plan, n Node, dst reflect.Value, at *path) error {
	if n.Kind != Map && n.Kind != Form {
		return wrongKind(n, "structure")
	}
	for i := range p.fields {
		f := &p.fields[i]
		here := &path{at, f.path}
		v := n.Member(f.name)
		if v == nil || v.Kind == Null {
			if f.required {
				b.violations = append(b.violations, "Value null at '"+here.String()+"' failed to satisfy constraint: Member must not be null")
			}
			continue
		}
		if err := b.bind(f.plan, *v, dst.Field(f.index), here); err != nil {
			return err
		}
	}
	return nil
}

// items gives the elements of a list, however the protocol writes lists.
func items(n Node) ([]Node, bool) {
	switch n.Kind {
	case List:
		return n.List, true
	case Form:
		return formItems(n)
	}
	return nil, false
}

// formItems reads X.member.1, X.member.2, ...; a bare X= is the empty list.
func formItems(n Node) ([]Node, bool) {
	if len(n.Members) == 0 {
		return nil, n.Text == ""
	}
	m := n.Member("member")
	if m == nil || len(n.Members) != 1 || n.Text != "" {
		return nil, false
	}
	if len(m.Members) == 0 {
		return nil, m.Text == ""
	}
	numbered := slices.Clone(m.Members)
	number := func(name string) int {
		i, err := strconv.ParseUint(name, 10, 31)
		if err != nil || i == 0 || name[0] == '0' {
			return -1
		}
		return int(i)
	}
	for _, e := range numbered {
		if number(e.Name) < 0 {
			return nil, false
		}
	}
	slices.SortFunc(numbered, func(a, b Member) int { return number(a.Name) - number(b.Name) })
	list := make([]Node, len(numbered))
	for i, e := range numbered {
		list[i] = e.Value
	}
	return list, true
}

func (b *binder) bindList(p *plan, n Node, dst reflect.Value, at *path) error {
	list, ok := items(n)
	if !ok {
		return wrongKind(n, "list")
	}
	out := reflect.MakeSlice(p.typ, len(list), len(list))
	inner := binder{}
	nulls := false
	for i, e := range list {
		if e.Kind == Null {
			nulls = true
			continue
		}
		if err := inner.bind(p.elem, e, out.Index(i), &path{&path{at, strconv.Itoa(i + 1)}, "member"}); err != nil {
			return err
		}
	}
	dst.Set(out)
	b.checkSize(p, out, at)
	switch {
	case nulls:
		b.violate(show(out), p.sensitive(), at, "Member must satisfy constraint: [Member must not be null]")
	case len(inner.violations) > 0 && scalar(p.elem):
		b.violate(show(out), p.sensitive(), at, "Member must satisfy constraint: ["+p.elem.shape.constraints()+"]")
	default:
		b.violations = append(b.violations, inner.violations...)
	}
	return nil
}

func (b *binder) bindMap(p *plan, n Node, dst reflect.Value, at *path) error {
	if n.Kind != Map {
		return wrongKind(n, "structure")
	}
	out := reflect.MakeMapWithSize(p.typ, len(n.Members))
	keys, values := binder{}, binder{}
	nulls := false
	for _, m := range n.Members {
		k := reflect.New(p.key.typ).Elem()
		if err := keys.bind(p.key, Node{Kind: Text, Text: m.Name}, k, at); err != nil {
			return err
		}
		v := reflect.New(p.elem.typ).Elem()
		if m.Value.Kind == Null {
			nulls = true
		} else if err := values.bind(p.elem, m.Value, v, &path{&path{at, m.Name}, "member"}); err != nil {
			return err
		}
		out.SetMapIndex(k, v)
	}
	dst.Set(out)
	b.checkSize(p, out, at)
	if len(keys.violations) > 0 {
		b.violate(show(out), p.sensitive(), at, "Map keys must satisfy constraint: ["+p.key.shape.constraints()+"]")
	}
	switch {
	case nulls:
		b.violate(show(out), p.sensitive(), at, "Map value must satisfy constraint: [Member must not be null]")
	case len(values.violations) > 0 && scalar(p.elem):
		b.violate(show(out), p.sensitive(), at, "Map value must satisfy constraint: ["+p.elem.shape.constraints()+"]")
	default:
		b.violations = append(b.violations, values.violations...)
	}
	return nil
}

func scalar(p *plan) bool {
	return p.kind == planString || p.kind == planInt || p.kind == planBool
}

func (b *binder) checkSize(p *plan, v reflect.Value, at *path) {
	s := p.shape
	if s == nil {
		return
	}
	if n := int64(v.Len()); s.hasMax && n > s.max {
		b.violate(show(v), p.sensitive(), at, s.maxSentence())
	} else if s.hasMin && n < s.min {
		b.violate(show(v), p.sensitive(), at, s.minSentence())
	}
}

func (b *binder) checkString(s *Shape, v string, at *path) {
	if s == nil {
		return
	}
	n := int64(utf8.RuneCountInString(v))
	if s.hasMax && n > s.max {
		b.violate(v, s.sensitive, at, s.maxSentence())
	}
	if s.hasMin && n < s.min {
		b.violate(v, s.sensitive, at, s.minSentence())
	}
	if s.regex != nil && !s.regex.MatchString(v) {
		b.violate(v, s.sensitive, at, s.patternSentence())
	}
	if s.enum != nil && !slices.Contains(s.enum, v) {
		b.violate(v, s.sensitive, at, s.enumSentence())
	}
}

func (b *binder) violate(value string, sensitive bool, at *path, sentence string) {
	shown := "Value '" + value + "' at '"
	if sensitive {
		shown = "Value at '"
	}
	b.violations = append(b.violations, shown+at.String()+"' failed to satisfy constraint: "+sentence)
}

// show prints a list or map as AWS's messages do. Map entries are sorted, so
// that a message is always the same.
func show(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = show(v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		parts := make([]string, 0, v.Len())
		for it := v.MapRange(); it.Next(); {
			parts = append(parts, show(it.Key())+"="+show(it.Value()))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.String:
		return v.String()
	case reflect.Struct:
		return v.Type().Name() + "(...)"
	case reflect.Pointer:
		if v.IsNil() {
			return "null"
		}
		return show(v.Elem())
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	}
	return "null"
}
