package daypassauth_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/daypassauth"
	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/sigv4"
)

const host = "photos.example.com"

// rig is a service behind a guard, with a daypass that counts the questions.
type rig struct {
	t         testing.TB
	server    *daypasstest.Server
	guard     *daypassauth.Guard
	url       string
	questions atomic.Int64
	at        atomic.Int64
	id, token string
	key       sigv4.Credentials

	mu   sync.Mutex
	last error // that the guard has logged
}

func (g *rig) now() time.Time { return time.Unix(g.at.Load(), 0).UTC() }

// signingKey is the same for all servers, since to make one takes long.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newRig(t testing.TB) *rig {
	t.Helper()
	g := &rig{t: t}
	g.at.Store(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC).Unix())
	g.server = daypasstest.Start(t, daypasstest.Config{Now: g.now, SigningKey: signingKey, ForwardAuthAPIs: []string{"photos=" + host}})
	pool := g.call(cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": "backend"})["IdentityPoolId"].(string)
	g.query("CreateRole", "RoleName", "user", "AssumeRolePolicyDocument", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"`+pool+`"}}}]}`)
	g.query("PutRolePolicy", "RoleName", "user", "PolicyName", "p", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":["arn:aws:execute-api:*:*:photos/*/users/${cognito-identity.amazonaws.com:sub}/*","arn:aws:execute-api:*:*:shop/*"]}]}`)
	g.call(cognito.API, "SetIdentityPoolRoles", map[string]any{"IdentityPoolId": pool, "Roles": map[string]string{"authenticated": "arn:aws:iam::123456789012:role/user"}})
	out := g.call(cognito.API, "GetOpenIdTokenForDeveloperIdentity", map[string]any{"IdentityPoolId": pool, "Logins": map[string]string{"backend": "alice"}})
	g.id, g.token = out["IdentityId"].(string), out["Token"].(string)
	key := g.call(cognito.API, "GetCredentialsForIdentity", map[string]any{"IdentityId": g.id, "Logins": map[string]string{"cognito-identity.amazonaws.com": g.token}})["Credentials"].(map[string]any)
	g.key = sigv4.Credentials{AccessKeyID: key["AccessKeyId"].(string), SecretAccessKey: key["SecretKey"].(string), SessionToken: key["SessionToken"].(string)}

	ask := g.server.ForwardAuth()
	u, err := url.Parse(strings.TrimSuffix(ask, "/forward-auth"))
	if err != nil {
		t.Fatal(err)
	}
	counted := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		g.questions.Add(1)
		r.Out.URL.Scheme, r.Out.URL.Host = u.Scheme, u.Host
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto"} {
			r.Out.Header[name] = r.In.Header[name]
		}
	}})
	t.Cleanup(counted.Close)
	g.guard = &daypassauth.Guard{URL: counted.URL + "/forward-auth?daypass-api=photos", MaxBody: 1000, Now: g.now, Log: func(_ *http.Request, err error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.last = err
	}}
	service := httptest.NewServer(g.guard.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		who, known := daypassauth.FromContext(r.Context())
		h := http.Header{} // as CGI has them
		for name, values := range r.Header {
			name = http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
			h[name] = append(h[name], values...)
		}
		for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url"} {
			if len(h[name]) > 0 {
				t.Errorf("%s %s has %s", r.Method, r.URL.Path, name)
			}
		}
		fmt.Fprintf(w, "%s %s %q %v %v|%+v %v|%s %s %s %s %s", r.Method, r.URL.Path, body, err, r.ContentLength == int64(len(body)), who, known,
			append(h["X-Cognito-Identity-Id"], h["X_cognito_identity_id"]...), h["X-Cognito-Identity-Pool-Id"], h["X-Cognito-Authentication-Type"], h["X-User-Arn"], h["X-Amz-Content-Sha256"])
	})))
	t.Cleanup(service.Close)
	g.url = service.URL
	return g
}

func (g *rig) root() *client.Client {
	return &client.Client{Endpoint: g.server.URL, Region: "us-east-1", Now: g.now, Credentials: rootKey}
}

var rootKey = sigv4.Credentials{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}

func (g *rig) call(service awsapi.Service, operation string, in any) map[string]any {
	g.t.Helper()
	answer, err := g.root().JSON(g.t.Context(), service, operation, in)
	out := map[string]any{}
	if err == nil && len(answer) > 0 {
		err = json.Unmarshal(answer, &out)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	return out
}

func (g *rig) query(action string, parameters ...string) {
	g.t.Helper()
	if _, err := g.root().Query(g.t.Context(), iam.API, action, parameters...); err != nil {
		g.t.Fatal(err)
	}
}

// request makes a request that is signed as an SDK does, with the hash of its body
// in a header if the header is among those given.
func (g *rig) request(method, path, body string, header ...string) *http.Request {
	g.t.Helper()
	signed := &sigv4.Request{Method: method, Path: path, Host: host, Body: []byte(body), Header: map[string][]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		signed.Header[header[i]] = []string{header[i+1]}
	}
	if err := sigv4.Sign(signed, g.key, "us-east-1", "execute-api", g.now()); err != nil {
		g.t.Fatal(err)
	}
	r := g.unsigned(method, path, body)
	for name, values := range signed.Header {
		r.Header[name] = values
	}
	return r
}

func (g *rig) unsigned(method, path, body string) *http.Request {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.url, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.URL.Opaque, r.Host = path, host // on the wire as it is
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	return r
}

func (g *rig) send(r *http.Request) (int, string) {
	g.t.Helper()
	resp, err := (&http.Transport{DisableKeepAlives: true, DisableCompression: true}).RoundTrip(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func (g *rig) want(name string, r *http.Request, status int, body string) {
	g.t.Helper()
	if got, text := g.send(r); got != status || text != body {
		g.t.Errorf("%s: %d %s\nwant %d %s", name, got, text, status, body)
	}
}

func (g *rig) logged() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := g.last
	g.last = nil
	if err == nil {
		return ""
	}
	return err.Error()
}

const (
	emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	catHash   = "77af778b51abd4a3c51c5ddd97204a9c3ae614ebccb75a606c3b6865aed6744e" // of cat
	mismatch  = `{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}`
)

func (g *rig) pool() string {
	return g.call(cognito.API, "ListIdentityPools", map[string]any{"MaxResults": 1})["IdentityPools"].([]any)[0].(map[string]any)["IdentityPoolId"].(string)
}

func TestGuard(t *testing.T) {
	g := newRig(t)
	own := "/users/" + g.id + "/x"
	const arn = "arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials"
	pool := g.pool()
	yes := func(method, body, hash string) string {
		return fmt.Sprintf("%s %s %q <nil> true|{ID:%s PoolID:%s AuthenticationType:authenticated ARN:%s} true|[%s] [%s] [authenticated] [%s] [%s]",
			method, own, body, g.id, pool, arn, g.id, pool, arn, hash)
	}
	spoofed := func(r *http.Request) *http.Request {
		for _, name := range []string{"X-Cognito-Identity-Id", "X-User-Arn", "X-Cognito-Identity-Pool-Id", "X-Cognito-Authentication-Type"} {
			r.Header[name] = []string{"me", "too"}
		}
		r.Header["X_cognito_identity_id"] = []string{"me"}
		r.Header.Set("X-Original-Uri", "/public")
		r.Header.Set("X-Original-Method", "HEAD")
		r.Header.Set("X-Forwarded-Uri", "/public")
		r.Header.Set("X-Forwarded-Host", "other.example.com")
		return r
	}
	g.want("no body", g.request("GET", own, ""), 200, yes("GET", "", emptyHash))
	g.want("a body with its hash", g.request("PUT", own, "cat", "X-Amz-Content-Sha256", catHash), 200, yes("PUT", "cat", catHash))
	g.want("a body without", g.request("PUT", own, "cat"), 200, yes("PUT", "cat", catHash))
	g.want("a signed length", g.request("PUT", own, "cat", "Content-Length", "3"), 200, yes("PUT", "cat", catHash))
	alike := g.request("PUT", own, "cat")
	alike.Header["X_Cognito_Identity-Id"], alike.Header["X_user_arn"], alike.Header["X-Http-Method_override"] = []string{"me"}, []string{"me"}, []string{"DELETE"}
	g.want("headers that look like daypass's", alike, 200, yes("PUT", "cat", catHash))
	g.want("a client's own headers", spoofed(g.request("PUT", own, "cat")), 200, yes("PUT", "cat", catHash))
	chunked := g.request("PUT", own, "cat")
	chunked.ContentLength = -1
	g.want("in chunks", chunked, 200, yes("PUT", "cat", catHash))
	bearer := g.unsigned("PUT", own, strings.Repeat("x", 2000))
	bearer.Header.Set("Authorization", "Bearer "+g.token)
	bearer.Header.Set("X-Amz-Content-Sha256", catHash)
	g.want("a token", bearer, 200, yes("PUT", strings.Repeat("x", 2000), "UNSIGNED-PAYLOAD"))

	const wrongBody, tooLong = `{"message":"The body is not the one that was signed."}`, `{"message":"Request Too Long"}`
	swapped := func(header ...string) *http.Request {
		r := g.request("PUT", own, "cat", header...)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("dog")), 3
		return r
	}
	g.want("another body", swapped("X-Amz-Content-Sha256", catHash), 403, wrongBody)
	g.want("another body, no hash", swapped(), 403, mismatch)
	added := g.request("GET", own, "")
	added.Body, added.ContentLength = io.NopCloser(strings.NewReader("dog")), 3
	g.want("a body where there was none", added, 403, mismatch)
	g.want("too long", g.request("PUT", own, strings.Repeat("x", 1001)), 413, tooLong)
	g.want("as long as it may be", g.request("PUT", own, strings.Repeat("x", 1000)), 200, yes("PUT", strings.Repeat("x", 1000), "44f8354494a5ba03ba1792a8d3e9c534c47a9181980fde7a3f44b06ef2ae7c7f"))
	twice := g.request("PUT", own, "cat", "X-Amz-Content-Sha256", catHash)
	twice.Header["X-Amz-Content-Sha256"] = []string{catHash, catHash}
	g.want("two hashes", twice, 403, `{"message":"The request declares the hash of its body more than once."}`)
	unsignedPayload := g.request("PUT", own, "cat")
	unsignedPayload.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	g.want("UNSIGNED-PAYLOAD", unsignedPayload, 403, mismatch)
	g.want("unsigned", g.unsigned("PUT", own, strings.Repeat("x", 5000)), 403, `{"message":"Missing Authentication Token"}`)
	other := g.request("GET", "/users/else/x", "")
	g.want("another's", other, 403, `{"message":"User: `+arn+` is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:123456789012:photos/$default/GET/users/else/x because no identity-based policy allows the execute-api:Invoke action"}`)
	g.want("an ambiguous path", g.request("GET", "/a/../users/"+g.id+"/x", ""), 403, `{"message":"Forbidden"}`)
	override := g.request("GET", own, "")
	override.Header.Set("X-HTTP-Method-Override", "DELETE")
	g.want("a method override", override, 403, `{"message":"Forbidden"}`)
	elsewhere := g.request("GET", own, "")
	elsewhere.Host = "other.example.com"
	g.want("another host", elsewhere, 403, `{"message":"Forbidden"}`)
	shop := g.unsigned("GET", own, "")
	shop.Host = "shop.example.com"
	shop.Header.Set("Authorization", "Bearer "+g.token)
	g.want("the host of another service, which the client may call", shop, 403, `{"message":"Forbidden"}`)
	bad := g.unsigned("GET", own, "")
	bad.Header.Set("Authorization", "Bearer x")
	g.want("a bad token", bad, 401, `{"message":"Unauthorized"}`)
	if text := g.logged(); !strings.Contains(text, "Request Too Long") {
		t.Errorf("logged %s", text)
	}
	// A signature is good once revoked no more: nothing is remembered.
	g.call(admin.API, "RevokeSessions", map[string]any{"IdentityId": g.id})
	g.want("revoked", g.request("GET", own, ""), 403, `{"message":"The security token included in the request is expired"}`)

	g.guard.Pass = func(r *http.Request) bool { return r.Method == http.MethodOptions }
	before := g.questions.Load()
	preflight := spoofed(g.unsigned("OPTIONS", own, ""))
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url", "X-Http_method-Override"} {
		preflight.Header[name] = []string{"DELETE"}
	}
	g.want("passes", preflight, 200, "OPTIONS "+own+` "" <nil> true|{ID: PoolID: AuthenticationType: ARN:} false|[] [] [] [] []`)
	if g.questions.Load() != before {
		t.Error("daypass was asked about a request that passes")
	}
}

// When daypass gives no answer, nobody passes; nor does anybody when something else
// says yes.
func TestGuardFailsClosed(t *testing.T) {
	g := newRig(t)
	own := "/users/" + g.id + "/x"
	good := g.guard.URL
	others := map[string]http.HandlerFunc{
		"a page":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "welcome") },
		"another hash":  func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Amz-Content-Sha256", catHash) },
		"a redirect":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, good, http.StatusFound) },
		"a failure":     func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"nothing there": http.NotFound,
		"an unsigned hash": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		},
		"a long answer": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(bytes.Repeat([]byte("x"), 1<<20))
		},
		"a broken answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, answer := range others {
		other := httptest.NewServer(answer)
		t.Cleanup(other.Close)
		g.guard.URL = other.URL
		status, body := g.send(g.request("GET", own, ""))
		if want := map[bool]int{true: 403, false: 503}[name == "a long answer"]; status != want || len(body) > 100 {
			t.Errorf("%s: %d %.200s", name, status, body)
		}
	}
	if text := g.logged(); !strings.HasPrefix(text, "Service Unavailable: ") {
		t.Errorf("logged %q", text)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, url := range []string{gone.URL, "", "::", "ftp://127.0.0.1/"} {
		g.guard.URL = url
		g.want("no daypass at "+url, g.request("GET", own, ""), 503, `{"message":"Service Unavailable"}`)
	}
	g.guard.URL = good
	if status, _ := g.send(g.request("GET", own, "")); status != 200 {
		t.Errorf("up again: %d", status)
	}
}

// A yes is remembered for the same question alone, for as long as its user says and
// never longer than what was shown is good.
func TestGuardRemembers(t *testing.T) {
	g := newRig(t)
	g.guard.Remember = time.Hour
	own := "/users/" + g.id + "/x"
	bearer := func(method, path string) *http.Request {
		r := g.unsigned(method, path, "")
		r.Header.Set("Authorization", "Bearer "+g.token)
		return r
	}
	asked := func(name string, r *http.Request, status int, want int64) {
		t.Helper()
		before := g.questions.Load()
		got, body := g.send(r)
		if asked := g.questions.Load() - before; got != status || asked != want {
			t.Errorf("%s: %d after %d questions, want %d after %d\n%s", name, got, asked, status, want, body)
		}
	}
	asked("first", bearer("GET", own), 200, 1)
	asked("again", bearer("GET", own), 200, 0)
	asked("another method", bearer("PUT", own), 200, 1)
	asked("another path", bearer("GET", own+"y"), 200, 1)
	asked("another query", bearer("GET", own+"?a=1"), 200, 1)
	changed := func(name, value string) *http.Request {
		r := bearer("GET", own)
		r.Header.Set(name, value)
		return r
	}
	asked("another browser", changed("User-Agent", "x"), 200, 1)
	asked("another referer", changed("Referer", "x"), 200, 1)
	asked("an override", changed("X-Http-Method-Override", "DELETE"), 403, 1)
	asked("another token", changed("Authorization", "Bearer "+g.token+"x"), 401, 1)
	asked("a no is not remembered", changed("Authorization", "Bearer "+g.token+"x"), 401, 1)
	asked("what nobody looks at", changed("X-Trace", "x"), 200, 0)
	host := bearer("GET", own)
	host.Host = "other.example.com"
	asked("another host", host, 403, 1)

	signed := g.request("PUT", own, "cat")
	again := func(body string) *http.Request {
		r := signed.Clone(t.Context())
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		return r
	}
	asked("signed", again("cat"), 200, 1)
	asked("signed, again", again("cat"), 200, 0)
	asked("another body", again("dog"), 403, 1)
	withHash := g.request("PUT", own, "cat", "X-Amz-Content-Sha256", catHash, "X-Other", "a")
	swapped := withHash.Clone(t.Context())
	swapped.Body, swapped.ContentLength = io.NopCloser(strings.NewReader("dog")), 3
	asked("with its hash", withHash, 200, 1)
	asked("another body with the hash", swapped, 403, 0) // the memory knows the hash, and the body has another
	header := withHash.Clone(t.Context())
	header.Body, header.ContentLength = io.NopCloser(strings.NewReader("cat")), 3
	header.Header.Set("X-Other", "b")
	asked("another signed header", header, 403, 1)

	// The signature is good for five minutes, the token for fifteen.
	g.at.Add(4 * 60)
	asked("signed, four minutes later", again("cat"), 200, 0)
	g.at.Add(61)
	asked("signed, five minutes later", again("cat"), 403, 1)
	asked("the token, five minutes later", bearer("GET", own), 200, 0)
	g.call(admin.API, "RevokeSessions", map[string]any{"IdentityId": g.id})
	asked("revoked, and remembered", bearer("GET", own), 200, 0)
	g.at.Add(10 * 60)
	asked("the token, fifteen minutes later", bearer("GET", own), 401, 1)
}

func TestGuardMemoryIsBounded(t *testing.T) {
	g := newRig(t)
	g.guard.Remember, g.guard.MaxRemembered = time.Hour, 4
	for n := range 20 {
		r := g.unsigned("GET", fmt.Sprintf("/users/%s/%d", g.id, n), "")
		r.Header.Set("Authorization", "Bearer "+g.token)
		if status, body := g.send(r); status != 200 {
			t.Fatal(status, body)
		}
	}
	before := g.questions.Load()
	for n := range 20 {
		r := g.unsigned("GET", fmt.Sprintf("/users/%s/%d", g.id, n), "")
		r.Header.Set("Authorization", "Bearer "+g.token)
		g.send(r)
	}
	if asked := g.questions.Load() - before; asked < 16 {
		t.Errorf("%d of 20 were remembered, and 4 may be", 20-asked)
	}
}

// A service that says that it is behind a proxy passes on what that tells of the
// client; another one does not believe it.
func TestGuardTellsOfTheClient(t *testing.T) {
	g := newRig(t)
	var header http.Header
	daypass := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(daypass.Close)
	g.guard.URL = daypass.URL
	for behind, want := range map[bool][2]string{false: {"[127.0.0.1]", "[http]"}, true: {"[203.0.113.9 127.0.0.1]", "[https]"}} {
		g.guard.Behind = behind
		r := g.unsigned("GET", "/", "")
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header["User-Agent"] = nil
		g.send(r)
		if got := [2]string{fmt.Sprint(header["X-Forwarded-For"]), fmt.Sprint(header["X-Forwarded-Proto"])}; got != want || header["User-Agent"] != nil {
			t.Errorf("behind a proxy %v: %v, %v", behind, got, header["User-Agent"])
		}
	}
}
