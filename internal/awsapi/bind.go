package awsapi

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// binder carries what a walk over one request has found.
type binder struct {
	at    Path
	room  [6]Step // where at begins: few inputs are deeper
	found ValidationError
	size  int
	// quiet is set inside a list or map of scalars, of which one sentence tells:
	// then only failed is kept.
	quiet, failed bool
}

func (b *binder) bind(p *plan, n Node, dst reflect.Value) error {
	switch p.kind {
	case planPointer:
		v := reflect.New(p.elem.typ)
		dst.Set(v)
		return b.bind(p.elem, n, v.Elem())
	case planString:
		return b.bindString(p, n, dst)
	case planInt:
		return b.bindInt(p, n, dst)
	case planBool:
		return b.bindBool(n, dst)
	case planStruct:
		return b.bindStruct(p, n, dst)
	case planList:
		return b.bindList(p, n, dst)
	case planMap:
		return b.bindMap(p, n, dst)
	}
	return b.bindTime(n, dst)
}

// wrongKind is AWS's sentence for a value of another kind than the shape's.
func wrongKind(n Node, want string) error {
	switch n.Kind {
	case List:
		return &SerializationError{Message: "Start of list found where not expected"}
	case Map:
		return &SerializationError{Message: "Start of structure or map found where not expected."}
	case Form:
		return notValid(want)
	}
	switch want {
	case "list":
		return &SerializationError{Message: "Expected list or null"}
	case "structure":
		return &SerializationError{Message: "Expected null"}
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
	return &SerializationError{Message: value + " can not be converted to " + want}
}

// notValid is the sentence for a value of the right kind that is none of the
// shape's all the same: a number beyond the range of its type.
func notValid(want string) error {
	return &SerializationError{Message: "Value is not a valid " + want[strings.LastIndexByte(want, ' ')+1:]}
}

// scalarForm says that a parameter of a form is a value alone, with nothing
// after a dot.
func (n *Node) scalarForm() bool { return n.Kind == Form && len(n.Members) == 0 }

func (b *binder) bindString(p *plan, n Node, dst reflect.Value) error {
	if n.Kind != Text && !n.scalarForm() {
		return wrongKind(n, "a String")
	}
	dst.SetString(n.Text)
	b.checkString(p.shape, dst)
	return nil
}

func (b *binder) bindInt(p *plan, n Node, dst reflect.Value) error {
	want := "an Integer"
	if p.typ.Kind() == reflect.Int64 {
		want = "a Long"
	}
	if n.Kind != Number && !n.scalarForm() {
		return wrongKind(n, want)
	}
	v, ok := integer(n)
	if !ok || dst.OverflowInt(v) {
		return notValid(want)
	}
	dst.SetInt(v)
	b.checkInt(p.shape, dst)
	return nil
}

// integer reads a whole number. A fractional one is truncated, as AWS does; a
// form has whole ones only.
func integer(n Node) (int64, bool) {
	v, err := strconv.ParseInt(n.Text, 10, 64)
	if err == nil {
		return v, true
	}
	f, err := strconv.ParseFloat(n.Text, 64)
	if n.Kind == Form || err != nil || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func (b *binder) bindBool(n Node, dst reflect.Value) error {
	if n.Kind != Bool && !(n.scalarForm() && (n.Text == "true" || n.Text == "false")) {
		return wrongKind(n, "a Boolean")
	}
	dst.SetBool(n.Text == "true")
	return nil
}

// bindTime reads a timestamp: seconds since 1970, fractions allowed, or in a form
// RFC 3339 (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
func (b *binder) bindTime(n Node, dst reflect.Value) error {
	var t time.Time
	switch {
	case n.Kind == Number:
		seconds, err := strconv.ParseFloat(n.Text, 64)
		if err != nil || math.Abs(seconds) > maxSeconds {
			return notValid("a Timestamp")
		}
		t = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	case n.scalarForm():
		var err error
		if t, err = time.Parse(time.RFC3339, n.Text); err != nil {
			return notValid("a Timestamp")
		}
	default:
		return wrongKind(n, "a Timestamp")
	}
	dst.Set(reflect.ValueOf(t))
	return nil
}

// maxSeconds is about the year 36,800: far beyond any date of ours, and far
// below where a float64 loses milliseconds.
const maxSeconds = 1 << 40

func (b *binder) bindStruct(p *plan, n Node, dst reflect.Value) error {
	if n.Kind != Map && (n.Kind != Form || n.Text != "") {
		return wrongKind(n, "structure")
	}
	for i := range p.fields {
		f := &p.fields[i]
		b.at = append(b.at, Step{Name: f.path})
		v := n.Member(f.Name)
		if v == nil || v.Kind == Null {
			if f.Required {
				b.missing()
			}
		} else if err := b.bind(f.plan, *v, dst.Field(f.Index)); err != nil {
			return err
		}
		b.at = b.at[:len(b.at)-1]
	}
	return nil
}

func (b *binder) checkString(s *Shape, v reflect.Value) {
	if s == nil || b.told() {
		return
	}
	text := v.String()
	n := int64(utf8.RuneCountInString(text))
	if s.hasMax && n > s.max {
		b.violate(v, s.sensitive, s.maxSentence())
	}
	if s.hasMin && n < s.min {
		b.violate(v, s.sensitive, s.minSentence())
	}
	if s.pattern != nil && !s.pattern.match(text) {
		b.violate(v, s.sensitive, s.patternSentence())
	}
	if s.enum != nil && !slices.Contains(s.enum, text) {
		b.violate(v, s.sensitive, s.enumSentence())
	}
}

func (b *binder) checkInt(s *Shape, v reflect.Value) {
	if s == nil || b.told() {
		return
	}
	if s.hasMax && v.Int() > s.max {
		b.violate(v, s.sensitive, s.maxSentence())
	}
	if s.hasMin && v.Int() < s.min {
		b.violate(v, s.sensitive, s.minSentence())
	}
}
