package sts_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/login/logintest"
	"github.com/daypass/daypass/internal/sts"
)

// newDoubles starts doubles of the public providers.
func (h *house) newDoubles() *logintest.Doubles {
	h.t.Helper()
	clock := func() time.Time { return h.now }
	d := logintest.Start(h.t, clock)
	d.AddFacebook("EAAalice", logintest.FacebookToken{App: "100000000000001", User: "200000000000002"})
	d.AddFacebook("EAAexpired", logintest.FacebookToken{App: "100000000000001", User: "200000000000002", Code: 190})
	d.AddAmazon("Atza|alice", logintest.AmazonToken{ClientID: "amzn1.application-oa2-client.abc", AppID: "amzn1.application.436", User: "amzn1.account.K2LI23", Left: 3000})
	o := &login.OIDC{Fetch: &fetch.Client{AllowLoopback: true, Endpoints: d.Endpoints()}, Now: clock, Own: []string{ownURL}}
	h.t.Cleanup(o.Wait)
	h.sts.OIDC = o
	h.sts.Public = map[string]login.Verifier{
		login.GoogleName: login.Google{Tokens: o}, login.AmazonName: login.Amazon{Tokens: o}, login.FacebookName: login.Facebook{Tokens: o},
	}
	return d
}

// Tokens of providers that need none in IAM: the role's trust policy says for
// which app they must be.
func TestBuiltInProviders(t *testing.T) {
	const (
		facebook, amazon, google = "graph.facebook.com", "www.amazon.com", "accounts.google.com"

		web, android = "1-web.apps.googleusercontent.com", "1-android.apps.googleusercontent.com"
		googleUser   = "110169484474386276334"
	)
	trusted := func(provider, key, value string) string {
		return trust(provider, assume, `{"StringEquals":{"`+provider+`:`+key+`":"`+value+`"}}`)
	}
	id := func(values ...any) func(*logintest.Doubles) string {
		return func(d *logintest.Doubles) string { return d.GoogleToken(values...) }
	}
	opaque := func(token string) func(*logintest.Doubles) string {
		return func(*logintest.Doubles) string { return token }
	}
	denied := refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
	invalid := func(message string) refusal { return refusal{400, "InvalidIdentityToken", message} }
	alice := assumed{Subject: "200000000000002", Audience: "100000000000001", Provider: facebook}
	lwa := assumed{Subject: "amzn1.account.K2LI23", Audience: "amzn1.application-oa2-client.abc", Provider: amazon}
	atGoogle := assumed{Subject: googleUser, Audience: android, Provider: google}
	facebookKeys := map[string][]string{"graph.facebook.com:id": {"200000000000002"}}
	tests := []struct {
		name       string
		providerID string
		token      func(*logintest.Doubles) string
		trust      string
		want       assumed
		keys       map[string][]string
		refused    refusal
	}{
		{"Facebook", facebook, opaque("EAAalice"), trusted(facebook, "app_id", "100000000000001"), alice, facebookKeys, refusal{}},
		{"Facebook, by user", facebook, opaque("EAAalice"), trust(facebook, assume, `{"StringEquals":{"graph.facebook.com:app_id":"100000000000001","graph.facebook.com:id":"200000000000002"}}`), alice, facebookKeys, refusal{}},
		{"Facebook, another app", facebook, opaque("EAAalice"), trusted(facebook, "app_id", "3"), assumed{}, nil, denied},
		{"Facebook, expired", facebook, opaque("EAAexpired"), trusted(facebook, "app_id", "100000000000001"), assumed{}, nil, invalid("Provided Token is not a Facebook token")},
		{"Facebook, unknown", facebook, opaque("EAAnobody"), trusted(facebook, "app_id", "100000000000001"), assumed{}, nil, invalid("Provided Token is not a Facebook token")},
		{"Facebook's token at Amazon", amazon, opaque("EAAalice"), trusted(facebook, "app_id", "100000000000001"), assumed{}, nil, invalid("Provided Token is not a Login With Amazon token")},
		{"Amazon's token at Facebook", facebook, opaque("Atza|alice"), trusted(amazon, "app_id", "amzn1.application.436"), assumed{}, nil, invalid("Provided Token is not a Facebook token")},
		{"Facebook without ProviderId", "", opaque("EAAalice"), trusted(facebook, "app_id", "100000000000001"), assumed{}, nil, invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")},

		{"Amazon, by app ID", amazon, opaque("Atza|alice"), trusted(amazon, "app_id", "amzn1.application.436"), lwa, map[string][]string{"www.amazon.com:user_id": {"amzn1.account.K2LI23"}}, refusal{}},
		{"Amazon, by client ID", amazon, opaque("Atza|alice"), trusted(amazon, "app_id", "amzn1.application-oa2-client.abc"), lwa, map[string][]string{"www.amazon.com:user_id": {"amzn1.account.K2LI23"}}, refusal{}},
		{"Amazon, another app", amazon, opaque("Atza|alice"), trusted(amazon, "app_id", "amzn1.application.437"), assumed{}, nil, denied},
		{"Amazon, a line end behind", amazon, opaque("Atza|alice\r\n"), trusted(amazon, "app_id", "amzn1.application.436"), lwa, nil, refusal{}},
		{"Amazon, a space", amazon, opaque("Atza |alice"), trusted(amazon, "app_id", "amzn1.application.436"), assumed{}, nil, invalid("Provided Token is not a Login With Amazon token")},

		{"Google, azp is the audience", "", id(), trusted(google, "aud", android), atGoogle, map[string][]string{"accounts.google.com:aud": {android}, "accounts.google.com:sub": {googleUser}}, refusal{}},
		{"Google, aud is not where there is an azp", "", id(), trusted(google, "aud", web), assumed{}, nil, denied},
		{"Google, aud", "", id(), trust(google, assume, `{"StringEquals":{"accounts.google.com:aud":"`+android+`","accounts.google.com:oaud":"`+web+`"}}`), atGoogle, nil, refusal{}},
		{"Google, no azp", "", id("azp", nil), trusted(google, "aud", web), assumed{Subject: googleUser, Audience: web, Provider: google}, nil, refusal{}},
		{"Google, iss without scheme", "", id("iss", "accounts.google.com"), trusted(google, "aud", android), atGoogle, nil, refusal{}},
		{"Google, verified email", "", id("email", "u@example.com", "email_verified", true), trust(google, assume, `{"StringEquals":{"accounts.google.com:aud":"`+android+`","accounts.google.com:email":"u@example.com"}}`), atGoogle, nil, refusal{}},
		{"Google, email not verified", "", id("email", "u@example.com", "email_verified", false), trust(google, assume, `{"StringEquals":{"accounts.google.com:aud":"`+android+`","accounts.google.com:email":"u@example.com"}}`), assumed{}, nil, denied},
		{"Google, domain", "", id("hd", "example.com"), trust(google, assume, `{"StringEquals":{"accounts.google.com:aud":"`+android+`","accounts.google.com:hd":"example.com"}}`), atGoogle, nil, refusal{}},
		{"Google, expired", "", id("exp", start.Unix()-300), trusted(google, "aud", android), assumed{}, nil, refusal{400, "ExpiredTokenException", "Token expired: current date/time 1767225600 must be before the expiration date/time 1767225300"}},
		{"Google, tags without TagSession", "", id("https://aws.amazon.com/tags/principal_tags/team", "red"), trusted(google, "aud", android), assumed{}, nil, denied},
		{"another provider trusted", "", id(), trusted(facebook, "app_id", android), assumed{}, nil, denied},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			d := h.newDoubles()
			h.createRole("AppAuth", test.trust)
			var in []string
			if test.providerID != "" {
				in = []string{"ProviderId", test.providerID}
			}
			if test.refused.Code != "" {
				h.wantRefused(h.assume(test.token(d), appAuth, in...), test.refused)
				return
			}
			got := h.mustAssume(test.token(d), appAuth, in...)
			session := h.caller(credentials{AccessKeyId: got.AccessKeyID, SessionToken: got.SessionToken}).Session
			if test.keys != nil {
				if diff := cmp.Diff(test.keys, session.Keys); diff != "" {
					t.Error(diff)
				}
			}
			if session.Provider != test.want.Provider {
				t.Errorf("session of %s", session.Provider)
			}
			if got := (assumed{Subject: got.Subject, Audience: got.Audience, Provider: got.Provider}); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// A provider that does not answer is no verdict: trying again may help.
func TestBuiltInProviderDown(t *testing.T) {
	h := newHouse(t)
	d := h.newDoubles()
	h.createRole("AppAuth", trust("www.amazon.com", assume, `{"StringEquals":{"www.amazon.com:app_id":"amzn1.application.436"}}`))
	d.Fail("api.amazon.com", http.StatusServiceUnavailable)
	h.wantRefused(h.assume("Atza|alice", appAuth, "ProviderId", "www.amazon.com"), refusal{400, "IDPCommunicationError", "The identity provider did not answer in time."})
	d.Fail("api.amazon.com", 0)
	h.mustAssume("Atza|alice", appAuth, "ProviderId", "www.amazon.com")
}

// An account may have a provider in IAM for Google too. Roles that name it see
// Google by its rules; others see the built-in one as ever.
func TestGoogleInIAM(t *testing.T) {
	h := newHouse(t)
	d := h.newDoubles()
	const arn = "arn:aws:iam::111122223333:oidc-provider/accounts.google.com"
	_, err := h.iam.CreateOpenIDConnectProvider(h.ctx, root, &iam.CreateOpenIDConnectProviderRequest{
		Url: "https://accounts.google.com", ClientIDList: []iam.ClientIDType{"1-android.apps.googleusercontent.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	aud := `{"StringEquals":{"accounts.google.com:aud":"1-android.apps.googleusercontent.com"}}`
	h.createRole("Own", trust(arn, assume, aud))
	h.createRole("BuiltIn", trust("accounts.google.com", assume, aud))
	if got := h.mustAssume(d.GoogleToken(), h.role["Own"]); got.Provider != arn {
		t.Errorf("provider %s", got.Provider)
	}
	if got := h.mustAssume(d.GoogleToken(), h.role["BuiltIn"]); got.Provider != "accounts.google.com" {
		t.Errorf("provider %s", got.Provider)
	}
	h.wantRefused(h.assume(d.GoogleToken("azp", "another"), h.role["Own"]), refusal{400, "InvalidIdentityToken", "Incorrect token audience"})
	h.wantRefused(h.assume(d.GoogleToken("azp", "another"), h.role["BuiltIn"]), refusal{403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"})
}

// Whose access tokens they are is for the log too.
func TestAccessTokenCause(t *testing.T) {
	h := newHouse(t)
	h.newDoubles()
	h.createRole("AppAuth", trust("www.amazon.com", assume, `{"StringEquals":{"www.amazon.com:app_id":"amzn1.application.436"}}`))
	_, err := h.sts.AssumeRoleWithWebIdentity(h.ctx, wiretest.From(awsapi.Caller{}), webIdentityRequest(appAuth, "www.amazon.com", "Atza|nobody"))
	if e, ok := awsapi.AsError(err); !ok || e.Cause != "login-provider-refused" {
		t.Errorf("error %v", err)
	}
}

func webIdentityRequest(role, provider, token string) *sts.AssumeRoleWithWebIdentityRequest {
	return &sts.AssumeRoleWithWebIdentityRequest{
		RoleArn: sts.ArnType(role), RoleSessionName: "app1", ProviderId: sts.UrlType(provider), WebIdentityToken: sts.ClientTokenType(token),
	}
}
