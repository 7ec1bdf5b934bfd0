package sts_test

import (
	"errors"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/sts"
)

// Both flows ask the same trust policy for the same thing. The enhanced one
// tells the cause, the basic one tells nobody.
func TestTrust(t *testing.T) {
	const ours = "cognito-identity.amazonaws.com"
	condition := func(s string) string { return trust(ours, assume, s) }
	other := func(c *openid.Claims) { c.Audience = "us-east-1:00000000-dead-4eef-8afe-123456790abc" }
	tests := []struct {
		name   string
		trust  string
		change func(*openid.Claims)
		want   awsapi.Cause // empty if the role may be assumed
	}{
		{"the usual", condition(usual), nil, ""},
		{"other pool", condition(usual), other, "trust-audience"},
		{"guest", condition(usual), guest, "trust-amr"},
		{"guest where guests may", condition(`{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"},"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"unauthenticated"}}`), guest, ""},
		{"aud alone lets guests in", condition(`{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"}}`), guest, ""},
		{"amr alone lets other pools in", condition(`{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}`), other, ""},
		{"provider in amr", condition(`{"ForAnyValue:StringEquals":{"cognito-identity.amazonaws.com:amr":"oidc.example.com"}}`), nil, ""},
		{"subject of a provider in amr", condition(`{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"*:OIDC:anna"}}`), nil, ""},
		{"subject of a provider in amr, another", condition(`{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"*:OIDC:ben"}}`), nil, "trust-amr"},
		{"sub", condition(`{"StringEquals":{"cognito-identity.amazonaws.com:sub":"` + identity + `"}}`), nil, ""},
		{"other sub", condition(`{"StringEquals":{"cognito-identity.amazonaws.com:sub":"` + pool + `"}}`), nil, "trust-condition"},
		{"our issuer's keys", condition(`{"StringEquals":{"id.example.com:aud":"` + pool + `"}}`), nil, "trust-key-unknown"},
		{"other provider", trust("accounts.google.com", assume, usual), nil, "trust-principal"},
		{"provider of IAM", trust("arn:aws:iam::111122223333:oidc-provider/id.example.com", assume, usual), nil, "trust-principal"},
		{"other action", trust(ours, `"sts:AssumeRole"`, usual), nil, "trust-action"},
		{"everybody is nobody who is federated", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`, nil, "trust-principal"},
		{"denied", `{"Version":"2012-10-17","Statement":[` + statement("Allow", assume, usual) + `,` + statement("Deny", assume, `{"StringEquals":{"cognito-identity.amazonaws.com:sub":"`+identity+`"}}`) + `]}`, nil, "trust-denied"},
		{"not denied", `{"Version":"2012-10-17","Statement":[` + statement("Allow", assume, usual) + `,` + statement("Deny", assume, `{"StringEquals":{"cognito-identity.amazonaws.com:sub":"x"}}`) + `]}`, nil, ""},

		{"tags", trust(ours, assumeTag, usual), tagged, ""},
		{"tags in two statements", `{"Version":"2012-10-17","Statement":[` + statement("Allow", assume, usual) + `,` + statement("Allow", `"sts:TagSession"`, usual) + `]}`, tagged, ""},
		{"tags without TagSession", condition(usual), tagged, "tag-session-refused"},
		{"TagSession without AssumeRole", trust(ours, `"sts:TagSession"`, usual), tagged, "trust-action"},
		{"TagSession denied", `{"Version":"2012-10-17","Statement":[` + statement("Allow", assumeTag, usual) + `,` + statement("Deny", `"sts:TagSession"`, `{"Null":{"aws:RequestTag/dept":"false"}}`) + `]}`, tagged, "trust-denied"},
		{"request tag", withAMR(assumeTag, `"StringEquals":{"aws:RequestTag/DEPT":"sales"}`), tagged, ""},
		{"other request tag", withAMR(assumeTag, `"StringEquals":{"aws:RequestTag/dept":"Sales"}`), tagged, "trust-condition"},
		{"tag keys", withAMR(assumeTag, `"ForAllValues:StringEquals":{"aws:TagKeys":["dept","username"]}`), tagged, ""},
		{"other tag keys", withAMR(assumeTag, `"ForAllValues:StringEquals":{"aws:TagKeys":["dept"]}`), tagged, "trust-condition"},
		{"no transitive tags", withAMR(assumeTag, `"Null":{"sts:TransitiveTagKeys":"true"}`), tagged, ""},
		{"tag that is reserved", trust(ours, assumeTag, usual), func(c *openid.Claims) { c.Tags = openid.Tags{"aws:x": "y"} }, "session-tags"},

		{"session name", withAMR(assume, `"StringLike":{"sts:RoleSessionName":"app*"}`), nil, ""},
		{"other session name", withAMR(assume, `"StringLike":{"sts:RoleSessionName":"bpp*"}`), nil, "trust-condition"},
		{"federated provider", withAMR(assume, `"StringEquals":{"aws:FederatedProvider":"cognito-identity.amazonaws.com"}`), nil, ""},
		{"tag of the role", withAMR(assume, `"StringEquals":{"aws:ResourceTag/stage":"prod","iam:ResourceTag/Stage":"prod"}`), nil, ""},
		{"other tag of the role", withAMR(assume, `"StringEquals":{"aws:ResourceTag/stage":"dev"}`), nil, "trust-condition"},
		{"source identity that is not there", withAMR(assume, `"Null":{"sts:SourceIdentity":"false"}`), nil, "trust-condition"},
		{"time", withAMR(assume, `"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:01Z"},"NumericLessThanEquals":{"aws:EpochTime":"1767225600"}`), nil, ""},
		{"too late", withAMR(assume, `"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}`), nil, "trust-condition"},
		{"region of the pool", withAMR(assume, `"StringEquals":{"aws:RequestedRegion":"us-east-1"}`), nil, ""},
		{"region of the request", withAMR(assume, `"StringEquals":{"aws:RequestedRegion":"ap-south-2"}`), nil, "trust-condition"},
		{"account of the role", withAMR(assume, `"StringEquals":{"aws:ResourceAccount":"111122223333"}`), nil, ""},
		{"plain HTTP", withAMR(assume, `"Bool":{"aws:SecureTransport":"true"}`), nil, "trust-condition"},
		{"nobody has signed", withAMR(assume, `"Null":{"aws:PrincipalIsAWSService":"true","aws:PrincipalAccount":"true"}`), nil, ""},
		{"address", withAMR(assume, `"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), nil, ""},
		{"other address", withAMR(assume, `"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`), nil, "trust-condition"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.request.SourceIP, h.request.Region = "192.0.2.7", "ap-south-2"
			h.createRole("AppAuth", test.trust, func(in *iam.CreateRoleRequest) {
				in.Tags = iam.TagListType{{Key: "Stage", Value: "prod"}}
			})
			change := test.change
			if change == nil {
				change = func(*openid.Claims) {}
			}
			h.wantCause(appAuth, test.want, change)

			want := refusal{}
			switch test.want {
			case "":
			case "session-tags":
				want = refusal{400, "InvalidParameterValue", "aws: prefixed tag key names are not allowed for external use."}
			default:
				want = refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
			}
			h.wantRefused(h.assume(h.token(change), appAuth), want)
		})
	}
}

// wantCause assumes a role in the enhanced flow.
func (h *house) wantCause(role string, want awsapi.Cause, change ...func(*openid.Claims)) {
	h.t.Helper()
	made, err := h.sts.AssumeRoleForIdentity(h.ctx, h.request, role, h.claims(change...), "app1")
	if err == nil {
		if want != "" || made.SessionToken == "" {
			h.t.Errorf("assumed, want cause %s", want)
		}
		return
	}
	refused, ok := errors.AsType[*sts.Refusal](err)
	if !ok {
		h.t.Fatalf("error %v is no Refusal", err)
	}
	if refused.Cause != want || made != nil {
		h.t.Errorf("cause %s, want %s (%v)", refused.Cause, want, err)
	}
	if _, leaks := awsapi.AsError(err); leaks {
		h.t.Error("the refusal could reach a client as it is")
	}
}

func statement(effect, actions, conditions string) string {
	return `{"Effect":"` + effect + `","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":` + actions + `,"Condition":` + conditions + `}`
}

// withAMR is a trust policy with further conditions beside one on amr.
func withAMR(actions, more string) string {
	return trust("cognito-identity.amazonaws.com", actions,
		`{"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"},`+more+`}`)
}

// A role that is not there is refused as one that does not trust is; only the
// log tells them apart.
func TestRoleNotThere(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	tests := []struct {
		role string
		want awsapi.Cause
	}{
		{appAuth, ""},
		{"arn:aws:iam::111122223333:role/service-role/Nobody", "role-missing"},
		{"arn:aws:iam::111122223333:role/AppAuth", "role-missing"},              // without its path
		{"arn:aws:iam::111122223333:role/service-role/appauth", "role-missing"}, // in other case
		{"arn:aws:iam::999988887777:role/service-role/AppAuth", "role-foreign"},
		{"arn:aws:iam::111122223333:user/service-role/AppAuth", "role-arn"},
		{"arn:aws:sts::111122223333:assumed-role/AppAuth/app1", "role-arn"},
		{"service-role/AppAuth/01234567890", "role-arn"},
	}
	for _, test := range tests {
		h.wantCause(test.role, test.want)
		want := refusal{}
		switch test.want {
		case "role-missing", "role-foreign":
			want = refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
		case "role-arn":
			want = refusal{400, "ValidationError", "Request ARN is invalid"}
		}
		h.wantRefused(h.assume(h.token(), test.role), want)
	}
	// Deleting a role ends its trust at once.
	if _, err := h.iam.DeleteRole(h.ctx, root, &iam.DeleteRoleRequest{RoleName: "AppAuth"}); err != nil {
		t.Fatal(err)
	}
	h.wantCause(appAuth, "role-missing")
}

// In the enhanced flow a session lasts an hour, whatever the role's
// MaxSessionDuration is, unless a tag says otherwise: then up to that, and an hour
// at most for guests.
func TestEnhancedFlowDuration(t *testing.T) {
	for _, test := range []struct {
		tag         string
		most        iam.RoleMaxSessionDurationType
		user, guest time.Duration
	}{
		{"", 43200, time.Hour, time.Hour},
		{"900", 43200, 15 * time.Minute, 15 * time.Minute},
		{"7200", 43200, 2 * time.Hour, time.Hour},
		{"43200", 43200, 12 * time.Hour, time.Hour},
		{"43200", 7200, 2 * time.Hour, time.Hour},
		{"43200", 0, time.Hour, time.Hour}, // the default of MaxSessionDuration
	} {
		h := newHouse(t)
		h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+pool+`"}}`), func(in *iam.CreateRoleRequest) {
			if test.tag != "" {
				in.Tags = iam.TagListType{{Key: "Daypass:Session-Duration", Value: iam.TagValueType(test.tag)}}
			}
			if test.most > 0 {
				in.MaxSessionDuration = &test.most
			}
		})
		for _, who := range []struct {
			made *sts.Credentials
			want time.Duration
		}{{h.credentials(), test.user}, {h.credentials(guest), test.guest}} {
			if want := start.Truncate(time.Second).Add(who.want); !who.made.Expiration.Equal(want) {
				t.Errorf("%+v: expiration %s, want %s", test, who.made.Expiration, want)
			}
		}
		// A change of the role counts from the next sign-in on.
		if _, err := h.iam.UntagRole(h.ctx, root, &iam.UntagRoleRequest{RoleName: "AppAuth", TagKeys: []iam.TagKeyType{"daypass:session-duration"}}); err != nil {
			t.Fatal(err)
		}
		if made, want := h.credentials(), start.Truncate(time.Second).Add(time.Hour); !made.Expiration.Equal(want) {
			t.Errorf("%+v: expiration %s without the tag, want %s", test, made.Expiration, want)
		}
	}
}
