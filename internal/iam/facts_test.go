package iam_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 5e8, time.FixedZone("", 3600))

func TestRequestFacts(t *testing.T) {
	always := policy.Context{
		"aws:currenttime": {"2026-01-01T11:00:00Z"}, "aws:epochtime": {"1767265200"}, "aws:viaawsservice": {"false"},
	}
	for name, test := range map[string]struct {
		request awsapi.Request
		want    policy.Context
	}{
		"a bare request": {
			awsapi.Request{Transport: awsapi.Plain, Region: "us-east-1"},
			policy.Context{"aws:securetransport": {"false"}, "aws:requestedregion": {"us-east-1"}},
		},
		"a whole request": {
			awsapi.Request{SourceIP: "192.0.2.7", UserAgent: "aws-cli/2", Referer: "https://app.example/", Region: "eu-west-1", Transport: awsapi.Encrypted},
			policy.Context{
				"aws:securetransport": {"true"}, "aws:sourceip": {"192.0.2.7"}, "aws:useragent": {"aws-cli/2"},
				"aws:referer": {"https://app.example/"}, "aws:requestedregion": {"eu-west-1"},
			},
		},
	} {
		got := policy.Context{}
		if err := iam.SetRequestFacts(got, test.request, noon); err != nil {
			t.Fatal(err)
		}
		maps.Copy(test.want, always)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// A condition must not see fewer keys because somebody forgot to say how the
// request came: then nobody is asked, and nothing is allowed.
func TestRequestWithoutFacts(t *testing.T) {
	s := newService(t)
	must(t, s, "CreateRole", "RoleName", "app", "AssumeRolePolicyDocument", trustAccount)
	must(t, s, "PutRolePolicy", "RoleName", "app", "PolicyName", "p", "PolicyDocument", allowAnything)
	c := sessionOf(t, s, "app")
	for want, request := range map[string]awsapi.Request{
		"awsapi: nobody said how the request was carried":     {SourceIP: "192.0.2.7", Region: "us-east-1"},
		"awsapi: nobody said which region the request is for": {SourceIP: "192.0.2.7", Transport: awsapi.Encrypted},
	} {
		c.Request = request
		decision, err := s.Authorize(t.Context(), c, "s3:GetObject", "*", policy.Context{})
		if decision != nil || err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", decision, err, want)
		}
	}
	c.Request = wiretest.Request
	if decision, err := s.Authorize(t.Context(), c, "s3:GetObject", "*", policy.Context{}); err != nil || !decision.Allowed() {
		t.Errorf("with all of them: %v %v", decision, err)
	}
}

// Whose a resource is stands in its ARN, and what has no ARN is the caller's.
func TestResourceAccount(t *testing.T) {
	for resource, want := range map[string]string{
		"*":                                      account,
		"arn:aws:iam::111122223333:role/app":     account,
		"arn:aws:iam::999988887777:role/app":     "999988887777",
		"arn:aws:iam::aws:policy/ReadOnlyAccess": "aws",
		"arn:aws:s3:::bucket/key":                account,
		"arn:aws:s3:::bucket/key:with:colons":    account,
		"arn:aws:cognito-identity:us-east-1:999988887777:identitypool/us-east-1:1": "999988887777",
		"not an ARN": account,
	} {
		facts := policy.Context{}
		iam.SetResourceAccount(facts, account, resource)
		if got := facts["aws:resourceaccount"]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, want %s", resource, got, want)
		}
	}
}

// Whoever chooses the policy of a session and the headers of a request must not
// choose how long it takes to compare the two.
func TestLongHeaders(t *testing.T) {
	long := strings.Repeat("e", 60_000)
	facts := policy.Context{}
	if err := iam.SetRequestFacts(facts, awsapi.Request{Transport: awsapi.Plain, Region: "us-east-1", UserAgent: long, Referer: long}, noon); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"aws:useragent", "aws:referer"} {
		if got := facts[key]; len(got) != 1 || got[0] != long[:2048] {
			t.Errorf("%s: %d values, the first has %d bytes", key, len(got), len(strings.Join(got, "")))
		}
	}
}

// The table "Principal key values" of the IAM User Guide, and what sessions
// bring.
func TestCallerFacts(t *testing.T) {
	const (
		root = "arn:aws:iam::111122223333:root"
		anna = "arn:aws:iam::111122223333:user/staff/anna"
		app  = "arn:aws:iam::111122223333:role/team/app"
	)
	issued := time.Unix(1767265200, 0)
	for name, test := range map[string]struct {
		caller awsapi.Caller
		want   policy.Context
	}{
		"root": {
			awsapi.Caller{Account: account, ARN: root, UserID: account, Root: true},
			policy.Context{
				"aws:principalaccount": {account}, "aws:userid": {account}, "aws:principalarn": {root}, "aws:principaltype": {"Account"}, "aws:principalisawsservice": {"false"},
			},
		},
		"a user": {
			awsapi.Caller{Account: account, ARN: anna, UserID: "AIDA1", PrincipalARN: anna, PrincipalID: "AIDA1"},
			policy.Context{
				"aws:principalaccount": {account}, "aws:userid": {"AIDA1"}, "aws:principalarn": {anna}, "aws:principaltype": {"User"}, "aws:principalisawsservice": {"false"},
				"aws:username": {"anna"},
			},
		},
		"a user with temporary credentials": {
			awsapi.Caller{Account: account, ARN: anna, UserID: "AIDA1", PrincipalARN: anna, PrincipalID: "AIDA1", Session: &awsapi.Session{Issued: issued}},
			policy.Context{
				"aws:principalaccount": {account}, "aws:userid": {"AIDA1"}, "aws:principalarn": {anna}, "aws:principaltype": {"User"}, "aws:principalisawsservice": {"false"},
				"aws:username": {"anna"}, "aws:tokenissuetime": {"2026-01-01T11:00:00Z"}, "aws:multifactorauthpresent": {"false"},
			},
		},
		"a session of a role": {
			awsapi.Caller{
				Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/app/s", UserID: "AROA1:s", PrincipalARN: app, PrincipalID: "AROA1",
				Session: &awsapi.Session{
					Name: "s", Issued: issued, Provider: "cognito-identity.amazonaws.com", SourceIdentity: "anna",
					Tags: []awsapi.SessionTag{{Key: "Team", Value: "red"}},
					Keys: map[string][]string{"cognito-identity.amazonaws.com:amr": {"authenticated", "idp"}, "aws:tokenissuetime": {"forged"}},
				},
			},
			policy.Context{
				"aws:principalaccount": {account}, "aws:userid": {"AROA1:s"}, "aws:principalarn": {app}, "aws:principaltype": {"AssumedRole"}, "aws:principalisawsservice": {"false"},
				"aws:tokenissuetime": {"2026-01-01T11:00:00Z"}, "aws:multifactorauthpresent": {"false"},
				"aws:federatedprovider": {"cognito-identity.amazonaws.com"}, "aws:sourceidentity": {"anna"}, "aws:principaltag/team": {"red"},
				"cognito-identity.amazonaws.com:amr": {"authenticated", "idp"},
			},
		},
		"nobody": {awsapi.Caller{}, policy.Context{"aws:principaltype": {"Anonymous"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := policy.Context{}
			iam.SetCallerFacts(got, test.caller)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A role's own tags are principal tags, and session tags take their place
// whatever the case of the key ("Passing session tags" in the IAM User Guide).
func TestPrincipalTags(t *testing.T) {
	s := newService(t)
	must(t, s, "CreateRole", "RoleName", "app", "AssumeRolePolicyDocument", trustAccount,
		"Tags.member.1.Key", "Team", "Tags.member.1.Value", "red", "Tags.member.2.Key", "Dept", "Tags.member.2.Value", "x")
	role, _, err := s.Role(t.Context(), account, "app")
	if err != nil {
		t.Fatal(err)
	}
	facts := policy.Context{}
	_, err = s.Authorize(t.Context(), awsapi.Caller{
		Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/app/s", PrincipalARN: string(role.Arn), PrincipalID: string(role.RoleId), Request: wiretest.Request,
		Session: &awsapi.Session{Name: "s", Tags: []awsapi.SessionTag{{Key: "team", Value: "blue"}}},
	}, "s3:GetObject", "*", facts)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][]string{"aws:principaltag/team": {"blue"}, "aws:principaltag/dept": {"x"}} {
		if diff := cmp.Diff(want, facts[key]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", key, diff)
		}
	}
}
