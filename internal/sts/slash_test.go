package sts_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sts"
)

// wantIssuerUnknown looks at what the log is told of an issuer that has no provider.
func (h *house) wantIssuerUnknown(token, detail string) {
	h.t.Helper()
	_, err := h.sts.AssumeRoleWithWebIdentity(h.ctx, awsapi.Caller{}, &sts.AssumeRoleWithWebIdentityRequest{
		RoleArn: sts.ArnType(h.role["Anyone"]), RoleSessionName: "app1", WebIdentityToken: sts.ClientTokenType(token),
	})
	e, ok := awsapi.AsError(err)
	if !ok || e.Code != "InvalidIdentityToken" || e.Cause != "issuer-unknown" {
		h.t.Fatalf("got %v", err)
	}
	got := ""
	if e.Err != nil {
		got = e.Err.Error()
	}
	if got != detail {
		h.t.Errorf("the log is told %s\n           want %s", got, detail)
	}
}

// A provider whose URL ends in a slash is another than one whose URL does not: in
// its ARN, in condition keys, in Provider and in the session.
func TestSlashAtTheEnd(t *testing.T) {
	h := newHouse(t)
	i := h.startIssuer("/")
	create := func(url string) string {
		t.Helper()
		out, err := h.iam.CreateOpenIDConnectProvider(h.ctx, root, &iam.CreateOpenIDConnectProviderRequest{
			Url: iam.OpenIDConnectProviderUrlType(url), ClientIDList: iam.ClientIDListType{"app"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(out.OpenIDConnectProviderArn)
	}
	const arns = "arn:aws:iam::111122223333:oidc-provider/"
	without, with := arns+i.name, arns+i.name+"/"
	aud := func(key string) string { return `{"StringEquals":{"` + key + `":"app"}}` }
	h.createRole("Anyone", trust(with, assume, aud(i.name+"/:aud")))
	h.createRole("KeyWithout", trust(with, assume, aud(i.name+":aud")))
	h.createRole("PrincipalWithout", trust(without, assume, aud(i.name+"/:aud")))
	h.createRole("Without", trust(without, assume, aud(i.name+":aud")))

	if got := create("http://" + i.name); got != without {
		t.Errorf("without the slash: %s", got)
	}
	h.wantIssuerUnknown(i.token(h, nil), `iss is "`+i.URL+`"; the account has a provider of http://`+i.name+`, without the slash at the end`)
	h.wantIssuerUnknown(i.token(h, map[string]any{"iss": "https://" + i.name + "/"}),
		`iss is "https://`+i.name+`/"; the account has a provider of http://`+i.name+`, with another scheme and without the slash at the end`)
	h.wantIssuerUnknown(i.token(h, map[string]any{"iss": i.name}), `iss is "`+i.name+`"; the account has a provider of http://`+i.name+`, with the scheme`)
	h.wantIssuerUnknown(i.token(h, map[string]any{"iss": "https://other.example.com"}), `iss is "https://other.example.com"`)

	if got := create(i.URL); got != with {
		t.Errorf("with the slash: %s", got)
	}
	h.wantIssuerUnknown(i.token(h, map[string]any{"iss": "https://" + i.name}), `iss is "https://`+i.name+`"; the account has a provider of `+
		`http://`+i.name+`, with another scheme, and of http://`+i.name+`/, with another scheme and with a slash at the end`)
	for role, want := range map[string]refusal{"Anyone": {}, "KeyWithout": denied, "PrincipalWithout": denied, "Without": denied} {
		h.wantRefused(h.assume(i.token(h, nil), h.role[role]), want)
	}
	got := h.mustAssume(i.token(h, nil), h.role["Anyone"])
	if got.Provider != with {
		t.Errorf("Provider %s", got.Provider)
	}
	session := h.caller(credentials{AccessKeyId: got.AccessKeyID, SessionToken: got.SessionToken}).Session
	if diff := cmp.Diff(map[string][]string{i.name + "/:aud": {"app"}, i.name + "/:sub": {"anna"}}, session.Keys); diff != "" {
		t.Errorf("keys of the session (-want +got):\n%s", diff)
	}
	// The discovery document has the slash, and so a token without has no keys.
	h.wantRefused(h.assume(i.token(h, map[string]any{"iss": "http://" + i.name}), h.role["Without"]), identityToken(noKey))
}

// A provider that was stored when ARNs lost the slash keeps its ARN and its keys,
// also beside a new one of the same URL.
func TestKeptName(t *testing.T) {
	h := newHouse(t)
	i := h.startIssuer("/")
	kept := "arn:aws:iam::111122223333:oidc-provider/" + i.name
	old := &iam.OIDCProvider{
		Account: account, ARN: iam.ArnType(kept), URL: iam.OpenIDConnectProviderUrlType(i.URL), ClientIDs: iam.ClientIDListType{"app"},
	}
	if err := h.iam.Store.Update(h.ctx, func(tx iam.Tx) error { return tx.AddOIDCProvider(old) }); err != nil {
		t.Fatal(err)
	}
	aud := func(key, value string) string { return `{"StringEquals":{"` + key + `":"` + value + `"}}` }
	h.createRole("Kept", trust(kept, assume, aud(i.name+":aud", "app")))
	h.createRole("New", trust(kept+"/", assume, aud(i.name+"/:aud", "new")))
	h.createRole("Both", `{"Version":"2012-10-17","Statement":[`+
		`{"Effect":"Allow","Principal":{"Federated":["`+kept+`","`+kept+`/"]},"Action":"sts:AssumeRoleWithWebIdentity"}]}`)
	h.createRole("Anyone", trust("cognito-identity.amazonaws.com", assume, usual))
	forNew := map[string]any{"aud": "new"}

	want := func(role, provider string, claims map[string]any) {
		t.Helper()
		if got := h.mustAssume(i.token(h, claims), h.role[role]); got.Provider != provider {
			t.Errorf("%s: Provider %s, want %s", role, got.Provider, provider)
		}
	}
	want("Kept", kept, nil)
	want("Both", kept, nil)
	h.wantRefused(h.assume(i.token(h, nil), h.role["New"]), denied)
	h.wantIssuerUnknown(i.token(h, map[string]any{"iss": "http://" + i.name}), `iss is "http://`+i.name+`"; the account has a provider of `+i.URL+`, with a slash at the end`)

	if _, err := h.iam.CreateOpenIDConnectProvider(h.ctx, root, &iam.CreateOpenIDConnectProviderRequest{Url: old.URL, ClientIDList: iam.ClientIDListType{"new"}}); err != nil {
		t.Fatal(err)
	}
	want("Kept", kept, nil)
	want("New", kept+"/", forNew)
	want("Both", kept+"/", forNew)
	wrong := identityToken("Incorrect token audience")
	h.wantRefused(h.assume(i.token(h, forNew), h.role["Kept"]), wrong)
	h.wantRefused(h.assume(i.token(h, nil), h.role["New"]), wrong)
	h.wantRefused(h.assume(i.token(h, nil), h.role["Both"]), wrong)
	h.wantRefused(h.assume(i.token(h, forNew), h.role["Anyone"]), denied)

	if _, err := h.iam.DeleteOpenIDConnectProvider(h.ctx, root, &iam.DeleteOpenIDConnectProviderRequest{OpenIDConnectProviderArn: old.ARN}); err != nil {
		t.Fatal(err)
	}
	want("New", kept+"/", forNew)
	h.wantRefused(h.assume(i.token(h, forNew), h.role["Kept"]), denied)
}
