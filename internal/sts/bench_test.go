package sts_test

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sts"
)

// Nothing but the token itself, under its own key, is a session.
func FuzzSessionToken(f *testing.F) {
	h := newHouse(f)
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assumeTag, usual))
	made := h.credentials(tagged)
	other := h.credentials()
	raw := decode(f, made.SessionToken)
	f.Add(made.AccessKeyId, raw)
	f.Add(other.AccessKeyId, raw)
	f.Add(made.AccessKeyId, decode(f, other.SessionToken))
	f.Add(made.AccessKeyId, raw[:len(raw)-1])
	f.Add(made.AccessKeyId, append(raw[:len(raw):len(raw)], 0))
	f.Fuzz(func(t *testing.T, id string, token []byte) {
		cause := awsapi.Cause("unknown-session")
		if account, ok := iam.AccountOf(id); ok && account != h.sts.Account {
			cause = "foreign-key"
		}
		_, _, session, err := h.sts.Session(t.Context(), id, base64.StdEncoding.EncodeToString(token))
		switch {
		case id == made.AccessKeyId && bytes.Equal(token, raw):
			if err != nil || session.Keys[1].Values[0] != identity {
				t.Errorf("the token itself: %v", err)
			}
		case id == other.AccessKeyId && bytes.Equal(token, decode(t, other.SessionToken)):
		case causeOf(err) != cause || session != nil:
			t.Errorf("%s with %x: %v, want %s", id, token, err, cause)
		}
	})
}

// house for benchmarks: real clock, real randomness.
func benchHouse(b *testing.B) *house {
	h := newHouse(b)
	h.now = time.Now()
	h.sts.Rand, h.sts.Tokens.Rand = nil, nil
	h.createRole("AppAuth", trust("cognito-identity.amazonaws.com", assumeTag, usual))
	return h
}

// What the enhanced flow does in STS: the role, its trust policy, the
// credentials.
func BenchmarkAssumeRoleForIdentity(b *testing.B) {
	h := benchHouse(b)
	claims := h.claims()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.sts.AssumeRoleForIdentity(h.ctx, h.request, appAuth, claims, "CognitoIdentityCredentials"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAssumeRoleForIdentityWithTags(b *testing.B) {
	h := benchHouse(b)
	claims := h.claims(tagged)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.sts.AssumeRoleForIdentity(h.ctx, h.request, appAuth, claims, "CognitoIdentityCredentials"); err != nil {
			b.Fatal(err)
		}
	}
}

// What every signed request with temporary credentials does.
func BenchmarkOpenSession(b *testing.B) {
	h := benchHouse(b)
	made := h.credentials()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := h.sts.Session(h.ctx, made.AccessKeyId, made.SessionToken); err != nil {
			b.Fatal(err)
		}
	}
}

// The basic flow, the signature of the token included.
func BenchmarkAssumeRoleWithWebIdentity(b *testing.B) {
	h := benchHouse(b)
	in := &sts.AssumeRoleWithWebIdentityRequest{RoleArn: appAuth, RoleSessionName: "app1", WebIdentityToken: sts.ClientTokenType(h.token())}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.sts.AssumeRoleWithWebIdentity(h.ctx, wiretest.From(root), in); err != nil {
			b.Fatal(err)
		}
	}
}

// AssumeRole by a session of a role that the trust policy names, and by one whose
// own policies must allow it too.
func BenchmarkAssumeRole(b *testing.B) {
	for name, principal := range map[string]string{"named": workerRole, "account": account} {
		b.Run(name, func(b *testing.B) {
			h := benchHouse(b)
			h.t = b
			c := h.newWorker(mayAssume)
			h.createRole("Target", trusts(principal, plain, `{}`))
			in := &sts.AssumeRoleRequest{RoleArn: target, RoleSessionName: "t1"}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.sts.AssumeRole(h.ctx, wiretest.From(c), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// AssumeRoleWithSAML, the signature included.
func BenchmarkAssumeRoleWithSAML(b *testing.B) {
	h := benchHouse(b)
	m := h.newIdP()
	h.createRole("Staff", trust(samlARN, samlAssume, samlAud))
	in := &sts.AssumeRoleWithSAMLRequest{RoleArn: samlRole, PrincipalArn: samlARN, SAMLAssertion: sts.SAMLAssertionType(response(b, m))}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.sts.AssumeRoleWithSAML(h.ctx, wiretest.From(root), in); err != nil {
			b.Fatal(err)
		}
	}
}
