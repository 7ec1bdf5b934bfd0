package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/awsapi"
)

// validate checks an input before it is sent, as AWS's SDK for Python does: what
// must be there, types, names, and the least lengths and values. All else is the
// service's to say.
func validate(in awsapi.Node, t awsapi.Type) error {
	v := &validation{}
	v.check(in, t, "")
	if len(v.found) == 0 {
		return nil
	}
	return usageError("Parameter validation failed:\n%s", strings.Join(v.found, "\n"))
}

type validation struct{ found []string }

func (v *validation) report(format string, args ...any) {
	v.found = append(v.found, fmt.Sprintf(format, args...))
}

// shown is the name of a place in messages.
func shown(name string) string {
	if name == "" {
		return "input"
	}
	return strings.TrimPrefix(name, ".")
}

func (v *validation) check(n awsapi.Node, t awsapi.Type, name string) {
	switch t.Kind() {
	case awsapi.StructureType:
		if v.kind(n, t, name, "<class 'dict'>", awsapi.Map) {
			v.structure(n, t, name)
		}
	case awsapi.ListType:
		if v.kind(n, t, name, "<class 'list'>, <class 'tuple'>", awsapi.List) {
			v.least(t, len(n.List), name, "length")
			for i, e := range n.List {
				v.check(e, t.Elem(), fmt.Sprintf("%s[%d]", name, i))
			}
		}
	case awsapi.MapType:
		if v.kind(n, t, name, "<class 'dict'>", awsapi.Map) {
			for _, m := range n.Members {
				v.check(text(m.Name), t.Key(), fmt.Sprintf("%s (key: %s)", name, m.Name))
				v.check(m.Value, t.Elem(), name+"."+m.Name)
			}
		}
	case awsapi.StringType:
		if v.kind(n, t, name, "<class 'str'>", awsapi.Text) {
			v.least(t, utf8.RuneCountInString(n.Text), name, "length")
		}
	case awsapi.IntegerType, awsapi.LongType:
		if v.kind(n, t, name, "<class 'int'>", awsapi.Number) {
			if least, ok := t.Shape().Min(); ok && number(n) < least {
				v.report("Invalid value for parameter %s, value: %s, valid min value: %d", shown(name), n.Text, least)
			}
		}
	case awsapi.BooleanType:
		v.kind(n, t, name, "<class 'bool'>", awsapi.Bool)
	case awsapi.TimestampType:
		v.kind(n, t, name, "<class 'datetime.datetime'>, timestamp-string", awsapi.Time)
	}
}

func (v *validation) structure(n awsapi.Node, t awsapi.Type, name string) {
	members := t.Members()
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Name
		if m.Required && n.Member(m.Name) == nil {
			v.report("Missing required parameter in %s: \"%s\"", shown(name), m.Name)
		}
	}
	for _, m := range n.Members {
		if _, ok := t.Member(m.Name); !ok {
			v.report("Unknown parameter in %s: \"%s\", must be one of: %s", shown(name), m.Name, strings.Join(names, ", "))
		}
	}
	for _, m := range n.Members {
		if member, ok := t.Member(m.Name); ok {
			v.check(m.Value, member.Type, name+"."+m.Name)
		}
	}
}

// kind says whether a value is of a kind, and reports one that is not. A
// sensitive value is not shown.
func (v *validation) kind(n awsapi.Node, t awsapi.Type, name, valid string, kind awsapi.Kind) bool {
	if n.Kind == kind && (kind != awsapi.Number || !strings.ContainsAny(n.Text, ".eE")) {
		return true
	}
	value := withheld
	if !holdsSecret(t) {
		value = python(n)
	}
	v.report("Invalid type for parameter %s, value: %s, type: %s, valid types: %s", shown(name), value, pythonType(n), valid)
	return false
}

func (v *validation) least(t awsapi.Type, have int, name, what string) {
	if least, ok := t.Shape().Min(); ok && int64(have) < least {
		v.report("Invalid %s for parameter %s, value: %d, valid min %s: %d", what, shown(name), have, what, least)
	}
}

func pythonType(n awsapi.Node) string {
	switch n.Kind {
	case awsapi.Text:
		return "<class 'str'>"
	case awsapi.Bool:
		return "<class 'bool'>"
	case awsapi.Number:
		if strings.ContainsAny(n.Text, ".eE") {
			return "<class 'float'>"
		}
		return "<class 'int'>"
	case awsapi.List:
		return "<class 'list'>"
	case awsapi.Map:
		return "<class 'dict'>"
	}
	return "<class 'NoneType'>"
}

// python is a value as Python prints it.
func python(n awsapi.Node) string {
	if n.Kind == awsapi.Text {
		return n.Text
	}
	return pythonRepr(n)
}

func pythonRepr(n awsapi.Node) string {
	switch n.Kind {
	case awsapi.Text:
		return quoted(n.Text)
	case awsapi.Bool:
		if n.Text == "true" {
			return "True"
		}
		return "False"
	case awsapi.Number:
		return n.Text
	case awsapi.List:
		parts := make([]string, len(n.List))
		for i, e := range n.List {
			parts[i] = pythonRepr(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case awsapi.Map:
		parts := make([]string, len(n.Members))
		for i, m := range n.Members {
			parts[i] = quoted(m.Name) + ": " + pythonRepr(m.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "None"
}
