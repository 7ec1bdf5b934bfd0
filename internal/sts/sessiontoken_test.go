package sts_test

import (
	"encoding/xml"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
)

const rootKey = "AKIDEXAMPLEOFROOT"

// withRootKey gives the account's root an access key.
func (h *house) withRootKey() awsapi.Caller {
	h.t.Helper()
	h.iam.Roots = iam.NewRootKeys(iam.RootAccessKey{ID: rootKey, Secret: seal.NewSecret("secret")})
	c, _, err := h.iam.AccessKey(h.ctx, rootKey)
	if err != nil {
		h.t.Fatalf("root: %v", err)
	}
	return c
}

func (h *house) sessionToken(c awsapi.Caller, parameters ...string) credentials {
	h.t.Helper()
	a := h.call(c, "GetSessionToken", parameters...)
	var out struct {
		Credentials credentials `xml:"GetSessionTokenResult>Credentials"`
	}
	if err := xml.Unmarshal(a.Body, &out); err != nil || a.Status != 200 {
		h.t.Fatalf("GetSessionToken: %d %s (%v)", a.Status, a.Body, err)
	}
	return out.Credentials
}

// Root gets sessions of an hour at most, which are root's own and end with the
// key.
func TestGetSessionTokenRoot(t *testing.T) {
	h := newHouse(t)
	c := h.withRootKey()
	issued := start.Truncate(time.Second)
	for _, test := range []struct {
		in   []string
		want time.Duration
	}{
		{nil, time.Hour},
		{[]string{"DurationSeconds", "900"}, 15 * time.Minute},
		{[]string{"DurationSeconds", "129600"}, time.Hour},
	} {
		made := h.sessionToken(c, test.in...)
		if want := issued.Add(test.want); !made.Expiration.Equal(want) {
			t.Errorf("%v: until %s, want %s", test.in, made.Expiration, want)
		}
	}
	made := h.sessionToken(c)
	want := awsapi.Caller{
		Account: account, ARN: "arn:aws:iam::111122223333:root", UserID: account, Root: true, AccessKeyID: made.AccessKeyId,
		Session: &awsapi.Session{Issued: issued, Expires: issued.Add(time.Hour)},
	}
	if diff := cmp.Diff(want, h.caller(made), noOrigin); diff != "" {
		t.Error(diff)
	}
	h.iam.Roots.Set(iam.RootAccessKey{ID: "AKIDANOTHEROFROOT", Secret: seal.NewSecret("secret")})
	if _, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken); causeOf(err) != "parent-key" {
		t.Errorf("after the key is gone: %v", err)
	}
}

// Users get sessions of half a day or what they ask for, with rights of their
// own, which end with the access key and with the user.
func TestGetSessionTokenUser(t *testing.T) {
	h := newHouse(t)
	c := h.newUser("anna", allows("s3:GetObject"))
	issued := start.Truncate(time.Second)
	for _, test := range []struct {
		in   []string
		want time.Duration
	}{
		{nil, 12 * time.Hour},
		{[]string{"DurationSeconds", "900"}, 15 * time.Minute},
		{[]string{"DurationSeconds", "129600"}, 36 * time.Hour},
	} {
		made := h.sessionToken(c, test.in...)
		if want := issued.Add(test.want); !made.Expiration.Equal(want) {
			t.Errorf("%v: until %s, want %s", test.in, made.Expiration, want)
		}
	}
	made := h.sessionToken(c)
	want := c
	want.AccessKeyID, want.Session = made.AccessKeyId, &awsapi.Session{Issued: issued, Expires: issued.Add(12 * time.Hour)}
	session := h.caller(made)
	if diff := cmp.Diff(want, session, noOrigin); diff != "" {
		t.Error(diff)
	}
	if !h.may(session, "s3:GetObject") || h.may(session, "s3:PutObject") {
		t.Error("the session does not have the rights of the user")
	}

	h.createRole("Target", trusts("arn:aws:iam::111122223333:user/staff/anna", plain, `{"StringEquals":{"aws:username":"anna"}}`), twoHours)
	h.mustAssumeRole(session, target, "DurationSeconds", "7200") // which is no chain of roles

	// Trust is in the user, whatever the name.
	h.createRole("Other", trusts("arn:aws:iam::111122223333:user/staff/anna", plain, `{}`))
	if _, err := h.iam.UpdateUser(h.ctx, root, &iam.UpdateUserRequest{UserName: "anna", NewUserName: "anne"}); err != nil {
		t.Fatal(err)
	}
	if renamed := h.caller(made); renamed.ARN != "arn:aws:iam::111122223333:user/staff/anne" || !h.may(renamed, "s3:GetObject") {
		t.Errorf("with another name: %+v", renamed)
	}
	h.mustAssumeRole(h.caller(made), h.role["Other"])
	for _, status := range []iam.StatusType{"Inactive", "Active"} {
		in := &iam.UpdateAccessKeyRequest{UserName: "anne", AccessKeyId: iam.AccessKeyIdType(c.AccessKeyID), Status: status}
		if _, err := h.iam.UpdateAccessKey(h.ctx, root, in); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken); (causeOf(err) == "parent-key") != (status == "Inactive") {
			t.Errorf("with the key %s: %v", status, err)
		}
	}
	if _, err := h.iam.DeleteAccessKey(h.ctx, root, &iam.DeleteAccessKeyRequest{UserName: "anne", AccessKeyId: iam.AccessKeyIdType(c.AccessKeyID)}); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken); causeOf(err) != "parent-key" {
		t.Errorf("without the key: %v", err)
	}
}

// A user who was deleted is trusted no more, whatever comes by that name.
func TestDeletedUserIsNotTrusted(t *testing.T) {
	h := newHouse(t)
	c := h.newUser("anna", "")
	h.createRole("Target", trusts("arn:aws:iam::111122223333:user/staff/anna", plain, `{}`))
	h.mustAssumeRole(c, target)
	if _, err := h.iam.DeleteAccessKey(h.ctx, root, &iam.DeleteAccessKeyRequest{UserName: "anna", AccessKeyId: iam.AccessKeyIdType(c.AccessKeyID)}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.iam.DeleteUser(h.ctx, root, &iam.DeleteUserRequest{UserName: "anna"}); err != nil {
		t.Fatal(err)
	}
	h.wantCauseOf("caller-gone", c)
	again := h.newUser("anna", mayAll)
	h.wantCauseOf("trust-principal", again)
	h.trustAnew("Target", trusts("arn:aws:iam::111122223333:user/staff/anna", plain, `{}`))
	h.mustAssumeRole(again, target)
}

// trustAnew gives a role another trust policy.
func (h *house) trustAnew(role, document string) {
	h.t.Helper()
	in := &iam.UpdateAssumeRolePolicyRequest{RoleName: iam.RoleNameType(role), PolicyDocument: iam.PolicyDocumentType(document)}
	if _, err := h.iam.UpdateAssumeRolePolicy(h.ctx, root, in); err != nil {
		h.t.Fatal(err)
	}
}

func TestGetSessionTokenRefuses(t *testing.T) {
	h := newHouse(t)
	root := h.withRootKey()
	worker := h.newWorker(mayAll)
	own := h.caller(h.sessionToken(root))
	noMFA := refusal{403, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."}
	noSession := refusal{403, "AccessDenied", "Cannot call GetSessionToken with session credentials"}
	tests := []struct {
		name string
		c    awsapi.Caller
		in   []string
		want refusal
	}{
		{"session of a role", worker, nil, noSession},
		{"its own session", own, nil, noSession},
		{"MFA", root, []string{"SerialNumber", "arn:aws:iam::111122223333:mfa/w", "TokenCode", "123456"}, noMFA},
		{"too long", root, []string{"DurationSeconds", "129601"}, refusal{400, "ValidationError", "1 validation error detected: Value '129601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 129600"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { h.wantRefused(h.call(test.c, "GetSessionToken", test.in...), test.want) })
	}
	h.createRole("Target", trusts("*", plain, `{}`))
	h.wantRefused(h.assumeRole(own, target), refusal{403, "AccessDenied", "Roles may not be assumed by root accounts."})
}

func TestGetAccessKeyInfo(t *testing.T) {
	h := newHouse(t)
	root := h.withRootKey()
	made := h.sessionToken(root)
	bad := refusal{400, "ValidationError", "The access key ID is not valid."}
	tests := []struct {
		id, account string
		refused     refusal
	}{
		{"ASIAY34FZKBOKMUTVV7A", "609629065308", refusal{}},
		{"ASIAQNZGKIQY56JQ7WML", "029608264753", refusal{}},
		{made.AccessKeyId, account, refusal{}},
		{rootKey, account, refusal{}},
		{"AKIDEXAMPLEOFROOX", "", bad},
		{"ASIAY34FZKBOKMUTVV70", "", bad},
		{"short", "", refusal{400, "ValidationError", "1 validation error detected: Value 'short' at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16"}},
	}
	for _, test := range tests {
		a := h.call(root, "GetAccessKeyInfo", "AccessKeyId", test.id)
		h.wantRefused(a, test.refused)
		var out struct {
			Account string `xml:"GetAccessKeyInfoResult>Account"`
		}
		if err := xml.Unmarshal(a.Body, &out); err != nil || out.Account != test.account {
			t.Errorf("%s: account %q, want %q (%v)", test.id, out.Account, test.account, err)
		}
	}
}

func TestSessionTokenWire(t *testing.T) {
	h := newHouse(t)
	root := h.withRootKey()
	wiretest.Golden(t, "testdata/wire/get-session-token.txt", h.call(root, "GetSessionToken"))
	wiretest.Golden(t, "testdata/wire/get-access-key-info.txt", h.call(root, "GetAccessKeyInfo", "AccessKeyId", "ASIAY34FZKBOKMUTVV7A"))
}

// newUser makes a user with a policy and an access key.
func (h *house) newUser(name, document string) awsapi.Caller {
	h.t.Helper()
	user := iam.UserNameType(name)
	existing := iam.ExistingUserNameType(name)
	if _, err := h.iam.CreateUser(h.ctx, root, &iam.CreateUserRequest{UserName: user, Path: "/staff/"}); err != nil {
		h.t.Fatal(err)
	}
	if document != "" {
		in := &iam.PutUserPolicyRequest{UserName: existing, PolicyName: "p", PolicyDocument: iam.PolicyDocumentType(document)}
		if _, err := h.iam.PutUserPolicy(h.ctx, root, in); err != nil {
			h.t.Fatal(err)
		}
	}
	made, err := h.iam.CreateAccessKey(h.ctx, root, &iam.CreateAccessKeyRequest{UserName: existing})
	if err != nil {
		h.t.Fatal(err)
	}
	c, _, err := h.iam.AccessKey(h.ctx, string(made.AccessKey.AccessKeyId))
	if err != nil {
		h.t.Fatalf("the key that was made: %v", err)
	}
	return c
}
