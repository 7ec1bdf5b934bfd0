package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
)

func TestRow(t *testing.T) {
	zoo := table()
	row := zoo.Row("Echo")
	if row == nil {
		t.Fatal("no row for Echo")
	}
	if row.Service.Name != "zoo" || row.In != reflect.TypeFor[Input]() || row.Out != reflect.TypeFor[Output]() || !row.HasOutput() {
		t.Errorf("row %+v", row.Operation)
	}
	if !row.Declares("ZooException") || row.Declares("OtherException") {
		t.Error("Declares does not follow the table")
	}
	for _, name := range []string{"", "echo", "ECHO", "Echo ", "Echo.", "Other"} {
		if zoo.Row(name) != nil {
			t.Errorf("there is a row for %q", name)
		}
	}
	want := []awsapi.Field{{Name: "Key", Index: 0, Required: true}, {Name: "Value", Index: 1}}
	if diff := cmp.Diff(want, row.Fields(reflect.TypeFor[Tag]())); diff != "" {
		t.Errorf("fields of Tag:\n%s", diff)
	}
}

type empty struct{}

// run calls an operation that does what do does.
func run[O any](t *testing.T, do func() (*O, error)) (any, error) {
	t.Helper()
	row := awsapi.Service{Operations: []awsapi.Operation{
		awsapi.Op("Do", awsapi.Signed, awsapi.OnNothing(), "", func(_ context.Context, _ awsapi.Caller, _ *empty) (*O, error) { return do() }),
	}}.Compile().Row("Do")
	in, err := row.Bind(awsapi.Node{Kind: awsapi.Map})
	if err != nil {
		t.Fatal(err)
	}
	return row.Call(t.Context(), awsapi.Caller{}, in)
}

func TestCall(t *testing.T) {
	refused := &awsapi.Error{Code: "Refused"}
	if out, err := run(t, func() (*Output, error) { return &Output{}, nil }); err != nil || out == nil {
		t.Errorf("a success: %v, %v", out, err)
	}
	if out, err := run(t, func() (*Output, error) { return nil, refused }); out != nil || !errors.Is(err, refused) {
		t.Errorf("a failure: %v, %v", out, err)
	}
	if _, err := run(t, func() (*awsapi.None, error) { return nil, nil }); err != nil {
		t.Errorf("no output where there is none: %v", err)
	}
	_, err := run(t, func() (*Output, error) { return nil, nil })
	if err == nil || err.Error() != "awsapi: Do answered with neither output nor error" {
		t.Errorf("no output where there is one: %v", err)
	}
}

// Bind takes objects and forms only, whatever a protocol hands it.
func TestBindOnlyObjects(t *testing.T) {
	for _, kind := range []awsapi.Kind{awsapi.Null, awsapi.Bool, awsapi.Number, awsapi.Text, awsapi.List} {
		_, err := table().Row("Echo").Bind(awsapi.Node{Kind: kind})
		wantSerialization(t, err, "")
	}
}

func op[I, O any](name string) awsapi.Operation {
	return awsapi.Op(name, awsapi.Public, awsapi.Unasked, "", func(context.Context, awsapi.Caller, *I) (*O, error) { return new(O), nil })
}

// A table that contradicts itself does not compile.
func TestCompilePanics(t *testing.T) {
	type (
		floating struct{ F float64 }
		keyed    struct{ M map[int32]string }
		tagged   struct {
			A string `aws:"name"`
		}
	)
	for want, ops := range map[string][]awsapi.Operation{
		"awsapi: two rows for Do":                               {op[empty, empty]("Do"), op[empty, empty]("Do")},
		"awsapi: input and output of Do must be structs":        {op[string, empty]("Do")},
		"awsapi: no protocol carries a float64":                 {op[empty, floating]("Do")},
		"awsapi: the keys of a map[int32]string are no strings": {op[keyed, empty]("Do")},
		`awsapi: member A has the tag "name"`:                   {op[tagged, empty]("Do")},
		"awsapi: two constraints for Name":                      nil,
		"awsapi: Size of awsapi_test.Name":                      nil,
	} {
		t.Run(want, func(t *testing.T) {
			defer func() {
				if got := recover(); got != any(want) {
					t.Errorf("panic %v", got)
				}
			}()
			switch {
			case ops != nil:
				awsapi.Service{Operations: ops}.Compile()
			case want == "awsapi: two constraints for Name":
				awsapi.Shapes(awsapi.String[Name](1, 2, ""), awsapi.String[Name](1, 2, ""))
			default:
				awsapi.Size[Name](1, 2)
			}
		})
	}
}

func TestShapes(t *testing.T) {
	if got := shapes.Of(reflect.TypeFor[Tag]()); got != nil {
		t.Errorf("Tag has constraints: %v", got)
	}
	for typ, want := range map[reflect.Type]string{
		reflect.TypeFor[Name]():   `Member must have length less than or equal to 8, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\w-]+`,
		reflect.TypeFor[Colour](): "Member must satisfy enum value set: [green, red]",
		reflect.TypeFor[Limit]():  "Member must have value less than or equal to 60, Member must have value greater than or equal to 1",
		reflect.TypeFor[Tags]():   "Member must have length less than or equal to 2",
	} {
		s := shapes.Of(typ)
		if s == nil || s.Type() != typ {
			t.Fatalf("constraints of %s: %v", typ, s)
		}
		if got := s.Constraints(); got != want {
			t.Errorf("%s: %s", typ, got)
		}
	}
}

func TestError(t *testing.T) {
	cause := errors.New("the disk is full")
	refused := &awsapi.Error{Code: "NotAuthorizedException", Message: "No."}
	because := refused.Because("disk", cause)
	if because == refused || refused.Cause != "" {
		t.Error("Because changed the original")
	}
	if because.Code != refused.Code || because.Message != refused.Message || because.Cause != "disk" || !errors.Is(because, cause) {
		t.Errorf("because %+v", because)
	}
	if got, ok := awsapi.AsError(fmt.Errorf("get id: %w", because)); !ok || got != because {
		t.Errorf("AsError gives %v", got)
	}
	if _, ok := awsapi.AsError(cause); ok {
		t.Error("any error is an Error")
	}
	for want, e := range map[string]error{
		"NotAuthorizedException: No.":                    refused,
		"NotAuthorizedException: No. (the disk is full)": because,
		"serialization: Expected null":                   &awsapi.SerializationError{Message: "Expected null"},
		"2 validation errors detected: Value null at 'a' failed to satisfy constraint: x; Value at 'b.1' failed to satisfy constraint: y": &awsapi.ValidationError{
			Violations: []awsapi.Violation{{awsapi.Path{{Name: "a"}}, "null", "x"}, {awsapi.Path{{Name: "b"}, {Index: 1}}, "", "y"}},
		},
		"3 validation errors detected: Value 'v' at 'a' failed to satisfy constraint: x": &awsapi.ValidationError{
			Violations: []awsapi.Violation{{awsapi.Path{{Name: "a"}}, "'v'", "x"}}, Omitted: 2,
		},
	} {
		if got := e.Error(); got != want {
			t.Errorf("error %q, want %q", got, want)
		}
	}
	for want, e := range map[int]*awsapi.Error{
		400: {},
		500: {Fault: awsapi.Server},
		403: {Status: 403},
		503: {Fault: awsapi.Server, Status: 503},
	} {
		if got := e.HTTPStatus(); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
}

func TestAuthString(t *testing.T) {
	for a, want := range map[awsapi.Auth]string{awsapi.Public: "public", awsapi.Signed: "signed", awsapi.Identified: "identified", 7: "Auth(7)"} {
		if got := a.String(); got != want {
			t.Errorf("%d is %q, want %q", int(a), got, want)
		}
	}
}

func TestAnonymous(t *testing.T) {
	if !(awsapi.Caller{}).Anonymous() || (awsapi.Caller{ARN: "arn:aws:iam::123456789012:root"}).Anonymous() {
		t.Error("only the caller without an ARN is anonymous")
	}
}
