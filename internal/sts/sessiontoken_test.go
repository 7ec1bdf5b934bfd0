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
	"github.com/daypass/daypass/internal/sts"
)

const rootKey = "AKIDEXAMPLEOFROOT"

// withRootKey gives the account's root an access key.
func (h *house) withRootKey() awsapi.Caller {
	h.t.Helper()
	h.iam.Root = iam.RootAccessKey{ID: rootKey, Secret: seal.NewSecret("secret")}
	c, _, ok, err := h.iam.AccessKey(h.ctx, rootKey)
	if err != nil || !ok {
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
		Session: &awsapi.Session{Issued: issued},
	}
	if diff := cmp.Diff(want, h.caller(made), noOrigin); diff != "" {
		t.Error(diff)
	}
	h.iam.Root.ID = "AKIDANOTHEROFROOT"
	if _, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken); err != sts.ErrUnknownToken {
		t.Errorf("after the key is gone: %v", err)
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
