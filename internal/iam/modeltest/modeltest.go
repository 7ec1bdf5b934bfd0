// Package modeltest compares the table of a service with the bare facts of
// AWS's API model: operations, members, required members, constraints and
// declared errors. A test keeps those facts in a JSON file; the program never
// reads them.
package modeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
)

// model is the facts of an API.
type model struct {
	Operations map[string]operation
	Shapes     map[string]shape
}

type operation struct {
	Auth          string
	Input, Output string
	Errors        []string
}

type shape struct {
	Type      string
	Min, Max  *int64
	Pattern   string
	Enum      []string
	Required  []string
	Sensitive bool
	Members   map[string]string
	Member    string
	Error     struct {
		Code           string
		HTTPStatusCode int
	}
}

// Compare compares a table with a model. undeclared are codes that rows may
// name though the model does not.
func Compare(t *testing.T, s awsapi.Service, facts []byte, undeclared ...string) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(facts))
	dec.DisallowUnknownFields()
	var m model
	if err := dec.Decode(&m); err != nil {
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
	model  model
	shapes awsapi.ShapeSet
	seen   map[string]bool
	input  bool // comparing an input
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-model +table):\n%s", what, diff)
	}
}

func (c *comparison) operation(row awsapi.Operation, want operation, undeclared []string) {
	var codes []string
	for _, name := range want.Errors {
		codes = append(codes, c.model.Shapes[name].Error.Code)
	}
	slices.Sort(codes)
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
	}
}

// constraints compares constraints. They are for inputs; what is only answered
// may well be a plain string.
func (c *comparison) constraints(want shape, typ reflect.Type, at string) {
	got := ""
	if s := c.shapes.Of(typ); s != nil {
		got = s.Constraints()
	}
	same(c.T, fmt.Sprintf("%s: constraints of %s", at, typ), want.constraints(), got)
}

func (c *comparison) structure(want shape, typ reflect.Type, at string) {
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
	case reflect.Int32, reflect.Int64, reflect.Int:
		return "integer"
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
func (s shape) constraints() string {
	measure := "length"
	if s.Type == "integer" {
		measure = "value"
	}
	var all []string
	if s.Max != nil {
		all = append(all, fmt.Sprintf("Member must have %s less than or equal to %d", measure, *s.Max))
	}
	if s.Min != nil && (*s.Min > 0 || s.Type == "integer") {
		all = append(all, fmt.Sprintf("Member must have %s greater than or equal to %d", measure, *s.Min))
	}
	if s.Pattern != "" {
		all = append(all, "Member must satisfy regular expression pattern: "+s.Pattern)
	}
	if s.Enum != nil {
		all = append(all, "Member must satisfy enum value set: ["+strings.Join(slices.Sorted(slices.Values(s.Enum)), ", ")+"]")
	}
	return strings.Join(all, ", ")
}
