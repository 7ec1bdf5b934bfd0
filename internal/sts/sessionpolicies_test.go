package sts_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
)

func (h *house) createPolicy(name, document string) string {
	h.t.Helper()
	in := &iam.CreatePolicyRequest{PolicyName: iam.PolicyNameType(name), PolicyDocument: iam.PolicyDocumentType(document)}
	out, err := h.iam.CreatePolicy(h.ctx, root, in)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(out.Policy.Arn)
}

func allows(actions ...string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"}}`
}

func (h *house) may(c awsapi.Caller, action string) bool {
	h.t.Helper()
	d, err := h.iam.Authorize(h.ctx, wiretest.From(c), action, "*", policy.Context{})
	if err != nil {
		h.t.Fatal(err)
	}
	return d.Allowed()
}

// The session policies of a session allow together what any of them allows, of
// what the role may do. Managed ones count as they are now.
func TestSessionPolicies(t *testing.T) {
	h := newHouse(t)
	c := h.newWorker("")
	h.createRole("Target", trusts("*", plain, `{}`))
	h.putPolicy("Target", allows("s3:*", "sqs:SendMessage"))
	list, send := h.createPolicy("list", allows("s3:ListBucket", "sns:Publish")), h.createPolicy("send", allows("sqs:*"))
	for _, test := range []struct {
		name string
		in   []string
		want string
	}{
		{"none", nil, "s3:GetObject s3:ListBucket sqs:SendMessage"},
		{"inline", []string{"Policy", allows("s3:GetObject")}, "s3:GetObject"},
		{"inline of the old version", []string{"Policy", strings.Replace(allows("s3:GetObject"), "2012", "2008", 1)}, "s3:GetObject"},
		{"managed", []string{"PolicyArns.member.1.arn", list}, "s3:ListBucket"},
		{"two managed", []string{"PolicyArns.member.1.arn", list, "PolicyArns.member.2.arn", send}, "s3:ListBucket sqs:SendMessage"},
		{"inline and managed", []string{"Policy", allows("s3:GetObject"), "PolicyArns.member.1.arn", send}, "s3:GetObject sqs:SendMessage"},
		{"managed of AWS", []string{"PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/AdministratorAccess"}, "s3:GetObject s3:ListBucket sqs:SendMessage"},
		{"denied", []string{"Policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`, "PolicyArns.member.1.arn", list}, "sqs:SendMessage"},
	} {
		session := h.caller(h.mustAssumeRole(c, target, test.in...).Credentials)
		var may []string
		for _, action := range []string{"s3:GetObject", "s3:ListBucket", "sqs:SendMessage", "sns:Publish"} {
			if h.may(session, action) {
				may = append(may, action)
			}
		}
		if got := strings.Join(may, " "); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}

	session := h.caller(h.mustAssumeRole(c, target, "PolicyArns.member.1.arn", list).Credentials)
	if _, err := h.iam.DeletePolicy(h.ctx, root, &iam.DeletePolicyRequest{PolicyArn: iam.ArnType(list)}); err != nil {
		t.Fatal(err)
	}
	if h.may(session, "s3:ListBucket") || h.may(session, "s3:GetObject") {
		t.Error("without the policy that limits it, a session may do more than nothing")
	}
}

// What a request says of session policies has a limit, of which all of them
// take a part.
func TestSessionPoliciesTooLarge(t *testing.T) {
	h := newHouse(t)
	c := h.newWorker("")
	h.createRole("Target", trusts("*", plain, `{}`))
	arn := h.createPolicy("list", allows("s3:ListBucket"))
	document := allows("s3:GetObject")
	padded := func(n int) string { return document + strings.Repeat(" ", n-len(document)) }
	many := []string{}
	for i := range 11 {
		many = append(many, "PolicyArns.member."+strconv.Itoa(i+1)+".arn", arn)
	}
	tooLarge := func(percent string) refusal {
		return refusal{400, "PackedPolicyTooLarge", "Packed policy consumes " + percent + "% of allotted space, please use smaller policy."}
	}
	for _, test := range []struct {
		name string
		in   []string
		want refusal
	}{
		{"as long as it may be", []string{"Policy", padded(2048)}, refusal{}},
		{"a character too long", []string{"Policy", padded(2049)}, tooLarge("101")},
		{"Latin-1 counts by the character", []string{"Policy", strings.Replace(padded(2048), "s3:GetObject", "s3:GetObjec\u00e9", 1)}, refusal{}},
		{"with a managed one", []string{"Policy", padded(2048 - len(arn)), "PolicyArns.member.1.arn", arn}, refusal{}},
		{"with a managed one, a character too long", []string{"Policy", padded(2049 - len(arn)), "PolicyArns.member.1.arn", arn}, tooLarge("101")},
		{"ten managed", many[:20], refusal{}},
		{"eleven managed", many, refusal{400, "ValidationError", "A session can have at most 10 managed session policies."}},
	} {
		t.Run(test.name, func(t *testing.T) { h.wantRefused(h.assumeRole(c, target, test.in...), test.want) })
	}
	if got := h.mustAssumeRole(c, target, many[:20]...).PackedPolicySize; got != "10" {
		t.Errorf("ten ARNs take %s%%", got)
	}
}
