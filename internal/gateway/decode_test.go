package gateway

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// Whatever comes in, what is read of it has the bounds, and is what another reader
// reads.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"accessKeyId":"AKIA","sessionToken":"t","actions":["s3:GetObject"],"resources":["arn:aws:s3:::b/k"],"condition":{"s3:prefix":["a","b"]},"region":"us-east-1","service":"s3"}`,
		`{"condition":{"aws:SourceIp":[]}}`, `{"condition":{"a":["1"],"A":["2"]}}`, `{"actions":[[]]}`, `{"actions":null}`, `null`, `{}`, `{"resources":["\u0001\ud800"]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in evaluateIn
		if err := decode(body, &in); err != nil {
			if e, ok := awsapi.AsError(err); !ok || e.Code != codeBadRequest || e.Cause == "" || len(e.Message) > 200 {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if len(in.Actions) > maxList || len(in.Resources) > maxList || len(in.Condition) > maxKeys {
			t.Error("too much")
		}
		var other struct {
			Actions, Resources []string
			Condition          map[string][]string
		}
		if err := json.Unmarshal(body, &other); err != nil || len(other.Actions) != len(in.Actions) || len(other.Resources) != len(in.Resources) || len(other.Condition) != len(in.Condition) {
			t.Errorf("another reader: %v, %v", other, err)
		}
		if _, err := in.questions(); err == nil {
			if _, _, err := in.facts(t.Context(), "us-east-1", nil); err != nil && len(in.Condition) == 0 {
				t.Error(err)
			}
		}
	})
}

// The days of a session's keys are those on which there is a session.
func TestCheckDateOfSessions(t *testing.T) {
	at := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	session := &awsapi.Session{Issued: at("2026-03-10T22:00:00Z"), Expires: at("2026-03-12T00:00:00Z")}
	for _, test := range []struct {
		now, date string
		want      bool
	}{
		{"2026-03-10T23:00:00Z", "20260309", false},
		{"2026-03-10T23:00:00Z", "20260310", true},
		{"2026-03-10T23:00:00Z", "20260311", false},
		{"2026-03-10T23:46:00Z", "20260311", true},
		{"2026-03-11T12:00:00Z", "20260310", true},
		{"2026-03-11T23:59:00Z", "20260312", false}, // on which there is none any more
		{"2026-03-11T23:59:00Z", "20260311", true},
	} {
		if err := checkDate(test.date, at(test.now), session); (err == nil) != test.want {
			t.Errorf("at %s for %s: %v", test.now, test.date, err)
		}
	}
	long := &awsapi.Session{Issued: at("2026-01-01T00:00:00Z"), Expires: at("2026-12-31T00:00:00Z")}
	if checkDate("20260303", at("2026-03-10T12:00:00Z"), long) != nil || checkDate("20260302", at("2026-03-10T12:00:00Z"), long) == nil {
		t.Error("a long session's keys are not of seven days")
	}
}

// What is looked for in a name is the name.
func TestIsAction(t *testing.T) {
	for action, want := range map[string]bool{
		"s3:GetObject": true, "s3:getobject": true, "s3:": false, "s3:*": false, "s3:Get Object": false, "S3:GetObject": false, "iam:GetUser": false, "s3:GetObject:x": false, "s3": false, "s3:Gét": false, "s3:[": false, "s3:{": false, "s3:@": false, "s3:`": false,
	} {
		if isAction(action) != want {
			t.Errorf("%s: %t", action, !want)
		}
	}
}
