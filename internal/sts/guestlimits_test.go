package sts_test

import (
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/sts"
)

// A guest of the enhanced flow may do what both the role and the limits of
// guests allow. Nobody else is limited: users who have signed in, and guests who
// have assumed the role themselves, which is what the basic flow is.
func TestGuestLimits(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+pool+`"}}`))
	_, err := h.iam.PutRolePolicy(h.ctx, root, &iam.PutRolePolicyRequest{RoleName: "AppAuth", PolicyName: "p", PolicyDocument: `{"Version":"2012-10-17",` +
		`"Statement":{"Effect":"Allow","Action":["s3:GetObject","iam:*","sts:*","sagemaker:*","rum:*","kms:*","textract:*"],"Resource":"*"}}`})
	if err != nil {
		t.Fatal(err)
	}
	open := func(id, token string) awsapi.Caller {
		caller, _, _, err := h.sts.Session(h.ctx, id, token)
		if err != nil {
			t.Fatal(err)
		}
		return caller
	}
	enhanced := func(change ...func(*openid.Claims)) awsapi.Caller {
		made := h.credentials(change...)
		return open(made.AccessKeyId, made.SessionToken)
	}
	classic := h.mustAssume(h.token(guest), appAuth)
	if classic.PackedPolicySize != "" {
		t.Errorf("PackedPolicySize %s", classic.PackedPolicySize)
	}
	who := map[string]awsapi.Caller{
		"enhanced guest": enhanced(guest), "classic guest": open(classic.AccessKeyID, classic.SessionToken), "user": enhanced(),
		// What says nothing of who it is, is no user.
		"somebody": enhanced(func(c *openid.Claims) { c.AMR = nil }),
	}
	const identity, session = "because no identity-based policy allows the ", "because no session policy allows the "
	for _, test := range []struct {
		who, action string
		refusal     string // empty: allowed
	}{
		{"enhanced guest", "s3:GetObject", ""},
		{"enhanced guest", "s3:PutObject", identity},
		{"enhanced guest", "iam:ListUsers", session},
		{"enhanced guest", "sts:AssumeRole", session},
		{"enhanced guest", "ec2:DescribeInstances", session},
		{"enhanced guest", "sagemaker:InvokeEndpoint", ""},
		{"enhanced guest", "sagemaker:CreateModel", session},
		{"enhanced guest", "textract:AnalyzeDocument", ""},
		{"enhanced guest", "textract:AnalyzeExpense", session},
		{"enhanced guest", "rum:PutRumEvents", ""}, // which the managed policy allows
		{"enhanced guest", "rum:GetAppMonitor", session},
		{"enhanced guest", "kms:Decrypt", ""},
		{"enhanced guest", "kms:CreateKey", session},
		{"somebody", "s3:GetObject", ""},
		{"somebody", "iam:ListUsers", session},
		{"classic guest", "s3:GetObject", ""},
		{"classic guest", "iam:ListUsers", ""},
		{"classic guest", "ec2:DescribeInstances", identity},
		{"user", "iam:ListUsers", ""},
		{"user", "ec2:DescribeInstances", identity},
	} {
		d, err := h.iam.Authorize(h.ctx, wiretest.From(who[test.who]), test.action, "*", policy.Context{})
		if err != nil {
			t.Fatal(err)
		}
		if d.Allowed() != (test.refusal == "") {
			t.Errorf("%s, %s: allowed %v", test.who, test.action, d.Allowed())
		}
		if text := d.Refusal(who[test.who], test.action, "*"); test.refusal != "" && !strings.HasSuffix(text, test.refusal+test.action+" action") {
			t.Errorf("%s, %s: %s", test.who, test.action, text)
		}
	}
}

// A role that trusts the guests' role by name is no way out of the limits.
func TestGuestLimitsHoldForAssumeRole(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+pool+`"}}`))
	h.createRole("Next", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+appAuth+`"},"Action":"sts:AssumeRole"}]}`)
	for _, test := range []struct {
		name   string
		change []func(*openid.Claims)
		err    string
	}{
		{"guest", []func(*openid.Claims){guest}, "AccessDenied"},
		{"user", nil, ""},
	} {
		made := h.credentials(test.change...)
		caller, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken)
		if err != nil {
			t.Fatal(err)
		}
		code := ""
		_, err = h.sts.AssumeRole(h.ctx, wiretest.From(caller), &sts.AssumeRoleRequest{RoleArn: sts.ArnType(h.role["Next"]), RoleSessionName: "next"})
		if refused, ok := awsapi.AsError(err); ok {
			code = refused.Code
		}
		if code != test.err || (err == nil) != (test.err == "") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// The documents take no room in the token, and none of what a session has for
// tags.
func TestGuestLimitsTakeNoRoom(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assumeTag, `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+pool+`"}}`))
	limited := h.credentials(guest, tagged)
	caller, _, session, err := h.sts.Session(h.ctx, limited.AccessKeyId, limited.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	if session.Kind != sts.GuestSession || session.Policy != "" || len(session.PolicyARNs) != 0 {
		t.Errorf("session %+v", session)
	}
	if len(caller.Session.Policies) != 1 || len(caller.Session.PolicyARNs) != 1 || caller.Session.PolicyARNs[0] != "arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy" {
		t.Errorf("caller %+v", caller.Session)
	}
	if n := len(limited.SessionToken); n > 700 {
		t.Errorf("a token of %d characters", n)
	}
}
