package cli

import (
	"bufio"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/width"

	"github.com/daypass/daypass/internal/awsapi"
)

// A table ("Table output format" in the User Guide of the AWS CLI) is a stack of
// sections, deeper ones indented, each with a title, a row of headers and rows.
type table struct {
	sections []*section
	style    func(string) string // of values, colours for instance
	edge     string              // at the sides of what is indented
}

type section struct {
	title   string
	headers []string
	rows    [][]string
	indent  int
	widths  []int // of the columns, without padding
}

func (c *CLI) writeTable(w *bufio.Writer, g *globals, title string, n awsapi.Node) error {
	t := &table{style: func(s string) string { return s }, edge: "|"}
	if color := g.word("color"); color == "on" || color != "off" && c.Width > 0 {
		t.style = func(s string) string { return "\x1b[1m\x1b[34m" + s + "\x1b[0m" }
		t.edge = "\x1b[2m\x1b[33m|\x1b[0m"
	}
	if c.Width > 0 {
		n = visibleNode(n)
	}
	ok, err := t.build(title, n, 0)
	if err != nil || !ok {
		return err
	}
	columns := c.Width
	if columns == 0 {
		columns = 80
	}
	t.render(w, columns)
	return nil
}

func (t *table) section(title string, indent int) {
	t.sections = append(t.sections, &section{title: title, indent: indent})
}

func (t *table) current() *section { return t.sections[len(t.sections)-1] }

func (t *table) row(cells ...string) error {
	s := t.current()
	columns := len(s.headers)
	if columns == 0 && len(s.rows) > 0 {
		columns = len(s.rows[0])
	}
	if columns > 0 && columns != len(cells) {
		return fmt.Errorf("Row should have %d elements, instead it has %d", columns, len(cells)) //nolint:staticcheck // the sentence of the AWS CLI
	}
	s.rows = append(s.rows, cells)
	s.widen(cells)
	return nil
}

func (t *table) header(cells []string) {
	s := t.current()
	s.headers = cells
	s.widen(cells)
}

func (s *section) widen(cells []string) {
	for i, c := range cells {
		if i == len(s.widths) {
			s.widths = append(s.widths, 0)
		}
		s.widths[i] = max(s.widths[i], columnsOf(c))
	}
}

// columnsOf is how many columns a text takes on a terminal.
func columnsOf(s string) (n int) {
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
			n += 2
		default:
			n++
		}
	}
	return n
}

// empty is what Python holds for false: such a value makes no section.
func empty(n awsapi.Node) bool {
	switch n.Kind {
	case awsapi.List:
		return len(n.List) == 0
	case awsapi.Map:
		return len(n.Members) == 0
	case awsapi.Null:
		return true
	case awsapi.Bool:
		return n.Text == "false"
	case awsapi.Number:
		return number(n) == 0
	}
	return n.Text == ""
}

func (t *table) build(title string, n awsapi.Node, indent int) (bool, error) {
	if empty(n) {
		return false, nil
	}
	if title != "" {
		t.section(title, indent)
	}
	switch {
	case n.Kind == awsapi.List && n.List[0].Kind == awsapi.Map:
		return true, t.objects(n.List, indent, title)
	case n.Kind == awsapi.List:
		for _, e := range n.List {
			var err error
			switch {
			case isScalar(e):
				err = t.row(str(e))
			case e.Kind == awsapi.List && !slices.ContainsFunc(e.List, func(n awsapi.Node) bool { return !isScalar(n) }):
				err = t.row(strs(e.List)...)
			default:
				_, err = t.build("", e, 0)
			}
			if err != nil {
				return true, err
			}
		}
	case n.Kind == awsapi.Map:
		return true, t.object(n, indent)
	}
	return true, nil
}

func strs(list []awsapi.Node) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = str(e)
	}
	return out
}

// keysOf are the names of an object's scalars and those of the rest, sorted.
func keysOf(n awsapi.Node) (scalars, others []string) {
	for _, m := range sortedMembers(n) {
		if isScalar(m.Value) {
			scalars = append(scalars, m.Name)
		} else {
			others = append(others, m.Name)
		}
	}
	return scalars, others
}

func (t *table) object(n awsapi.Node, indent int) error {
	scalars, others := keysOf(n)
	cells := make([]string, len(scalars))
	for i, k := range scalars {
		cells[i] = str(*n.Member(k))
	}
	var err error
	switch len(scalars) {
	case 0:
	case 1:
		err = t.row(scalars[0], cells[0])
	default:
		t.header(scalars)
		err = t.row(cells...)
	}
	if err != nil {
		return err
	}
	for _, k := range others {
		if _, err := t.build(k, *n.Member(k), indent+1); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) objects(list []awsapi.Node, indent int, title string) error {
	var headers, more []string
	for _, e := range list {
		scalars, others := keysOf(e)
		headers, more = append(headers, scalars...), append(more, others...)
	}
	slices.Sort(headers)
	slices.Sort(more)
	headers, more = slices.Compact(headers), slices.Compact(more)
	t.header(headers)
	for i, e := range list {
		if i > 0 && len(more) > 0 {
			t.section(title, indent)
			t.header(headers)
		}
		cells := make([]string, len(headers))
		for j, h := range headers {
			if m := e.Member(h); m != nil {
				cells[j] = pythonScalar(*m)
			}
		}
		if err := t.row(cells...); err != nil {
			return err
		}
		for _, k := range more {
			if m := e.Member(k); m != nil {
				if _, err := t.build(k, *m, indent+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (t *table) width() (most int) {
	for _, s := range t.sections {
		total := 2 + 2*s.indent
		for _, w := range s.widths {
			total += w + 4
		}
		most = max(most, total, columnsOf(s.title)+2+2*s.indent)
	}
	return most
}

func (t *table) render(w *bufio.Writer, columns int) {
	most := t.width()
	if most > columns {
		for i, s := range t.sections {
			t.sections[i] = s.upright()
		}
		most = t.width()
	}
	_, _ = w.WriteString(strings.Repeat("-", most) + "\n")
	for _, s := range t.sections {
		t.renderSection(w, s, most-2*s.indent)
	}
}

// upright turns a section of one row on its side: a row for each header.
func (s *section) upright() *section {
	if len(s.rows) != 1 || len(s.headers) == 0 {
		return s
	}
	out := &section{title: s.title, indent: s.indent}
	for i, h := range s.headers {
		out.rows = append(out.rows, []string{h, s.rows[0][i]})
		out.widen(out.rows[i])
	}
	return out
}

func (t *table) renderSection(w *bufio.Writer, s *section, most int) {
	edges := strings.Repeat(t.edge, s.indent)
	line := func(text string) { _, _ = w.WriteString(edges + text + edges + "\n") }
	if s.title != "" {
		line(centered(s.title, most, "|"))
		if s.headers == nil && s.rows == nil {
			line("+" + strings.Repeat("-", most-2) + "+")
		}
	}
	widths := s.scaled(most)
	rule := func() {
		var b strings.Builder
		for i, width := range widths {
			if i == 0 {
				b.WriteString("+" + strings.Repeat("-", max(width-2, 0)) + "+")
			} else {
				b.WriteString(strings.Repeat("-", max(width-1, 0)) + "+")
			}
		}
		line(b.String())
	}
	if s.headers != nil {
		rule()
		var b strings.Builder
		for i, h := range s.headers {
			b.WriteString(centered(h, widths[i], []string{"|", ""}[min(i, 1)]))
		}
		line(b.String())
	}
	if s.rows == nil || len(widths) == 0 {
		return
	}
	rule()
	for _, row := range s.rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(t.left(cell, widths[i], []string{"|", ""}[min(i, 1)]))
		}
		line(b.String())
	}
	rule()
}

// scaled are the widths of the columns, padded and stretched so that together
// they are as wide as the table.
func (s *section) scaled(most int) []int {
	total := 0
	for _, w := range s.widths {
		total += w + 4
	}
	out := make([]int, len(s.widths))
	if total == 0 {
		return out
	}
	off := -most
	for i, w := range s.widths {
		out[i] = int(math.RoundToEven(float64(most) / float64(total) * float64(w+4)))
		off += out[i]
	}
	for off != 0 {
		for k := range out {
			if off > 0 {
				out[k]--
				off--
			} else {
				out[len(out)-1-k]++
				off++
			}
			if off == 0 {
				break
			}
		}
	}
	return out
}

func spaces(n int) string { return strings.Repeat(" ", max(n, 0)) }

func centered(text string, length int, left string) string {
	size := columnsOf(text)
	before := length/2 - size/2 - 1
	used := len(left) + before + size
	return left + spaces(before) + text + spaces(length-1-used) + "|"
}

func (t *table) left(text string, length int, left string) string {
	size, padding := columnsOf(text), 2
	if length-(size+padding+len(left)+1) < 0 {
		padding = 0
	}
	return left + spaces(padding) + t.style(text) + spaces(length-len(left)-padding-size-1) + "|"
}
