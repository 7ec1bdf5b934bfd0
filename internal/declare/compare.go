package declare

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// canonical is a value as text in which the order of members does not count.
func canonical(n awsapi.Node) string { return string(inOrder(n, false).AppendJSON(nil)) }

// inOrder sorts the members of objects, and the elements of lists where asked for.
func inOrder(n awsapi.Node, lists bool) awsapi.Node {
	n.Members = slices.Clone(n.Members)
	for i := range n.Members {
		n.Members[i].Value = inOrder(n.Members[i].Value, lists)
	}
	slices.SortFunc(n.Members, func(a, b awsapi.Member) int { return strings.Compare(a.Name, b.Name) })
	n.List = slices.Clone(n.List)
	for i := range n.List {
		n.List[i] = inOrder(n.List[i], lists)
	}
	if lists {
		slices.SortFunc(n.List, func(a, b awsapi.Node) int {
			return strings.Compare(string(a.AppendJSON(nil)), string(b.AppendJSON(nil)))
		})
	}
	return n
}

// sameValue compares members of a pool: one that is empty or false is the same as one
// that is absent, and lists are sets.
func sameValue(a, b *awsapi.Node) bool {
	if emptyValue(a) || emptyValue(b) {
		return emptyValue(a) && emptyValue(b)
	}
	return canonical(inOrder(withoutEmpty(*a), true)) == canonical(inOrder(withoutEmpty(*b), true))
}

// emptyValue says whether a value says nothing.
func emptyValue(n *awsapi.Node) bool {
	return n == nil || n.Kind == awsapi.Null || n.Kind == awsapi.Bool && n.Text == "false" || n.Kind != awsapi.Bool && n.Text == "" && len(n.List) == 0 && len(n.Members) == 0
}

// withoutEmpty leaves out members that say nothing.
func withoutEmpty(n awsapi.Node) awsapi.Node {
	members := n.Members
	n.Members = nil
	for _, m := range members {
		if v := withoutEmpty(m.Value); !(v.Kind == awsapi.Bool && v.Text == "false" || v.Kind == awsapi.Null) {
			n.Members = append(n.Members, awsapi.Member{Name: m.Name, Value: v})
		}
	}
	list := n.List
	n.List = nil
	for _, e := range list {
		n.List = append(n.List, withoutEmpty(e))
	}
	return n
}

// sameDocument compares a policy of an answer, which may travel URL-encoded, with one
// of a file.
func sameDocument(is awsapi.Node, wants string) bool {
	return documentOf(is) == documentOf(text(wants))
}

func documentOf(n awsapi.Node) string {
	plain := plainDocument(n)
	parsed, err := awsapi.ParseJSON([]byte(plain.Text))
	if err != nil {
		return plain.Text
	}
	return canonical(parsed)
}

// plainDocument is the text of a policy of an answer.
func plainDocument(n awsapi.Node) awsapi.Node {
	if n.Kind != awsapi.Text {
		return text(string(n.AppendJSON(nil)))
	}
	if strings.HasPrefix(n.Text, "%7B") {
		if decoded, err := url.QueryUnescape(strings.ReplaceAll(n.Text, "+", "%2B")); err == nil {
			return text(decoded)
		}
	}
	return n
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func textsOf(n awsapi.Node, name string) (all []string) {
	if m := n.Member(name); m != nil {
		for _, e := range m.List {
			all = append(all, e.Text)
		}
	}
	return all
}

// memberOf is a member; the zero node where there is none.
func memberOf(n awsapi.Node, name string) awsapi.Node {
	if m := n.Member(name); m != nil {
		return *m
	}
	return awsapi.Node{}
}

func truth(b bool) awsapi.Node {
	if b {
		return awsapi.Node{Kind: awsapi.Bool, Text: "true"}
	}
	return awsapi.Node{Kind: awsapi.Bool, Text: "false"}
}

func sorted[V any](set map[string]V) []string { return slices.Sorted(maps.Keys(set)) }

func orSlash(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// orHour is the longest time of a role's sessions, in seconds.
func orHour(seconds string) string {
	if seconds == "" {
		return "3600"
	}
	return seconds
}
