package awsquery

import (
	"net/url"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

const (
	// maxParameters bounds a form; the largest input of any operation (a role
	// with fifty tags) has some 110.
	maxParameters = 1000
	// maxDepth bounds the dots of a name: Tags.member.1.Key has four parts.
	maxDepth = 8
)

// Decode reads a form (a request's body, or its query string for GET) into a
// tree: the dots of a name lead into it. A name that occurs twice is refused,
// since readers of such a form would not agree on its value.
func (Protocol) Decode(form []byte) (awsapi.Node, error) {
	root := awsapi.Node{Kind: awsapi.Form}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(string(form), "&") {
		if part == "" {
			continue
		}
		name, value, err := pair(part)
		if err != nil || seen[name] || len(seen) == maxParameters {
			return root, &awsapi.SerializationError{}
		}
		seen[name] = true
		if !put(&root, name, value) {
			return root, &awsapi.SerializationError{}
		}
	}
	return root, nil
}

func pair(part string) (name, value string, err error) {
	name, value, _ = strings.Cut(part, "=")
	if name, err = url.QueryUnescape(name); err != nil {
		return "", "", err
	}
	value, err = url.QueryUnescape(value)
	return name, value, err
}

// put stores a value under a dotted name; false if the name makes no sense.
func put(n *awsapi.Node, name, value string) bool {
	steps := strings.Split(name, ".")
	if len(steps) > maxDepth {
		return false
	}
	for _, s := range steps {
		if s == "" {
			return false
		}
		next := n.Member(s)
		if next == nil {
			n.Members = append(n.Members, awsapi.Member{Name: s, Value: awsapi.Node{Kind: awsapi.Form}})
			next = &n.Members[len(n.Members)-1].Value
		}
		n = next
	}
	n.Text = value
	return true
}
