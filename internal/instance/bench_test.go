package instance_test

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// BenchmarkHandler is the busiest requests as the handler answers them, without
// what net/http does around it: a known user whose token was seen before. What
// package bench measures with real connections can be taken apart here, by the
// profiles of go test.
func BenchmarkHandler(b *testing.B) {
	h := newHot(b)
	for _, r := range h.requests() {
		b.Run(r.name, func(b *testing.B) { r.measure(b, h.handler) })
	}
}

// hot is an instance with a user whom every memory knows.
type hot struct {
	b       *testing.B
	handler http.Handler
	gateway http.Handler // for S3 gateways
	proxies http.Handler // for reverse proxies
	root    *client.Client
	pool    string
	id      string
	token   string
	session sigv4.Credentials
	user    sigv4.Credentials // of IAM, with two policies
}

const hotIssuer = "https://login.example.com"

func newHot(b *testing.B) *hot {
	b.Helper()
	return newHotOf(b, func(*instance.Config) {})
}

// newHotOf is newHot with a configuration that was changed.
func newHotOf(b *testing.B, change func(*instance.Config)) *hot {
	b.Helper()
	dir := b.TempDir()
	master, err := seal.CreateFile(filepath.Join(dir, "master.key"))
	if err != nil {
		b.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	keys := filepath.Join(dir, "keys.json")
	if err := os.WriteFile(keys, set, 0o600); err != nil {
		b.Fatal(err)
	}
	photos, err := instance.ParseForwardAuthAPIs([]string{"photos=photos.example.com"})
	if err != nil {
		b.Fatal(err)
	}
	c := instance.Config{
		DataDir: dir, MasterKey: master, Account: "123456789012", PublicURL: "http://daypass.example",
		Root:            iam.RootAccessKey{ID: "test", Secret: seal.NewSecret("test")},
		ForwardAuthAPIs: photos,
		Logins:          instance.Logins{KeyFiles: map[string]string{hotIssuer: keys}},
		Log:             slog.New(slog.NewTextHandler(struct{ io.Writer }{io.Discard}, nil)),
	}
	change(&c)
	i, err := instance.Open(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = i.Close() })
	s := httptest.NewServer(i.Handler)
	b.Cleanup(s.Close)
	h := &hot{b: b, handler: i.Handler, gateway: i.Handler.Beside(i.Gateway), proxies: i.Handler.Beside(i.ForwardAuth), root: &client.Client{Endpoint: s.URL, Region: "us-east-1", Credentials: sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}}}
	h.configure()
	h.signIn(key)
	return h
}

// json calls an operation of cognito-identity as root, query an action of iam.
func (h *hot) json(operation string, in map[string]any) (out struct {
	IdentityPoolId, IdentityId string
	Credentials                struct{ AccessKeyId, SecretKey, SessionToken string }
}) {
	h.b.Helper()
	answer, err := h.root.JSON(h.b.Context(), cognito.API, operation, in)
	if err == nil && len(answer) > 0 {
		err = json.Unmarshal(answer, &out)
	}
	if err != nil {
		h.b.Fatal(err)
	}
	return out
}

func (h *hot) query(action string, parameters ...string) []byte {
	h.b.Helper()
	answer, err := h.root.Query(h.b.Context(), iam.API, action, parameters...)
	if err != nil {
		h.b.Fatal(err)
	}
	return answer
}

func (h *hot) configure() {
	h.query("CreateOpenIDConnectProvider", "Url", hotIssuer, "ClientIDList.member.1", "app")
	h.pool = h.json("CreateIdentityPool", map[string]any{
		"IdentityPoolName": "bench", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true,
		"OpenIdConnectProviderARNs": []string{"arn:aws:iam::123456789012:oidc-provider/login.example.com"},
	}).IdentityPoolId
	h.query("CreateRole", "RoleName", "user", "AssumeRolePolicyDocument", trust(h.pool, "authenticated"))
	h.json("SetIdentityPoolRoles", map[string]any{"IdentityPoolId": h.pool, "Roles": map[string]string{"authenticated": roleARN("user")}})
	h.query("CreateUser", "UserName", "operator")
	h.query("PutUserPolicy", "UserName", "operator", "PolicyName", "pools", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cognito-identity:Describe*","cognito-identity:List*"],`+
			`"Resource":"arn:aws:cognito-identity:*:123456789012:identitypool/*","Condition":{"StringEquals":{"aws:RequestedRegion":"us-east-1"}}}]}`)
	h.query("CreatePolicy", "PolicyName", "limits", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"cognito-identity:Delete*","Resource":"*"}]}`)
	h.query("AttachUserPolicy", "UserName", "operator", "PolicyArn", "arn:aws:iam::123456789012:policy/limits")
	made := h.query("CreateAccessKey", "UserName", "operator")
	h.user = sigv4.Credentials{AccessKeyID: element(h.b, made, "AccessKeyId"), SecretAccessKey: element(h.b, made, "SecretAccessKey")}
}

func element(b *testing.B, document []byte, name string) string {
	b.Helper()
	_, rest, ok := bytes.Cut(document, []byte("<"+name+">"))
	text, _, closed := bytes.Cut(rest, []byte("<"))
	if !ok || !closed {
		b.Fatalf("no %s", name)
	}
	return string(text)
}

func (h *hot) signIn(key *rsa.PrivateKey) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		h.b.Fatal(err)
	}
	now := time.Now().Unix()
	claims, _ := json.Marshal(map[string]any{
		"iss": hotIssuer, "aud": "app", "azp": "app", "sub": "aaaaaaaa-bbbb-cccc-dddd-000000000001", "iat": now, "exp": now + 3*3600,
		"auth_time": now, "nonce": "abcdefgh", "jti": fmt.Sprintf("%016d", 1), "email": "user1@example.com", "email_verified": true,
		"name": "U Ser", "groups": []string{"a", "b"},
	})
	signed, err := signer.Sign(claims)
	if err != nil {
		h.b.Fatal(err)
	}
	h.token, _ = signed.CompactSerialize()
	h.id = h.json("GetId", map[string]any{"IdentityPoolId": h.pool, "Logins": h.logins()}).IdentityId
	c := h.json("GetCredentialsForIdentity", map[string]any{"IdentityId": h.id, "Logins": h.logins()}).Credentials
	h.session = sigv4.Credentials{AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken}
}

func (h *hot) logins() map[string]string { return map[string]string{"login.example.com": h.token} }

// hotRequest is a request that is sent again and again.
type hotRequest struct {
	name   string
	path   string // empty for the API's
	header http.Header
	body   []byte
}

func (h *hot) requests() []*hotRequest {
	id := map[string]any{"IdentityId": h.id, "Logins": h.logins()}
	form := []byte(url.Values{"Action": {"GetCallerIdentity"}, "Version": {sts.API.Version}}.Encode())
	return []*hotRequest{
		h.public("GetId", map[string]any{"IdentityPoolId": h.pool, "Logins": h.logins()}),
		h.public("GetCredentialsForIdentity", id),
		h.public("GetOpenIdToken", id),
		h.signed("GetCallerIdentity", h.session, sts.API.Name, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form),
		h.signed("DescribeIdentityPool", h.user, cognito.API.Name, jsonHeader("DescribeIdentityPool"), []byte(`{"IdentityPoolId":"`+h.pool+`"}`)),
	}
}

func jsonHeader(operation string) http.Header {
	return http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {cognito.API.Target + "." + operation}}
}

func (h *hot) public(operation string, in map[string]any) *hotRequest {
	body, _ := json.Marshal(in)
	return &hotRequest{name: operation, header: jsonHeader(operation), body: body}
}

func (h *hot) signed(name string, c sigv4.Credentials, service string, header http.Header, body []byte) *hotRequest {
	return h.signedAt("/", name, c, service, header, body)
}

func (h *hot) signedAt(path, name string, c sigv4.Credentials, service string, header http.Header, body []byte) *hotRequest {
	r := &sigv4.Request{Method: "POST", Path: path, Host: "daypass.example", Header: header, Body: body}
	if err := sigv4.Sign(r, c, "us-east-1", service, time.Now()); err != nil {
		h.b.Fatal(err)
	}
	return &hotRequest{name, path, header, body}
}

// send has a handler answer the request, with little more than it needs.
func (r *hotRequest) send(handler http.Handler, w *discard) {
	clear(w.header)
	w.status = 0
	handler.ServeHTTP(w, &http.Request{
		Method: "POST", URL: &url.URL{Path: cmp.Or(r.path, "/")}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "daypass.example", RemoteAddr: "192.0.2.1:1234",
		Header: r.header, Body: io.NopCloser(bytes.NewReader(r.body)), ContentLength: int64(len(r.body)),
	})
}

// measure has a handler answer the request again and again.
func (r *hotRequest) measure(b *testing.B, handler http.Handler) {
	b.Helper()
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		if r.send(handler, w); w.status != http.StatusOK {
			b.Fatal(w.status)
		}
	}
}

// measureConnected asks in parallel, over connections that stay open.
func measureConnected(b *testing.B, t *http.Transport, question func() (*http.Request, error)) {
	b.Helper()
	t.MaxIdleConnsPerHost = max(t.MaxIdleConnsPerHost, 16)
	c := &http.Client{Transport: t}
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			q, err := question()
			if err != nil {
				b.Error(err)
				return
			}
			answer, err := c.Do(q)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			if _ = answer.Body.Close(); answer.StatusCode != http.StatusOK {
				b.Error(answer.Status)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
}

// discard is an answer that nobody reads.
type discard struct {
	header http.Header
	status int
}

func (w *discard) Header() http.Header         { return w.header }
func (w *discard) WriteHeader(status int)      { w.status = status }
func (w *discard) Write(b []byte) (int, error) { return len(b), nil }
