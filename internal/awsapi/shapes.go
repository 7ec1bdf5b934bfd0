package awsapi

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Shape is what the API model says about a type: the constraints that every
// member of the type must satisfy.
type Shape struct {
	typ       reflect.Type
	min, max  int64
	hasMin    bool
	hasMax    bool
	pattern   *pattern
	enum      []string // sorted, as messages list it
	declared  []string // as the API model lists it
	sensitive bool
	document  bool
}

// Sensitive marks values that are never shown, not even in the message that
// refuses them.
func (s Shape) Sensitive() Shape { s.sensitive = true; return s }

// Document marks JSON documents that answers carry URL-encoded, as IAM's do with
// policies.
func (s Shape) Document() Shape { s.document = true; return s }

// IsDocument says whether the shape is marked so.
func (s *Shape) IsDocument() bool { return s != nil && s.document }

// Type is the Go type that the shape constrains.
func (s Shape) Type() reflect.Type { return s.typ }

// ShapeSet is the constraints of a service's types.
type ShapeSet struct {
	byType map[reflect.Type]*Shape
}

// Shapes collects the constraints of a service's types.
func Shapes(shapes ...Shape) ShapeSet {
	set := ShapeSet{byType: make(map[reflect.Type]*Shape, len(shapes))}
	for _, s := range shapes {
		if set.byType[s.typ] != nil {
			panic("awsapi: two constraints for " + s.typ.Name())
		}
		set.byType[s.typ] = &s
	}
	return set
}

// Of gives the constraints of a type, nil if it has none.
func (s ShapeSet) Of(t reflect.Type) *Shape { return s.byType[t] }

// String constrains a string type: its length in characters (0 for no limit)
// and a pattern that the whole value must match, as the API model writes it
// (empty for none).
func String[T ~string](min, max int64, pattern string) Shape {
	s := bounds[T](min, max)
	s.hasMin = min > 0
	if pattern != "" {
		s.pattern = newPattern(pattern)
	}
	return s
}

// Enum constrains a string type to a set of values.
func Enum[T ~string](values ...string) Shape {
	s := Shape{typ: reflect.TypeFor[T](), enum: slices.Sorted(slices.Values(values)), declared: values}
	return s
}

// Int constrains an integer type to a range, both ends included.
func Int[T ~int32 | ~int64 | ~int](min, max int64) Shape {
	s := bounds[T](min, max)
	s.hasMin = true
	return s
}

// Size constrains the number of entries of a list or map type.
func Size[T any](min, max int64) Shape {
	s := bounds[T](min, max)
	s.hasMin = min > 0
	if k := s.typ.Kind(); k != reflect.Slice && k != reflect.Map {
		panic("awsapi: Size of " + s.typ.String())
	}
	return s
}

func bounds[T any](min, max int64) Shape {
	return Shape{typ: reflect.TypeFor[T](), min: min, max: max, hasMax: max > 0}
}

// constraints lists the constraints as AWS does inside "Member must satisfy
// constraint: [...]".
func (s *Shape) constraints() string {
	if s == nil {
		return ""
	}
	var all []string
	if s.hasMax {
		all = append(all, s.maxSentence())
	}
	if s.hasMin {
		all = append(all, s.minSentence())
	}
	if s.pattern != nil {
		all = append(all, s.patternSentence())
	}
	if s.enum != nil {
		all = append(all, s.enumSentence())
	}
	return strings.Join(all, ", ")
}

func (s *Shape) measure() string {
	switch s.typ.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "value"
	}
	return "length"
}

func (s *Shape) maxSentence() string {
	return fmt.Sprintf("Member must have %s less than or equal to %d", s.measure(), s.max)
}

func (s *Shape) minSentence() string {
	return fmt.Sprintf("Member must have %s greater than or equal to %d", s.measure(), s.min)
}

func (s *Shape) patternSentence() string {
	return "Member must satisfy regular expression pattern: " + s.pattern.text
}

func (s *Shape) enumSentence() string {
	return "Member must satisfy enum value set: [" + strings.Join(s.enum, ", ") + "]"
}
