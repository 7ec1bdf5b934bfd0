package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/daypass/daypass/internal/awsapi"
)

// print prints what a command gives, page by page where the format goes by
// pages and at once elsewhere.
func (c *CLI) print(g *globals, s *settings, op *operation, answers iter.Seq2[*answer, error]) error {
	out, done, err := c.pager(g, s)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	err = c.write(w, g, s, op, answers)
	if flushed := w.Flush(); err == nil {
		err = flushed
	}
	done()
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return nil // the reader has seen enough
	}
	return err
}

func (c *CLI) write(w *bufio.Writer, g *globals, s *settings, op *operation, answers iter.Seq2[*answer, error]) error {
	switch s.output {
	case "text":
		for a, err := range answers {
			if err != nil {
				return err
			}
			if err := c.writeText(w, g, a.shown); err != nil {
				return err
			}
			if a.resume != "" {
				token := awsapi.Node{Kind: awsapi.Map, Members: []awsapi.Member{{Name: "NextToken", Value: text(a.resume)}}}
				if err := c.writeText(w, g, awsapi.Node{Kind: awsapi.Map, Members: []awsapi.Member{{Name: "NextToken", Value: token}}}); err != nil {
					return err
				}
			}
		}
		return nil
	case "yaml-stream":
		for a, err := range answers {
			if err != nil {
				return err
			}
			n, err := queried(g, a.page)
			if err != nil {
				return err
			}
			if len(a.page.Members) == 0 && !op.row.HasOutput() {
				continue
			}
			if err := writeYAML(w, awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{n}}); err != nil {
				return err
			}
			if err := w.Flush(); err != nil {
				return err
			}
		}
		return nil
	}
	whole, err := collect(answers)
	if err != nil {
		return err
	}
	n, err := queried(g, whole)
	if err != nil {
		return err
	}
	if n.Kind == awsapi.Map && len(n.Members) == 0 {
		return nil
	}
	switch s.output {
	case "yaml":
		return writeYAML(w, n)
	case "table":
		return c.writeTable(w, g, op.row.Name, n)
	}
	writeJSON(w, n, "")
	return w.WriteByte('\n')
}

// queried is what --query makes of an answer.
func queried(g *globals, n awsapi.Node) (awsapi.Node, error) {
	if g.query == nil {
		return n, nil
	}
	return g.query.Search(n)
}

// isoformat is a time as Python writes it, which the AWS CLI prints.
func isoformat(t time.Time) string {
	if t.Nanosecond() != 0 {
		return t.Format("2006-01-02T15:04:05.000000-07:00")
	}
	return t.Format("2006-01-02T15:04:05-07:00")
}

// printed turns the times of an answer into the texts that are printed.
func printed(n awsapi.Node, local bool) awsapi.Node {
	switch n.Kind {
	case awsapi.Time:
		t, err := time.Parse(time.RFC3339Nano, n.Text)
		if err != nil {
			return text(n.Text)
		}
		if local {
			t = t.Local()
		}
		return text(isoformat(t))
	case awsapi.List:
		for i := range n.List {
			n.List[i] = printed(n.List[i], local)
		}
	case awsapi.Map:
		for i := range n.Members {
			n.Members[i].Value = printed(n.Members[i].Value, local)
		}
	}
	return n
}

const indent = "    "

// writeJSON writes a value as Python's json does with an indent of four.
func writeJSON(w *bufio.Writer, n awsapi.Node, margin string) {
	deeper := margin + indent
	switch n.Kind {
	case awsapi.List:
		if len(n.List) == 0 {
			_, _ = w.WriteString("[]")
			return
		}
		for i, e := range n.List {
			_, _ = w.WriteString([]string{"[\n", ",\n"}[min(i, 1)] + deeper)
			writeJSON(w, e, deeper)
		}
		_, _ = w.WriteString("\n" + margin + "]")
	case awsapi.Map:
		if len(n.Members) == 0 {
			_, _ = w.WriteString("{}")
			return
		}
		for i, m := range n.Members {
			_, _ = w.WriteString([]string{"{\n", ",\n"}[min(i, 1)] + deeper)
			writeJSONText(w, m.Name)
			_, _ = w.WriteString(": ")
			writeJSON(w, m.Value, deeper)
		}
		_, _ = w.WriteString("\n" + margin + "}")
	case awsapi.Null:
		_, _ = w.WriteString("null")
	case awsapi.Bool:
		_, _ = w.WriteString(n.Text)
	case awsapi.Number:
		_, _ = w.WriteString(pythonNumber(n.Text))
	default:
		writeJSONText(w, n.Text)
	}
}

// pythonNumber is a number as Python prints it: a whole one as it is, another
// the shortest way.
func pythonNumber(s string) string {
	if !strings.ContainsAny(s, ".eE") {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if out := strconv.FormatFloat(f, 'f', -1, 64); strings.Contains(out, ".") {
		return out
	}
	return strconv.FormatFloat(f, 'f', 1, 64)
}

func writeJSONText(w *bufio.Writer, s string) {
	_ = w.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			_ = w.WriteByte('\\')
			_, _ = w.WriteRune(r)
		case '\n':
			_, _ = w.WriteString(`\n`)
		case '\r':
			_, _ = w.WriteString(`\r`)
		case '\t':
			_, _ = w.WriteString(`\t`)
		case '\b':
			_, _ = w.WriteString(`\b`)
		case '\f':
			_, _ = w.WriteString(`\f`)
		default:
			if isControl(r) {
				_, _ = fmt.Fprintf(w, `\u%04x`, r)
			} else {
				_, _ = w.WriteRune(r)
			}
		}
	}
	_ = w.WriteByte('"')
}

// writeYAML writes a value as YAML; a lone scalar as JSON, which YAML takes too.
func writeYAML(w *bufio.Writer, n awsapi.Node) error {
	if n.Kind != awsapi.Map && n.Kind != awsapi.List {
		writeJSON(w, n, "")
		return w.WriteByte('\n')
	}
	b, err := yaml.MarshalWithOptions(toYAML(n), yaml.IndentSequence(false), yaml.UseLiteralStyleIfMultiline(false))
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// toYAML is a value as the YAML library has it.
func toYAML(n awsapi.Node) any {
	switch n.Kind {
	case awsapi.List:
		list := make([]any, len(n.List))
		for i, e := range n.List {
			list[i] = toYAML(e)
		}
		return list
	case awsapi.Map:
		m := make(yaml.MapSlice, len(n.Members))
		for i, e := range n.Members {
			m[i] = yaml.MapItem{Key: yamlText(e.Name), Value: toYAML(e.Value)}
		}
		return m
	case awsapi.Null:
		return nil
	case awsapi.Bool:
		return n.Text == "true"
	case awsapi.Number:
		if i, err := strconv.ParseInt(n.Text, 10, 64); err == nil {
			return i
		}
		f, _ := strconv.ParseFloat(n.Text, 64)
		return f
	}
	return yamlText(n.Text)
}

// fromYAML is a value that the YAML library read.
func fromYAML(v any) (awsapi.Node, error) {
	switch v := v.(type) {
	case nil:
		return awsapi.Node{}, nil
	case bool:
		return awsapi.Node{Kind: awsapi.Bool, Text: strconv.FormatBool(v)}, nil
	case string:
		return text(v), nil
	case int, int64, uint64, float64:
		return awsapi.Node{Kind: awsapi.Number, Text: fmt.Sprint(v)}, nil
	case time.Time:
		return awsapi.Node{Kind: awsapi.Time, Text: v.Format(time.RFC3339Nano)}, nil
	case []any:
		n := awsapi.Node{Kind: awsapi.List, List: make([]awsapi.Node, len(v))}
		for i, e := range v {
			var err error
			if n.List[i], err = fromYAML(e); err != nil {
				return n, err
			}
		}
		return n, nil
	case yaml.MapSlice:
		n := awsapi.Node{Kind: awsapi.Map}
		for _, e := range v {
			value, err := fromYAML(e.Value)
			if err != nil {
				return n, err
			}
			n.Members = append(n.Members, awsapi.Member{Name: fmt.Sprint(e.Key), Value: value})
		}
		return n, nil
	}
	return awsapi.Node{}, fmt.Errorf("a YAML value of the type %T", v)
}

// inJSON is a value in JSON.
func inJSON(n awsapi.Node) string {
	var out strings.Builder
	w := bufio.NewWriter(&out)
	writeJSON(w, n, "")
	_ = w.Flush() // a builder takes everything
	return out.String()
}
