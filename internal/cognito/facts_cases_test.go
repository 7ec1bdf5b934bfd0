package cognito_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi/modeltest"
)

// The cases are made from the facts. For each place in the input of an operation
// they have values that are just allowed and values that are just not: each is
// put into a request that is otherwise good.

// place is somewhere in a request: a member of a structure, however deep.
type place struct {
	name     string // Logins, RoleMappings.Type
	path     []any  // how to get there in a request: names and numbers
	shape    string
	required bool
}

// places lists every member of an input, and of the structures in it, along a
// request that has them all.
func (f facts) places(t *testing.T, shape string, request any, name string, path []any) []place {
	t.Helper()
	s := f.Shapes[shape]
	var all []place
	switch s.Type {
	case "structure":
		for _, member := range slices.Sorted(maps.Keys(s.Members)) {
			v, ok := request.(object)[member]
			if !ok {
				t.Fatalf("the request of this test has no %s%s", name, member)
			}
			to := append(slices.Clone(path), member)
			all = append(all, place{name + member, to, s.Members[member], slices.Contains(s.Required, member)})
			all = append(all, f.places(t, s.Members[member], v, name+member+".", to)...)
		}
	case "list":
		if !f.scalar(s.Member) {
			all = f.places(t, s.Member, request.([]any)[0], name, append(slices.Clone(path), 0))
		}
	case "map":
		if !f.scalar(s.Value) {
			key := slices.Sorted(maps.Keys(request.(object)))[0]
			all = f.places(t, s.Value, request.(object)[key], name, append(slices.Clone(path), key))
		}
	}
	return all
}

// nothing stands for a member that is not there.
type nothing struct{}

// variant is a value for a place.
type variant struct {
	what  string
	value any
}

// variants are the values to try at a place, where there is a good one already.
func (f facts) variants(p place, good any) []variant {
	all := []variant{{"absent", nothing{}}, {"null", nil}}
	for _, v := range []any{"text", 7, true, false, []any{}, object{}} {
		if !isKind(f.Shapes[p.shape].Type, v) {
			all = append(all, variant{fmt.Sprintf("%T for %s", v, f.Shapes[p.shape].Type), v})
		}
	}
	return append(all, f.values(p.shape, good)...)
}

// values are those of the right kind.
func (f facts) values(shape string, good any) []variant {
	s := f.Shapes[shape]
	switch s.Type {
	case "string":
		return stringsOf(s)
	case "integer", "long":
		return []variant{
			{"least", int(*s.Min)}, {"too small", int(*s.Min) - 1}, {"a fraction", float64(*s.Min) + 0.5},
			{"greatest", int(*s.Max)}, {"too great", int(*s.Max) + 1},
		}
	case "boolean":
		return []variant{{"true", true}, {"false", false}}
	case "list":
		return f.lists(s, good.([]any))
	case "map":
		return f.maps(s, good.(object))
	}
	return nil
}

// stringsOf are a shape's shortest and longest strings, all of an enumeration,
// and strings that are just not of the shape.
func stringsOf(s modeltest.Shape) []variant {
	var all []variant
	for _, v := range s.Enum {
		all = append(all, variant{v, v})
	}
	if s.Enum != nil {
		return append(all, variant{"of no enumeration", "Nonsense"}, variant{"of another spelling", strings.ToUpper(s.Enum[0])}, variant{"empty", ""})
	}
	least, most := 0, int(*s.Max)
	if s.Min != nil {
		least = int(*s.Min)
	}
	shortest := least
	for text(s, shortest) == "" && shortest > 0 {
		shortest++
	}
	longest := most
	for text(s, longest) == "" {
		longest--
	}
	all = append(all, variant{"shortest", text(s, shortest)}, variant{"longest", text(s, longest)})
	too := text(s, most+1)
	if too == "" {
		too = strings.Repeat("a", most+1)
	}
	all = append(all, variant{"too long", too})
	if least > 0 {
		all = append(all, variant{"too short", strings.Repeat("a", least-1)})
	}
	if s.Pattern != "" {
		all = append(all, variant{"with a newline", text(s, shortest) + "\n"}, variant{"of another pattern", "a#b c\u00e9"})
	}
	return all
}

// text makes a string of so many characters that the pattern matches, preferably
// one that has more bytes than characters. It is empty if it knows none.
func text(s modeltest.Shape, length int) string {
	for _, v := range []string{
		strings.Repeat("\u00e9", length), strings.Repeat("a", length), strings.Repeat("1", length),
		"a:" + strings.Repeat("0", max(length-2, 1)), "authenticated", "unauthenticated",
	} {
		if n, _ := measure(v); n == int64(length) && matches(s, v) {
			return v
		}
	}
	return ""
}

// sizes are the allowed and the forbidden sizes of a list or map.
func sizes(s modeltest.Shape) []int {
	sizes := []int{0, 1, 3}
	if s.Min != nil && *s.Min > 0 {
		sizes = append(sizes, int(*s.Min)-1, int(*s.Min))
	}
	if s.Max != nil {
		sizes = append(sizes, int(*s.Max), int(*s.Max)+1)
	}
	slices.Sort(sizes)
	return slices.Compact(sizes)
}

func (f facts) lists(s modeltest.Shape, good []any) []variant {
	var all []variant
	for _, n := range sizes(s) {
		all = append(all, variant{fmt.Sprint(n, " elements"), slices.Repeat(good[:1], n)})
	}
	for _, v := range f.inner(s.Member, good[0]) {
		all = append(all, variant{"an element " + v.what, []any{good[0], v.value}})
	}
	return all
}

func (f facts) maps(s modeltest.Shape, good object) []variant {
	first := slices.Sorted(maps.Keys(good))[0]
	var all []variant
	for _, n := range sizes(s) {
		m := object{}
		for i := range n {
			m[f.key(s.Key, i)] = good[first]
		}
		all = append(all, variant{fmt.Sprint(n, " entries"), m})
	}
	for _, k := range f.values(s.Key, nil) {
		all = append(all, variant{"a key " + k.what, object{k.value.(string): good[first]}})
	}
	for _, v := range f.inner(s.Value, good[first]) {
		all = append(all, variant{"a value " + v.what, object{first: v.value}})
	}
	return all
}

// key makes different keys.
func (f facts) key(shape string, n int) string {
	if f.Shapes[shape].Pattern == `(un)?authenticated` && n < 2 {
		return []string{"authenticated", "unauthenticated"}[n]
	}
	return fmt.Sprint("key", n)
}

// inner are the values of an element: of scalars all, of structures only what is
// no structure, since their members are places of their own.
func (f facts) inner(shape string, good any) []variant {
	s := f.Shapes[shape]
	all := []variant{{"null", nil}}
	for _, v := range []any{"text", 7, true, []any{}, object{}} {
		if !isKind(s.Type, v) {
			all = append(all, variant{fmt.Sprintf("%T for %s", v, s.Type), v})
		}
	}
	if f.scalar(shape) {
		all = append(all, f.values(shape, good)...)
	}
	return all
}

// with is a request with another value at a place.
func with(request any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	switch r := request.(type) {
	case object:
		c, name := maps.Clone(r), path[0].(string)
		c[name] = with(r[name], path[1:], value)
		if c[name] == (any(nothing{})) {
			delete(c, name)
		}
		return c
	case []any:
		c := slices.Clone(r)
		c[path[0].(int)] = with(c[path[0].(int)], path[1:], value)
		return c
	}
	panic(fmt.Sprintf("nothing is inside %v", request))
}
