package iam_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

func TestRequestFacts(t *testing.T) {
	s := newService(t)
	s.Now = func() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 5e8, time.FixedZone("", 3600)) }
	always := policy.Context{
		"aws:currenttime": {"2026-01-01T11:00:00Z"}, "aws:epochtime": {"1767265200"}, "aws:viaawsservice": {"false"},
	}
	if diff := cmp.Diff(always, s.RequestFacts(t.Context())); diff != "" {
		t.Errorf("without an event (-want +got)\n%s", diff)
	}
	bare := audit.NewContext(t.Context(), &audit.Event{})
	always["aws:securetransport"] = []string{"false"}
	if diff := cmp.Diff(always, s.RequestFacts(bare)); diff != "" {
		t.Errorf("of a bare request (-want +got)\n%s", diff)
	}
	full := audit.NewContext(t.Context(), &audit.Event{
		SourceIP: "192.0.2.7", UserAgent: "aws-cli/2", Referer: "https://app.example/", Region: "eu-west-1", SecureTransport: true,
	})
	want := policy.Context{
		"aws:currenttime": {"2026-01-01T11:00:00Z"}, "aws:epochtime": {"1767265200"}, "aws:viaawsservice": {"false"},
		"aws:securetransport": {"true"}, "aws:sourceip": {"192.0.2.7"}, "aws:useragent": {"aws-cli/2"},
		"aws:referer": {"https://app.example/"}, "aws:requestedregion": {"eu-west-1"},
	}
	if diff := cmp.Diff(want, s.RequestFacts(full)); diff != "" {
		t.Errorf("of a whole request (-want +got)\n%s", diff)
	}
}

// Whoever chooses the policy of a session and the headers of a request must not
// choose how long it takes to compare the two.
func TestLongHeaders(t *testing.T) {
	long := strings.Repeat("e", 60_000)
	facts := newService(t).RequestFacts(audit.NewContext(t.Context(), &audit.Event{UserAgent: long, Referer: long}))
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
				"aws:principalaccount": {account}, "aws:userid": {account}, "aws:principalarn": {root}, "aws:principaltype": {"Account"},
			},
		},
		"a user": {
			awsapi.Caller{Account: account, ARN: anna, UserID: "AIDA1", PrincipalARN: anna, PrincipalID: "AIDA1"},
			policy.Context{
				"aws:principalaccount": {account}, "aws:userid": {"AIDA1"}, "aws:principalarn": {anna}, "aws:principaltype": {"User"},
				"aws:username": {"anna"},
			},
		},
		"a user with temporary credentials": {
			awsapi.Caller{Account: account, ARN: anna, UserID: "AIDA1", PrincipalARN: anna, PrincipalID: "AIDA1", Session: &awsapi.Session{Issued: issued}},
			policy.Context{
				"aws:principalaccount": {account}, "aws:userid": {"AIDA1"}, "aws:principalarn": {anna}, "aws:principaltype": {"User"},
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
				"aws:principalaccount": {account}, "aws:userid": {"AROA1:s"}, "aws:principalarn": {app}, "aws:principaltype": {"AssumedRole"},
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
		Account: account, ARN: "arn:aws:sts::111122223333:assumed-role/app/s", PrincipalARN: string(role.Arn), PrincipalID: string(role.RoleId),
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
