package openid

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	amrPool = "us-east-1:11111111-2222-3333-4444-555555555555"
	amrOIDC = "arn:aws:iam::111122223333:oidc-provider/"
	amrSAML = "arn:aws:iam::111122223333:saml-provider/corp"
)

// A subject is read whole, whatever it looks like.
func TestLogins(t *testing.T) {
	const userPool, host = "cognito-idp.us-east-1.amazonaws.com/us-east-1_Abc", "login.example.com"
	for _, tt := range []struct {
		name, provider, qualified string
		want                      []Login
	}{
		{"user pool", userPool, userPool + ":CognitoSignIn:carl", []Login{{Provider: userPool, Subject: "carl"}}},
		{"a colon in the subject", userPool, userPool + ":CognitoSignIn:team:carl", []Login{{Provider: userPool, Subject: "team:carl"}}},
		{"OpenID Connect", host, amrOIDC + host + ":OIDC:team:carl", []Login{{Provider: host, Subject: "team:carl"}}},
		{"a slash at the end", host + "/", amrOIDC + host + "/:OIDC:carl", []Login{{Provider: host + "/", Subject: "carl"}}},
		{"a path like a form", host + "/a:OIDC:b", amrOIDC + host + "/a:OIDC:b:OIDC:carl", []Login{{Provider: host + "/a:OIDC:b", Subject: "carl"}}},
		{"a subject like a form", host, amrOIDC + host + ":OIDC::oidc-provider/" + host + ":OIDC:carl", []Login{{Provider: host, Subject: ":oidc-provider/" + host + ":OIDC:carl"}}},
		{"SAML", amrSAML, amrSAML + ":SAML:a:b", []Login{{Provider: amrSAML, Subject: "a:b"}}},
		{"public", "accounts.google.com", "accounts.google.com:1-web.apps.googleusercontent.com:110", []Login{{Provider: "accounts.google.com", Subject: "110"}}},
		{"public, in IAM", "accounts.google.com", amrOIDC + "accounts.google.com:OIDC:110", []Login{{Provider: "accounts.google.com", Subject: "110"}}},
		{"developer", "dev.example", "dev.example:" + amrPool + ":carl", []Login{{Provider: "dev.example", Subject: "carl", Developer: true}}},
		{"a user of another pool's developer", "dev.example", "dev.example:us-east-1:other:carl", []Login{{Provider: "dev.example", Subject: "other:carl"}}},
		{"another issuer", host, amrOIDC + "x." + host + ":OIDC:carl", nil},
		{"another provider", host, userPool + ":CognitoSignIn:carl", nil},
		{"no form", host, "carl", nil},
		{"no subject", host, host + ":carl", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			amr := []string{"authenticated", tt.provider, tt.qualified}
			if diff := cmp.Diff(tt.want, Logins(amrPool, amr)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// FuzzLogins checks that what was put together is taken apart into the same parts,
// whatever is in them.
func FuzzLogins(f *testing.F) {
	f.Add("login.example.com", "team:carl", uint8(0))
	f.Add("login.example.com/:OIDC:", ":oidc-provider/login.example.com:OIDC:carl", uint8(1))
	f.Add("dev", amrPool+":carl", uint8(2))
	f.Fuzz(func(t *testing.T, provider, subject string, form uint8) {
		if strings.Contains(provider, ":") && form%4 != 0 {
			return // only the host of an issuer has a port, and a path anything
		}
		want := Login{Provider: provider, Subject: subject}
		var qualified string
		switch form % 4 {
		case 0:
			qualified = amrOIDC + provider + ":OIDC:" + subject
			if strings.HasPrefix(provider, "arn:") {
				return
			}
		case 1:
			qualified = provider + ":CognitoSignIn:" + subject
		case 2:
			qualified, want.Developer = provider+":"+amrPool+":"+subject, true
		case 3:
			qualified = provider + ":1-web.apps:" + subject
		}
		if got := Logins(amrPool, []string{"authenticated", provider, qualified}); len(got) != 1 || got[0] != want {
			t.Errorf("%q: got %+v, want %+v", qualified, got, want)
		}
	})
}
