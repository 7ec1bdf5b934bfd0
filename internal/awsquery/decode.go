package awsquery

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/awsapi"
)

// Bounds of a form, which keep what a stranger can cause in proportion to what
// they send.
const (
	// maxParameters is how many parameters a form may have, empty ones included;
	// the largest input of any operation (a role with fifty tags) has some 110.
	maxParameters = 1000
	// maxName is how long a name may be, in bytes: the longest of all,
	// ContextEntries.member.1.ContextKeyValues.member.1, has 49.
	maxName = 128
	// maxDepth is how many parts a name may have: that longest one has six.
	maxDepth = 8
)

// Decode reads a form (a request's body, or its query string for GET) into a
// tree: the dots of a name lead into it. A name that occurs twice is refused,
// since readers of such a form would not agree on its value, and so is text
// that is not UTF-8, which no answer could carry.
func (Protocol) Decode(form []byte) (awsapi.Node, error) {
	root := awsapi.Node{Kind: awsapi.Form}
	seen := make(map[string]bool, 16)
	parts := 0
	for part := range strings.SplitSeq(string(form), "&") {
		if parts++; parts > maxParameters {
			return root, refuse("too many parameters")
		}
		if part == "" {
			continue
		}
		name, value, ok := pair(part)
		switch {
		case !ok:
			return root, refuse("a parameter that is too long, escaped wrongly or no UTF-8")
		case seen[name]:
			return root, refuse("a parameter twice")
		case !put(&root, name, value):
			return root, refuse("a parameter with a name that leads nowhere")
		}
		seen[name] = true
	}
	return root, nil
}

// refuse says of a form what is wrong, for the log.
func refuse(what string) error { return &awsapi.SerializationError{Err: errors.New(what)} }

// Action finds the operation that a form asks for and the version of its API,
// and leaves all else for [Protocol.Decode]. They are empty where the form has
// none. The error is a *awsapi.SerializationError.
func Action(form []byte) (action, version string, err error) {
	var found [2]bool
	parts := 0
	for part := range bytes.SplitSeq(form, []byte{'&'}) {
		if parts++; parts > maxParameters {
			return "", "", refuse("too many parameters")
		}
		escaped, value, _ := bytes.Cut(part, []byte{'='})
		name, err := url.QueryUnescape(string(clipName(escaped)))
		if err != nil {
			continue // Decode refuses it
		}
		i, into := 0, &action
		switch name {
		case "Action":
		case "Version":
			i, into = 1, &version
		default:
			continue
		}
		if *into, err = url.QueryUnescape(string(value)); err != nil || found[i] || !utf8.ValidString(*into) {
			return "", "", refuse(name + " twice, or escaped wrongly")
		}
		found[i] = true
	}
	return action, version, nil
}

// clipName shortens a name that is too long to be Action or Version, however it
// is escaped.
func clipName(escaped []byte) []byte { return escaped[:min(len(escaped), 3*len("Version")+1)] }

func pair(part string) (name, value string, ok bool) {
	name, value, _ = strings.Cut(part, "=")
	name, err := url.QueryUnescape(name)
	if err != nil || len(name) > maxName || !utf8.ValidString(name) {
		return "", "", false
	}
	value, err = url.QueryUnescape(value)
	return name, value, err == nil && utf8.ValidString(value)
}

// put stores a value under a dotted name; false if the name makes no sense.
func put(n *awsapi.Node, name, value string) bool {
	for depth := 0; ; depth++ {
		step, rest, more := strings.Cut(name, ".")
		if step == "" || depth == maxDepth {
			return false
		}
		next := n.Member(step)
		if next == nil {
			n.Members = append(n.Members, awsapi.Member{Name: step, Value: awsapi.Node{Kind: awsapi.Form}})
			next = &n.Members[len(n.Members)-1].Value
		}
		n = next
		if !more {
			n.Text = value
			return true
		}
		name = rest
	}
}
