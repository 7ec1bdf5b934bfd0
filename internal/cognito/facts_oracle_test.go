package cognito_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/awsapi/modeltest"
)

// object is a JSON object.
type object = map[string]any

// facts is the API model, which knows what is wrong with a request and how AWS
// says so (API reference, Common Errors; the sentences are those of AWS's
// framework).
type facts struct{ *modeltest.Model }

// verdict is what a request must be told: nothing, or an error.
type verdict struct{ code, message string }

// judge says what is wrong with a request. A value of the wrong kind comes before
// everything else, and is told of alone.
func (f facts) judge(shape string, request object) verdict {
	if message := f.wrongKind(shape, request); message != "" {
		return verdict{"SerializationException", message}
	}
	all := f.violations(shape, request, nil)
	switch len(all) {
	case 0:
		return verdict{}
	case 1:
		return verdict{"ValidationException", "1 validation error detected: " + all[0]}
	}
	return verdict{"ValidationException", fmt.Sprintf("%d validation errors detected: %s", len(all), strings.Join(all, "; "))}
}

// wrongKind is the sentence for a value, or a value inside it, of a kind that its
// shape does not have. Null is of every kind.
func (f facts) wrongKind(shape string, v any) string {
	s := f.Shapes[shape]
	if v == nil {
		return ""
	}
	if !isKind(s.Type, v) {
		return unexpected(s.Type, v)
	}
	for _, in := range f.inside(s, v) {
		if message := f.wrongKind(in.shape, in.value); message != "" {
			return message
		}
	}
	return ""
}

func isKind(kind string, v any) (ok bool) {
	switch kind {
	case "string":
		_, ok = v.(string)
	case "integer", "long":
		_, ok = v.(int)
		if !ok {
			_, ok = v.(float64)
		}
	case "boolean":
		_, ok = v.(bool)
	case "list":
		_, ok = v.([]any)
	case "map", "structure":
		_, ok = v.(object)
	}
	return ok
}

func unexpected(want string, v any) string {
	var token string
	switch v := v.(type) {
	case []any:
		return "Start of list found where not expected"
	case object:
		return "Start of structure or map found where not expected."
	case bool:
		token = map[bool]string{true: "TRUE_VALUE", false: "FALSE_VALUE"}[v]
	case string:
		token = "STRING_VALUE"
	default:
		token = "NUMBER_VALUE"
	}
	switch want {
	case "list":
		return "Expected list or null"
	case "map", "structure":
		return "Expected null"
	}
	name := map[string]string{"string": "a String", "integer": "an Integer", "long": "a Long", "boolean": "a Boolean"}[want]
	return token + " can not be converted to " + name
}

// part is a value inside another one, with the steps from that to it.
type part struct {
	steps    []string
	shape    string
	value    any
	required bool
}

// inside lists the members of a structure, the elements of a list and the values
// of a map.
func (f facts) inside(s modeltest.Shape, v any) []part {
	var parts []part
	switch s.Type {
	case "structure":
		for _, name := range slices.Sorted(maps.Keys(s.Members)) {
			parts = append(parts, part{[]string{lowerFirst(name)}, s.Members[name], v.(object)[name], slices.Contains(s.Required, name)})
		}
	case "list":
		for n, e := range v.([]any) {
			parts = append(parts, part{[]string{fmt.Sprint(n + 1), "member"}, s.Member, e, false})
		}
	case "map":
		for _, key := range slices.Sorted(maps.Keys(v.(object))) {
			parts = append(parts, part{[]string{key, "member"}, s.Value, v.(object)[key], false})
		}
	}
	return parts
}

// violations lists what a value of the right kind violates, itself first. What is
// wrong with scalars in a list or a map is told of the whole.
func (f facts) violations(shape string, v any, at []string) []string {
	s := f.Shapes[shape]
	var all []string
	for _, constraint := range f.broken(shape, v) {
		all = append(all, f.violation(shape, v, at, constraint))
	}
	for _, in := range f.inside(s, v) {
		path := append(slices.Clone(at), in.steps...)
		switch {
		case in.value == nil && in.required:
			all = append(all, "Value null at '"+strings.Join(path, ".")+"' failed to satisfy constraint: Member must not be null")
		case in.value != nil && (s.Type == "structure" || !f.scalar(in.shape)):
			all = append(all, f.violations(in.shape, in.value, path)...)
		}
	}
	return all
}

func (f facts) violation(shape string, v any, at []string, constraint string) string {
	shown := "Value '" + clip(f.quote(shape, v)) + "'"
	if f.sensitive(shape) {
		shown = "Value"
	}
	return shown + " at '" + strings.Join(at, ".") + "' failed to satisfy constraint: " + constraint
}

// broken lists the constraints that a value violates, those on what is in it
// among them.
func (f facts) broken(shape string, v any) []string {
	s := f.Shapes[shape]
	all := brokenHere(s, v)
	switch v := v.(type) {
	case []any:
		all = append(all, f.brokenAmong("Member", s.Member, v)...)
	case object:
		if s.Type == "map" {
			keys, values := []any{}, []any{}
			for key, value := range v {
				keys, values = append(keys, key), append(values, value)
			}
			all = append(all, f.brokenAmong("Map keys", s.Key, keys)...)
			all = append(all, f.brokenAmong("Map value", s.Value, values)...)
		}
	}
	return all
}

// brokenAmong is the one constraint that says what the scalars in a list or map
// must be like, and that nothing in it is null.
func (f facts) brokenAmong(who, shape string, values []any) []string {
	s, constraint := f.Shapes[shape], ""
	for _, v := range values {
		switch {
		case v == nil:
			return []string{who + " must satisfy constraint: [Member must not be null]"}
		case f.scalar(shape) && len(brokenHere(s, v)) > 0:
			constraint = who + " must satisfy constraint: [" + strings.Join(s.Constraints(), ", ") + "]"
		}
	}
	if constraint == "" {
		return nil
	}
	return []string{constraint}
}

// brokenHere lists the constraints of a shape that a value violates.
func brokenHere(s modeltest.Shape, v any) []string {
	size, sized := measure(v)
	var all []string
	for _, c := range s.Constraints() {
		switch {
		case strings.Contains(c, " less than "):
			if !sized || size <= *s.Max {
				continue
			}
		case strings.Contains(c, " greater than "):
			if !sized || size >= *s.Min {
				continue
			}
		case strings.Contains(c, " pattern: "):
			if matches(s, v.(string)) {
				continue
			}
		default:
			if slices.Contains(s.Enum, v.(string)) {
				continue
			}
		}
		all = append(all, c)
	}
	return all
}

func matches(s modeltest.Shape, v string) bool {
	return s.Pattern == "" || regexp.MustCompile(`\A(?:`+s.Pattern+`)\z`).MatchString(v)
}

// measure is what length and range constraints are about.
func measure(v any) (int64, bool) {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v)), true
	case int:
		return int64(v), true
	case float64:
		return int64(v), true
	case []any:
		return int64(len(v)), true
	case object:
		return int64(len(v)), true
	}
	return 0, false
}

func (f facts) scalar(shape string) bool {
	switch f.Shapes[shape].Type {
	case "structure", "list", "map":
		return false
	}
	return true
}

// sensitive says whether a value, or one inside it that would be shown with it,
// is secret.
func (f facts) sensitive(shape string) bool {
	s := f.Shapes[shape]
	return s.Sensitive || s.Member != "" && f.sensitive(s.Member) || s.Value != "" && (f.sensitive(s.Key) || f.sensitive(s.Value))
}

// quote prints a value as messages do.
func (f facts) quote(shape string, v any) string {
	s := f.Shapes[shape]
	var parts []string
	switch s.Type {
	case "list":
		for _, e := range v.([]any) {
			parts = append(parts, f.quote(s.Member, e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case "map":
		for _, key := range slices.Sorted(maps.Keys(v.(object))) {
			parts = append(parts, key+"="+f.quote(s.Value, v.(object)[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case "structure":
		return shape + "(...)"
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// clip cuts a quotation as our messages do: at 10 KiB, between characters.
func clip(text string) string {
	const most = 10 << 10
	if len(text) <= most {
		return text
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
