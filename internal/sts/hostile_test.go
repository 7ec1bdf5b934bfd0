package sts_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/sts"
)

// What a token says of its bearer is text to policies: no wildcard, no variable
// and no path, in whatever flow it comes.
func TestTagValuesAreText(t *testing.T) {
	const own = `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::box/${aws:PrincipalTag/team}/*"},` +
		`{"Effect":"Allow","Action":"s3:PutObject","Resource":"*","Condition":{"StringLike":{"aws:PrincipalTag/team":"red"}}},` +
		`{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"*","Condition":{"StringLike":{"s3:prefix":"${aws:PrincipalTag/team}/*"}}}]}`
	for _, value := range []string{
		"*", "?ed", "r*", "${aws:PrincipalTag/other}", "${*}", "red/..", "red*", "${aws:PrincipalTag/team}", `","Resource":"*`, "red\u200d", "RED", "r\u0435d", " red", "red/*",
	} {
		h := newHouse(t)
		h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assumeTag, usual))
		h.putPolicy("AppAuth", own)
		token := func(c *openid.Claims) { c.Tags = openid.Tags{"team": value, "other": "red"} }
		for flow, made := range map[string]func() (credentials, bool){
			"basic": func() (credentials, bool) {
				a := h.assume(h.token(token), appAuth)
				if a.Status != 200 {
					return credentials{}, false
				}
				out := h.mustAssume(h.token(token), appAuth)
				return credentials{AccessKeyId: out.AccessKeyID, SessionToken: out.SessionToken}, true
			},
			"enhanced": func() (credentials, bool) {
				made, err := h.sts.AssumeRoleForIdentity(h.ctx, h.request, appAuth, h.claims(token), "app1")
				if err != nil {
					return credentials{}, false
				}
				return credentials{AccessKeyId: made.AccessKeyId, SessionToken: made.SessionToken}, true
			},
		} {
			got, ok := made()
			if !ok {
				continue // refused outright
			}
			c := h.caller(got)
			if i := slices.IndexFunc(c.Session.Tags, func(t sts.SessionTag) bool { return t.Key == "team" }); c.Session.Tags[i].Value != value {
				t.Errorf("%q became %q", value, c.Session.Tags[i].Value)
			}
			for action, prefix := range map[string]string{"s3:GetObject": "", "s3:PutObject": "", "s3:DeleteObject": "red/1"} {
				facts := policy.Context{}
				if prefix != "" {
					facts.Set("s3:prefix", prefix)
				}
				d, err := h.iam.Authorize(h.ctx, wiretest.From(c), action, "arn:aws:s3:::box/red/1", facts)
				if err != nil {
					t.Fatal(err)
				}
				if d.Allowed() {
					t.Errorf("%s flow, team %q: may do %s as the red team", flow, value, action)
				}
			}
		}
	}
}

// Nor is it more to trust policies.
func TestTagValuesAreTextToTrust(t *testing.T) {
	for _, value := range []string{"*", "r?d", "${aws:RequestTag/other}"} {
		h := newHouse(t)
		h.createRole("AppAuth", withAMR(assumeTag, `"StringLike":{"aws:RequestTag/team":"red"}`))
		h.wantCause(appAuth, "trust-condition", func(c *openid.Claims) { c.Tags = openid.Tags{"team": value, "other": "red"} })
	}
}

// A user's session is good with the key of that user only.
func TestSessionOfAnotherUsersKey(t *testing.T) {
	h := newHouse(t)
	anna, ben := h.newUser("anna", ""), h.newUser("ben", "")
	made := h.sessionToken(anna)
	plain := open(t, h, &sts.Credentials{AccessKeyId: made.AccessKeyId, SessionToken: made.SessionToken})
	seal := func(plain []byte) string {
		return encode(h.sts.Tokens.Seal(nil, plain, []byte(made.AccessKeyId)))
	}
	if _, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, seal(plain)); err != nil {
		t.Fatal(err)
	}
	h.wantUnknown(made.AccessKeyId, seal(bytes.Replace(plain, []byte(anna.PrincipalID), []byte(ben.PrincipalID), 1)))
	h.wantUnknown(made.AccessKeyId, seal(bytes.Replace(plain, []byte(anna.AccessKeyID), []byte(ben.AccessKeyID), 1)))
}

// A session of one kind in the place of another is nobody: those of users and root
// name the access key that they were got with.
func TestKindsOfSessions(t *testing.T) {
	h := newHouse(t)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assume, usual))
	made := h.credentials()
	plain := open(t, h, made)
	for kind := range 256 {
		forged := slices.Clone(plain)
		forged[1] = byte(kind)
		caller, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, encode(h.sts.Tokens.Seal(nil, forged, []byte(made.AccessKeyId))))
		ofRole := sts.Kind(kind) == sts.RoleSession || sts.Kind(kind) == sts.GuestSession
		if ofRole != (err == nil) || caller.Root {
			t.Errorf("kind %d: root %v, %v", kind, caller.Root, err)
		}
	}
}
