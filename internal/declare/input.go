package declare

import (
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/typo"
)

// maxName is the longest name that a known one is looked for, in bytes.
const maxName = 64

// unknown says that there is no member of a name, and which one was meant.
func unknown(line int, name, what string, known []string) error {
	nearest, least := "", 0
	if len(name) <= maxName {
		for _, k := range known {
			if d := typo.Edits(strings.ToLower(name), strings.ToLower(k)); nearest == "" || d < least {
				nearest, least = k, d
			}
		}
	}
	if nearest != "" && least*3 <= len(nearest) {
		return mistake(line, "%s has no member %s: did you mean %s?", what, name, nearest)
	}
	slices.Sort(known)
	return mistake(line, "%s has no member %s; it has %s", what, name, strings.Join(known, ", "))
}

// structure is an object as a structure of the API has it. more are names that the object
// may have besides, which have been taken out.
func structure(v *value, t awsapi.Type, what string, more []string) (awsapi.Node, error) {
	n := awsapi.Node{Kind: awsapi.Map}
	if v.kind != awsapi.Map {
		return n, mistake(v.line, "%s is an object", what)
	}
	for _, m := range v.members {
		field, ok := t.Member(m.name)
		if !ok {
			known := more
			for _, f := range t.Members() {
				known = append(known, f.Name)
			}
			return n, unknown(m.line, m.name, what, known)
		}
		if m.kind == awsapi.Null {
			continue
		}
		e, err := typed(m.value, field.Type, what+"'s "+m.name)
		if err != nil {
			return n, err
		}
		n.Members = append(n.Members, awsapi.Member{Name: m.name, Value: e})
	}
	return n, nil
}

// typed is a value as a type of the API has it.
func typed(v *value, t awsapi.Type, what string) (awsapi.Node, error) {
	switch t.Kind() {
	case awsapi.StructureType:
		return structure(v, t, what, nil)
	case awsapi.ListType:
		n := awsapi.Node{Kind: awsapi.List}
		if v.kind != awsapi.List {
			return n, mistake(v.line, "%s is a list", what)
		}
		for _, e := range v.list {
			item, err := typed(e, t.Elem(), what)
			if err != nil {
				return n, err
			}
			n.List = append(n.List, item)
		}
		return n, nil
	case awsapi.MapType:
		n := awsapi.Node{Kind: awsapi.Map}
		if v.kind != awsapi.Map {
			return n, mistake(v.line, "%s is an object", what)
		}
		for _, m := range v.members {
			e, err := typed(m.value, t.Elem(), what+"'s "+m.name)
			if err != nil {
				return n, err
			}
			n.Members = append(n.Members, awsapi.Member{Name: m.name, Value: e})
		}
		return n, nil
	case awsapi.BooleanType:
		if v.kind != awsapi.Bool {
			return awsapi.Node{}, mistake(v.line, "%s is true or false", what)
		}
		return awsapi.Node{Kind: awsapi.Bool, Text: v.text}, nil
	case awsapi.IntegerType, awsapi.LongType:
		if v.kind != awsapi.Number {
			return awsapi.Node{}, mistake(v.line, "%s is a number", what)
		}
		return awsapi.Node{Kind: awsapi.Number, Text: v.text}, nil
	}
	if t.Kind() == awsapi.TimestampType {
		at, ok := seconds(awsapi.Node{Kind: v.kind, Text: v.text})
		if !ok {
			return at, mistake(v.line, "%s is a date, such as 2027-06-30, or a time, such as 2027-06-30T12:00:00Z", what)
		}
		return at, nil
	}
	if t.Shape().IsDocument() {
		s, err := v.document(what)
		return text(s), err
	}
	s, err := v.word(what)
	return text(s), err
}

func text(s string) awsapi.Node { return awsapi.Node{Kind: awsapi.Text, Text: s} }

// object is an object of names and values in turn; values are texts and nodes.
func object(members ...any) awsapi.Node {
	n := awsapi.Node{Kind: awsapi.Map}
	for i := 0; i+1 < len(members); i += 2 {
		set(&n, members[i].(string), members[i+1])
	}
	return n
}

func set(n *awsapi.Node, name string, v any) {
	e, ok := v.(awsapi.Node)
	if !ok {
		e = text(v.(string))
	}
	if m := n.Member(name); m != nil {
		*m = e
		return
	}
	n.Members = append(n.Members, awsapi.Member{Name: name, Value: e})
}

// word is a member's text; empty where there is none.
func word(n awsapi.Node, name string) string {
	if m := n.Member(name); m != nil {
		return m.Text
	}
	return ""
}

// pick is the object with some of the members.
func pick(n awsapi.Node, names ...string) awsapi.Node {
	out := awsapi.Node{Kind: awsapi.Map}
	for _, name := range names {
		if m := n.Member(name); m != nil {
			out.Members = append(out.Members, awsapi.Member{Name: name, Value: *m})
		}
	}
	return out
}
