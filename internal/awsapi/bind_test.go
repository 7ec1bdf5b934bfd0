package awsapi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBind(t *testing.T) {
	no, one := false, Limit(1)
	for name, test := range map[string]struct {
		body string
		want Input
	}{
		"scalars": {
			`{"PoolName":"pool","MaxResults":60,"Size":9223372036854775807,"Number":-7,"Hidden":true,"Classic":false,"Colour":"red","Token":"secret"}`,
			Input{PoolName: "pool", MaxResults: 60, Size: 9223372036854775807, Number: -7, Hidden: true, Classic: &no, Colour: "red", Token: "secret"},
		},
		"null equals absent": {
			`{"PoolName":"p","MaxResults":null,"Hidden":null,"Classic":null,"Colour":null,"Words":null,"Labels":null,"RoleMappings":null}`,
			Input{PoolName: "p"},
		},
		"empty is neither": {
			`{"PoolName":"p","Free":"","Secrets":[],"Tags":[],"Labels":{},"RoleMappings":{}}`,
			Input{PoolName: "p", Secrets: Secrets{}, Tags: Tags{}, Labels: Labels{}, RoleMappings: map[Key]RoleMapping{}},
		},
		"unknown members are ignored": {
			`{"PoolName":"p","poolname":1,"Nobody":[{"knows":{}}]}`,
			Input{PoolName: "p"},
		},
		"a member with a name of its own": {
			`{"PoolName":"p","arn":"a","Arn":"b"}`,
			Input{PoolName: "p", Arn: "a"},
		},
		"lists and maps": {
			`{"PoolName":"p","Words":["a","b"],"Flags":[true,false],"Tags":[{"Key":"k","Value":""},{"Key":"l"}],"Labels":{"a":"b"},"Logins":{"a":"bcd"}}`,
			Input{
				PoolName: "p", Words: Words{"a", "b"}, Flags: []bool{true, false}, Tags: Tags{{Key: "k"}, {Key: "l"}},
				Labels: Labels{"a": "b"}, Logins: Logins{"a": "bcd"},
			},
		},
		"nested": {
			`{"PoolName":"p","RoleMappings":{"x":{"Type":"red","RulesConfiguration":{"Rules":[{"Claim":"c","Limit":1}]}},"y":{"Type":"green"}}}`,
			Input{PoolName: "p", RoleMappings: map[Key]RoleMapping{
				"x": {Type: "red", RulesConfiguration: &RulesConfiguration{Rules: []Rule{{Claim: "c", Limit: &one}}}},
				"y": {Type: "green"},
			}},
		},
		"length is counted in characters": {`{"PoolName":"p","Labels":{"ÄÖÜß":"ab"}}`, Input{PoolName: "p", Labels: Labels{"ÄÖÜß": "ab"}}},
		"fractions are cut off":           {`{"PoolName":"p","MaxResults":60.9,"Number":-0.5,"Size":1.5e3}`, Input{PoolName: "p", MaxResults: 60, Size: 1500}},
		"minus zero":                      {`{"PoolName":"p","Size":-0,"Number":-0.0}`, Input{PoolName: "p"}},
		"exponents":                       {`{"PoolName":"p","MaxResults":6e1,"Size":1E+2}`, Input{PoolName: "p", MaxResults: 60, Size: 100}},
		"the least of each": {
			`{"PoolName":"p","Size":-9223372036854775808,"MaxResults":1}`,
			Input{PoolName: "p", Size: -9223372036854775808, MaxResults: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := bindJSON(t, test.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A value of the wrong kind is told in AWS's sentences, before any constraint,
// and without the value.
func TestBindWrongKind(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{`{"MaxResults":"60"}`, "STRING_VALUE can not be converted to an Integer"},
		{`{"MaxResults":true}`, "TRUE_VALUE can not be converted to an Integer"},
		{`{"MaxResults":false}`, "FALSE_VALUE can not be converted to an Integer"},
		{`{"MaxResults":[]}`, "Start of list found where not expected"},
		{`{"MaxResults":{}}`, "Start of structure or map found where not expected."},
		{`{"MaxResults":2147483648}`, "Value is not a valid Integer"},
		{`{"MaxResults":-2147483649}`, "Value is not a valid Integer"},
		{`{"MaxResults":1e400}`, "Value is not a valid Integer"},
		{`{"MaxResults":99999999999999999999999999}`, "Value is not a valid Integer"},
		{`{"Size":"1"}`, "STRING_VALUE can not be converted to a Long"},
		{`{"Size":9223372036854775808}`, "Value is not a valid Long"},
		{`{"Size":1e300}`, "Value is not a valid Long"},
		{`{"PoolName":1}`, "NUMBER_VALUE can not be converted to a String"},
		{`{"PoolName":true}`, "TRUE_VALUE can not be converted to a String"},
		{`{"PoolName":[]}`, "Start of list found where not expected"},
		{`{"PoolName":{}}`, "Start of structure or map found where not expected."},
		{`{"Hidden":"true"}`, "STRING_VALUE can not be converted to a Boolean"},
		{`{"Hidden":1}`, "NUMBER_VALUE can not be converted to a Boolean"},
		{`{"Hidden":[]}`, "Start of list found where not expected"},
		{`{"Hidden":{}}`, "Start of structure or map found where not expected."},
		{`{"Classic":"no"}`, "STRING_VALUE can not be converted to a Boolean"},
		{`{"Words":"a"}`, "Expected list or null"},
		{`{"Words":1}`, "Expected list or null"},
		{`{"Words":{}}`, "Start of structure or map found where not expected."},
		{`{"Words":["a",1]}`, "NUMBER_VALUE can not be converted to a String"},
		{`{"Labels":"a"}`, "Expected null"},
		{`{"Labels":[]}`, "Start of list found where not expected"},
		{`{"Labels":{"a":1}}`, "NUMBER_VALUE can not be converted to a String"},
		{`{"Tags":["a"]}`, "Expected null"},
		{`{"Tags":[[]]}`, "Start of list found where not expected"},
		{`{"RoleMappings":{"x":{"RulesConfiguration":"none"}}}`, "Expected null"},
		{`{"RoleMappings":{"x":{"RulesConfiguration":{"Rules":{}}}}}`, "Start of structure or map found where not expected."},
		{`{"Token":["hunter2"]}`, "Start of list found where not expected"},
	} {
		_, err := bindJSON(t, test.body)
		t.Run(test.body, func(t *testing.T) { wantSerialization(t, err, test.want) })
	}
}

func TestBindForm(t *testing.T) {
	yes := true
	for name, test := range map[string]struct {
		form string
		want Input
	}{
		"scalars": {
			"Action=Echo&PoolName=p&MaxResults=60&Size=-1&Hidden=true&Classic=true&Colour=red&arn=a",
			Input{PoolName: "p", MaxResults: 60, Size: -1, Hidden: true, Classic: &yes, Colour: "red", Arn: "a"},
		},
		"structures in lists":    {"PoolName=p&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=c", Input{PoolName: "p", Tags: Tags{{"a", "b"}, {"c", ""}}}},
		"members out of order":   {"Words.member.3=c&Words.member.1=a&PoolName=p&Words.member.2=b", Input{PoolName: "p", Words: Words{"a", "b", "c"}}},
		"ten comes after two":    {"Words.member.10=c&PoolName=p&Words.member.2=b", Input{PoolName: "p", Words: Words{"b", "c"}}},
		"gaps":                   {"Words.member.7=b&PoolName=p&Words.member.2=a", Input{PoolName: "p", Words: Words{"a", "b"}}},
		"an empty list":          {"PoolName=p&Secrets=", Input{PoolName: "p", Secrets: Secrets{}}},
		"an empty member list":   {"PoolName=p&Secrets.member=", Input{PoolName: "p", Secrets: Secrets{}}},
		"an empty text":          {"PoolName=p&Free=", Input{PoolName: "p"}},
		"a space and an escape":  {"PoolName=p&Free=a+b%2Bc%26", Input{PoolName: "p", Free: "a b+c&"}},
		"no value":               {"PoolName=p&Free", Input{PoolName: "p"}},
		"unknown are ignored":    {"PoolName=p&X.y.z=1&X.y.w=2&X=3", Input{PoolName: "p"}},
		"a list of truth values": {"PoolName=p&Flags.member.1=true&Flags.member.2=false", Input{PoolName: "p", Flags: []bool{true, false}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := bindForm(t, test.form)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBindFormWrongKind(t *testing.T) {
	for _, test := range []struct{ form, want string }{
		{"MaxResults=sixty", "Value is not a valid Integer"},
		{"MaxResults=", "Value is not a valid Integer"},
		{"MaxResults=1.5", "Value is not a valid Integer"},
		{"MaxResults=1e1", "Value is not a valid Integer"},
		{"MaxResults=2147483648", "Value is not a valid Integer"},
		{"MaxResults=0x1", "Value is not a valid Integer"},
		{"MaxResults.x=1", "Value is not a valid Integer"},
		{"Size=9223372036854775808", "Value is not a valid Long"},
		{"Hidden=True", "Value is not a valid Boolean"},
		{"Hidden=", "Value is not a valid Boolean"},
		{"Hidden=true&Hidden.x=1", "Value is not a valid Boolean"},
		{"PoolName.x=1", "Value is not a valid String"},
		{"PoolName=p&PoolName.x=1", "Value is not a valid String"},
		{"Words=a", "Value is not a valid list"},
		{"Words.1=a", "Value is not a valid list"},
		{"Words.Member.1=a", "Value is not a valid list"},
		{"Words.member=a", "Value is not a valid list"},
		{"Words=a&Words.member.1=a", "Value is not a valid list"},
		{"Words.member=&Words.entry.1=a", "Value is not a valid list"},
		{"Words.member.0=a", "Value is not a valid list"},
		{"Words.member.-1=a", "Value is not a valid list"},
		{"Words.member.%2B1=a", "Value is not a valid list"},
		{"Words.member.01=a", "Value is not a valid list"},
		{"Words.member.one=a", "Value is not a valid list"},
		{"Words.member.1=a&Words.member.x=b", "Value is not a valid list"},
		{"Words.member.99999999999=a", "Value is not a valid list"},
		{"Words.member.1.member.1=a", "Value is not a valid String"},
		{"Tags.member.1=a", "Value is not a valid structure"},
		{"Tags.member.1=a&Tags.member.1.Key=b", "Value is not a valid structure"},
		{"Labels.entry.1.key=a", "Value is not a valid structure"},
	} {
		_, err := bindForm(t, test.form)
		t.Run(test.form, func(t *testing.T) { wantSerialization(t, err, test.want) })
	}
}
