package awsapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/daypass/daypass/internal/awsapi"
)

func TestViolations(t *testing.T) {
	const (
		one   = "1 validation error detected: "
		two   = "2 validation errors detected: "
		word  = "[Member must have length less than or equal to 5, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [a-z]+]"
		value = "[Member must have length less than or equal to 4, Member must satisfy regular expression pattern: [a-z]*]"
		key   = "[Member must have length less than or equal to 4, Member must have length greater than or equal to 1]"
	)
	for name, test := range map[string]struct{ body, want string }{
		"required": {`{}`, one + "Value null at 'poolName' failed to satisfy constraint: Member must not be null"},
		"required and null": {
			`{"PoolName":null}`,
			one + "Value null at 'poolName' failed to satisfy constraint: Member must not be null",
		},
		"too short": {
			`{"PoolName":""}`,
			two + "Value '' at 'poolName' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				`Value '' at 'poolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+`,
		},
		"too long": {
			`{"PoolName":"123456789"}`,
			one + "Value '123456789' at 'poolName' failed to satisfy constraint: Member must have length less than or equal to 8",
		},
		"pattern": {
			`{"PoolName":"a b"}`,
			one + `Value 'a b' at 'poolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w-]+`,
		},
		"the pattern is anchored": {
			`{"PoolName":"a\n"}`,
			one + "Value 'a\n' at 'poolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w-]+",
		},
		"enumeration": {
			`{"PoolName":"p","Colour":"blue"}`,
			one + "Value 'blue' at 'colour' failed to satisfy constraint: Member must satisfy enum value set: [green, red]",
		},
		"above the range": {
			`{"PoolName":"p","MaxResults":61}`,
			one + "Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60",
		},
		"below the range": {
			`{"PoolName":"p","MaxResults":0}`,
			one + "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1",
		},
		"a number is shown as it was read": {
			`{"PoolName":"p","MaxResults":6.19e1}`,
			one + "Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60",
		},
		"several, in the order of the members": {
			`{"MaxResults":0,"Colour":"blue"}`,
			"3 validation errors detected: Value null at 'poolName' failed to satisfy constraint: Member must not be null; " +
				"Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
				"Value 'blue' at 'colour' failed to satisfy constraint: Member must satisfy enum value set: [green, red]",
		},
		"a list that is too long": {
			`{"PoolName":"p","Words":["a","b","c","d"]}`,
			one + "Value '[a, b, c, d]' at 'words' failed to satisfy constraint: Member must have length less than or equal to 3",
		},
		"a list that is too short": {
			`{"PoolName":"p","Words":[]}`,
			one + "Value '[]' at 'words' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		"an element of a list of scalars": {
			`{"PoolName":"p","Words":["ok","WRONG!","NO"]}`,
			one + "Value '[ok, WRONG!, NO]' at 'words' failed to satisfy constraint: Member must satisfy constraint: " + word,
		},
		"a list and its elements": {
			`{"PoolName":"p","Words":["A","b","c","d"]}`,
			two + "Value '[A, b, c, d]' at 'words' failed to satisfy constraint: Member must have length less than or equal to 3; " +
				"Value '[A, b, c, d]' at 'words' failed to satisfy constraint: Member must satisfy constraint: " + word,
		},
		"a null in a list": {
			`{"PoolName":"p","Words":["a",null]}`,
			one + "Value '[a, ]' at 'words' failed to satisfy constraint: Member must satisfy constraint: [Member must not be null]",
		},
		"a key of a map": {
			`{"PoolName":"p","Labels":{"long key":"a","":"b"}}`,
			one + "Value '{=b, long key=a}' at 'labels' failed to satisfy constraint: Map keys must satisfy constraint: " + key,
		},
		"a value of a map": {
			`{"PoolName":"p","Labels":{"b":"A","a":"a"}}`,
			one + "Value '{a=a, b=A}' at 'labels' failed to satisfy constraint: Map value must satisfy constraint: " + value,
		},
		"a null in a map": {
			`{"PoolName":"p","Labels":{"a":null}}`,
			one + "Value '{a=}' at 'labels' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]",
		},
		"a map, its keys and its values": {
			`{"PoolName":"p","Labels":{"a":"a","b":"b","long key":"B"}}`,
			"3 validation errors detected: Value '{a=a, b=b, long key=B}' at 'labels' failed to satisfy constraint: Member must have length less than or equal to 2; " +
				"Value '{a=a, b=b, long key=B}' at 'labels' failed to satisfy constraint: Map keys must satisfy constraint: " + key + "; " +
				"Value '{a=a, b=b, long key=B}' at 'labels' failed to satisfy constraint: Map value must satisfy constraint: " + value,
		},
		"a member of a structure in a list": {
			`{"PoolName":"p","Tags":[{"Key":"a"},{"Key":"longer"}]}`,
			one + "Value 'longer' at 'tags.2.member.key' failed to satisfy constraint: Member must have length less than or equal to 4",
		},
		"a required member of a structure in a list": {
			`{"PoolName":"p","Tags":[{"Value":"a"}]}`,
			one + "Value null at 'tags.1.member.key' failed to satisfy constraint: Member must not be null",
		},
		"a list of structures is told of before its elements": {
			`{"PoolName":"p","Tags":[{"Key":"a"},{"Key":"b"},{"Value":"c"}]}`,
			two + "Value '[Tag(...), Tag(...), Tag(...)]' at 'tags' failed to satisfy constraint: Member must have length less than or equal to 2; " +
				"Value null at 'tags.3.member.key' failed to satisfy constraint: Member must not be null",
		},
		"deep down": {
			`{"PoolName":"p","RoleMappings":{"x":{"Type":"red","RulesConfiguration":{"Rules":[{"Claim":""}]}}}}`,
			one + "Value '' at 'roleMappings.x.member.rulesConfiguration.rules.1.member.claim' failed to satisfy constraint: " +
				"Member must have length greater than or equal to 1",
		},
		"a value that may be absent": {
			`{"PoolName":"p","RoleMappings":{"x":{"Type":"red","RulesConfiguration":{"Rules":[{"Claim":"c","Limit":61}]}}}}`,
			one + "Value '61' at 'roleMappings.x.member.rulesConfiguration.rules.1.member.limit' failed to satisfy constraint: " +
				"Member must have value less than or equal to 60",
		},
		"after a detour the path is right again": {
			`{"PoolName":"p","RoleMappings":{"x":{"RulesConfiguration":{"Rules":[{"Claim":"a"}]}},"y":{}}}`,
			two + "Value null at 'roleMappings.x.member.type' failed to satisfy constraint: Member must not be null; " +
				"Value null at 'roleMappings.y.member.type' failed to satisfy constraint: Member must not be null",
		},
	} {
		_, err := bindJSON(t, test.body)
		t.Run(name, func(t *testing.T) { wantViolations(t, err, test.want) })
	}
}

// A sensitive value is never shown, by itself or in what contains it.
func TestViolationsSensitive(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{`{"PoolName":"p","Token":"hunter2-hunter2"}`, "Value at 'token' failed to satisfy constraint: Member must have length less than or equal to 12"},
		{`{"PoolName":"p","Token":"h"}`, "Value at 'token' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{
			`{"PoolName":"p","Logins":{"a":"hunter2-hunter2"}}`,
			"Value at 'logins' failed to satisfy constraint: Map value must satisfy constraint: " +
				"[Member must have length less than or equal to 12, Member must have length greater than or equal to 2]",
		},
		{
			`{"PoolName":"p","Logins":{"hunter2-key":"hunter2"}}`,
			"Value at 'logins' failed to satisfy constraint: Map keys must satisfy constraint: " +
				"[Member must have length less than or equal to 4, Member must have length greater than or equal to 1]",
		},
		{
			`{"PoolName":"p","Logins":{"a":"hunter2","b":"hunter2","c":"hunter2"}}`,
			"Value at 'logins' failed to satisfy constraint: Member must have length less than or equal to 2",
		},
		{
			`{"PoolName":"p","Logins":{"a":null,"b":"hunter2"}}`,
			"Value at 'logins' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]",
		},
		{
			`{"PoolName":"p","Secrets":["hunter2","hunter2-hunter2"]}`,
			"Value at 'secrets' failed to satisfy constraint: Member must satisfy constraint: " +
				"[Member must have length less than or equal to 12, Member must have length greater than or equal to 2]",
		},
		{
			`{"PoolName":"p","Secrets":["hunter2","hunter2","hunter2","hunter2"]}`,
			"Value at 'secrets' failed to satisfy constraint: Member must have length less than or equal to 3",
		},
	} {
		_, err := bindJSON(t, test.body)
		t.Run(test.body, func(t *testing.T) {
			wantViolations(t, err, "1 validation error detected: "+test.want)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the secret is in %q", err)
			}
		})
	}
}

// What AWS would quote in full is quoted in full as long as it is of a size that
// an honest client might send.
func TestViolationsQuoteInFull(t *testing.T) {
	long := strings.Repeat("x", 10000)
	_, err := bindJSON(t, `{"PoolName":"`+long+`"}`)
	wantViolations(t, err, "1 validation error detected: Value '"+long+"' at 'poolName' failed to satisfy constraint: Member must have length less than or equal to 8")
}

// Messages do not grow with what strangers send: no more than 64 KiB come of a
// mebibyte, whatever it holds.
func TestViolationsBounded(t *testing.T) {
	const mebibyte = 1 << 20
	manyTags := func(each string) string {
		return `{"PoolName":"p","Tags":[` + strings.TrimSuffix(strings.Repeat(each+",", 16000), ",") + `]}`
	}
	var manyLabels, manyMappings strings.Builder
	for i := range 16000 {
		fmt.Fprintf(&manyLabels, `"label number %d":"IS WRONG",`, i)
		fmt.Fprintf(&manyMappings, `"%d":{},`, i)
	}
	object := func(b *strings.Builder) string { return "{" + strings.TrimSuffix(b.String(), ",") + "}" }
	for name, test := range map[string]struct{ body, begins string }{
		"a long value": {
			`{"PoolName":"` + strings.Repeat("ä", mebibyte/2) + `"}`,
			"2 validation errors detected: Value 'ä",
		},
		"a long value in a list": {
			`{"PoolName":"p","Words":["` + strings.Repeat("x", mebibyte) + `"]}`,
			"1 validation error detected: Value '[xxxx",
		},
		"a long list": {
			`{"PoolName":"p","Words":["X"` + strings.Repeat(`,"X"`, 30000) + `]}`,
			"2 validation errors detected: Value '[X, X, X",
		},
		"a long key": {
			`{"PoolName":"p","RoleMappings":{"` + strings.Repeat("é", mebibyte/2) + `":{}}}`,
			"2 validation errors detected: Value '{éé",
		},
		"a long map":      {`{"PoolName":"p","Labels":` + object(&manyLabels) + `}`, "3 validation errors detected: Value '{label number 0=IS WRONG, label number 1=IS WRONG, "},
		"many structures": {manyTags(`{}`), "89 validation errors detected: Value '[Tag(...), Tag(...)"},
		"many mappings":   {`{"PoolName":"p","RoleMappings":` + object(&manyMappings) + `}`, "16001 validation errors detected: Value '{0=RoleMapping(...), "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := bindJSON(t, test.body)
			e, ok := errors.AsType[*awsapi.ValidationError](err)
			if !ok {
				t.Fatalf("error %v, want a ValidationError", err)
			}
			message := e.Error()
			if !strings.HasPrefix(message, test.begins) {
				t.Errorf("message begins %q, want %q", message[:100], test.begins)
			}
			if len(message) > 64<<10 {
				t.Errorf("a message of %d bytes", len(message))
			}
			if !utf8.ValidString(message) {
				t.Error("the message was cut inside a character")
			}
		})
	}
}

// The log has members and constraints, and nothing that the caller sent.
func TestViolationsWithoutValues(t *testing.T) {
	_, err := bindJSON(t, `{"PoolName":"it's at 'x' failed to satisfy constraint: y","Logins":{"secret.key":"secret-value"},"Tags":[{"Key":"k"},{}],`+
		`"RoleMappings":{"secret":{"Type":"red","RulesConfiguration":{"Rules":[{"Claim":"","Limit":1}]}}}}`)
	e, ok := errors.AsType[*awsapi.ValidationError](err)
	if !ok {
		t.Fatalf("error %v, want a ValidationError", err)
	}
	const want = "poolName: Member must have length less than or equal to 8"
	if got := e.Members(); !strings.HasPrefix(got, want) || strings.Contains(got, "secret") || strings.Contains(got, "it's") ||
		!strings.Contains(got, "; tags.2.member.key: Member must not be null") || !strings.Contains(got, "; roleMappings: ") || !strings.Contains(got, "; logins: ") {
		t.Errorf("got  %s", got)
	}
}
