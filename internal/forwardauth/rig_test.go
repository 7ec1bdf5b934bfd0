package forwardauth_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sigv4"
)

const (
	account = daypasstest.Account
	region  = daypasstest.Region
	host    = "photos.example.com"
)

// rig is a daypass that proxies ask, with a pool that has a guest and the users of
// a back end, who may each read below their own identity.
type rig struct {
	t      testing.TB
	server *daypasstest.Server
	url    string
	pool   string
	at     atomic.Int64

	mu  sync.Mutex
	log bytes.Buffer
}

func (g *rig) now() time.Time { return time.Unix(g.at.Load(), 0).UTC() }

func (g *rig) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log.Write(b)
}

// lastLine is the line of the last request.
func (g *rig) lastLine() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(g.log.String()), "\n")
	return lines[len(lines)-1]
}

// field is a field of a line of the log.
func field(line, key string) string {
	_, rest, ok := strings.Cut(line, " "+key+"=")
	if !ok {
		return ""
	}
	if quoted, ok := strings.CutPrefix(rest, `"`); ok {
		value, _, _ := strings.Cut(quoted, `"`)
		return value
	}
	value, _, _ := strings.Cut(rest, " ")
	return value
}

func newRig(t testing.TB) *rig {
	t.Helper()
	g := &rig{t: t}
	g.at.Store(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC).Unix())
	g.server = daypasstest.Start(t, daypasstest.Config{
		Now: g.now, Log: slog.New(slog.NewTextHandler(g, nil)), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		SigningKey:      func() (*rsa.PrivateKey, error) { return signingKey(), nil },
		ForwardAuthAPIs: []string{"photos=" + host, "shop=shop.example.com/v1,prod", "here=localhost:8443/a/b"},
	})
	g.url = g.server.ForwardAuth()
	out := g.call(cognito.API, "CreateIdentityPool", map[string]any{
		"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true, "DeveloperProviderName": "backend"})
	g.pool = out["IdentityPoolId"].(string)
	for role, amr := range map[string]string{"user": "authenticated", "guest": "unauthenticated"} {
		g.query("CreateRole", "RoleName", role, "AssumeRolePolicyDocument", trust(g.pool, amr))
	}
	g.call(cognito.API, "SetIdentityPoolRoles", map[string]any{"IdentityPoolId": g.pool, "Roles": map[string]string{
		"authenticated": roleARN("user"), "unauthenticated": roleARN("guest")}})
	own := `"arn:aws:execute-api:` + region + `:` + account + `:photos/$default/*/users/${cognito-identity.amazonaws.com:sub}/*"`
	g.putRolePolicy("user", `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":[`+own+`,"arn:aws:execute-api:*:*:photos/*/GET/"]}`)
	g.putRolePolicy("guest", `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:photos/*/GET/public/*"}`)
	return g
}

func roleARN(name string) string { return "arn:aws:iam::" + account + ":role/" + name }

func trust(pool, amr string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},` +
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + pool + `"},` +
		`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"` + amr + `"}}}]}`
}

func (g *rig) putRolePolicy(role string, statements ...string) {
	g.t.Helper()
	g.query("PutRolePolicy", "RoleName", role, "PolicyName", "p",
		"PolicyDocument", `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`)
}

func (g *rig) root() *client.Client {
	return &client.Client{Endpoint: g.server.URL, Region: region, Now: g.now, Credentials: rootKey}
}

var rootKey = sigv4.Credentials{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}

func (g *rig) call(service awsapi.Service, operation string, in any) map[string]any {
	g.t.Helper()
	answer, err := g.root().JSON(g.t.Context(), service, operation, in)
	if err != nil {
		g.t.Fatal(err)
	}
	out := map[string]any{}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &out); err != nil {
			g.t.Fatal(err)
		}
	}
	return out
}

func (g *rig) query(action string, parameters ...string) string {
	g.t.Helper()
	answer, err := g.root().Query(g.t.Context(), iam.API, action, parameters...)
	if err != nil {
		g.t.Fatal(err)
	}
	return string(answer)
}

// keyIn is the access key in an answer in XML.
func keyIn(answer string) sigv4.Credentials {
	element := func(name string) string {
		_, rest, _ := strings.Cut(answer, "<"+name+">")
		value, _, _ := strings.Cut(rest, "</"+name+">")
		return value
	}
	return sigv4.Credentials{AccessKeyID: element("AccessKeyId"), SecretAccessKey: element("SecretAccessKey"), SessionToken: element("SessionToken")}
}

// someone is an identity with what it holds.
type someone struct {
	id, token string
	key       sigv4.Credentials
}

// user signs a user of the back end in, guest a guest.
func (g *rig) user(name string) someone {
	g.t.Helper()
	out := g.call(cognito.API, "GetOpenIdTokenForDeveloperIdentity", map[string]any{"IdentityPoolId": g.pool, "Logins": map[string]string{"backend": name}})
	s := someone{id: out["IdentityId"].(string), token: out["Token"].(string)}
	s.key = g.credentials(s.id, map[string]string{"cognito-identity.amazonaws.com": s.token})
	return s
}

func (g *rig) guest() someone {
	g.t.Helper()
	s := someone{id: g.call(cognito.API, "GetId", map[string]any{"IdentityPoolId": g.pool})["IdentityId"].(string)}
	s.token = g.call(cognito.API, "GetOpenIdToken", map[string]any{"IdentityId": s.id})["Token"].(string)
	s.key = g.credentials(s.id, nil)
	return s
}

func (g *rig) credentials(id string, logins map[string]string) sigv4.Credentials {
	g.t.Helper()
	out := g.call(cognito.API, "GetCredentialsForIdentity", map[string]any{"IdentityId": id, "Logins": logins})["Credentials"].(map[string]any)
	return sigv4.Credentials{AccessKeyID: out["AccessKeyId"].(string), SecretAccessKey: out["SecretKey"].(string), SessionToken: out["SessionToken"].(string)}
}

// signingKey is the same for all servers, since to make one takes long.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// sign makes a token with daypass's key, such as daypass makes none.
func (g *rig) sign(claims map[string]any) string {
	g.t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		g.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS512, Key: jose.JSONWebKey{Key: signingKey(), KeyID: region + "-1"}}, (&jose.SignerOptions{}).WithType("JWS"))
	if err != nil {
		g.t.Fatal(err)
	}
	token, err := signer.Sign(payload)
	if err != nil {
		g.t.Fatal(err)
	}
	text, err := token.CompactSerialize()
	if err != nil {
		g.t.Fatal(err)
	}
	return text
}

func (g *rig) revoke(in map[string]any) { g.t.Helper(); g.call(admin.API, "RevokeSessions", in) }

// original is the request that a client sends to a proxy.
type original struct {
	method, uri, host string
	header            map[string]string
	body              string
}

// signed signs it, as of now.
func (g *rig) signed(o original, key sigv4.Credentials) original {
	return g.signedAs(o, key, region, "execute-api")
}

func (g *rig) signedAs(o original, key sigv4.Credentials, region, service string) original {
	g.t.Helper()
	path, query, _ := strings.Cut(o.uri, "?")
	r := &sigv4.Request{Method: o.method, Path: path, RawQuery: query, Host: o.host, Header: map[string][]string{}, Body: []byte(o.body)}
	for name, value := range o.header {
		r.Header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	if err := sigv4.Sign(r, key, region, service, g.now()); err != nil {
		g.t.Fatal(err)
	}
	o.header = maps.Clone(o.header)
	if o.header == nil {
		o.header = map[string]string{}
	}
	for name, values := range r.Header {
		o.header[name] = values[0]
	}
	return o
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// question is how a proxy asks about it.
type form func(url string, o original) *http.Request

// nginx, caddy and envoy ask as those do. Traefik asks as Caddy does.
func nginx(url string, o original) *http.Request {
	r := ask(url, o)
	r.Host = o.host
	r.Header["X-Original-Method"], r.Header["X-Original-Uri"] = []string{o.method}, []string{o.uri}
	return r
}

func caddy(url string, o original) *http.Request {
	r := ask(url, o)
	r.Header["X-Forwarded-Method"], r.Header["X-Forwarded-Uri"], r.Header["X-Forwarded-Host"] = []string{o.method}, []string{o.uri}, []string{o.host}
	return r
}

func envoy(url string, o original) *http.Request {
	r := ask(url, o)
	r.Method, r.Host = o.method, o.host
	r.URL.Opaque = r.URL.Path + o.uri // on the wire as it is
	return r
}

func ask(url string, o original) *http.Request {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		panic(err)
	}
	for name, value := range o.header {
		r.Header[http.CanonicalHeaderKey(name)] = []string{value}
	}
	return r
}

// answer is what a proxy is told.
type answer struct {
	status        int
	code, message string
	header        http.Header
	body, line    string
}

func (g *rig) send(r *http.Request) answer {
	g.t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(r.WithContext(g.t.Context()))
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, code: resp.Header.Get("x-amzn-ErrorType"), header: resp.Header, body: string(body), line: g.lastLine()}
	if len(body) > 0 {
		var text struct{ Message string }
		if err := json.Unmarshal(body, &text); err != nil {
			g.t.Errorf("%s: %v", body, err)
		}
		a.message = text.Message
	}
	return a
}

// ask asks about a request in a form.
func (g *rig) ask(in form, o original) answer { g.t.Helper(); return g.send(in(g.url, o)) }
