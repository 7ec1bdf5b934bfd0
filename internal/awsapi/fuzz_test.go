package awsapi_test

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsjson"
	"github.com/daypass/daypass/internal/awsquery"
)

// checkBind binds a tree. What is bound is written and bound again, and must be
// the same; what is refused is refused with a bounded text and no secret.
func checkBind(t *testing.T, n awsapi.Node) {
	in, err := bind(n)
	if err != nil {
		checkRefusal(t, err)
		return
	}
	a, err := awsjson.Protocol{}.Encode(table().Row("Echo"), &Output{*in}, "id")
	if err != nil {
		t.Fatalf("encode %+v: %v", in, err)
	}
	var out struct{ Input json.RawMessage }
	if err := json.Unmarshal(a.Body, &out); err != nil {
		t.Fatalf("%s: %v", a.Body, err)
	}
	second, err := awsjson.Protocol{}.Decode(table().Row("Echo"), out.Input)
	if err != nil {
		t.Fatalf("decode %s: %v", a.Body, err)
	}
	if in.MaxResults == 0 { // it was not there, and is written as 0, which would be refused
		second = without(second, "MaxResults")
	}
	got, err := bind(second)
	if err != nil {
		t.Fatalf("bind %s: %v", a.Body, err)
	}
	if diff := cmp.Diff(in, got); diff != "" {
		t.Errorf("bound again:\n%s", diff)
	}
}

func without(n awsapi.Node, name string) awsapi.Node {
	var kept []awsapi.Member
	for _, m := range n.Members {
		if m.Name != name {
			kept = append(kept, m)
		}
	}
	n.Members = kept
	return n
}

func checkRefusal(t *testing.T, err error) {
	if _, ok := errors.AsType[*awsapi.SerializationError](err); ok {
		if len(err.Error()) > 100 {
			t.Errorf("a long text: %q", err)
		}
		return
	}
	e, ok := errors.AsType[*awsapi.ValidationError](err)
	if !ok {
		t.Fatalf("error %v", err)
	}
	if len(e.Violations) == 0 || len(e.Error()) > 64<<10 || !utf8.ValidString(e.Error()) {
		t.Errorf("violations %q", e.Violations)
	}
}

func FuzzBindJSON(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"PoolName":"p"}`, `{"PoolName":"p","MaxResults":60.9,"Size":1e3,"Number":-0,"Hidden":true,"Classic":false,"Colour":"red","Token":"secret"}`,
		`{"PoolName":"p","Words":["a","b"],"Flags":[true,null],"Tags":[{"Key":"k"},null],"Labels":{"a":"b","c":null},"Logins":{"a":"bcd"},"Secrets":[]}`,
		`{"PoolName":"p","RoleMappings":{"x":{"Type":"red","RulesConfiguration":{"Rules":[{"Claim":"c","Limit":1},{"Claim":"d"}]}},"y":{}}}`,
		`{"PoolName":"p","RoleMappings":{"x":{"Type":"red","RulesConfiguration":{"Rules":[{"Claim":"c","Limit":60},{"Claim":"d"}]}}}}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := awsjson.Protocol{}.Decode(table().Row("Echo"), body)
		if err != nil {
			return
		}
		checkBind(t, n)
	})
}

func FuzzBindForm(f *testing.F) {
	for _, body := range []string{
		"PoolName=p&MaxResults=60&Size=-1&Hidden=true&Classic=false&Colour=red&arn=a",
		"PoolName=p&Tags.member.2.Key=a&Tags.member.1.Key=b&Words.member.1=a&Secrets=&Flags.member.3=true",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := awsquery.Protocol{}.Decode(table().Row("Echo"), body)
		if err != nil {
			return
		}
		checkBind(t, n)
	})
}
