package idp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const verifier = "a-code-verifier-that-has-at-least-43-characters"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is a good authorization request with some parameters changed; an empty value removes one.
func request(changes ...string) url.Values {
	form := url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {redirectURI}, "scope": {"openid"},
		"state": {"st"}, "nonce": {"no"}, "code_challenge": {challenge()}, "code_challenge_method": {"S256"},
	}
	return change(form, changes)
}

func change(form url.Values, changes []string) url.Values {
	form = maps.Clone(form)
	for i := 0; i+1 < len(changes); i += 2 {
		form.Del(changes[i])
		if changes[i+1] != "" {
			form.Set(changes[i], changes[i+1])
		}
	}
	return form
}

// loginPageOf begins a visit and returns the login page's address.
func loginPageOf(t testing.TB, s *Server, changes ...string) string {
	t.Helper()
	res, body := get(t, s.URL+"/authorize?"+request(changes...).Encode())
	if res.StatusCode != http.StatusFound || !strings.HasPrefix(res.Header.Get("Location"), "/login?request=") {
		t.Fatalf("%s to %s: %s", res.Status, res.Header.Get("Location"), body)
	}
	return s.URL + res.Header.Get("Location")
}

const adasForm = "username=ada&password=correct+horse"

// codeOf signs ada in and returns the code sent to the client.
func codeOf(t testing.TB, s *Server, changes ...string) string {
	t.Helper()
	res, body := post(t, loginPageOf(t, s, changes...), adasForm)
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s: %s", res.Status, body)
	}
	res, body = get(t, s.URL+res.Header.Get("Location"))
	back, err := res.Location()
	if err != nil || back.Query().Get("state") != "st" {
		t.Fatalf("%s: %v: %s", res.Status, err, body)
	}
	return back.Query().Get("code")
}

func TestAuthorizeRefusals(t *testing.T) {
	s := start(t, testConfig())
	for _, test := range []struct {
		about   string
		changes []string
		status  int
		says    string // body when answered here, error and description when sent to the client
	}{
		{"unknown client", []string{"client_id", "nobody"}, 400, "unknown client"},
		{"no client", []string{"client_id", ""}, 400, "unknown client"},
		{"foreign redirect URI", []string{"redirect_uri", "https://evil.example/cb"}, 400, "missing in the client configuration"},
		{"longer redirect URI", []string{"redirect_uri", "https://app.example.com/cb/x"}, 400, "missing in the client configuration"},
		{"escaped redirect URI", []string{"redirect_uri", "https://app.example.com%2Fcb"}, 400, "must not contain escaped characters"},
		{"another client's redirect URI", []string{"redirect_uri", "http://localhost:8080/cb"}, 400, "missing in the client configuration"},
		{"no redirect URI", []string{"redirect_uri", ""}, 400, "redirect_uri is missing"},
		{"implicit flow", []string{"response_type", "id_token"}, 302, "unauthorized_client: The requested response type is missing in the client configuration. If you have any questions, you may contact the administrator of the application."},
		{"no openid", []string{"scope", "profile"}, 302, "invalid_scope: the scope must contain openid"},
		{"no PKCE", []string{"code_challenge", ""}, 302, "invalid_request: a public client must send a code_challenge"},
		{"plain PKCE", []string{"code_challenge_method", "plain"}, 302, "invalid_request: code_challenge_method must be S256"},
		{"PKCE of unsaid method", []string{"code_challenge_method", ""}, 302, "invalid_request: code_challenge_method must be S256"},
		{"silent sign-in", []string{"prompt", "none"}, 302, "login_required: there are no sessions here, so somebody always has to sign in"},
		{"request object", []string{"request", "e30.e30."}, 302, "request_not_supported: "},
		{"form post", []string{"response_mode", "form_post"}, 302, "invalid_request: response_mode must be query"},
	} {
		t.Run(test.about, func(t *testing.T) {
			res, body := get(t, s.URL+"/authorize?"+request(test.changes...).Encode())
			if res.StatusCode != test.status {
				t.Fatalf("%s: %s", res.Status, body)
			}
			if test.status == http.StatusBadRequest {
				if !strings.Contains(body, test.says) {
					t.Errorf("body is %q, want %q in it", body, test.says)
				}
				return
			}
			back, _ := res.Location()
			answer := back.Query()
			if got := answer.Get("error") + ": " + answer.Get("error_description"); got != test.says || answer.Get("state") != "st" {
				t.Errorf("answer is %v, want %q", answer, test.says)
			}
			if !strings.HasPrefix(back.String(), redirectURI+"?") {
				t.Errorf("sent to %v", back)
			}
		})
	}
	res, body := get(t, s.URL+"/authorize?"+request().Encode()+"&scope=openid")
	if res.StatusCode != http.StatusBadRequest || body != "a parameter is repeated\n" {
		t.Errorf("repeated parameter: %s %s", res.Status, body)
	}
}

func TestRedirectURIs(t *testing.T) {
	s := start(t, testConfig())
	for _, uri := range []string{"http://127.0.0.1:54321/callback", "https://app.example.com/cb", "com.example.app:/cb"} {
		loginPageOf(t, s, "redirect_uri", uri)
	}
}

func TestLoginPage(t *testing.T) {
	s := start(t, testConfig())
	page := loginPageOf(t, s, "login_hint", `"><script>alert(1)</script>`)
	res, body := get(t, page)
	if strings.Contains(body, "<script>") || !strings.Contains(body, "to continue to <strong>app</strong>") {
		t.Errorf("page:\n%s", body)
	}
	_, rest, _ := strings.Cut(body, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if policy := res.Header.Get("Content-Security-Policy"); len(style) < 100 || !strings.Contains(policy, hash) {
		t.Errorf("policy %q does not allow the style %s", policy, hash)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	res, body = post(t, page, "username=%3Cb%3Eada&password=wrong")
	if res.StatusCode != http.StatusForbidden || !strings.Contains(body, "Wrong username or password.") || strings.Contains(body, "<b>") {
		t.Errorf("wrong password: %s\n%s", res.Status, body)
	}
	if res, body := post(t, page, adasForm, "Sec-Fetch-Site", "cross-site"); res.StatusCode != http.StatusForbidden || strings.Contains(body, "<form") {
		t.Errorf("another site's form: %s\n%s", res.Status, body)
	}
	if res, _ := post(t, page, adasForm, "Sec-Fetch-Site", "same-origin", "Origin", s.URL); res.StatusCode != http.StatusSeeOther {
		t.Errorf("own form: %s", res.Status)
	}
}

// Whoever made the authorization request knows the login page's address; that must not be enough to get the code after
// somebody else signed in there.
func TestVisitChangesItsName(t *testing.T) {
	s := start(t, testConfig())
	page := loginPageOf(t, s)
	name := strings.TrimPrefix(page, s.URL+"/login?request=")
	res, _ := post(t, page, adasForm)
	callback := s.URL + res.Header.Get("Location")
	for _, gone := range []string{page, s.URL + "/authorize/callback?id=" + name, s.URL + "/authorize/callback"} {
		if res, body := get(t, gone); res.StatusCode != http.StatusBadRequest || body != errVisitGone.Error()+"\n" {
			t.Errorf("%s: %s %s", gone, res.Status, body)
		}
	}
	if res, _ := post(t, page, adasForm); res.StatusCode != http.StatusBadRequest {
		t.Errorf("signing in twice: %s", res.Status)
	}
	if res, _ := get(t, callback); res.StatusCode != http.StatusFound {
		t.Errorf("callback: %s", res.Status)
	}
	if res, _ := get(t, callback); res.StatusCode != http.StatusBadRequest {
		t.Errorf("callback again: %s", res.Status)
	}
}

func TestTokenRefusals(t *testing.T) {
	s := start(t, testConfig())
	for _, test := range []struct {
		about   string
		query   string
		changes []string
		status  int
		want    string
	}{
		{"no grant type", "", []string{"grant_type", ""}, 400, `{"error":"invalid_request","error_description":"grant_type is missing"}`},
		{"refresh", "", []string{"grant_type", "refresh_token"}, 400, `{"error":"invalid_request","error_description":"refresh_token missing"}`},
		{"assertion", "", []string{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, 400, `{"error":"unsupported_grant_type","error_description":"grant_type must be authorization_code or refresh_token"}`},
		{"invented code", "", []string{"code", "abc"}, 400, `{"error":"invalid_grant","error_description":"invalid code"}`},
		{"no verifier", "", []string{"code_verifier", ""}, 400, `{"error":"invalid_request","error_description":"code_verifier required"}`},
		{"wrong verifier", "", []string{"code_verifier", verifier + "x"}, 400, `{"error":"invalid_grant","error_description":"invalid code_verifier"}`},
		{"other redirect URI", "", []string{"redirect_uri", "https://app.example.com/cb"}, 400, `{"error":"invalid_grant","error_description":"redirect_uri does not correspond"}`},
		{"unknown client", "", []string{"client_id", "nobody"}, 401, `{"error":"invalid_client"}`},
		{"other client", "", []string{"client_id", "back end", "client_secret", "s3cret: 100%"}, 400, `{"error":"invalid_grant"}`},
		{"code in the address", "?code=abc", nil, 400, `{"error":"invalid_request","error_description":"parameters belong in the body"}`},
		{"assertion for a public client", "", []string{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", "e30.e30.e30"}, 401, `{"error":"invalid_client","error_description":"auth_method private_key_jwt not supported"}`},
	} {
		t.Run(test.about, func(t *testing.T) {
			code := codeOf(t, s)
			good := url.Values{
				"grant_type": {"authorization_code"}, "code": {code}, "client_id": {"app"}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
			}
			res, body := post(t, s.URL+"/token"+test.query, change(good, test.changes).Encode())
			if res.StatusCode != test.status || strings.TrimSpace(body) != test.want {
				t.Errorf("got %s %s, want %d %s", res.Status, body, test.status, test.want)
			}
			if got := res.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control is %q", got)
			}
		})
	}
	form := "grant_type=authorization_code&code=a&code=b"
	if res, body := post(t, s.URL+"/token", form); res.StatusCode != 400 || !strings.Contains(body, "a parameter is repeated") {
		t.Errorf("repeated parameter: %s %s", res.Status, body)
	}
	if res, body := post(t, s.URL+"/token", form+strings.Repeat("x", maxBody)); res.StatusCode != 400 || !strings.Contains(body, "the body is not a form") {
		t.Errorf("long body: %s %s", res.Status, body)
	}
}

func TestCodeWorksOnce(t *testing.T) {
	s := start(t, testConfig())
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {codeOf(t, s)}, "client_id": {"app"}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
	}.Encode()
	var mu sync.Mutex
	status := map[int]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			res, _ := post(t, s.URL+"/token", form)
			mu.Lock()
			defer mu.Unlock()
			status[res.StatusCode]++
		})
	}
	wg.Wait()
	if status[200] != 1 || status[400] != 7 {
		t.Errorf("answers by status: %v", status)
	}
}

func TestEverythingExpires(t *testing.T) {
	var mu sync.Mutex
	now := noon
	cfg := testConfig()
	cfg.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	s := start(t, cfg)

	page := loginPageOf(t, s)
	pass(loginLifetime)
	if res, _ := post(t, page, adasForm); res.StatusCode != http.StatusBadRequest {
		t.Errorf("late sign-in: %s", res.Status)
	}
	res, _ := post(t, loginPageOf(t, s), adasForm)
	pass(callbackLifetime)
	if res, _ := get(t, s.URL+res.Header.Get("Location")); res.StatusCode != http.StatusBadRequest {
		t.Errorf("late callback: %s", res.Status)
	}
	code := codeOf(t, s)
	pass(codeLifetime)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {"app"}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}}
	if _, body := post(t, s.URL+"/token", form.Encode()); !strings.Contains(body, "invalid code") {
		t.Errorf("late exchange: %s", body)
	}
}

func TestOtherHostsAreRefused(t *testing.T) {
	s := start(t, testConfig())
	for _, host := range []string{"rebound.example", "localhost:1", "127.0.0.1"} {
		res, body := get(t, s.URL+"/.well-known/openid-configuration", "Host", host)
		if res.StatusCode != http.StatusMisdirectedRequest || body != "this provider is "+s.URL+"\n" {
			t.Errorf("%s: %s %s", host, res.Status, body)
		}
	}
}

func TestPreflight(t *testing.T) {
	s := start(t, testConfig())
	for path, want := range map[string]string{"/token": "*", "/keys": "*", "/userinfo": "*", "/authorize": "", "/login": ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, _ := send(t, req); res.Header.Get("Access-Control-Allow-Origin") != want {
			t.Errorf("%s: Access-Control-Allow-Origin is %q, want %q", path, res.Header.Get("Access-Control-Allow-Origin"), want)
		}
	}
}

// Nothing goes to the process-wide logger, and no secret goes to ours. Not parallel: it watches a global.
func TestLogs(t *testing.T) {
	var global, own syncBuffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&global, nil)))
	defer slog.SetDefault(before)

	cfg := testConfig()
	cfg.Log = slog.New(slog.NewTextHandler(&own, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := start(t, cfg)
	tokens := signInAs(t, s.app(), "ada", rightWord)
	post(t, loginPageOf(t, s), "username=ada&password=not-the-word")
	code := codeOf(t, s)
	get(t, s.URL+"/authorize?client_id=nobody")
	get(t, s.URL+"/authorize?"+request("scope", "profile").Encode())
	post(t, s.URL+"/token", "grant_type=authorization_code&client_id=app&code_verifier=short&code="+code)
	get(t, s.URL+"/userinfo", "Authorization", "Bearer x")

	if global.String() != "" {
		t.Errorf("the process-wide logger got:\n%s", global.String())
	}
	for _, secret := range []string{rightWord, "not-the-word", code, tokens.IDToken, tokens.AccessToken} {
		if strings.Contains(own.String(), secret) {
			t.Errorf("the log has the secret %q", secret)
		}
	}
	for _, line := range []string{
		`level=INFO msg="idp: signed in" client=app subject=repo:octo/app`,
		`level=WARN msg="idp: wrong username or password" client=app`,
		`level=WARN msg="idp: refused" at=/authorize cause="unknown client"`,
		`level=WARN msg="idp: refused" at=/token cause="ErrorType=invalid_grant Description=invalid code_verifier"`,
	} {
		if !strings.Contains(own.String(), line) {
			t.Errorf("the log lacks %s:\n%s", line, own.String())
		}
	}
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestTicketsAreBounded(t *testing.T) {
	now := noon
	held := newTickets[int](func() time.Time { return now }, time.Minute, 3)
	for i := range 3 {
		if _, err := held.put(fmt.Sprint(i), i); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := held.put("3", 3); err != errFull {
		t.Errorf("a fourth: got %v, want %v", err, errFull)
	}
	now = now.Add(time.Minute)
	if _, err := held.put("4", 4); err != nil || len(held.held) != 1 {
		t.Errorf("after expiry: %v, %d held", err, len(held.held))
	}
}

// A refresh token is given to who asks for it, works once, for its client alone, and is followed by the next. The ID
// token that it gives has the subject and the time of the sign-in, and no nonce.
func TestRefresh(t *testing.T) {
	s := start(t, testConfig())
	type answer struct {
		IDToken string `json:"id_token"`
		Refresh string `json:"refresh_token"`
		Error   string `json:"error"`
	}
	exchange := func(changes ...string) answer {
		t.Helper()
		_, body := post(t, s.URL+"/token", change(url.Values{"client_id": {"app"}}, changes).Encode())
		var a answer
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		return a
	}
	signIn := func(scope string) answer {
		t.Helper()
		return exchange("grant_type", "authorization_code", "code", codeOf(t, s, "scope", scope), "redirect_uri", redirectURI, "code_verifier", verifier)
	}
	if a := signIn("openid"); a.IDToken == "" || a.Refresh != "" {
		t.Errorf("without offline_access: %+v", a)
	}
	first := signIn("openid offline_access")
	second := exchange("grant_type", "refresh_token", "refresh_token", first.Refresh)
	if first.Refresh == "" || second.Refresh == "" || second.Refresh == first.Refresh {
		t.Fatalf("%+v, then %+v", first, second)
	}
	was, is := payload(t, first.IDToken), payload(t, second.IDToken)
	if is["sub"] != was["sub"] || is["auth_time"] != was["auth_time"] || is["aud"] == nil || was["nonce"] != "no" || is["nonce"] != nil {
		t.Errorf("claims %v, then %v", was, is)
	}
	if a := exchange("grant_type", "refresh_token", "refresh_token", first.Refresh); a.Error != "invalid_grant" {
		t.Errorf("used twice: %+v", a)
	}
	if a := exchange("grant_type", "refresh_token", "refresh_token", second.Refresh, "client_id", "back end", "client_secret", "s3cret: 100%"); a.Error != "invalid_grant" {
		t.Errorf("by another client: %+v", a)
	}
	if a := exchange("grant_type", "refresh_token", "refresh_token", signIn("openid offline_access").Refresh, "scope", "openid email"); a.Error != "invalid_scope" {
		t.Errorf("for more than was granted: %+v", a)
	}
}

// payload is what a token says.
func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	var claims map[string]any
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(text, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}
