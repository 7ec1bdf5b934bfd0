package cli

import (
	"bufio"
	"slices"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// writeText writes an answer as tab-separated lines ("Text output format" in the
// User Guide of the AWS CLI): the scalars of an object in one line, behind the
// name of the object, and below it the lines of what is inside.
func (c *CLI) writeText(w *bufio.Writer, g *globals, n awsapi.Node) error {
	n, err := queried(g, n)
	if c.Width > 0 {
		n = visibleNode(n)
	}
	if err == nil {
		textOf(w, n, "", nil)
	}
	return err
}

func isScalar(n awsapi.Node) bool { return n.Kind != awsapi.List && n.Kind != awsapi.Map }

// str is a scalar as Python prints it.
func str(n awsapi.Node) string {
	switch n.Kind {
	case awsapi.Null:
		return "None"
	case awsapi.Bool:
		return pythonRepr(n)
	case awsapi.Number:
		return pythonNumber(n.Text)
	}
	return n.Text
}

// textOf writes a value under the name of what holds it. The keys are those of
// the scalars of all objects of a list, so that their columns fit.
func textOf(w *bufio.Writer, n awsapi.Node, name string, keys []string) {
	switch n.Kind {
	case awsapi.Map:
		textOfMap(w, n, name, keys)
	case awsapi.List:
		textOfList(w, n, name)
	default:
		_, _ = w.WriteString(str(n) + "\n")
	}
}

func textOfList(w *bufio.Writer, n awsapi.Node, name string) {
	switch {
	case len(n.List) == 0:
	case slices.ContainsFunc(n.List, func(e awsapi.Node) bool { return e.Kind == awsapi.Map }):
		keys := scalarKeys(n.List)
		for _, e := range n.List {
			textOf(w, e, name, keys)
		}
	case slices.ContainsFunc(n.List, func(e awsapi.Node) bool { return e.Kind == awsapi.List }):
		var scalars, others []awsapi.Node
		for _, e := range n.List {
			if isScalar(e) {
				scalars = append(scalars, e)
			} else {
				others = append(others, e)
			}
		}
		if scalars != nil {
			textOfScalars(w, scalars, name)
		}
		for _, e := range others {
			textOf(w, e, name, nil)
		}
	default:
		textOfScalars(w, n.List, name)
	}
}

func textOfScalars(w *bufio.Writer, list []awsapi.Node, name string) {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = str(e)
	}
	if name == "" {
		_, _ = w.WriteString(strings.Join(texts, "\t") + "\n")
		return
	}
	for _, t := range texts {
		_, _ = w.WriteString(strings.ToUpper(name) + "\t" + t + "\n")
	}
}

// scalarKeys are the names of all scalars in a list of objects.
func scalarKeys(list []awsapi.Node) []string {
	keys := []string{}
	for _, e := range list {
		for _, m := range e.Members {
			if isScalar(m.Value) && !slices.Contains(keys, m.Name) {
				keys = append(keys, m.Name)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

func sortedMembers(n awsapi.Node) []awsapi.Member {
	return slices.SortedStableFunc(slices.Values(n.Members), func(a, b awsapi.Member) int { return strings.Compare(a.Name, b.Name) })
}

func textOfMap(w *bufio.Writer, n awsapi.Node, name string, keys []string) {
	var scalars []string
	var others []awsapi.Member
	if keys == nil {
		for _, m := range sortedMembers(n) {
			if isScalar(m.Value) {
				scalars = append(scalars, str(m.Value))
			} else {
				others = append(others, m)
			}
		}
	} else {
		for _, k := range keys {
			if m := n.Member(k); m != nil {
				scalars = append(scalars, pythonScalar(*m))
			} else {
				scalars = append(scalars, "")
			}
		}
		for _, m := range sortedMembers(n) {
			if !slices.Contains(keys, m.Name) {
				others = append(others, m)
			}
		}
	}
	if len(scalars) > 0 {
		if name != "" {
			scalars = append([]string{strings.ToUpper(name)}, scalars...)
		}
		_, _ = w.WriteString(strings.Join(scalars, "\t") + "\n")
	}
	for _, m := range others {
		textOf(w, m.Value, m.Name, nil)
	}
}

// pythonScalar is a value in a column of scalars; one that is no scalar in this
// object is written as Python shows it.
func pythonScalar(n awsapi.Node) string {
	if isScalar(n) {
		return str(n)
	}
	return pythonRepr(n)
}
