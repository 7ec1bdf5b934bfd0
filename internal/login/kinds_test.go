package login

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/login/logintest"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

// doubles are all providers, and a way to verify their tokens.
func doubles(t testing.TB) (*logintest.Doubles, *OIDC, *clock) {
	c := &clock{now: testNow}
	d := logintest.Start(t, c.Now)
	o := &OIDC{Fetch: &fetch.Client{Endpoints: d.Endpoints()}, Now: c.Now}
	t.Cleanup(o.Wait)
	return d, o, c
}

// outcome is what came of a login: everything but its claims, or the error.
func outcome(l *Login, err error) string {
	if err != nil {
		return textOf(err)
	}
	return fmt.Sprintf("%s at %s for %s: %s", l.Subject, l.Provider, l.Source, l.Qualified)
}

func proves(t *testing.T, v Verifier, p Provider, value, want string) *Login {
	t.Helper()
	l, err := v.Verify(t.Context(), p, Present(value, maxTest))
	if got := outcome(l, err); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err != nil {
		if _, ok := err.(*Error); !ok {
			t.Errorf("the error is a %T", err)
		}
		for part := range strings.SplitSeq(value, ";") {
			if len(part) > 8 && strings.Contains(err.Error(), part) {
				t.Errorf("the error tells the token: %v", err)
			}
		}
	}
	return l
}

func TestGoogle(t *testing.T) {
	d, o, _ := doubles(t)
	const web, android = "1-web.apps.googleusercontent.com", "1-android.apps.googleusercontent.com"
	const ok = "110169484474386276334 at accounts.google.com for accounts.google.com: accounts.google.com:"
	for _, tt := range []struct{ name, client, token, want string }{
		{"aud", web, d.GoogleToken(), ok + web + ":110169484474386276334"},
		{"azp", android, d.GoogleToken(), ok + android + ":110169484474386276334"},
		{"no azp", web, d.GoogleToken("azp", nil), ok + web + ":110169484474386276334"},
		{"iss without scheme", web, d.GoogleToken("iss", "accounts.google.com"), ok + web + ":110169484474386276334"},
		{"iss over http", web, d.GoogleToken("iss", "http://accounts.google.com"), "login rejected: issuer-mismatch"},
		{"iss of Apple", web, d.GoogleToken("iss", "https://appleid.apple.com"), "login rejected: issuer-mismatch"},
		{"another app", "2-web", d.GoogleToken(), "login rejected: audience-mismatch"},
		{"expired", web, d.GoogleToken("exp", testNow.Unix()-300), "login rejected: token-expired 1760000000 >= 1759999700"},
		{"within the skew", web, d.GoogleToken("exp", testNow.Unix()-299), ok + web + ":110169484474386276334"},
		{"opaque", web, "ya29.opaque", "login rejected: not-a-jwt: not three parts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proves(t, Google{o}, Provider{Name: GoogleName, ClientIDs: []string{tt.client}}, tt.token, tt.want)
		})
	}
}

func TestApple(t *testing.T) {
	d, o, _ := doubles(t)
	p := Provider{Name: AppleName, ClientIDs: []string{"com.example.app"}}
	l := proves(t, Apple{o}, p, d.AppleToken(), "001968.0f5ce2aabbcc.0733 at appleid.apple.com for appleid.apple.com: appleid.apple.com:com.example.app:001968.0f5ce2aabbcc.0733")
	if got, _ := l.Claims.Text("email_verified"); got != "true" {
		t.Errorf("email_verified is %s", l.Claims["email_verified"])
	}
	proves(t, Apple{o}, p, d.AppleToken("iss", "appleid.apple.com"), "login rejected: issuer-mismatch")
	proves(t, Apple{o}, p, d.AppleToken("aud", "com.example.other"), "login rejected: audience-mismatch")
	proves(t, Apple{o}, p, d.AppleToken("aud", nil), "login rejected: claim-missing aud")
}

// Of the kinds whose tokens are JWTs, none takes what a stranger signed.
func TestKindsRefuseForgeries(t *testing.T) {
	d, o, _ := doubles(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&stranger.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	for _, k := range []struct {
		kind  Verifier
		p     Provider
		token string
	}{
		{Google{o}, Provider{Name: GoogleName, ClientIDs: []string{"1-web.apps.googleusercontent.com"}}, d.GoogleToken()},
		{Apple{o}, Provider{Name: AppleName, ClientIDs: []string{"com.example.app"}}, d.AppleToken()},
		{UserPool{Tokens: o}, Provider{Name: logintest.Pool, ClientIDs: []string{"3n4b5urk1ft4fl3mg5e62d9ado"}}, d.PoolToken()},
		{Facebook{Tokens: o, LimitedLogin: true}, Provider{Name: FacebookName, ClientIDs: []string{"100000000000001"}}, d.LimitedToken()},
	} {
		if _, err := k.kind.Verify(t.Context(), k.p, Present(k.token, maxTest)); err != nil {
			t.Errorf("%s: the real token: %v", k.p.Name, err)
		}
		claims := map[string]any{}
		for name, value := range parse(t, k.token).claims {
			claims[name] = value
		}
		for want, token := range map[string]string{
			"login rejected: signature-invalid":              logintest.SignAs(jose.RS256, stranger, claims),
			`login rejected: algorithm-refused: alg "RS512"`: logintest.SignAs(jose.RS512, stranger, claims),
			`login rejected: algorithm-refused: alg "PS256"`: logintest.SignAs(jose.PS256, stranger, claims),
			`login rejected: algorithm-refused: alg "HS256"`: logintest.SignAs(jose.HS256, public, claims),
			`login rejected: algorithm-refused: alg "none"`:  encode(`{"alg":"none"}`) + "." + strings.Split(k.token, ".")[1] + ".",
		} {
			proves(t, k.kind, k.p, token, want)
		}
	}
}

func TestUserPool(t *testing.T) {
	d, o, _ := doubles(t)
	const client = "3n4b5urk1ft4fl3mg5e62d9ado"
	p := Provider{Name: logintest.Pool, ClientIDs: []string{"another", client}}
	const ok = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee at " + logintest.Pool + " for " + logintest.Pool + ":" + client + ": " +
		logintest.Pool + ":CognitoSignIn:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	for _, tt := range []struct{ name, token, want string }{
		{"ID token", d.PoolToken(), ok},
		{"access token", d.PoolAccessToken(), "login rejected: access-token aud"},
		{"access token with an audience", d.PoolToken("token_use", "access"), "login rejected: claim-invalid token_use"},
		{"no token_use", d.PoolToken("token_use", nil), "login rejected: claim-missing token_use"},
		{"another client", d.PoolToken("aud", "x"), "login rejected: audience-mismatch"},
		{"another pool", d.PoolToken("iss", logintest.PoolIssuer+"d"), "login rejected: issuer-mismatch"},
		{"no skew", d.PoolToken("exp", testNow.Unix()), "login rejected: token-expired 1760000000 >= 1760000000"},
	} {
		t.Run(tt.name, func(t *testing.T) { proves(t, UserPool{Tokens: o}, p, tt.token, tt.want) })
	}
	for _, call := range d.Calls() {
		if !strings.HasSuffix(call, "/jwks.json") {
			t.Errorf("asked %s", call)
		}
	}
}

func TestUserPoolMapped(t *testing.T) {
	d, o, _ := doubles(t)
	const iss = "http://localhost:9229/us-east-1_Abc123"
	u := UserPool{Tokens: o, Mapped: map[string]UserPoolIssuer{logintest.Pool: {Issuer: iss, KeySet: logintest.PoolIssuer + "/.well-known/jwks.json"}}}
	p := Provider{Name: logintest.Pool, ClientIDs: []string{"3n4b5urk1ft4fl3mg5e62d9ado"}}
	proves(t, u, p, d.PoolToken("iss", iss), "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee at "+logintest.Pool+" for "+logintest.Pool+":3n4b5urk1ft4fl3mg5e62d9ado: "+logintest.Pool+":CognitoSignIn:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
	proves(t, u, p, d.PoolToken(), "login rejected: issuer-mismatch")
}

func TestServerSideTokenCheck(t *testing.T) {
	d, o, _ := doubles(t)
	const client, host, sub = "3n4b5urk1ft4fl3mg5e62d9ado", "cognito-idp.us-east-1.amazonaws.com", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	good := sigv4.Credentials{AccessKeyID: logintest.PoolAccessKeyID, SecretAccessKey: logintest.PoolSecretAccessKey}
	u := UserPool{Tokens: o, Credentials: good}
	p := Provider{Name: logintest.Pool, ClientIDs: []string{client, "unchecked"}, Vouched: []string{client}}
	ok := sub + " at " + logintest.Pool + " for " + logintest.Pool + ":" + client + ": " + logintest.Pool + ":CognitoSignIn:" + sub
	token := d.PoolToken()
	proves(t, u, p, token, "login rejected: user-gone: the user pool does not know the user")
	d.SetUser("jane", logintest.PoolUser{Sub: sub})
	proves(t, u, p, token, ok)
	d.SetUser("jane", logintest.PoolUser{Sub: sub, Disabled: true}) // nothing was remembered
	proves(t, u, p, token, "login rejected: user-gone: the user is disabled")
	d.SetUser("jane", logintest.PoolUser{Sub: "another"})
	proves(t, u, p, token, "login rejected: user-gone: the user name is somebody else's now")
	d.SetUser(sub, logintest.PoolUser{Sub: sub})
	proves(t, u, p, d.PoolToken("cognito:username", nil), ok)
	proves(t, UserPool{Tokens: o}, p, token, "login misconfigured: token-check-unconfigured")
	bad := UserPool{Tokens: o, Credentials: sigv4.Credentials{AccessKeyID: good.AccessKeyID, SecretAccessKey: "x"}}
	proves(t, bad, p, token, `login misconfigured: token-check-refused: "InvalidSignatureException": fetch https://`+host+`/: bad status (status 400)`)
	d.Fail(host, 503)
	proves(t, u, p, token, `login unavailable: provider-unavailable: "": fetch https://`+host+`/: bad status (status 503)`)
	d.Fail(host, 0)
	d.Calls()
	proves(t, u, p, d.PoolToken("aud", "unchecked"), strings.ReplaceAll(ok, client, "unchecked"))
	if calls := d.Calls(); len(calls) != 0 {
		t.Errorf("asked for a client that wants no check: %v", calls)
	}
}

func TestFacebook(t *testing.T) {
	d, o, _ := doubles(t)
	const app, user, token = "100000000000001", "200000000000002", "EAAtokenOfAUser"
	p := Provider{Name: FacebookName, ClientIDs: []string{app}}
	d.AddFacebook(token, logintest.FacebookToken{App: app, User: user})
	d.AddFacebook("EAAtokenOfAnotherApp", logintest.FacebookToken{App: "3", User: user})
	d.AddFacebook("EAAnobody", logintest.FacebookToken{App: app})
	for _, code := range []int{1, 2, 4, 17, 102, 190} {
		d.AddFacebook(fmt.Sprint("EAAcode", code), logintest.FacebookToken{Code: code})
	}
	const ok = user + " at graph.facebook.com for graph.facebook.com: graph.facebook.com:" + app + ":" + user
	f := Facebook{Tokens: o}
	for _, tt := range []struct{ token, want string }{
		{token, ok},
		{"EAAtokenOfAnotherApp", "login rejected: audience-mismatch"},
		{"EAAnobody", "login unavailable: provider-answer-invalid: /me: no id"},
		{"EAAunknown", "login rejected: provider-refused: /app: code 190, subcode 463"},
		{"EAAcode190", "login rejected: provider-refused: /app: code 190, subcode 463"},
		{"EAAcode102", "login rejected: provider-refused: /app: code 102, subcode 463"},
		{"EAAcode1", "login unavailable: provider-unavailable: /app: status 400, code 1"},
		{"EAAcode2", "login unavailable: provider-unavailable: /app: status 400, code 2"},
		{"EAAcode4", "login unavailable: provider-unavailable: /app: status 400, code 4"},
		{"EAAcode17", "login unavailable: provider-unavailable: /app: status 400, code 17"},
		{"EAA&input_token=x#y", "login rejected: provider-refused: /app: code 190, subcode 463"},
		{"EAA token", "login rejected: not-a-token: a character that no token has"},
		{"EAA\ntoken", "login rejected: not-a-token: a character that no token has"},
		{strings.Repeat("E", 4097), "login rejected: token-too-large: 4097 bytes, at most 4096 are accepted of opaque tokens"},
		{d.LimitedToken(), "login rejected: limited-login-off"},
		{d.GoogleToken(), "login rejected: issuer-mismatch"},
	} {
		proves(t, f, p, tt.token, tt.want)
	}
	l := proves(t, f, p, token, ok)
	want := Claims{"iss": []byte(`"graph.facebook.com"`), "aud": []byte(`"` + app + `"`), "app_id": []byte(`"` + app + `"`), "sub": []byte(`"` + user + `"`), "user_id": []byte(`"` + user + `"`)}
	if diff := cmp.Diff(want, l.Claims); diff != "" {
		t.Errorf("claims (-want +got)\n%s", diff)
	}
	d.Fail("graph.facebook.com", 500)
	proves(t, f, p, token, "login unavailable: provider-unavailable: /app: status 500, code 0")
	o.Fetch = &fetch.Client{Endpoints: map[string]string{"graph.facebook.com": "http://127.0.0.1:1"}}
	_, err := f.Verify(t.Context(), p, Present(token, maxTest))
	if causeOf(err) != ProviderUnavailable || strings.Contains(err.Error(), token) {
		t.Errorf("unreachable: %v", err)
	}
}

func TestFacebookWithAppSecret(t *testing.T) {
	d, o, c := doubles(t)
	const app, user, token, secret = "100000000000001", "200000000000002", "EAAtokenOfAUser", "app-secret"
	p := Provider{Name: FacebookName, ClientIDs: []string{app}}
	d.RequireAppSecret(app, secret)
	d.AddFacebook(token, logintest.FacebookToken{App: app, User: user, Expires: testNow.Add(time.Hour)})
	d.AddFacebook("EAApage", logintest.FacebookToken{App: app, User: user, Type: "PAGE"})
	d.AddFacebook("EAAanotherApp", logintest.FacebookToken{App: "3", User: user})
	d.AddFacebook("EAAdebugApp", logintest.FacebookToken{App: app, User: user, DebugApp: "3"})
	d.AddFacebook("EAAdebugUser", logintest.FacebookToken{App: app, User: user, DebugUser: "4"})
	proves(t, Facebook{Tokens: o}, p, token, "login rejected: provider-refused: /app: code 100, subcode 463")
	c.advance(refusalLasts)
	f := Facebook{Tokens: o, Secrets: map[string]seal.Secret{app: seal.NewSecret(secret)}}
	proves(t, f, p, token, user+" at graph.facebook.com for graph.facebook.com: graph.facebook.com:"+app+":"+user)
	proves(t, f, p, "EAApage", `login rejected: provider-refused: debug_token: a token of type "PAGE"`)
	proves(t, f, p, "EAAunknown", "login rejected: provider-refused: debug_token: not valid")
	proves(t, f, p, "EAAanotherApp", "login rejected: provider-refused: debug_token: not valid")
	proves(t, f, p, "EAAdebugApp", "login rejected: audience-mismatch")
	proves(t, f, p, "EAAdebugUser", "login unavailable: provider-answer-invalid: debug_token and /me name different users")
	wrong := Facebook{Tokens: o, Secrets: map[string]seal.Secret{app: seal.NewSecret("x")}}
	proves(t, wrong, p, token, "login rejected: provider-refused: /debug_token: code 190, subcode 463")
	c.advance(time.Hour - refusalLasts)
	proves(t, f, p, token, "login rejected: token-expired 1760003600 >= 1760003600")
}

func TestFacebookLimitedLogin(t *testing.T) {
	d, o, _ := doubles(t)
	f := Facebook{Tokens: o, LimitedLogin: true}
	p := Provider{Name: FacebookName, ClientIDs: []string{"100000000000001"}}
	const ok = "200000000000002 at graph.facebook.com for graph.facebook.com: graph.facebook.com:100000000000001:200000000000002"
	proves(t, f, p, d.LimitedToken(), ok)
	proves(t, f, p, d.LimitedToken("iss", "https://limited.facebook.com"), ok)
	proves(t, f, p, d.LimitedToken("iss", "https://facebook.com"), "login rejected: issuer-mismatch")
	proves(t, f, p, d.LimitedToken("aud", "2"), "login rejected: audience-mismatch")
}

func TestAmazon(t *testing.T) {
	d, o, _ := doubles(t)
	good := logintest.AmazonToken{ClientID: "amzn1.application-oa2-client.abc", AppID: "amzn1.application.436", User: "amzn1.account.K2LI23", Left: 3597}
	d.AddAmazon("Atza|good", good)
	for name, change := range map[string]func(*logintest.AmazonToken){
		"Atza|spent":   func(a *logintest.AmazonToken) { a.Left = 0 },
		"Atza|other":   func(a *logintest.AmazonToken) { a.ClientID, a.AppID = "x", "y" },
		"Atza|plain":   func(a *logintest.AmazonToken) { a.NoProfile = true },
		"Atza|swapped": func(a *logintest.AmazonToken) { a.ProfileUser = "amzn1.account.X" },
		"Atza|issuer":  func(a *logintest.AmazonToken) { a.Issuer = "https://www.example.com" },
		"Atza|empty":   func(a *logintest.AmazonToken) { a.ClientID, a.AppID = "", "" },
	} {
		a := good
		change(&a)
		d.AddAmazon(name, a)
	}
	const ok = "amzn1.account.K2LI23 at www.amazon.com for www.amazon.com: www.amazon.com:"
	for _, tt := range []struct{ client, token, want string }{
		{good.ClientID, "Atza|good", ok + "amzn1.application-oa2-client.abc:amzn1.account.K2LI23"},
		{good.AppID, "Atza|good", ok + "amzn1.application.436:amzn1.account.K2LI23"},
		{good.ClientID, "Atza|plain", ok + "amzn1.application-oa2-client.abc:amzn1.account.K2LI23"},
		{good.ClientID, "Atza|spent", "login rejected: provider-refused: tokeninfo: no time left"},
		{good.ClientID, "Atza|other", "login rejected: audience-mismatch"},
		{good.ClientID, "Atza|swapped", "login unavailable: provider-answer-invalid: tokeninfo and profile name different users"},
		{good.ClientID, "Atza|issuer", "login unavailable: provider-answer-invalid: tokeninfo: another issuer"},
		{good.ClientID, "Atza|unknown", "login rejected: provider-refused: tokeninfo: refused"},
		{"", "Atza|empty", "login rejected: audience-mismatch"},
	} {
		proves(t, Amazon{o}, Provider{Name: AmazonName, ClientIDs: []string{tt.client}}, tt.token, tt.want)
	}
	l := proves(t, Amazon{o}, Provider{ClientIDs: []string{good.ClientID}}, "Atza|good", ok+"amzn1.application-oa2-client.abc:amzn1.account.K2LI23")
	if got, _ := l.Claims.Text("user_id"); got != good.User {
		t.Errorf("user_id is %q", got)
	}
	d.Fail("api.amazon.com", 503)
	proves(t, Amazon{o}, Provider{ClientIDs: []string{good.ClientID}}, "Atza|good", "login unavailable: provider-unavailable: status 503")
}

func TestTwitter(t *testing.T) {
	d, o, _ := doubles(t)
	p := Provider{Name: TwitterName, ClientIDs: []string{logintest.ConsumerKey}, Secret: seal.NewSecret(logintest.ConsumerSecret)}
	d.AddTwitter("123-token", logintest.TwitterToken{Secret: "token secret;+%", ID: "1234567890123456789"})
	d.AddTwitter("plan", logintest.TwitterToken{Status: 403, Code: 453})
	d.AddTwitter("rate", logintest.TwitterToken{Status: 429, Code: 88})
	d.AddTwitter("suspended", logintest.TwitterToken{Status: 403, Code: 64})
	d.AddTwitter("good", logintest.TwitterToken{Secret: "sec;ret/+%", ID: "1234567890123456789"})
	w := Twitter{Tokens: o}
	const ok = "1234567890123456789 at api.twitter.com for api.twitter.com: api.twitter.com:consumer:1234567890123456789"
	for _, tt := range []struct{ token, want string }{
		{"good;sec;ret/+%", ok},
		{"good;wrong", "login rejected: provider-refused: status 401, code 32"},
		{"unknown;x", "login rejected: provider-refused: status 401, code 89"},
		{"suspended;x", "login rejected: provider-refused: status 403, code 64"},
		{"plan;x", "login unavailable: provider-unavailable: status 403, code 453"},
		{"rate;x", "login unavailable: provider-unavailable: status 429, code 88"},
		{"good", "login rejected: not-a-token: want TOKEN;SECRET"},
		{"good;", "login rejected: not-a-token: want TOKEN;SECRET"},
		{";x", "login rejected: not-a-token: want TOKEN;SECRET"},
	} {
		proves(t, w, p, tt.token, tt.want)
	}
	l := proves(t, w, p, "good;sec;ret/+%", ok)
	want := Claims{"iss": []byte(`"api.twitter.com"`), "aud": []byte(`"consumer"`), "sub": []byte(`"1234567890123456789"`)}
	if diff := cmp.Diff(want, l.Claims); diff != "" {
		t.Errorf("claims (-want +got)\n%s", diff)
	}
	proves(t, Twitter{Tokens: o, Digits: true}, p, "good;sec;ret/+%", strings.ReplaceAll(ok, TwitterName, DigitsName))
	proves(t, w, Provider{ClientIDs: []string{"consumer"}}, "good;x", "login misconfigured: consumer-unusable")
}

// The example of Twitter's documentation, "Creating a signature".
func TestOAuth1Signature(t *testing.T) {
	o := oauth1{
		consumerSecret: seal.NewSecret("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"),
		tokenSecret:    seal.NewSecret("LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"),
	}
	got := o.signature("POST", "https://api.twitter.com/1.1/statuses/update.json", [][2]string{
		{"status", "Hello Ladies + Gentlemen, a signed OAuth request!"},
		{"include_entities", "true"},
		{"oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog"},
		{"oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"},
		{"oauth_signature_method", "HMAC-SHA1"},
		{"oauth_timestamp", "1318622958"},
		{"oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"},
		{"oauth_version", "1.0"},
	})
	if want := "hCtSmYh+iHYCEqBWrE7C7hYmtUk="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestOfflineIssuer(t *testing.T) {
	c := &clock{now: testNow}
	keys := keySet(jwkOf("k1", rsaKey())).String()
	o := &OIDC{Now: c.Now, Offline: map[string]func() ([]byte, error){
		testIssuer: func() ([]byte, error) { return []byte(keys), nil },
	}}
	t.Cleanup(o.Wait)
	p := Provider{Name: "issuer.example.com/realms/demo", ARN: "arn", Issuer: testIssuer, ClientIDs: []string{"client-1"}}
	const ok = "jane at issuer.example.com/realms/demo for arn: arn:OIDC:jane"
	proves(t, OpenID{o}, p, goodToken(), ok)
	// The file is replaced: its new key counts without a restart, the old one no longer.
	keys = keySet(jwkOf("k1", otherRSAKey())).String()
	c.advance(floor)
	proves(t, OpenID{o}, p, sign("RS256", otherRSAKey(), goodHeader.String(), goodClaims.String()), ok)
	proves(t, OpenID{o}, p, goodToken(), "login rejected: signature-invalid")
}

// A signature is remembered; everything else about the token is checked again.
func TestVerifiedTokens(t *testing.T) {
	s := newIssuerServer(t)
	o, c := newOIDC(t)
	token := s.token(t, "k1", rsaKey())
	remembered := func() int { return o.verified.Weight() }
	verifies(t, o, s, s.token(t, "k1", otherRSAKey()), SignatureInvalid)
	if remembered() != 0 {
		t.Error("a bad signature was remembered")
	}
	verifies(t, o, s, token, "")
	verifies(t, o, s, token, "")
	if remembered() != 1 {
		t.Errorf("%d signatures remembered, want 1", remembered())
	}
	for cause, change := range map[Cause]func(*Provider){
		IssuerMismatch:   func(p *Provider) { p.Issuer += "/" },
		AudienceMismatch: func(p *Provider) { p.ClientIDs = []string{"x"} },
	} {
		p := s.provider()
		change(&p)
		if _, err := o.Verify(t.Context(), p, token); causeOf(err) != cause {
			t.Errorf("got %v, want %s", err, cause)
		}
	}
	// Another signature under the same claims is another token.
	at := strings.LastIndexByte(token.raw, '.') + 10
	forged := token.raw[:at] + map[bool]string{true: "B", false: "A"}[token.raw[at] == 'A'] + token.raw[at+1:]
	verifies(t, o, s, parse(t, forged), SignatureInvalid)
	// With other keys nothing is known.
	s.set(func() { s.keys = keySet(jwkOf("k1", otherRSAKey())) })
	c.advance(fetch.MinLifetime + whileRevalidate)
	verifies(t, o, s, token, SignatureInvalid)
	c.advance(366 * 24 * time.Hour)
	verifies(t, o, s, token, TokenExpired)
}

func TestVerifiedIsBounded(t *testing.T) {
	v := verified{Most: maxVerified}
	has := func(s signed) bool { _, ok := v.Get(s); return ok }
	kept := signed{keyID: "kept"}
	v.Put(kept, struct{}{})
	for n := range 5 * maxVerified {
		v.Put(signed{version: uint64(n + 1)}, struct{}{})
		if n%100 == 0 && !has(kept) {
			t.Fatalf("forgotten after %d others, though it was shown again", n)
		}
	}
	if v.Weight() > 2*maxVerified+1 || has(signed{version: 1}) {
		t.Errorf("%d are remembered", v.Weight())
	}
}
