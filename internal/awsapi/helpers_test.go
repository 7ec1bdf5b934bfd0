package awsapi_test

import (
	"context"
	"errors"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsjson"
	"github.com/daypass/daypass/internal/awsquery"
)

// The shapes of an API that has one of each kind, spelled like AWS's own.
type (
	Name    string
	Colour  string
	Limit   int32
	Secret  string
	Word    string
	Words   []Word
	Secrets []Secret
	Key     string
	Value   string
	Labels  map[Key]Value
	Logins  map[Key]Secret
	Tags    []Tag
	Claim   string

	Tag struct {
		Key   Key `aws:"required"`
		Value Value
	}
	Rule struct {
		Claim Claim `aws:"required"`
		Limit *Limit
	}
	RulesConfiguration struct {
		Rules []Rule `aws:"required"`
	}
	RoleMapping struct {
		Type               Colour `aws:"required"`
		RulesConfiguration *RulesConfiguration
	}

	Input struct {
		PoolName     Name `aws:"required"`
		MaxResults   Limit
		Size         int64
		Number       int
		Hidden       bool
		Classic      *bool
		Colour       Colour
		Token        Secret
		Words        Words
		Secrets      Secrets
		Tags         Tags
		Labels       Labels
		Logins       Logins
		RoleMappings map[Key]RoleMapping
		Free         string
		Arn          string `aws:"name=arn"`
		Flags        []bool
	}
	Output struct{ Input Input }
)

var shapes = awsapi.Shapes(
	awsapi.String[Name](1, 8, `[\w-]+`),
	awsapi.Enum[Colour]("red", "green"),
	awsapi.Int[Limit](1, 60),
	awsapi.String[Secret](2, 12, "").Sensitive(),
	awsapi.String[Word](1, 5, `[a-z]+`),
	awsapi.Size[Words](1, 3),
	awsapi.Size[Secrets](0, 3),
	awsapi.String[Key](1, 4, ""),
	awsapi.String[Value](0, 4, `[a-z]*`),
	awsapi.Size[Labels](0, 2),
	awsapi.Size[Logins](0, 2),
	awsapi.Size[Tags](0, 2),
	awsapi.String[Claim](1, 64, ""),
)

func echo(_ context.Context, _ awsapi.Caller, in *Input) (*Output, error) { return &Output{*in}, nil }

func table() *awsapi.Table {
	return awsapi.Service{
		Name: "zoo", Version: "2014-06-30", Target: "Zoo", Namespace: "urn:zoo", Shapes: shapes,
		Operations: []awsapi.Operation{awsapi.Op("Echo", awsapi.Public, awsapi.Unasked, "Echoes.", echo, "ZooException")},
	}.Compile()
}

// bindJSON binds a body of the AWS JSON protocol.
func bindJSON(t testing.TB, body string) (*Input, error) {
	t.Helper()
	n, err := awsjson.Protocol{}.Decode(table().Row("Echo"), []byte(body))
	if err != nil {
		t.Fatalf("decode %s: %v", body, err)
	}
	return bind(n)
}

// bindForm binds a body of the AWS Query protocol.
func bindForm(t testing.TB, body string) (*Input, error) {
	t.Helper()
	n, err := awsquery.Protocol{}.Decode(table().Row("Echo"), []byte(body))
	if err != nil {
		t.Fatalf("decode %s: %v", body, err)
	}
	return bind(n)
}

func bind(n awsapi.Node) (*Input, error) {
	in, err := table().Row("Echo").Bind(n)
	if err != nil {
		return nil, err
	}
	return in.(*Input), nil
}

// wantSerialization expects a *SerializationError of an exact text.
func wantSerialization(t testing.TB, err error, message string) {
	t.Helper()
	e, ok := errors.AsType[*awsapi.SerializationError](err)
	if !ok {
		t.Fatalf("error %v, want a SerializationError %q", err, message)
	}
	if e.Message != message {
		t.Errorf("message %q, want %q", e.Message, message)
	}
}

// wantViolations expects a *ValidationError of an exact text.
func wantViolations(t testing.TB, err error, message string) {
	t.Helper()
	e, ok := errors.AsType[*awsapi.ValidationError](err)
	if !ok {
		t.Fatalf("error %v, want the violations %q", err, message)
	}
	if e.Error() != message {
		t.Errorf("message\n  %s\nwant\n  %s", e.Error(), message)
	}
}
