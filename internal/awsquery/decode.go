package awsquery

import (
	"bytes"
	"errors"
	"iter"
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
	// spare is how many parameters are kept beyond what an operation takes, so that
	// the refusal of a list with too many entries shows them, as AWS's does.
	spare = 256
)

// Decode reads a form (a request's body, or its query string for GET) into a tree
// along the outline of an operation's input: the dots of a name lead into it, and a
// parameter whose name leads elsewhere is read over. A name that occurs twice is
// refused, since readers of such a form would not agree on its value, and so is
// text that is not UTF-8, which no answer could carry.
func (Protocol) Decode(row *awsapi.Row, form []byte) (awsapi.Node, error) {
	o := row.Outline()
	root := awsapi.Node{Kind: awsapi.Form}
	var seen awsapi.Names
	parts, left := 0, o.Values()+spare
	for part := range bytes.SplitSeq(form, []byte{'&'}) {
		if parts++; parts > maxParameters {
			return root, refuse("too many parameters")
		}
		if len(part) == 0 {
			continue
		}
		escaped, value, _ := bytes.Cut(part, []byte{'='})
		name, ok := name(escaped)
		switch {
		case !ok:
			return root, refuse("a name that is too long, escaped wrongly, no UTF-8 or leads nowhere")
		case !seen.Add(name):
			return root, refuse("a parameter twice")
		}
		n := place(o, &root, name)
		if n == nil {
			if !legible(value) {
				return root, refuse("a value that is escaped wrongly")
			}
			continue
		}
		if left--; left < 0 {
			return root, refuse("too many parameters for the operation")
		}
		if n.Text, ok = unescape(value); !ok {
			return root, refuse("a value that is escaped wrongly or no UTF-8")
		}
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
		name := clipName(escaped)
		if !literal(name) {
			plain, ok := unescape(name)
			if !ok {
				continue // Decode refuses it
			}
			name = []byte(plain)
		}
		i, into := 0, &action
		switch string(name) {
		case "Action":
		case "Version":
			i, into = 1, &version
		default:
			continue
		}
		var ok bool
		if *into, ok = unescape(value); !ok || found[i] {
			return "", "", refuse(string(name) + " twice, or escaped wrongly")
		}
		found[i] = true
	}
	return action, version, nil
}

// Share says whether a query and a form that Decode has read have a parameter in
// common, be its values equal or not, or the query has more of them than a form
// may have. Parameters that cannot be read are passed over.
func Share(query, form []byte) bool {
	if len(query) == 0 {
		return false
	}
	if bytes.Count(query, []byte{'&'}) >= maxParameters {
		return true
	}
	names := map[string]bool{}
	for name := range parameterNames(query) {
		names[name] = true
	}
	for name := range parameterNames(form) {
		if names[name] {
			return true
		}
	}
	return false
}

// parameterNames are the names of a form's parameters, as far as they can be read.
func parameterNames(form []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range bytes.SplitSeq(form, []byte{'&'}) {
			escaped, _, _ := bytes.Cut(part, []byte{'='})
			name, err := url.QueryUnescape(string(escaped[:min(len(escaped), 3*maxName)]))
			if err == nil && len(part) > 0 && !yield(name) {
				return
			}
		}
	}
}

// clipName shortens a name that is too long to be Action or Version, however it
// is escaped.
func clipName(escaped []byte) []byte { return escaped[:min(len(escaped), 3*len("Version")+1)] }

// name reads the name of a parameter, false if it makes no sense.
func name(escaped []byte) (string, bool) {
	if len(escaped) > 3*maxName {
		return "", false
	}
	name, ok := unescape(escaped)
	if !ok || len(name) > maxName {
		return "", false
	}
	depth := 0
	for step := range strings.SplitSeq(name, ".") {
		if depth++; step == "" || depth > maxDepth {
			return "", false
		}
	}
	return name, true
}

// place finds where in the tree the value of a parameter belongs, and grows the
// tree to there; nil if the input has no such place. Below a scalar, or beside what
// a list is made of, one step is kept: enough to refuse it.
func place(o *awsapi.Outline, n *awsapi.Node, name string) *awsapi.Node {
	for {
		step, rest, more := strings.Cut(name, ".")
		switch {
		case o.Structure():
			_, known, member := o.Member(step)
			if member == nil {
				return nil
			}
			o, step = member, known
		case o.Kind() == awsapi.List && step == "member":
			n = child(n, "member")
			if !more {
				return n
			}
			step, rest, more = strings.Cut(rest, ".")
			o = o.Elem()
		default:
			return child(n, step)
		}
		n = child(n, step)
		if !more {
			return n
		}
		name = rest
	}
}

// child finds a part of a value, and makes it if it is not there.
func child(n *awsapi.Node, name string) *awsapi.Node {
	if m := n.Member(name); m != nil {
		return m
	}
	n.Members = append(n.Members, awsapi.Member{Name: name, Value: awsapi.Node{Kind: awsapi.Form}})
	return &n.Members[len(n.Members)-1].Value
}

// legible says whether a text is escaped as it must be.
func legible(escaped []byte) bool {
	for i := 0; i < len(escaped); i++ {
		if escaped[i] == '%' {
			if i+2 >= len(escaped) || unhex[escaped[i+1]] < 0 || unhex[escaped[i+2]] < 0 {
				return false
			}
			i += 2
		}
	}
	return true
}

// literal says whether nothing in a text is escaped.
func literal(escaped []byte) bool {
	return bytes.IndexByte(escaped, '%') < 0 && bytes.IndexByte(escaped, '+') < 0
}

// unescape reads a text; false if it is escaped wrongly or no UTF-8. It makes one
// copy, since a form may have megabytes.
func unescape(escaped []byte) (string, bool) {
	if literal(escaped) {
		return string(escaped), utf8.Valid(escaped)
	}
	if !legible(escaped) {
		return "", false
	}
	var b strings.Builder
	b.Grow(len(escaped) - 2*bytes.Count(escaped, []byte{'%'}))
	for i := 0; i < len(escaped); i++ {
		switch c := escaped[i]; c {
		case '%':
			b.WriteByte(byte(unhex[escaped[i+1]])<<4 | byte(unhex[escaped[i+2]]))
			i += 2
		case '+':
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), utf8.ValidString(b.String())
}

// unhex are the values of hexadecimal digits, -1 for other bytes.
var unhex = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = int8(i)
	}
	for i, c := range []byte("ABCDEF") {
		t[c] = int8(10 + i)
	}
	return t
}()
