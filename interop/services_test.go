package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/sigv4"
)

// serviced is a service of somebody's own, which clients reach through proxies that
// ask daypass.
type serviced struct {
	*shop
	server *daypasstest.Server
	// service is the service's address, and ask daypass's for proxies.
	service, ask string
	// asked counts the requests that have reached the service.
	asked atomic.Int64
	alice tenant
	guest tenant
}

// seen is a request as it reaches the service.
type seen struct {
	Method, URI, Host, Body string
	Header                  http.Header
}

func openServiced(t *testing.T) *serviced {
	t.Helper()
	s := &serviced{}
	s.server = daypasstest.Start(t, daypasstest.Config{ForwardAuthAPIs: []string{"photos=" + serviceHost, "shop=shop.example.com", "photos=127.0.0.1"}})
	s.shop = openShop(t, s.server.URL)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE")
		w.Header().Set("Access-Control-Allow-Headers", "authorization, content-type, x-amz-content-sha256, x-amz-date, x-amz-security-token")
		_ = json.NewEncoder(w).Encode(seen{r.Method, r.RequestURI, r.Host, string(body), r.Header})
	}))
	t.Cleanup(service.Close)
	s.service = strings.TrimPrefix(service.URL, "http://")
	s.ask = strings.TrimSuffix(strings.TrimPrefix(s.server.ForwardAuth(), "http://"), "/forward-auth")
	for role, resource := range map[string]string{
		userRole:  `["arn:aws:execute-api:*:*:photos/*/users/${cognito-identity.amazonaws.com:sub}/*","arn:aws:execute-api:*:*:shop/*"]`,
		guestRole: `"arn:aws:execute-api:*:*:photos/*/GET/public/*"`,
	} {
		s.setPolicy(t, role, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":`+resource+`}]}`)
	}
	s.alice, s.guest = s.tenant(t, alice), s.tenant(t, "")
	return s
}

// startProxy runs the recipe of a proxy until the test ends, and gives the address at which it
// listens.
func startProxy(t *testing.T, name string, args ...string) string {
	t.Helper()
	program := need(t, name)
	address := freeAddress(t)
	c := exec.Command(filepath.Join("../recipes", name), append([]string{address}, args...)...)
	c.Env = []string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin", "TMPDIR=" + t.TempDir(), strings.ToUpper(name) + "=" + program}
	c.Stdout, c.Stderr = t.Output(), t.Output()
	c.WaitDelay = 10 * time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait() // it says that it was ended
	})
	for deadline := time.Now().Add(20 * time.Second); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return address
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

const serviceHost = "photos.example.com"

// signedFor signs a request to the service as an SDK does.
func signedFor(t *testing.T, who tenant, method, uri, body string, header ...string) *http.Request {
	t.Helper()
	return signedAt(t, serviceHost, who, method, uri, body, header...)
}

// signedAt is signedFor a service at another host.
func signedAt(t *testing.T, host string, who tenant, method, uri, body string, header ...string) *http.Request {
	t.Helper()
	path, query, _ := strings.Cut(uri, "?")
	r := &sigv4.Request{Method: method, Path: path, RawQuery: query, Host: host, Body: []byte(body), Header: map[string][]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header[header[i]] = []string{header[i+1]}
	}
	if err := sigv4.Sign(r, sigv4.Credentials{AccessKeyID: who.AccessKeyID, SecretAccessKey: who.SecretAccessKey, SessionToken: who.SessionToken}, "us-east-1", "execute-api", time.Now()); err != nil {
		t.Fatal(err)
	}
	out := plainFor(t, method, uri, body)
	out.Host = host
	for name, values := range r.Header {
		out.Header[name] = values
	}
	return out
}

func plainFor(t *testing.T, method, uri, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque, r.Host = uri, serviceHost // on the wire as it is
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	return r
}

func sumOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// send sends a request to a proxy, and gives what the service saw; nothing where the
// request did not reach it.
func (s *serviced) send(t *testing.T, address string, r *http.Request) (int, *seen) {
	t.Helper()
	r.URL.Host = address
	before := s.asked.Load()
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return 0, nil // the proxy hangs up
	}
	defer resp.Body.Close()
	body := must(io.ReadAll(resp.Body))(t)
	if s.asked.Load() == before {
		return resp.StatusCode, nil
	}
	var got seen
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return resp.StatusCode, &got
}

// check tries a proxy that asks daypass.
func (s *serviced) check(t *testing.T, address string) {
	own := "/users/" + s.alice.ID + "/a%20b.jpg?x=1&y=a+b"
	want := func(name string, r *http.Request, method, uri, body string, header map[string]string) {
		t.Helper()
		status, got := s.send(t, address, r)
		if status != 200 || got == nil || got.Method != method || got.URI != uri || got.Body != body || got.Host != serviceHost {
			t.Errorf("%s: %d, the service saw %+v", name, status, got)
			return
		}
		for key, value := range header {
			if values := got.Header[key]; value == "" && strings.Join(values, "") != "" || value != "" && (len(values) != 1 || values[0] != value) {
				t.Errorf("%s: the service saw %s %q, want %q", name, key, values, value)
			}
		}
	}
	refused := func(name string, r *http.Request, status int) {
		t.Helper()
		if got, seen := s.send(t, address, r); got != status || seen != nil {
			t.Errorf("%s: %d, the service saw %+v", name, got, seen)
		}
	}
	identity := func(who tenant, authentication, hash string) map[string]string {
		return map[string]string{"X-Cognito-Identity-Id": who.ID, "X-Cognito-Identity-Pool-Id": s.pool, "X-Cognito-Authentication-Type": authentication, "X-Amz-Content-Sha256": hash}
	}
	// claims is what a client would like the service to believe, and daypass.
	claims := func(r *http.Request) *http.Request {
		for _, name := range []string{"X-Cognito-Identity-Id", "X-Cognito-Identity-Pool-Id", "X-Cognito-Authentication-Type", "X-User-Arn"} {
			r.Header[name] = []string{"me", "too"}
		}
		r.Header["X-Forwarded-Method"], r.Header["X-Forwarded-Uri"], r.Header["X-Forwarded-Host"] = []string{"GET"}, []string{"/public/x"}, []string{"other.example.com"}
		r.Header["X-Original-Method"], r.Header["X-Original-Uri"] = []string{"GET"}, []string{"/public/x"}
		r.Header["X-Original-Content-Length"], r.Header["X-Forwarded-For"] = []string{"0"}, []string{"203.0.113.9"}
		return r
	}
	cat := sumOf("cat")
	want("get", signedFor(t, s.alice, "GET", own, ""), "GET", own, "", identity(s.alice, "authenticated", sumOf("")))
	want("put", signedFor(t, s.alice, "PUT", own, "cat", "X-Amz-Content-Sha256", cat), "PUT", own, "cat", identity(s.alice, "authenticated", cat))
	want("put, length signed", signedFor(t, s.alice, "PUT", own, "cat", "X-Amz-Content-Sha256", cat, "Content-Length", "3"), "PUT", own, "cat", identity(s.alice, "authenticated", cat))
	want("a guest", signedFor(t, s.guest, "GET", "/public/x", ""), "GET", "/public/x", "", identity(s.guest, "unauthenticated", sumOf("")))
	want("claims", claims(signedFor(t, s.alice, "PUT", own, "cat", "X-Amz-Content-Sha256", cat)), "PUT", own, "cat", identity(s.alice, "authenticated", cat))
	nobody := map[string]string{"X-Cognito-Identity-Id": "", "X-Cognito-Identity-Pool-Id": "", "X-Cognito-Authentication-Type": "", "X-User-Arn": "",
		"X_user_arn": "", "X-Http-Method-Override": "", "X-Http-Method": "", "X-Method-Override": "", "X-Original-Url": "", "X-Rewrite-Url": "", "X-Http_method_override": ""}
	passed := claims(plainFor(t, "OPTIONS", own, ""))
	for _, name := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url", "X-Http_method_override", "X_user_arn"} {
		passed.Header[name] = []string{"DELETE"}
	}
	want("a browser's question, with claims", passed, "OPTIONS", own, "", nobody)
	// A client that lists the headers that daypass sets, as those of the connection.
	listed := signedFor(t, s.guest, "GET", "/public/x", "")
	listed.Header["Connection"] = []string{"X-Cognito-Identity-Id, X-Cognito-Authentication-Type, X-Amz-Content-Sha256"}
	listed.Header["X_cognito_authentication_Type"] = []string{"authenticated"}
	lookAlike := identity(s.guest, "unauthenticated", sumOf(""))
	lookAlike["X_cognito_authentication_type"] = ""
	want("a guest who lists headers", listed, "GET", "/public/x", "", lookAlike)
	root := tenant{AccessKeyID: "test", SecretAccessKey: "test"}
	want("no identity, with claims", claims(signedFor(t, root, "GET", "/x", "")), "GET", "/x", "",
		map[string]string{"X-Cognito-Identity-Id": "", "X-Cognito-Identity-Pool-Id": "", "X-Cognito-Authentication-Type": "", "X-User-Arn": "arn:aws:iam::" + daypasstest.Account + ":root"})

	refused("unsigned", plainFor(t, "GET", own, ""), 403)
	refused("unsigned, with claims", claims(plainFor(t, "GET", own, "")), 403)
	refused("another's", claims(signedFor(t, s.alice, "GET", "/users/"+s.guest.ID+"/x", "")), 403)
	refused("a body without its hash", signedFor(t, s.alice, "PUT", own, "cat"), 403)
	added := signedFor(t, s.alice, "PUT", own, "")
	added.Body, added.ContentLength = io.NopCloser(strings.NewReader("cat")), 3
	refused("a body where none was signed", added, 403)
	chunked := signedFor(t, s.alice, "PUT", own, "")
	chunked.Body, chunked.ContentLength = io.NopCloser(strings.NewReader("cat")), -1
	refused("a body in chunks where none was signed", chunked, 403)
	// What a client may do at one service is nothing to another, although the client
	// says that it means the first.
	confused := signedAt(t, "shop.example.com", s.alice, "GET", "/users/"+s.guest.ID+"/x", "")
	refused("another service's host", confused, 403)
	absolute := signedAt(t, "shop.example.com", s.alice, "GET", "/users/"+s.guest.ID+"/x", "")
	absolute.URL.Opaque = "http://" + serviceHost + absolute.URL.Opaque
	if status, got := s.send(t, address, absolute); status != 403 && status != 400 || got != nil { // HAProxy refuses it
		t.Errorf("another service's host, and this one in the first line: %d, the service saw %+v", status, got)
	}
	method := signedFor(t, s.alice, "GET", own, "")
	method.Method = "DELETE"
	refused("another method", method, 403)
	for name, header := range map[string]string{"X-Http-Method-Override": "DELETE", "X-Original-Url": "/admin"} {
		r := signedFor(t, s.alice, "GET", own, "")
		r.Header.Set(name, header)
		refused(name, r, 403)
	}
	for _, uri := range []string{"/users/x/../" + s.alice.ID + "/x", "/users//" + s.alice.ID + "/x", "/users/" + s.alice.ID + "/..%2f..%2fadmin", "/users/" + s.alice.ID + "/..;/x", "/users/" + s.alice.ID + "/%252e%252e/x"} {
		refused(uri, signedFor(t, s.alice, "GET", uri, ""), 403)
	}
	bad := plainFor(t, "GET", own, "")
	bad.Header.Set("Authorization", "Bearer x")
	refused("a bad token", bad, 401)
	huge := signedFor(t, s.alice, "GET", own, "")
	huge.Header.Set("X-Huge", strings.Repeat("x", 2<<20))
	if status, seen := s.send(t, address, huge); status != 0 && status < 400 || seen != nil {
		t.Errorf("huge headers: %d, %+v", status, seen)
	}
	h2c := signedFor(t, s.alice, "GET", own, "")
	h2c.Header["Connection"], h2c.Header["Upgrade"], h2c.Header["Http2-Settings"] = []string{"Upgrade, HTTP2-Settings"}, []string{"h2c"}, []string{"AAMAAABkAAQAAP__"}
	if status, seen := s.send(t, address, h2c); status == http.StatusSwitchingProtocols || seen != nil && seen.Header.Get("Upgrade") != "" {
		t.Errorf("h2c: %d, %+v", status, seen)
	}
	// A body that is swapped on the way passes the proxy, which does not look. The
	// service learns which body was signed.
	swapped := signedFor(t, s.alice, "PUT", own, "cat", "X-Amz-Content-Sha256", cat)
	swapped.Body = io.NopCloser(strings.NewReader("dog"))
	want("another body", swapped, "PUT", own, "dog", map[string]string{"X-Amz-Content-Sha256": cat})
}

// Services behind nginx and Caddy get what daypass lets pass, as the clients sent it,
// and who sent it; also where HAProxy is in front.
func TestServicesBehindProxies(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nginx", "caddy"} {
		t.Run(name, func(t *testing.T) {
			s := openServiced(t)
			proxy := startProxy(t, name, s.service, s.ask, "photos")
			s.check(t, proxy)
			t.Run("haproxy", func(t *testing.T) { s.check(t, startProxy(t, "haproxy", proxy)) })

			// With daypass gone nothing passes.
			s.server.Close()
			if status, seen := s.send(t, proxy, signedFor(t, s.alice, "GET", "/users/"+s.alice.ID+"/x", "")); status < 500 || seen != nil {
				t.Errorf("daypass is down: %d, %+v", status, seen)
			}
		})
	}
}

// pageSigned is what node/sign.mjs tells: what became of its requests, and how the
// service saw them.
type pageSigned struct {
	Put, Get, Public, Other, Token struct {
		seen
		Status int
		Error  string
	}
	Error string
}

// A page in a browser signs requests to a service of another origin with the
// JavaScript SDK's signer and the credentials of an identity pool.
func TestBrowserSigns(t *testing.T) {
	t.Parallel()
	need(t, "amplify") // which has the bundler
	node, chromium := need(t, "node"), need(t, "chromium")
	script := bundle(t, node, "node/sign.mjs")
	s := openServiced(t)
	proxy := startProxy(t, "nginx", s.service, s.ask, "photos")
	token := s.provider.signIn(t, app, alice)
	login := s.provider.logins(token)
	var did pageSigned
	browse(t, chromium, script, map[string]string{
		"endpoint": s.endpoint, "pool": s.pool, "provider": s.provider.name(), "token": token, "identity": s.alice.ID,
		"service": "http://" + proxy, "openid": s.getOpenIDToken(t, s.alice.ID, login),
	}, &did)
	if did.Error != "" {
		t.Fatal(did.Error)
	}
	own := "/users/" + s.alice.ID + "/"
	if p := did.Put; p.Status != 200 || p.URI != own+"a%20cat.jpg?v=1&name=caf%C3%A9+x" || p.Body != "cat" ||
		p.Header.Get("X-Amz-Content-Sha256") != sumOf("cat") || p.Header.Get("X-Cognito-Identity-Id") != s.alice.ID {
		t.Errorf("put: %+v", p)
	}
	if g := did.Get; g.Status != 200 || g.Method != "GET" || g.Header.Get("X-Cognito-Authentication-Type") != "authenticated" {
		t.Errorf("get: %+v", g)
	}
	if p := did.Public; p.Status != 200 || p.Header.Get("X-Cognito-Authentication-Type") != "unauthenticated" {
		t.Errorf("a guest: %+v", p)
	}
	// A no of the proxy's has no permission for the page to read it.
	if o := did.Other; o.Error != "TypeError" && o.Status != 403 {
		t.Errorf("another's: %+v", o)
	}
	if k := did.Token; k.Status != 200 || k.Body != "dog" || k.Header.Get("X-Amz-Content-Sha256") != "UNSIGNED-PAYLOAD" || k.Header.Get("X-Cognito-Identity-Id") != s.alice.ID {
		t.Errorf("a token: %+v", k)
	}
}
