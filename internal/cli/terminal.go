package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/daypass/daypass/internal/awsapi"
)

// Answers hold texts that strangers chose, and a terminal obeys the control
// characters in them: they can move the cursor over what was said before, set the
// title, and on some terminals type. JSON and YAML have escapes for them; text and
// tables are for programs as they are, and for terminals shown with them.

// isControl says whether a terminal does something with a character instead of
// showing it. Line ends and tabs do no harm.
func isControl(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// visible is a text with its control characters shown as escapes.
func visible(s string) string {
	if !strings.ContainsFunc(s, isControl) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isControl(r) {
			_, _ = fmt.Fprintf(&b, `\x%02x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// visibleLine is a text that stays on one line, because the next one is somebody else's.
func visibleLine(s string) string { return strings.ReplaceAll(visible(s), "\n", `\x0a`) }

// visibleNode is a value with its texts and names made visible.
func visibleNode(n awsapi.Node) awsapi.Node {
	switch n.Kind {
	case awsapi.List:
		list := make([]awsapi.Node, len(n.List))
		for i, e := range n.List {
			list[i] = visibleNode(e)
		}
		n.List = list
	case awsapi.Map:
		members := make([]awsapi.Member, len(n.Members))
		for i, m := range n.Members {
			members[i] = awsapi.Member{Name: visible(m.Name), Value: visibleNode(m.Value)}
		}
		n.Members = members
	default:
		n.Text = visible(n.Text)
	}
	return n
}

// quotedText is a text that YAML writes in double quotes, where control
// characters are escapes; elsewhere they are not allowed.
type quotedText string

// MarshalYAML implements yaml.BytesMarshaler.
func (t quotedText) MarshalYAML() ([]byte, error) {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	writeJSONText(w, string(t))
	err := w.Flush()
	return b.Bytes(), err
}

// yamlText is a text as the YAML library has it.
func yamlText(s string) any {
	if strings.ContainsFunc(s, isControl) {
		return quotedText(s)
	}
	return s
}
