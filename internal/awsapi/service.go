package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Auth says who may call an operation.
type Auth int

const (
	// Public operations need no signature and ignore one that is there.
	Public Auth = iota
	// Signed operations need a valid signature and the permission.
	Signed
	// Identified operations need a valid signature; the rest is their own affair.
	// sts:GetCallerIdentity answers even a caller who is denied everything, and
	// sts:AssumeRole asks the role's trust policy first.
	Identified
)

func (a Auth) String() string {
	switch a {
	case Public:
		return "public"
	case Signed:
		return "signed"
	case Identified:
		return "identified"
	}
	return fmt.Sprintf("Auth(%d)", int(a))
}

// None is the output of an operation that has no output shape: an empty body.
type None struct{}

// Stream is the output of an operation that answers with bytes and not with a shape:
// any number of them, which never are in memory together. The server has no time
// limit for the operation itself; it ends one whose client stops reading.
type Stream struct {
	// ContentType says what the bytes are.
	ContentType string
	// Length is how many there are.
	Length int64
	// Body has them. Whoever gets a Stream closes it.
	Body io.ReadCloser
}

// Operation is one row of a service's table.
type Operation struct {
	// Name is the operation's name on the wire.
	Name string
	// Auth says who may call it.
	Auth Auth
	// Subject is what it is about, for authorization.
	Subject Subject
	// Doc is a sentence for help and reference pages.
	Doc string
	// Errors are the codes of the exceptions that the operation declares.
	Errors []string
	// ReadOnly says that the operation changes nothing that is stored: calling it
	// again, or on somebody else's behalf, does no harm. It is what the verb says,
	// unless the row says otherwise (WithChanges); a verb that is not known to read
	// changes something.
	ReadOnly bool
	// MaxBody is how many bytes a request's body may have where that is more than
	// the server takes otherwise; 0 where it is not.
	MaxBody int64
	// In and Out are the types of input and output (structs).
	In, Out reflect.Type

	call func(ctx context.Context, caller Caller, in any) (any, error)
}

// Op makes a row from the method that does the operation.
func Op[I, O any](name string, auth Auth, about Subject, doc string, do func(context.Context, Caller, *I) (*O, error), errs ...string) Operation {
	return Operation{
		Name: name, Auth: auth, Subject: about, Doc: doc, Errors: errs, ReadOnly: readingVerb.MatchString(name),
		In: reflect.TypeFor[I](), Out: reflect.TypeFor[O](),
		call: func(ctx context.Context, caller Caller, in any) (any, error) {
			out, err := do(ctx, caller, in.(*I))
			if err != nil {
				return nil, err
			}
			if out == nil && reflect.TypeFor[O]() != reflect.TypeFor[None]() {
				return nil, fmt.Errorf("awsapi: %s answered with neither output nor error", name)
			}
			return out, nil
		},
	}
}

// readingVerb is the beginning of the names of operations that change nothing, as
// AWS names its operations; not all whose names begin so.
var readingVerb = regexp.MustCompile(`^(Describe|Get|List|Lookup|Simulate)[A-Z]`)

// WithChanges is the row of an operation that its verb does not do justice to: it
// changes something, or does not.
func (o Operation) WithChanges(yes bool) Operation {
	o.ReadOnly = !yes
	return o
}

// WithBody is the row with longer bodies. It must not be a public one.
func (o Operation) WithBody(most int64) Operation {
	o.MaxBody = most
	return o
}

// Declares says whether the operation declares the exception.
func (o *Operation) Declares(code string) bool { return slices.Contains(o.Errors, code) }

// HasOutput says whether the operation has an output shape.
func (o *Operation) HasOutput() bool { return o.Out != reflect.TypeFor[None]() && !o.Streams() }

// Streams says whether the operation answers with a [Stream].
func (o *Operation) Streams() bool { return o.Out == reflect.TypeFor[Stream]() }

// Service is the table of one service.
type Service struct {
	// Name is the service's signing name and the prefix of its actions.
	Name string
	// Version is the version of its API.
	Version string
	// Target is the prefix of X-Amz-Target (AWS JSON services only).
	Target string
	// TargetPackage is what the samples of the service's API reference write in
	// front of the prefix, and some clients send, with a dot between; empty if they
	// write nothing.
	TargetPackage string
	// Namespace is the XML namespace of answers (AWS Query services only).
	Namespace string
	// Doc says in a sentence what the service is for.
	Doc string
	// Source is the source of its shapes, whose comments are the words of help; nil
	// where there is none.
	Source fs.FS
	// Shapes are the constraints of its types.
	Shapes ShapeSet
	// Operations are its rows.
	Operations []Operation
}

// Table is a service's table made ready for requests: names are looked up in a
// map, and the constraints of every input are worked out.
type Table struct {
	Service
	byName map[string]*Row
	fields map[reflect.Type][]Field
}

// Row is an operation made ready for requests.
type Row struct {
	Operation
	Service *Service

	table   *Table
	plan    *plan // of the input
	out     *plan // of the output
	subject subject
	// length is how long the body of the largest legal input may be.
	length int64
}

// Compile makes a table ready. It panics where the table contradicts itself
// (two rows of one name, a type that no protocol can carry, a subject that the
// input lacks), which any test
// that compiles the table shows.
func (s Service) Compile() *Table {
	t := &Table{Service: s, byName: make(map[string]*Row, len(s.Operations)), fields: map[reflect.Type][]Field{}}
	c := compiler{shapes: s.Shapes.byType, plans: map[reflect.Type]*plan{}, fields: t.fields}
	for _, op := range t.Operations {
		switch {
		case t.byName[op.Name] != nil:
			panic("awsapi: two rows for " + op.Name)
		case op.MaxBody > 0 && op.Auth == Public:
			panic("awsapi: strangers could send long bodies to " + op.Name)
		case op.Streams() && op.Auth == Public:
			panic("awsapi: strangers could keep the server busy for hours with " + op.Name)
		case op.In.Kind() != reflect.Struct || op.Out.Kind() != reflect.Struct:
			panic("awsapi: input and output of " + op.Name + " must be structs")
		}
		t.byName[op.Name] = &Row{Operation: op, Service: &t.Service, table: t, plan: c.plan(op.In), subject: compileSubject(op)}
		t.byName[op.Name].measure()
	}
	for _, op := range t.Operations {
		if !op.Streams() {
			t.byName[op.Name].out = c.plan(op.Out)
		}
	}
	return t
}

// Fields lists the members of a structure that is the row's output or a part of
// it, in order.
func (r *Row) Fields(t reflect.Type) []Field { return r.table.fields[t] }

// Row finds an operation by its exact name; nil if there is none.
func (t *Table) Row(name string) *Row { return t.byName[name] }

// Targeted says whether the prefix of an X-Amz-Target is the service's, alone or
// behind its package.
func (s *Service) Targeted(prefix string) bool {
	if prefix == s.Target {
		return true
	}
	path, ok := strings.CutSuffix(prefix, "."+s.Target)
	return ok && path != "" && path == s.TargetPackage
}

// Takes says whether any operation takes bodies of this length beyond the usual.
func (t *Table) Takes(length int64) bool {
	return slices.ContainsFunc(t.Operations, func(o Operation) bool { return o.MaxBody >= length })
}

// Bind makes the operation's input from a decoded request. The error is a
// *SerializationError or a *ValidationError.
func (r *Row) Bind(n Node) (any, error) {
	if n.Kind != Map && n.Kind != Form {
		return nil, &SerializationError{Err: errors.New("not an object")}
	}
	in := reflect.New(r.In)
	b := binder{}
	b.at = b.room[:0]
	if err := b.bind(r.plan, n, in.Elem()); err != nil {
		if s, ok := errors.AsType[*SerializationError](err); ok {
			s.Err = errors.New(b.at.Members())
		}
		return nil, err
	}
	if len(b.found.Violations) > 0 {
		found := b.found // of its own, so that a binder that finds nothing costs nothing
		return nil, &found
	}
	return in.Interface(), nil
}

// Call does the operation with an input that Bind made.
func (r *Row) Call(ctx context.Context, caller Caller, in any) (any, error) {
	return r.call(ctx, caller, in)
}
