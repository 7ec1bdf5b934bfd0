package daypass_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/instance"
)

const operationsHead = `# Operations

Every operation that daypass has, with its members and the errors that it declares. Any operation may answer with the errors
of its protocol too: validation, signatures, access denied, throttling. A signed operation names the resource that policies
are asked about, and the condition keys that it has beyond those of every request ([policies.md](policies.md)).
[compatibility.md](compatibility.md) says where an operation departs from AWS.

This page is written from the tables by ` + "`go test . -run TestOperations -update`" + `.

`

// docs/operations.md says what the tables say, in the words of the source.
func TestOperations(t *testing.T) {
	var b strings.Builder
	b.WriteString(operationsHead)
	for _, s := range instance.Services() {
		dir := filepath.Base(s.Operations[0].In.PkgPath()) // the package that has its shapes
		p := &page{Builder: &b, service: s, comments: commentsOf(t, filepath.Join("internal", dir))}
		fmt.Fprintf(p, "## %s, %s\n\n", s.Name, s.Version)
		for _, op := range s.Operations {
			p.operation(op)
		}
	}
	const file = "docs/operations.md"
	if *updateDocs {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil || string(stored) != b.String() {
		t.Errorf("%s is not what the tables say (%v): go test . -run TestOperations -update", file, err)
	}
}

// page writes the operations of a service.
type page struct {
	*strings.Builder
	service  awsapi.Service
	comments map[string]string
}

func (p *page) operation(op awsapi.Operation) {
	who := map[awsapi.Auth]string{
		awsapi.Public:     "Public: no signature needed.",
		awsapi.Signed:     "Needs a signature and the permission `" + p.service.Name + ":" + op.Name + "`.",
		awsapi.Identified: "Needs a signature; the operation checks what else it needs.",
	}[op.Auth]
	fmt.Fprintf(p, "### %s\n\n%s %s\n\n", op.Name, op.Doc, who)
	p.subject(op.Subject)
	p.members("Input", op.In)
	switch {
	case op.Streams():
		p.WriteString("Output: a stream of bytes.\n\n")
	case op.HasOutput():
		p.members("Output", op.Out)
	default:
		p.WriteString("Output: none, an empty body.\n\n")
	}
	if len(op.Errors) > 0 {
		fmt.Fprintf(p, "Errors: `%s`\n\n", strings.Join(op.Errors, "`, `"))
	}
}

// subject says what policies are asked about.
func (p *page) subject(s awsapi.Subject) {
	if s.Resource == "" {
		return
	}
	resource := s.Resource
	if resource == "*" {
		resource = "none, `*`"
	}
	fmt.Fprintf(p, "Resource: %s.", resource)
	if len(s.Keys) > 0 {
		keys := slices.Compact(slices.Sorted(slices.Values(s.Keys)))
		fmt.Fprintf(p, " Condition keys: `%s`.", strings.Join(keys, "`, `"))
	}
	if tags := slices.Sorted(maps.Keys(s.TagActions)); len(tags) > 0 {
		p.WriteString(" Some tags need another permission:")
		for i, tag := range tags {
			if i > 0 {
				p.WriteString(",")
			}
			fmt.Fprintf(p, " `%s` needs `%s`", tag, s.TagActions[tag])
		}
		p.WriteString(".")
	}
	p.WriteString("\n\n")
}

func (p *page) members(title string, t reflect.Type) {
	if t.NumField() == 0 {
		fmt.Fprintf(p, "%s: empty.\n\n", title)
		return
	}
	fmt.Fprintf(p, "| %s | type | | |\n|---|---|---|---|\n", title)
	p.rows("", t, title == "Input", 0)
	p.WriteString("\n")
}

// rows writes the members of a structure and of those inside it.
func (p *page) rows(prefix string, t reflect.Type, constrained bool, depth int) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, required := awsapi.MemberTag(f)
		kind, inner, suffix := p.kind(f.Type)
		var says []string
		if required && constrained {
			says = append(says, "required")
		}
		if constrained {
			says = append(says, p.constraints(f.Type)...)
		}
		comment := p.comments[t.Name()+"."+f.Name]
		fmt.Fprintf(p, "| `%s%s` | %s | %s | %s |\n", prefix, name, kind, strings.ReplaceAll(strings.Join(says, ", "), "|", `\|`), comment)
		if inner != nil && depth < 4 {
			p.rows(prefix+name+suffix+".", inner, constrained, depth+1)
		}
	}
}

// kind names a type, and gives the structure inside it with how it is reached.
func (p *page) kind(t reflect.Type) (name string, inner reflect.Type, suffix string) {
	switch t.Kind() {
	case reflect.Pointer:
		return p.kind(t.Elem())
	case reflect.Slice:
		name, inner, _ := p.kind(t.Elem())
		return "list of " + name, inner, "[]"
	case reflect.Map:
		name, inner, _ := p.kind(t.Elem())
		return "map to " + name, inner, "{}"
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return "timestamp", nil, ""
		}
		return "structure", t, ""
	case reflect.Bool:
		return "boolean", nil, ""
	case reflect.String:
		return "string", nil, ""
	}
	return "integer", nil, ""
}

var (
	atMost  = regexp.MustCompile(`have (length|value) less than or equal to (\d+)`)
	atLeast = regexp.MustCompile(`have (length|value) greater than or equal to (\d+)`)
	matches = regexp.MustCompile(`satisfy regular expression pattern: (.*)`)
	oneOf   = regexp.MustCompile(`satisfy enum value set: \[(.*)\]`)
)

// constraints lists in short what a value must be like, and what is inside it.
func (p *page) constraints(t reflect.Type) []string {
	var says []string
	if s := p.service.Shapes.Of(t); s != nil {
		says = append(says, short(s.Constraints(), t)...)
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		says = append(says, p.constraints(t.Elem())...)
	case reflect.Map:
		for _, part := range p.constraints(t.Key()) {
			says = append(says, "keys "+part)
		}
		says = append(says, p.constraints(t.Elem())...)
	}
	return says
}

func short(text string, t reflect.Type) (says []string) {
	unit := map[reflect.Kind]string{reflect.String: " characters", reflect.Slice: " entries", reflect.Map: " entries"}[t.Kind()]
	least, most := atLeast.FindStringSubmatch(text), atMost.FindStringSubmatch(text)
	switch {
	case least != nil && most != nil:
		says = append(says, least[2]+" to "+most[2]+unit)
	case most != nil:
		says = append(says, "at most "+most[2]+unit)
	case least != nil:
		says = append(says, "at least "+least[2]+unit)
	}
	if m := matches.FindStringSubmatch(text); m != nil {
		says = append(says, "`"+m[1]+"`")
	}
	if m := oneOf.FindStringSubmatch(text); m != nil {
		says = append(says, "one of "+m[1])
	}
	return says
}

// commentsOf reads the comments of a package's structures, as TYPE.MEMBER.
func commentsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	comments := map[string]string{}
	files, err := filepath.Glob(filepath.Join(dir, "shapes*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no shapes in %s: %v", dir, err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		readComments(f, comments)
	}
	return comments
}

// readComments adds the comments of a file's structures.
func readComments(f *ast.File, comments map[string]string) {
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, member := range s.Fields.List {
				for _, name := range member.Names {
					comments[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(member.Doc.Text()), " ")
				}
			}
		}
		return true
	})
}
