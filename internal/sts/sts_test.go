package sts_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"encoding/xml"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/sts"
)

const (
	account  = "111122223333"
	ownURL   = "https://id.example.com"
	region   = "us-east-1"
	pool     = "us-east-1:12345678-dead-4eef-8afe-123456790abc"
	identity = "us-east-1:0aa1b2c3-d4e5-4f60-8718-293a4b5c6d7e"
	appAuth  = "arn:aws:iam::111122223333:role/service-role/AppAuth"
)

var (
	root  = awsapi.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account, Root: true}
	start = time.Date(2026, 1, 1, 0, 0, 0, 900_000_000, time.UTC)
)

// house is STS with all that it stands on, on a real database.
type house struct {
	t    testing.TB
	now  time.Time
	iam  *iam.Service
	sts  *sts.Service
	ids  *openid.Provider
	ctx  context.Context
	role map[string]string // ARNs by name
	// request is how requests come.
	request awsapi.Request
}

func newHouse(t testing.TB) *house {
	t.Helper()
	db, err := store.Open(context.Background(), store.Options{Path: filepath.Join(t.TempDir(), "daypass.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{t: t, now: start, ctx: context.Background(), role: map[string]string{}, request: wiretest.Request}
	clock := func() time.Time { return h.now }
	random := rand.NewChaCha8([32]byte{2})
	key, err := seal.Generate(random)
	if err != nil {
		t.Fatal(err)
	}
	tokens := key.Box(sts.TokenPurpose)
	tokens.Rand = rand.NewChaCha8([32]byte{3})
	h.ids = &openid.Provider{
		Issuer: ownURL, Store: db.Keys(), Box: key.Box(openid.Purpose), Now: clock,
		GenerateKey: func() (*rsa.PrivateKey, error) { return fixtureKey(t, "1"), nil },
	}
	if err := h.ids.Load(h.ctx); err != nil {
		t.Fatal(err)
	}
	h.iam = &iam.Service{
		Account: account, Store: db.IAM(key.Box("access-key")), Pages: key.Box("page-token"), Limits: iam.DefaultLimits(),
		OwnIssuers: []string{ownURL}, PlainIssuer: func(*url.URL) bool { return true }, Now: clock, Rand: random,
	}
	h.sts = &sts.Service{
		Account: account, IAM: h.iam, OpenID: h.ids, Tokens: tokens, Now: clock, Rand: random,
		OIDC:          &login.OIDC{Fetch: &fetch.Client{AllowLoopback: true}, Now: clock, Own: []string{ownURL}},
		IdentityAlive: func(context.Context, string) (bool, error) { return true, nil },
	}
	t.Cleanup(h.sts.OIDC.Wait)
	return h
}

func fixtureKey(t testing.TB, name string) *rsa.PrivateKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "rsa-"+name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey)
}

// createRole makes a role below /service-role/ with a trust policy.
func (h *house) createRole(name, trust string, more ...func(*iam.CreateRoleRequest)) {
	h.t.Helper()
	in := &iam.CreateRoleRequest{RoleName: iam.RoleNameType(name), Path: "/service-role/", AssumeRolePolicyDocument: iam.PolicyDocumentType(trust)}
	for _, change := range more {
		change(in)
	}
	out, err := h.iam.CreateRole(h.ctx, root, in)
	if err != nil {
		h.t.Fatal(err)
	}
	h.role[name] = string(out.Role.Arn)
}

// trust is a trust policy of one statement: who, what and under which
// conditions (JSON).
func trust(federated, actions, conditions string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + federated + `"},` +
		`"Action":` + actions + `,"Condition":` + conditions + `}]}`
}

const (
	assume    = `"sts:AssumeRoleWithWebIdentity"`
	assumeTag = `["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`
	usual     = `{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"},` +
		`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}`
)

// claims are those of an authenticated identity.
func (h *house) claims(change ...func(*openid.Claims)) *openid.Claims {
	c := &openid.Claims{
		Subject: identity, Audience: pool,
		AMR:      []string{"authenticated", "oidc.example.com", "arn:aws:iam::111122223333:oidc-provider/oidc.example.com:OIDC:anna"},
		IssuedAt: h.now.Unix(), Expires: h.now.Unix() + 600,
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func guest(c *openid.Claims) { c.AMR = []string{"unauthenticated"} }

func tagged(c *openid.Claims) {
	c.Tags = openid.Tags{"dept": "sales", "username": "anna|1"}
}

// token is one of our own, signed.
func (h *house) token(change ...func(*openid.Claims)) string {
	h.t.Helper()
	token, err := h.ids.Sign(h.ctx, region, h.claims(change...))
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// assume sends AssumeRoleWithWebIdentity, parameters as name and value in turn.
func (h *house) assume(token, role string, parameters ...string) awsapi.Answer {
	h.t.Helper()
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleArn": {role}, "RoleSessionName": {"app1"}, "WebIdentityToken": {token},
	}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	return wiretest.Do(h.ctx, sts.Operations(h.sts).Compile(), awsapi.Caller{Request: h.request}, form.Encode())
}

type assumed struct {
	Subject          string `xml:"AssumeRoleWithWebIdentityResult>SubjectFromWebIdentityToken"`
	Audience         string `xml:"AssumeRoleWithWebIdentityResult>Audience"`
	Arn              string `xml:"AssumeRoleWithWebIdentityResult>AssumedRoleUser>Arn"`
	ID               string `xml:"AssumeRoleWithWebIdentityResult>AssumedRoleUser>AssumedRoleId"`
	SessionToken     string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SessionToken"`
	SecretAccessKey  string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SecretAccessKey"`
	Expiration       string `xml:"AssumeRoleWithWebIdentityResult>Credentials>Expiration"`
	AccessKeyID      string `xml:"AssumeRoleWithWebIdentityResult>Credentials>AccessKeyId"`
	Provider         string `xml:"AssumeRoleWithWebIdentityResult>Provider"`
	PackedPolicySize string `xml:"AssumeRoleWithWebIdentityResult>PackedPolicySize"`
	SourceIdentity   string `xml:"AssumeRoleWithWebIdentityResult>SourceIdentity"`
}

// mustAssume is assume for what has to succeed.
func (h *house) mustAssume(token, role string, parameters ...string) assumed {
	h.t.Helper()
	a := h.assume(token, role, parameters...)
	if a.Status != 200 {
		h.t.Fatalf("AssumeRoleWithWebIdentity: %d %s", a.Status, a.Body)
	}
	var out assumed
	if err := xml.Unmarshal(a.Body, &out); err != nil {
		h.t.Fatal(err)
	}
	return out
}

type refusal struct {
	Status        int
	Code, Message string
}

func (h *house) wantRefused(a awsapi.Answer, want refusal) {
	h.t.Helper()
	var got refusal
	if a.Status != 200 {
		var e struct {
			Error struct{ Code, Message string }
		}
		if err := xml.Unmarshal(a.Body, &e); err != nil {
			h.t.Fatalf("%v: %s", err, a.Body)
		}
		got = refusal{a.Status, e.Error.Code, e.Error.Message}
	}
	if got != want {
		h.t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// issuer is an OpenID provider on the loopback interface.
type issuer struct {
	URL  string
	arn  string
	name string
	key  *rsa.PrivateKey
}

// newIssuer starts an OpenID provider and makes the account trust it.
func (h *house) newIssuer(clientIDs ...iam.ClientIDType) *issuer {
	h.t.Helper()
	i := h.startIssuer("")
	out, err := h.iam.CreateOpenIDConnectProvider(h.ctx, root, &iam.CreateOpenIDConnectProviderRequest{
		Url: iam.OpenIDConnectProviderUrlType(i.URL), ClientIDList: clientIDs,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	i.arn = string(out.OpenIDConnectProviderArn)
	return i
}

// startIssuer starts an OpenID provider whose iss ends in a slash, or does not.
func (h *house) startIssuer(end string) *issuer {
	h.t.Helper()
	i := &issuer{key: fixtureKey(h.t, "2")}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.MarshalWrite(w, map[string]any{
			"issuer": i.URL, "jwks_uri": "http://" + i.name + "/keys", "authorization_endpoint": "http://" + i.name + "/authorize",
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k", Use: "sig", Algorithm: "RS256"}}})
		_, _ = w.Write(set)
	})
	server := httptest.NewServer(mux)
	h.t.Cleanup(server.Close)
	i.URL = server.URL + end
	i.name = server.Listener.Addr().String()
	return i
}

// token signs claims; nil removes one of the usual.
func (i *issuer) token(h *house, changes map[string]any) string {
	h.t.Helper()
	claims := map[string]any{"iss": i.URL, "sub": "anna", "aud": "app", "iat": h.now.Unix(), "exp": h.now.Unix() + 600}
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	return sign(h.t, i.key, jose.RS256, "k", claims)
}

func sign(t testing.TB, key any, alg jose.SignatureAlgorithm, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// causeOf is the cause of a refusal; empty if there is none.
func causeOf(err error) awsapi.Cause {
	if r, ok := awsapi.AsRefused(err); ok {
		return r.Cause
	}
	return ""
}
