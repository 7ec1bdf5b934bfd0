package awsquery

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
)

type descriptor struct {
	Arn string `aws:"name=arn,required"`
}

type descriptors struct {
	Policies []descriptor
	Names    []string `aws:"required"`
	Note     string   `aws:"required"`
	Other    string
}

func echo(_ context.Context, _ awsapi.Caller, in *descriptors) (*descriptors, error) { return in, nil }

var echoTable = awsapi.Service{
	Name: "echo", Namespace: "urn:echo",
	Operations: []awsapi.Operation{awsapi.Op("Echo", awsapi.Public, awsapi.Unasked, "Echoes.", echo)},
}.Compile()

// Both directions use a member's name on the wire, and required members of an
// output are there even when they are empty.
func TestMemberTags(t *testing.T) {
	row := echoTable.Row("Echo")
	n, err := Protocol{}.Decode(echoTable.Row("Echo"), []byte("Policies.member.1.arn=a&Policies.member.2.arn=b&Names=&Note="))
	if err != nil {
		t.Fatal(err)
	}
	in, err := row.Bind(n)
	if err != nil {
		t.Fatal(err)
	}
	want := &descriptors{Policies: []descriptor{{"a"}, {"b"}}, Names: []string{}}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("bound:\n%s", diff)
	}
	a, err := Protocol{}.Encode(row, in, "id")
	if err != nil {
		t.Fatal(err)
	}
	wantXML := `<EchoResponse xmlns="urn:echo"><EchoResult>` +
		`<Policies><member><arn>a</arn></member><member><arn>b</arn></member></Policies><Names></Names><Note></Note>` +
		`</EchoResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></EchoResponse>`
	if diff := cmp.Diff(wantXML, string(a.Body)); diff != "" {
		t.Errorf("encoded:\n%s", diff)
	}
}

// A member that is known by another name on the wire is not found by its Go
// name, and messages call it by the wire's.
func TestMemberNameInMessages(t *testing.T) {
	n, err := Protocol{}.Decode(echoTable.Row("Echo"), []byte("Policies.member.1.Arn=a&Names=&Note="))
	if err != nil {
		t.Fatal(err)
	}
	_, err = echoTable.Row("Echo").Bind(n)
	v, ok := errors.AsType[*awsapi.ValidationError](err)
	if !ok {
		t.Fatalf("error %v, want a ValidationError", err)
	}
	want := []awsapi.Violation{{
		Path: awsapi.Path{{Name: "policies"}, {Index: 1}, {Name: "member"}, {Name: "arn"}}, Value: "null", Constraint: "Member must not be null",
	}}
	if diff := cmp.Diff(want, v.Violations); diff != "" {
		t.Error(diff)
	}
}
