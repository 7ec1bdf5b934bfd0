package cli

import (
	"errors"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// withheld stands where a secret was.
const withheld = "(withheld)"

// longestShown is how long a word may be that is shown although nobody knows what
// it is: keys and tokens are longer.
const longestShown = 32

// holdsSecret says whether values of a type are secrets or may have some inside.
func holdsSecret(t awsapi.Type) bool { return holdsSecretBelow(t, 0) }

func holdsSecretBelow(t awsapi.Type, depth int) bool {
	switch {
	case t.Sensitive():
		return true
	case depth > maxHelpDepth:
		return true // a type that contains itself: nobody knows
	}
	switch t.Kind() {
	case awsapi.ListType, awsapi.MapType:
		return holdsSecretBelow(t.Elem(), depth+1)
	case awsapi.StructureType:
		for _, m := range t.Members() {
			if holdsSecretBelow(m.Type, depth+1) {
				return true
			}
		}
	}
	return false
}

// withoutSecrets is a value as it may be shown: what is sensitive is left out, and
// so is what the type does not know.
func withoutSecrets(n awsapi.Node, t awsapi.Type) awsapi.Node {
	switch n.Kind {
	case awsapi.List:
		if t.Kind() != awsapi.ListType {
			return text(withheld)
		}
		list := make([]awsapi.Node, len(n.List))
		for i, e := range n.List {
			list[i] = withoutSecrets(e, t.Elem())
		}
		n.List = list
	case awsapi.Map:
		members := make([]awsapi.Member, len(n.Members))
		for i, m := range n.Members {
			members[i] = awsapi.Member{Name: m.Name, Value: text(withheld)}
			if t.Kind() == awsapi.MapType {
				members[i].Value = withoutSecrets(m.Value, t.Elem())
			} else if t.Kind() == awsapi.StructureType {
				if member, ok := t.Member(m.Name); ok {
					members[i].Value = withoutSecrets(m.Value, member.Type)
				}
			}
		}
		n.Members = members
	default:
		if k := t.Kind(); t.Sensitive() || k == awsapi.ListType || k == awsapi.MapType || k == awsapi.StructureType {
			return text(withheld) // a secret, or not what it should be
		}
	}
	return n
}

// shownWord is a word of the command line that nothing took, as it may be shown.
func shownWord(word string) string {
	if name, value, ok := strings.Cut(word, "="); ok && looksLikeOption(word, nil) && len(value) > longestShown {
		return name + "=" + withheld
	} else if !looksLikeOption(word, nil) && len(word) > longestShown {
		return withheld
	}
	return word
}

// inputError is a value that cannot be read: what is wrong with it, and how the
// sentence goes on, which quotes the value.
type inputError struct{ said, quoting string }

func (e *inputError) Error() string { return e.said + e.quoting }

// withoutInput is what is said of a value that cannot be read, without the value.
func withoutInput(err error) error {
	said := err.Error()
	if e, ok := errors.AsType[*inputError](err); ok {
		said = strings.TrimSuffix(said, e.quoting)
	}
	return usageError("%s (the value is not shown: it can hold a secret)", said)
}
