package cli

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// skeleton prints what --generate-cli-skeleton asks for. The skeleton of an
// output goes through --query and --output as an answer does.
func (c *CLI) skeleton(g *globals, op *operation, in awsapi.Node, kind string) (done bool, err error) {
	w := bufio.NewWriter(c.Stdout)
	defer func() {
		if flushed := w.Flush(); err == nil {
			err = flushed
		}
	}()
	switch kind {
	case "output":
		if err := validate(in, op.row.Input()); err != nil {
			return true, err
		}
		out := awsapi.Node{Kind: awsapi.Map}
		if op.row.HasOutput() {
			out = sample(op.row.Output(), "", true, nil)
		}
		s := &settings{output: g.word("output")}
		if s.output == "" {
			s.output = c.outputFormat(g)
		}
		return true, c.write(w, g, s, op, func(yield func(*answer, error) bool) { yield(&answer{page: out, shown: out}, nil) })
	case "yaml-input":
		c.yamlSkeleton(w, op.service.comments(), op.row.Input(), "")
		return true, nil
	}
	writeJSON(w, sample(op.row.Input(), "", false, nil), "")
	return true, w.WriteByte('\n')
}

// sample is a value of a type as an example: strings empty, or with their
// member's name.
func sample(t awsapi.Type, name string, named bool, outer []string) awsapi.Node {
	switch t.Kind() {
	case awsapi.StructureType:
		out := awsapi.Node{Kind: awsapi.Map}
		seen := 0
		for _, o := range outer {
			if o == t.Name() {
				seen++
			}
		}
		if seen > 0 && t.Name() != "" {
			return out
		}
		for _, m := range t.Members() {
			out.Members = append(out.Members, awsapi.Member{Name: m.Name, Value: sample(m.Type, m.Name, named, append(outer, t.Name()))})
		}
		return out
	case awsapi.ListType:
		return awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{sample(t.Elem(), t.Elem().Name(), named, outer)}}
	case awsapi.MapType:
		return awsapi.Node{Kind: awsapi.Map, Members: []awsapi.Member{{Name: "KeyName", Value: sample(t.Elem(), "", named, outer)}}}
	case awsapi.IntegerType, awsapi.LongType:
		return awsapi.Node{Kind: awsapi.Number, Text: "0"}
	case awsapi.BooleanType:
		return awsapi.Node{Kind: awsapi.Bool, Text: "true"}
	case awsapi.TimestampType:
		return text("1970-01-01T00:00:00")
	}
	if named {
		return text(name)
	}
	if values := t.Shape().Values(); len(values) > 0 {
		return text(values[0])
	}
	return text("")
}

// yamlSkeleton writes the sample of an input as YAML, each member with a comment.
func (c *CLI) yamlSkeleton(w *bufio.Writer, comments map[string]string, t awsapi.Type, margin string) {
	if len(t.Members()) == 0 && margin == "" {
		_, _ = w.WriteString("{}\n")
	}
	for _, m := range t.Members() {
		c.yamlMember(w, comments, m.Name, m.Type, margin, yamlComment(comments, t, m))
	}
}

func yamlComment(comments map[string]string, t awsapi.Type, m awsapi.TypeMember) string {
	var parts []string
	if m.Required {
		parts = append(parts, "[REQUIRED]")
	}
	if doc := comments[t.Name()+"."+m.GoName]; doc != "" {
		first, _, _ := strings.Cut(doc, "\n")
		parts = append(parts, first)
	}
	if values := m.Type.Shape().Values(); values != nil {
		parts = append(parts, "Valid values are: "+strings.Join(values, ", ")+".")
	}
	if parts == nil {
		return ""
	}
	return " # " + strings.Join(parts, " ")
}

func (c *CLI) yamlMember(w *bufio.Writer, comments map[string]string, name string, t awsapi.Type, margin, comment string) {
	line := func(value string) { fmt.Fprintf(w, "%s%s:%s%s\n", margin, name, value, comment) }
	switch t.Kind() {
	case awsapi.StructureType:
		line("")
		c.yamlSkeleton(w, comments, t, margin+"  ")
	case awsapi.MapType:
		line("")
		c.yamlMember(w, comments, "KeyName", t.Elem(), margin+"  ", "")
	case awsapi.ListType:
		line("")
		elem := t.Elem()
		if elem.Kind() != awsapi.StructureType {
			fmt.Fprintf(w, "%s- %s\n", margin, yamlScalar(elem))
			return
		}
		for i, m := range elem.Members() {
			lead := margin + "  "
			if i == 0 {
				_, _ = w.WriteString(margin + "- ")
				lead = ""
			}
			// What is nested in the first member keeps its own margin.
			c.yamlElement(w, comments, m, lead, margin+"  ", yamlComment(comments, elem, m))
		}
	default:
		line(" " + yamlScalar(t))
	}
}

// yamlElement writes a member of an element of a list, whose first member stands
// behind a dash.
func (c *CLI) yamlElement(w *bufio.Writer, comments map[string]string, m awsapi.TypeMember, lead, margin, comment string) {
	switch m.Type.Kind() {
	case awsapi.StructureType, awsapi.MapType, awsapi.ListType:
		fmt.Fprintf(w, "%s%s:%s\n", lead, m.Name, comment)
		switch m.Type.Kind() {
		case awsapi.StructureType:
			c.yamlSkeleton(w, comments, m.Type, margin+"  ")
		case awsapi.MapType:
			c.yamlMember(w, comments, "KeyName", m.Type.Elem(), margin+"  ", "")
		default:
			fmt.Fprintf(w, "%s- %s\n", margin, yamlScalar(m.Type.Elem()))
		}
	default:
		fmt.Fprintf(w, "%s%s: %s%s\n", lead, m.Name, yamlScalar(m.Type), comment)
	}
}

func yamlScalar(t awsapi.Type) string {
	n := sample(t, "", false, nil)
	if n.Kind == awsapi.Text {
		if n.Text == "" {
			return "''"
		}
		return n.Text
	}
	return n.Text
}
