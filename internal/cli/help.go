package cli

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
)

// page writes a page of help: headings at the margin, text indented and wrapped.
type page struct {
	*bufio.Writer
	columns int
	// man says that the page is written for man(1), which wraps it.
	man bool
}

// show prints a page, through the pager on a terminal.
func (c *CLI) show(g *globals, write func(*page)) error {
	out, done, err := c.pager(g, &settings{})
	if err != nil {
		return err
	}
	columns := c.Width
	if columns == 0 || columns > 100 {
		columns = 80
	}
	p := &page{Writer: bufio.NewWriter(out), columns: columns}
	write(p)
	err = p.Flush()
	done()
	return err
}

func (p *page) heading(text string) {
	if p.man {
		fmt.Fprintf(p, ".SH %s\n", text)
		return
	}
	fmt.Fprintf(p, "\n%s\n", text)
}

// roff is a text as man(1) reads it.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "~", `\(ti`, "^", `\(ha`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

// text writes a paragraph at a margin.
func (p *page) text(margin int, text string) {
	if p.man {
		if text = strings.Join(strings.Fields(text), " "); text != "" {
			fmt.Fprintf(p, ".br\n.in %dn\n%s\n", margin+4, roff(text))
		}
		return
	}
	column := 0
	for word := range strings.FieldsSeq(text) {
		size := columnsOf(word)
		switch {
		case column == 0:
			_, _ = p.WriteString(spaces(margin))
			column = margin
		case column+1+size > p.columns:
			_, _ = p.WriteString("\n" + spaces(margin))
			column = margin
		default:
			_ = p.WriteByte(' ')
			column++
		}
		_, _ = p.WriteString(word)
		column += size
	}
	if column > 0 {
		_ = p.WriteByte('\n')
	}
}

func (p *page) line(margin int, text string) {
	if p.man {
		at := len(text) - len(strings.TrimLeft(text, " "))
		fmt.Fprintf(p, ".br\n.in %dn\n%s\n", margin+4+at, roff(text[at:]))
		return
	}
	fmt.Fprintf(p, "%s%s\n", spaces(margin), text)
}

// command writes a command as one would type it, on several lines where it is
// long.
func (p *page) command(margin int, command string) {
	for line := range strings.SplitSeq(Wrap(command, p.columns-margin), "\n") {
		p.line(margin, line)
	}
}

// Wrap breaks a command that is longer than a line before some of its options.
func Wrap(command string, columns int) string {
	var out strings.Builder
	column := 0
	for i, part := range strings.Split(command, " --") {
		if i > 0 {
			part = "--" + part
			if column+1+columnsOf(part)+2 > columns {
				out.WriteString(" \\\n    ")
				column = 4
			} else {
				out.WriteString(" ")
				column++
			}
		}
		out.WriteString(part)
		column += columnsOf(part)
	}
	return out.String()
}

// Man writes the page of help that the words name as a page for man(1).
func (c *CLI) Man(w io.Writer, words []string) error {
	var write func(*page)
	switch s := c.service(strings.Join(words, " ")); {
	case len(words) == 0:
		write = c.toolPage
	case s != nil:
		write = func(p *page) { c.servicePage(p, s) }
	case len(words) == 1 && inGroup(words[0]):
		write = func(p *page) { c.groupPage(p, words[0]) }
	default:
		op := c.form(words[0], words[1:], false)
		if s := c.service(words[0]); len(words) == 2 && s != nil {
			op = s.operation(words[1], false)
		}
		if op == nil {
			return usageError("there is no page of %s", strings.Join(words, " "))
		}
		write = func(p *page) { c.operationPage(p, op) }
	}
	p := &page{Writer: bufio.NewWriter(w), columns: 72, man: true}
	title := strings.ToUpper(strings.Join(append([]string{c.Name}, words...), "-"))
	fmt.Fprintf(p, ".TH %s 1 \"\" \"%s %s\"\n", roff(title), c.Name, roff(c.Version))
	write(p)
	return p.Flush()
}

// help is the page of the tool.
func (c *CLI) help(g *globals) error { return c.show(g, c.toolPage) }

func (c *CLI) toolPage(p *page) {
	p.heading("NAME")
	p.line(3, c.Name+" - Amazon Cognito identity pools, self-hosted")
	p.heading("SYNOPSIS")
	p.line(3, c.Name+" [options] <command> <subcommand> [parameters]")
	p.heading("COMMANDS")
	for _, s := range c.Services {
		p.line(3, s.Word)
		p.text(7, s.Table.Doc)
	}
	p.line(3, "help")
	p.text(7, fmt.Sprintf("Print a page such as this one: %[1]s help, %[1]s <command> help, %[1]s <command> <subcommand> help.", c.Name))
	for _, o := range c.ownCommands() {
		p.line(3, o.Word)
		p.text(7, o.Doc)
	}
	p.globals()
	p.heading("EXIT CODES")
	for _, e := range exitCodes {
		p.line(3, fmt.Sprintf("%-4d %s", e.code, e.means))
	}
	p.line(3, "")
	p.text(3, "Commands that run something of their own, such as serve, end with 1, or with 2 where they were called wrongly.")
}

// option tells of an option that is not made from a member.
func (p *page) option(o *option) {
	p.line(3, "--"+o.name+placeholder(o))
	p.text(7, o.doc)
	if o.choices != nil {
		p.text(7, "One of "+strings.Join(o.choices, ", ")+".")
	}
	_ = p.WriteByte('\n')
}

func (p *page) globals() {
	p.heading("GLOBAL OPTIONS")
	for _, o := range globalOptions {
		p.option(o)
	}
}

func placeholder(o *option) string {
	switch o.takes {
	case none:
		return ""
	case optional:
		return " [<value>]"
	case many:
		return " <value> [<value> ...]"
	}
	return " <value>"
}

// helpService is the page of a service.
func (c *CLI) helpService(g *globals, s *Service) error {
	return c.show(g, func(p *page) { c.servicePage(p, s) })
}

func (c *CLI) servicePage(p *page, s *Service) {
	p.heading("NAME")
	p.line(3, c.Name+" "+s.Word)
	p.heading("DESCRIPTION")
	p.text(3, s.Table.Doc)
	p.heading("COMMANDS")
	for _, word := range s.operationWords() {
		p.line(3, word)
		p.text(7, s.operation(word, false).row.Doc)
	}
}

// groupPage is the page of commands that share a word.
func (c *CLI) groupPage(p *page, word string) {
	p.heading("NAME")
	p.line(3, c.Name+" "+word)
	p.heading("DESCRIPTION")
	p.text(3, rotateDoc)
	p.heading("COMMANDS")
	for _, o := range group(word) {
		p.line(3, o.Word)
		p.text(7, o.Doc)
	}
}

// helpOperation is the page of a command.
func (c *CLI) helpOperation(g *globals, op *operation) error {
	return c.show(g, func(p *page) { c.operationPage(p, op) })
}

func (c *CLI) operationPage(p *page, op *operation) {
	comments := op.service.comments()
	word := kebab(op.row.Name)
	p.heading("NAME")
	p.line(3, c.Name+" "+op.words())
	p.heading("DESCRIPTION")
	p.text(3, op.row.Doc)
	_ = p.WriteByte('\n')
	p.text(3, map[awsapi.Auth]string{
		awsapi.Public:     "This is a public operation: the call is not signed and needs no credentials.",
		awsapi.Signed:     "The call is signed and needs the permission " + op.row.Service.Name + ":" + op.row.Name + ".",
		awsapi.Identified: "The call is signed.",
	}[op.row.Auth])
	if op.pages != nil {
		_ = p.WriteByte('\n')
		p.text(3, word+" is a paginated operation. Multiple calls may be made in order to retrieve the entire data set of results. You can disable pagination by providing the --no-paginate argument.")
	}
	p.heading("SYNOPSIS")
	p.line(5, c.Name+" "+op.words())
	if op.row.Streams() {
		p.line(3, "<"+outfile+">")
	}
	for _, o := range op.options {
		text := "--" + o.name + placeholder(o)
		switch {
		case op.positional(o):
			text = "<" + o.name + "> | " + text
		case !o.required:
			text = "[" + text + "]"
		}
		p.line(3, text)
	}
	p.heading("OPTIONS")
	if op.row.Streams() {
		p.line(3, outfile)
		p.text(7, outfileDoc)
		_ = p.WriteByte('\n')
	}
	for _, o := range op.options {
		c.helpOption(p, op, o, comments)
	}
	p.text(3, "The global options are those of "+c.Name+" help.")
	p.heading("EXAMPLE")
	p.command(3, example(c.Name, op))
	if op.row.HasOutput() {
		p.heading("OUTPUT")
		p.members(3, op.row.Output(), comments, 0)
	}
	if len(op.row.Errors) > 0 {
		p.heading("ERRORS")
		for _, e := range op.row.Errors {
			p.line(3, e)
		}
	}
}

func (c *CLI) helpOption(p *page, op *operation, o *option, comments map[string]string) {
	m, member := op.members[o.name]
	if !member {
		p.line(3, "--"+o.name+placeholder(o))
		p.text(7, o.doc)
		_ = p.WriteByte('\n')
		return
	}
	if o.name != kebab(m.Name) { // --no-x is told of with --x
		return
	}
	kind := m.Type.Kind().String()
	name := "--" + o.name
	if m.Type.Kind() == awsapi.BooleanType {
		name += " | --no-" + o.name
	}
	required := ""
	if m.Required {
		required = ", required"
	}
	p.line(3, name+" ("+kind+required+")")
	p.text(7, comments[op.row.Input().Name()+"."+m.GoName])
	p.constraints(7, m.Type)
	switch m.Type.Kind() {
	case awsapi.StructureType, awsapi.MapType, awsapi.ListType:
		p.inside(7, m.Type, comments, 0)
		if short := shorthandExample(m.Type); short != "" {
			p.line(7, "Shorthand Syntax:")
			p.line(9, short)
		}
		p.line(7, "JSON Syntax:")
		for line := range strings.SplitSeq(inJSON(typeNames(m.Type, 0)), "\n") {
			p.line(9, line)
		}
	}
	_ = p.WriteByte('\n')
}

// commandPage is what the page of a command that is no operation says.
type commandPage struct {
	name     string
	doc      []string // its paragraphs
	synopsis []string
	options  []*option
	example  []string
}

// helpCommand shows the page of a command that is no operation.
func (c *CLI) helpCommand(g *globals, of *commandPage) error {
	return c.show(g, func(p *page) {
		p.heading("NAME")
		p.line(3, of.name)
		p.heading("DESCRIPTION")
		for n, paragraph := range of.doc {
			if n > 0 {
				_ = p.WriteByte('\n')
			}
			p.text(3, paragraph)
		}
		p.heading("SYNOPSIS")
		for _, line := range of.synopsis {
			p.line(3, line)
		}
		p.heading("OPTIONS")
		for _, o := range of.options {
			p.option(o)
		}
		p.heading("EXAMPLE")
		for _, line := range of.example {
			p.line(3, line)
		}
	})
}

// helpHealth is the page of health.
func (c *CLI) helpHealth(g *globals) error {
	return c.show(g, func(p *page) {
		p.heading("NAME")
		p.line(3, c.Name+" "+healthWord)
		p.heading("DESCRIPTION")
		p.text(3, healthDoc+" It asks "+readyPath+" and needs no credentials.")
		p.heading("SYNOPSIS")
		p.line(5, c.Name+" "+healthWord)
		p.heading("OPTIONS")
		p.text(3, "The global options are those of "+c.Name+" help.")
		p.heading("EXAMPLE")
		p.line(3, c.Name+" "+healthWord+" --endpoint-url "+DefaultEndpoint)
	})
}

// constraints says what a value must be like.
func (p *page) constraints(margin int, t awsapi.Type) {
	if values := t.Shape().Values(); values != nil {
		p.text(margin, "One of "+strings.Join(values, ", ")+".")
	}
	unit := map[awsapi.TypeKind]string{awsapi.StringType: " characters", awsapi.ListType: " entries", awsapi.MapType: " entries"}[t.Kind()]
	least, hasLeast := t.Shape().Min()
	most, hasMost := t.Shape().Max()
	switch {
	case hasLeast && hasMost:
		p.text(margin, fmt.Sprintf("From %d to %d%s.", least, most, unit))
	case hasMost:
		p.text(margin, fmt.Sprintf("At most %d%s.", most, unit))
	case hasLeast:
		p.text(margin, fmt.Sprintf("At least %d%s.", least, unit))
	}
	if pattern := t.Shape().Pattern(); pattern != "" {
		p.text(margin, "Pattern: "+pattern)
	}
}

const maxHelpDepth = 5

// inside tells of what a list, a map or a structure holds.
func (p *page) inside(margin int, t awsapi.Type, comments map[string]string, depth int) {
	switch t.Kind() {
	case awsapi.ListType:
		p.inside(margin, t.Elem(), comments, depth)
	case awsapi.MapType:
		p.line(margin, "key -> (string)")
		p.line(margin, "value -> ("+t.Elem().Kind().String()+")")
		p.inside(margin+2, t.Elem(), comments, depth)
	case awsapi.StructureType:
		p.members(margin, t, comments, depth)
	}
}

// members tells of the members of a structure.
func (p *page) members(margin int, t awsapi.Type, comments map[string]string, depth int) {
	if depth == maxHelpDepth {
		return
	}
	for _, m := range t.Members() {
		p.line(margin, m.Name+" -> ("+m.Type.Kind().String()+")")
		p.text(margin+4, comments[t.Name()+"."+m.GoName])
		p.inside(margin+4, m.Type, comments, depth+1)
	}
}

// typeNames is a sample with the names of the types as values.
func typeNames(t awsapi.Type, depth int) awsapi.Node {
	switch {
	case depth > maxHelpDepth:
	case t.Kind() == awsapi.StructureType:
		out := awsapi.Node{Kind: awsapi.Map}
		for _, m := range t.Members() {
			out.Members = append(out.Members, awsapi.Member{Name: m.Name, Value: typeNames(m.Type, depth+1)})
		}
		return out
	case t.Kind() == awsapi.MapType:
		return awsapi.Node{Kind: awsapi.Map, Members: []awsapi.Member{{Name: "string", Value: typeNames(t.Elem(), depth+1)}}}
	case t.Kind() == awsapi.ListType:
		return awsapi.Node{Kind: awsapi.List, List: []awsapi.Node{typeNames(t.Elem(), depth+1)}}
	}
	return text(t.Kind().String())
}

// shorthandExample is how a value is written in shorthand.
func shorthandExample(t awsapi.Type) string {
	switch t.Kind() {
	case awsapi.ListType:
		if inner := shorthandExample(t.Elem()); inner != "" {
			return inner + " ..."
		}
	case awsapi.MapType:
		value := "string"
		if k := t.Elem().Kind(); k == awsapi.StructureType || k == awsapi.ListType {
			value = nestedShorthand(t.Elem(), 0)
		}
		return "KeyName1=" + value + ",KeyName2=" + value
	case awsapi.StructureType:
		var parts []string
		for _, m := range t.Members() {
			parts = append(parts, m.Name+"="+nestedShorthand(m.Type, 0))
		}
		return strings.Join(parts, ",")
	}
	return ""
}

func nestedShorthand(t awsapi.Type, depth int) string {
	switch {
	case depth > maxHelpDepth:
	case t.Kind() == awsapi.ListType:
		e := nestedShorthand(t.Elem(), depth+1)
		return "[" + e + "," + e + "]"
	case t.Kind() == awsapi.MapType:
		e := nestedShorthand(t.Elem(), depth+1)
		return "{KeyName1=" + e + ",KeyName2=" + e + "}"
	case t.Kind() == awsapi.StructureType:
		var parts []string
		for _, m := range t.Members() {
			parts = append(parts, m.Name+"="+nestedShorthand(m.Type, depth+1))
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return t.Kind().String()
}

// example is a command that runs as far as the words go: with every option that
// is required.
func example(name string, op *operation) string {
	parts := append([]string{name}, strings.Fields(op.words())...)
	if op.row.Streams() {
		parts = append(parts, "daypass.backup")
	}
	for _, o := range op.options {
		m, member := op.members[o.name]
		if o.required && member {
			if !op.positional(o) {
				parts = append(parts, "--"+o.name)
			}
			if o.takes != none {
				parts = append(parts, exampleOf(m))
			}
		}
	}
	return strings.Join(parts, " ")
}

const examplePool = "us-east-1:11111111-1111-1111-1111-111111111111"

// exampleOf is a value that the shape of a member takes.
func exampleOf(m awsapi.TypeMember) string {
	t := m.Type
	for t.Kind() == awsapi.ListType {
		t = t.Elem()
	}
	switch t.Kind() {
	case awsapi.StructureType:
		var parts []string
		for _, inner := range t.Members() {
			if inner.Required {
				parts = append(parts, inner.Name+"="+exampleOf(inner))
			}
		}
		return strings.Join(parts, ",")
	case awsapi.MapType:
		return "example=" + exampleOf(awsapi.TypeMember{Name: t.Elem().Name(), Type: t.Elem()})
	case awsapi.IntegerType, awsapi.LongType:
		least, _ := t.Shape().Min()
		return strconv.FormatInt(max(least, 10), 10)
	}
	if values := t.Shape().Values(); values != nil {
		return values[0]
	}
	lower := strings.ToLower(m.Name)
	switch {
	case strings.Contains(lower, "identityid"), strings.Contains(lower, "identityidto"), strings.HasSuffix(lower, "poolid"), lower == "identityidstodelete":
		return examplePool
	case lower == "resourcearn":
		return "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/" + examplePool
	case strings.Contains(lower, "policyarn"), strings.Contains(lower, "permissionsboundary"):
		return "arn:aws:iam::123456789012:policy/example"
	case strings.Contains(lower, "openidconnectproviderarn"):
		return "arn:aws:iam::123456789012:oidc-provider/login.example.com"
	case strings.Contains(lower, "samlproviderarn"), lower == "principalarn":
		return "arn:aws:iam::123456789012:saml-provider/example"
	case strings.HasSuffix(lower, "rolearn"), strings.Contains(lower, "arn"):
		return "arn:aws:iam::123456789012:role/example"
	case strings.Contains(lower, "metadata"):
		return "file://metadata.xml"
	case strings.Contains(lower, "document"):
		return "file://policy.json"
	case strings.Contains(lower, "thumbprint"):
		return strings.Repeat("0123456789abcdef", 3)[:40]
	case lower == "url":
		return "https://login.example.com"
	case lower == "versionid":
		return "v1"
	case strings.Contains(lower, "accesskeyid"):
		return "AKIAIOSFODNN7EXAMPLE"
	case strings.Contains(lower, "secretaccesskey"):
		return "file://secret"
	case strings.Contains(lower, "token"), strings.Contains(lower, "assertion"):
		return "file://token"
	case slices.Contains([]string{"pathprefix", "path"}, lower):
		return "/"
	}
	return "example"
}
