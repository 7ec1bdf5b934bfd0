package signin

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/mint"
)

const secretWord = "correct horse"

// world is a provider and a client of it.
type world struct {
	*Provider
	url  string
	key  *rsa.PrivateKey
	mu   sync.Mutex
	told []string
	// instead answers requests by path before the provider does.
	instead map[string]http.HandlerFunc
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{instead: map[string]http.HandlerFunc{}}
	var provider http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		handle := w.instead[r.URL.Path]
		w.mu.Unlock()
		if handle != nil {
			handle(rw, r)
			return
		}
		provider.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url, w.key = server.URL, testKey()
	p, err := idp.New(idp.Config{
		Issuer: server.URL, Key: w.key,
		Users:   []idp.User{{Subject: "alice", Password: secretWord}},
		Clients: []idp.Client{{ID: "app", RedirectURIs: []string{DefaultRedirectURI}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	provider = p
	w.Provider = &Provider{
		Issuer: server.URL, ClientID: "app", HTTP: &http.Client{Timeout: 10 * time.Second},
		Browse: func(at string) error { go w.person(t, at); return nil },
		Tell:   func(text string) { w.mu.Lock(); defer w.mu.Unlock(); w.told = append(w.told, text) },
	}
	return w
}

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// person signs in as somebody at a browser does, and sees the last page.
func (w *world) person(t *testing.T, at string) string {
	jar, _ := cookiejar.New(nil) // never fails
	b := &http.Client{Jar: jar, Timeout: 10 * time.Second}
	answer, err := b.Get(at)
	if err == nil && strings.HasSuffix(answer.Request.URL.Path, "/login") {
		answer.Body.Close()
		answer, err = b.PostForm(answer.Request.URL.String(), url.Values{"username": {"alice"}, "password": {secretWord}})
	}
	if err != nil {
		t.Error(err)
		return ""
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return string(body)
}

// mint makes a token endpoint that answers with a token of its own.
func (w *world) mint(refresh string, claims func() map[string]any) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		c := claims()
		subject, _ := c["sub"].(string)
		delete(c, "sub")
		audience, ok := c["aud"].(string)
		if !ok {
			audience = "app"
		}
		delete(c, "aud")
		token, err := mint.Token{Issuer: w.url, Audience: audience, Subject: subject, Claims: c, Key: w.key, Lifetime: time.Hour}.Good()
		if err != nil {
			http.Error(rw, err.Error(), 500)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(rw).Encode(map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token, "refresh_token": refresh})
	}
}

func refuse(rw http.ResponseWriter, code string) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(rw).Encode(map[string]string{"error": code})
}

func wantRefusal(t *testing.T, err error, want string) {
	t.Helper()
	r, ok := errors.AsType[*Refusal](err)
	if !ok || !strings.Contains(r.Error(), want) {
		t.Errorf("got %v, want a refusal with %q", err, want)
	}
}

// A person signs in by the browser once; afterwards the refresh token does, each
// time with the next one.
func TestBrowserAndRefresh(t *testing.T) {
	w := newWorld(t)
	first, err := w.Browser(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first.Subject != "alice" || first.Refresh == "" || !first.Good(time.Now()) || first.Good(time.Now().Add(time.Hour)) {
		t.Errorf("%+v", first)
	}
	second, err := w.Refresh(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if second.Subject != "alice" || second.Refresh == first.Refresh || second.Refresh == "" {
		t.Errorf("%+v", second)
	}
	_, err = w.Refresh(t.Context(), first)
	wantRefusal(t, err, "does not renew the sign-in: invalid_grant")
	for _, line := range w.told {
		if strings.Contains(line, "state") || strings.Contains(line, "challenge") || strings.Contains(line, "?") {
			t.Errorf("told: %s", line)
		}
	}
}

// What others can do to a sign-in that waits: begin it in their own browser, or
// bring a code of their own. The right browser still ends it.
func TestOthersCannotEndASignIn(t *testing.T) {
	w := newWorld(t)
	w.Browse = func(at string) error {
		go func() {
			u, _ := url.Parse(at)
			back := "http://" + u.Host + "/callback"
			jar, _ := cookiejar.New(nil)
			b := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			status := func(c *http.Client, r *http.Request) int {
				answer, err := c.Do(r)
				if err != nil {
					t.Error(err)
					return 0
				}
				answer.Body.Close()
				return answer.StatusCode
			}
			get := func(at string) *http.Request { r, _ := http.NewRequest("GET", at, nil); return r }
			begun, err := b.Do(get(at))
			if err != nil {
				t.Error(err)
				return
			}
			begun.Body.Close()
			to, _ := begun.Location()
			state := to.Query().Get("state")
			if q := to.Query(); q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || len(state) < 26 {
				t.Errorf("the request is %v", q)
			}
			rebound := get(back + "?code=x&state=" + state)
			rebound.Host = "evil.example"
			posted, _ := http.NewRequest("POST", back, nil)
			for about, test := range map[string]struct {
				client *http.Client
				r      *http.Request
				want   int
			}{
				"another browser begins":        {http.DefaultClient, get(at), 403},
				"the state without the cookie":  {http.DefaultClient, get(back + "?code=x&state=" + state), 403},
				"the cookie without the state":  {b, get(back + "?code=x"), 403},
				"the cookie with another state": {b, get(back + "?code=x&state=" + state + "x"), 403},
				"another name":                  {b, rebound, 421},
				"a form":                        {b, posted, 405},
				"another page":                  {b, get("http://" + u.Host + "/favicon.ico"), 404},
				"the same browser begins again": {b, get(at), 302},
			} {
				if got := status(test.client, test.r); got != test.want {
					t.Errorf("%s: status %d, want %d", about, got, test.want)
				}
			}
			answer, err := b.Get(to.String())
			if err != nil {
				t.Error(err)
				return
			}
			answer.Body.Close()
			login, _ := answer.Location()
			b.CheckRedirect = nil
			answer, err = b.PostForm(login.String(), url.Values{"username": {"alice"}, "password": {secretWord}})
			if err != nil {
				t.Error(err)
				return
			}
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if !strings.Contains(string(body), "You are signed in.") {
				t.Errorf("the last page: %s", body)
			}
		}()
		return nil
	}
	if tokens, err := w.Browser(t.Context()); err != nil || tokens.Subject != "alice" {
		t.Errorf("%+v, %v", tokens, err)
	}
}

// Tokens that are not of this sign-in, this client or this person are refused.
func TestTokensAreVerified(t *testing.T) {
	w := newWorld(t)
	var nonce string
	w.instead["/authorize"] = func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		nonce = q.Get("nonce")
		http.Redirect(rw, r, q.Get("redirect_uri")+"?"+url.Values{"code": {"c"}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	}
	for about, test := range map[string]struct {
		claims func() map[string]any
		want   string
	}{
		"good":              {func() map[string]any { return map[string]any{"sub": "alice", "nonce": nonce} }, ""},
		"of another nonce":  {func() map[string]any { return map[string]any{"sub": "alice", "nonce": "n"} }, "its nonce is another one"},
		"without a nonce":   {func() map[string]any { return map[string]any{"sub": "alice"} }, "its nonce is another one"},
		"of another client": {func() map[string]any { return map[string]any{"sub": "alice", "nonce": nonce, "aud": "other"} }, "cannot be verified: audience"},
	} {
		w.instead["/token"] = w.mint("", test.claims)
		_, err := w.Browser(t.Context())
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", about, err)
			}
			continue
		}
		t.Log(about)
		wantRefusal(t, err, test.want)
	}
	w.instead["/token"] = w.mint("", func() map[string]any { return map[string]any{"sub": "mallory"} })
	_, err := w.Refresh(t.Context(), &Tokens{Subject: "alice", Refresh: "r"})
	wantRefusal(t, err, "the ID token of somebody else")
	same := w.mint("", func() map[string]any { return map[string]any{"sub": "alice"} })
	w.instead["/token"] = same
	if got, err := w.Refresh(t.Context(), &Tokens{Subject: "alice", Refresh: "r"}); err != nil || got.Refresh != "r" {
		t.Errorf("a provider that does not rotate: %+v, %v", got, err)
	}
	w.instead["/token"] = func(rw http.ResponseWriter, _ *http.Request) { http.Error(rw, "down", http.StatusServiceUnavailable) }
	if _, err := w.Refresh(t.Context(), &Tokens{Subject: "alice", Refresh: "r"}); err == nil || errors.As(err, new(*Refusal)) {
		t.Errorf("a provider that is down has refused: %v", err)
	}
	w.instead["/authorize"] = func(rw http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		http.Redirect(rw, r, q.Get("redirect_uri")+"?"+url.Values{"error": {"access_denied\x1b[2J"}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	}
	_, err = w.Browser(t.Context())
	wantRefusal(t, err, "does not sign in: access_denied?[2J")
}

// A person enters a code elsewhere while the program asks whether it is done.
func TestDevice(t *testing.T) {
	w := newWorld(t)
	_, err := w.Device(t.Context())
	wantRefusal(t, err, "has no sign-in by device code")

	w.instead["/.well-known/openid-configuration"] = func(rw http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(rw).Encode(map[string]any{
			"issuer": w.url, "authorization_endpoint": w.url + "/authorize", "token_endpoint": w.url + "/token", "jwks_uri": w.url + "/keys",
			"device_authorization_endpoint": w.url + "/device", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	}
	expires, page, interval := 60, "https://login.example/device", 1
	w.instead["/device"] = func(rw http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(rw).Encode(map[string]any{
			"device_code": "the device code", "user_code": "WDJB\x1b-MJHT", "verification_uri": page, "expires_in": expires, "interval": interval,
		})
	}
	good := w.mint("next", func() map[string]any { return map[string]any{"sub": "alice"} })
	asked := 0
	w.instead["/token"] = func(rw http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			refuse(rw, "authorization_pending")
			return
		}
		if r.PostFormValue("device_code") != "the device code" || r.PostFormValue("grant_type") != "urn:ietf:params:oauth:grant-type:device_code" {
			t.Errorf("asked with %v", r.PostForm)
		}
		good(rw, r)
	}
	tokens, err := w.Device(t.Context())
	if err != nil || tokens.Subject != "alice" || tokens.Refresh != "next" || asked != 2 {
		t.Errorf("%+v, %v, asked %d times", tokens, err, asked)
	}
	if got := strings.Join(w.told, "\n"); got != "Sign in at https://login.example/device and enter the code WDJB?-MJHT" {
		t.Errorf("told: %s", got)
	}

	w.instead["/token"] = func(rw http.ResponseWriter, _ *http.Request) {
		refuse(rw, "access_denied")
	}
	_, err = w.Device(t.Context())
	wantRefusal(t, err, "does not sign in: access_denied")
	page = "http://login.example/device"
	_, err = w.Device(t.Context())
	wantRefusal(t, err, "no page to enter it")
	page, interval = "https://login.example/device", -1<<40
	ctx, stop := context.WithCancel(t.Context())
	w.Tell = func(string) { stop() }
	if _, err := w.Device(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("left with %v", err)
	}
}

// What a provider must be, and what is said when it is not.
func TestProviders(t *testing.T) {
	for _, test := range []struct{ issuer, redirect, want string }{
		{"http://login.example", "", "the issuer must be an https URL"},
		{"login.example", "", "the issuer is not a URL such as https://login.example.com"},
		{"https://u:p@login.example", "", "the issuer is not a URL"},
		{"https://login.example", "https://127.0.0.1/callback", "the redirect URI must be an http URL on this machine"},
		{"https://login.example", "http://login.example/callback", "the redirect URI must be an http URL on this machine"},
		{"https://login.example", "http://localhost:8400/callback", ""},
		{"http://localhost:8080/realms/x", "http://[::1]/", ""},
	} {
		err := (&Provider{Issuer: test.issuer, RedirectURI: test.redirect}).Check()
		if got := fmt.Sprint(err); test.want == "" && err != nil || !strings.Contains(got, test.want) {
			t.Errorf("%s, %s: %v, want %q", test.issuer, test.redirect, err, test.want)
		}
	}
	w := newWorld(t)
	document := map[string]any{
		"issuer": w.url, "authorization_endpoint": w.url + "/authorize", "token_endpoint": "http://login.example/token", "jwks_uri": w.url + "/keys",
	}
	w.instead["/.well-known/openid-configuration"] = func(rw http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(rw).Encode(document) }
	_, err := w.Browser(t.Context())
	wantRefusal(t, err, "token_endpoint must be an https URL")
	document["issuer"] = w.url + "/other"
	_, err = w.Browser(t.Context())
	wantRefusal(t, err, "names another issuer")
	w.instead["/.well-known/openid-configuration"] = func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.CopyN(rw, strings.NewReader(strings.Repeat(" ", maxAnswer+10)), maxAnswer+10)
	}
	if _, err = w.Browser(t.Context()); err == nil || errors.As(err, new(*Refusal)) || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a document without end: %v", err)
	}
}
