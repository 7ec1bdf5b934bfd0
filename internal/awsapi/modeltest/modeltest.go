// Package modeltest reads the bare facts of AWS's API model (operations,
// members, required members, constraints and declared errors) and compares the
// table of a service with them. Tests keep those facts in a JSON file; the
// program never reads them.
package modeltest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/daypass/daypass/internal/awsapi"
)

// Model is the facts of an API.
type Model struct {
	Operations map[string]Operation
	Shapes     map[string]Shape
}

// Operation is what the model says of an operation.
type Operation struct {
	// Auth is "none" for an operation that needs no signature.
	Auth string
	// Input and Output are names of shapes; an operation may have no output.
	Input, Output string
	// Errors are names of shapes.
	Errors []string
}

// Shape is what the model says of a type.
type Shape struct {
	// Type is string, blob, integer, long, boolean, timestamp, list, map or structure.
	Type string
	// Min and Max bound the length of strings, lists and maps and the value of
	// numbers.
	Min, Max *int64
	// Pattern must match whole strings.
	Pattern string
	Enum    []string
	// Sensitive values are never shown.
	Sensitive bool
	// Members are the names of a structure's members and their shapes; Required
	// are those that must be there.
	Members  map[string]string
	Required []string
	// Member is the shape of a list's elements.
	Member string
	// Key and Value are the shapes of a map.
	Key, Value string
	// Error is about exceptions whose code is not their shape's name.
	Error struct {
		Code           string
		HTTPStatusCode int
	}
}

// Read reads facts.
func Read(facts []byte) (*Model, error) {
	dec := json.NewDecoder(bytes.NewReader(facts))
	dec.DisallowUnknownFields()
	m := &Model{}
	return m, dec.Decode(m)
}

// codes are the codes of an operation's exceptions, sorted.
func (m *Model) codes(op Operation) []string {
	var codes []string
	for _, name := range op.Errors {
		codes = append(codes, cmp.Or(m.Shapes[name].Error.Code, name))
	}
	slices.Sort(codes)
	return codes
}

// Compare compares a table with a model. undeclared are codes that rows may
// name though the model does not.
func Compare(t *testing.T, s awsapi.Service, facts []byte, undeclared ...string) {
	t.Helper()
	m, err := Read(facts)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]awsapi.Operation{}
	for _, op := range s.Operations {
		rows[op.Name] = op
	}
	same(t, "operations", slices.Sorted(maps.Keys(m.Operations)), slices.Sorted(maps.Keys(rows)))
	c := comparison{T: t, model: m, shapes: s.Shapes, seen: map[string]bool{}}
	for name, want := range m.Operations {
		if row, ok := rows[name]; ok {
			c.operation(row, want, undeclared)
		}
	}
}

type comparison struct {
	*testing.T
	model  *Model
	shapes awsapi.ShapeSet
	seen   map[string]bool
	input  bool // comparing an input
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-model +table):\n%s", what, diff)
	}
}

func (c *comparison) operation(row awsapi.Operation, want Operation, undeclared []string) {
	codes := c.model.codes(want)
	declared := slices.DeleteFunc(slices.Sorted(slices.Values(row.Errors)), func(code string) bool {
		return slices.Contains(undeclared, code) && !slices.Contains(codes, code)
	})
	same(c.T, row.Name+" errors", codes, declared)
	same(c.T, row.Name+" is public", want.Auth == "none", row.Auth == awsapi.Public)
	same(c.T, row.Name+" has an output", want.Output != "", row.HasOutput())
	c.input = true
	c.value(want.Input, row.In, row.Name+" input")
	c.input = false
	if want.Output != "" {
		c.value(want.Output, row.Out, row.Name+" output")
	}
}

// value compares a type with the shape that it stands for.
func (c *comparison) value(name string, typ reflect.Type, at string) {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	visit := fmt.Sprint(name, typ, c.input)
	if c.seen[visit] {
		return
	}
	c.seen[visit] = true
	want := c.model.Shapes[name]
	if want.Type == "blob" {
		want.Type = "string" // of base64, on both wires
	}
	same(c.T, at+" kind", want.Type, kindOf(typ))
	if c.input {
		c.constraints(want, typ, at)
	}
	switch want.Type {
	case "structure":
		c.structure(want, typ, at)
	case "list":
		if typ.Kind() == reflect.Slice {
			c.value(want.Member, typ.Elem(), at+".member")
		}
	case "map":
		if typ.Kind() == reflect.Map {
			c.value(want.Key, typ.Key(), at+".key")
			c.value(want.Value, typ.Elem(), at+".value")
		}
	}
}

// constraints compares constraints. They are for inputs; what is only answered
// may well be a plain string.
func (c *comparison) constraints(want Shape, typ reflect.Type, at string) {
	got := ""
	if s := c.shapes.Of(typ); s != nil {
		got = s.Constraints()
	}
	same(c.T, fmt.Sprintf("%s: constraints of %s", at, typ), want.constraints(), got)
}

func (c *comparison) structure(want Shape, typ reflect.Type, at string) {
	if typ.Kind() != reflect.Struct {
		return
	}
	var names, required []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, must := awsapi.MemberTag(f)
		names = append(names, name)
		if must {
			required = append(required, name)
		}
		if shape, ok := want.Members[name]; ok {
			c.value(shape, f.Type, at+"."+name)
		}
	}
	slices.Sort(names)
	slices.Sort(required)
	same(c.T, at+" members", slices.Sorted(maps.Keys(want.Members)), names)
	same(c.T, at+" required", slices.Sorted(slices.Values(want.Required)), required)
}

func kindOf(typ reflect.Type) string {
	if typ == reflect.TypeFor[time.Time]() {
		return "timestamp"
	}
	switch typ.Kind() {
	case reflect.String:
		return "string"
	case reflect.Int32, reflect.Int:
		return "integer"
	case reflect.Int64:
		return "long"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return "list"
	case reflect.Map:
		return "map"
	case reflect.Struct:
		return "structure"
	}
	return typ.String()
}

// constraints writes the model's constraints as [awsapi.Shape.Constraints] does.
func (s Shape) constraints() string { return strings.Join(s.Constraints(), ", ") }

// Constraints writes the constraints of the shape in AWS's words, in AWS's
// order.
func (s Shape) Constraints() []string {
	measure, number := "length", s.Type == "integer" || s.Type == "long"
	if number {
		measure = "value"
	}
	var all []string
	if s.Max != nil {
		all = append(all, fmt.Sprintf("Member must have %s less than or equal to %d", measure, *s.Max))
	}
	if s.Min != nil && (*s.Min > 0 || number) {
		all = append(all, fmt.Sprintf("Member must have %s greater than or equal to %d", measure, *s.Min))
	}
	if s.Pattern != "" {
		all = append(all, "Member must satisfy regular expression pattern: "+s.Pattern)
	}
	if s.Enum != nil {
		all = append(all, "Member must satisfy enum value set: ["+strings.Join(slices.Sorted(slices.Values(s.Enum)), ", ")+"]")
	}
	return all
}
