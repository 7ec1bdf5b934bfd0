package forwardauth_test

import (
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/forwardauth"
	"github.com/daypass/daypass/internal/server"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

func (g *rig) wantNo(name string, a answer, status int, code, message, cause string) {
	g.t.Helper()
	if a.status != status || a.code != code || a.message != message || field(a.line, "cause") != cause {
		g.t.Errorf("%s: %d %s %q, cause %s\nwant %d %s %q, cause %s\n%s", name, a.status, a.code, a.message, field(a.line, "cause"), status, code, message, cause, a.line)
	}
	for _, header := range []string{"X-Cognito-Identity-Id", "X-User-Arn"} {
		if _, there := a.header[header]; there {
			g.t.Errorf("%s: a no has %s", name, header)
		}
	}
}

func (g *rig) wantYes(name string, a answer, want map[string]string) {
	g.t.Helper()
	if a.status != http.StatusOK {
		g.t.Errorf("%s: %d %s %q\n%s", name, a.status, a.code, a.message, a.line)
		return
	}
	for header, value := range want {
		if values := a.header[http.CanonicalHeaderKey(header)]; len(values) != 1 || values[0] != value {
			g.t.Errorf("%s: %s is %q, want %q", name, header, values, value)
		}
	}
}

const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// Each proxy's form tells of the same request and gets the same answer.
func TestForms(t *testing.T) {
	g := newRig(t)
	alice, guest := g.user("alice"), g.guest()
	body := original{"PUT", "/users/" + alice.id + "/a%20b.jpg?x=1&y=a+b", host, map[string]string{"X-Amz-Content-Sha256": hashOf("cat"), "Content-Type": "image/jpeg"}, "cat"}
	for name, in := range map[string]form{"nginx": nginx, "caddy": caddy, "envoy": envoy} {
		a := g.ask(in, g.signed(body, alice.key))
		g.wantYes(name, a, map[string]string{
			"X-Cognito-Identity-Id": alice.id, "X-Cognito-Identity-Pool-Id": g.pool, "X-Cognito-Authentication-Type": "authenticated",
			"X-User-Arn":           "arn:aws:sts::" + account + ":assumed-role/user/CognitoIdentityCredentials",
			"X-Amz-Content-Sha256": hashOf("cat"), "X-Daypass-Not-After": g.now().Add(5 * time.Minute).Format(time.RFC3339), "Cache-Control": "no-store",
		})
		if strings.Contains(a.line, alice.id) || field(a.line, "api") != "photos/$default/PUT" || field(a.line, "service") != "execute-api" || field(a.line, "operation") != "Invoke" {
			t.Errorf("%s: %s", name, a.line)
		}
		g.wantYes(name+", a guest", g.ask(in, g.signed(original{method: "GET", uri: "/public/x", host: host}, guest.key)), map[string]string{
			"X-Cognito-Identity-Id": guest.id, "X-Cognito-Authentication-Type": "unauthenticated", "X-Amz-Content-Sha256": emptyHash})
		g.wantNo(name+", another's", g.ask(in, g.signed(original{method: "GET", uri: "/users/" + guest.id + "/x", host: host}, alice.key)), 403, "AccessDeniedException",
			"User: arn:aws:sts::123456789012:assumed-role/user/CognitoIdentityCredentials is not authorized to perform: execute-api:Invoke on resource: "+
				"arn:aws:execute-api:us-east-1:123456789012:photos/$default/GET/users/"+guest.id+"/x because no identity-based policy allows the execute-api:Invoke action",
			"identity-policy-refused")
		g.wantNo(name+", unsigned", g.ask(in, original{method: "GET", uri: "/", host: host}), 403, "MissingAuthenticationTokenException", "Missing Authentication Token", "signature-missing")
	}
	// Who is no identity has none: the headers are there and empty.
	g.wantYes("root", g.ask(nginx, g.signed(original{method: "DELETE", uri: "/any", host: host}, rootKey)), map[string]string{
		"X-Cognito-Identity-Id": "", "X-Cognito-Identity-Pool-Id": "", "X-Cognito-Authentication-Type": "", "X-User-Arn": "arn:aws:iam::123456789012:root"})
	// The stage and the path below the API's are in the resource.
	g.putRolePolicy("user", `{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:123456789012:shop/prod/GET/items/a b"}`)
	g.wantYes("path", g.ask(caddy, g.signed(original{method: "GET", uri: "/v1/items/a%20b", host: "Shop.example.com:443"}, alice.key)), nil)
	g.wantNo("other path", g.ask(caddy, g.signed(original{method: "GET", uri: "/v2/items/a%20b", host: "shop.example.com"}, alice.key)), 403, "ForbiddenException", "Forbidden", "api-unknown")
}

// Whatever is changed after the client has signed it is refused, and so is whatever
// else a signature can be wrong in.
func TestSignatures(t *testing.T) {
	g := newRig(t)
	alice := g.user("alice")
	own := "/users/" + alice.id + "/x"
	get := g.signed(original{method: "GET", uri: own, host: host}, alice.key)
	put := g.signed(original{"PUT", own, host, map[string]string{"X-Amz-Content-Sha256": hashOf("cat")}, "cat"}, alice.key)
	g.wantYes("get", g.ask(nginx, get), nil)
	with := func(o original, change func(*original)) original {
		header := map[string]string{}
		for name, value := range o.header {
			header[name] = value
		}
		o.header = header
		change(&o)
		return o
	}
	presigned := func(expires time.Duration, query string) original {
		r := &sigv4.Request{Method: "GET", Path: own, RawQuery: query, Host: host, Header: map[string][]string{}}
		if err := sigv4.Presign(r, alice.key, region, "execute-api", g.now(), expires); err != nil {
			t.Fatal(err)
		}
		return original{method: "GET", uri: own + "?" + r.RawQuery, host: host}
	}
	link := presigned(time.Hour, "")
	g.wantYes("link", g.ask(nginx, link), map[string]string{"X-Amz-Content-Sha256": emptyHash, "X-Daypass-Not-After": g.now().Add(time.Hour).Format(time.RFC3339)})
	g.wantYes("long link", g.ask(nginx, presigned(2*time.Hour, "")), map[string]string{"X-Daypass-Not-After": g.now().Add(time.Hour).Format(time.RFC3339)}) // the session's end
	const wrongService, wrongRegion = "Credential should be scoped to correct service: 'execute-api'. ", "Credential should be scoped to a valid region. "
	for name, tt := range map[string]struct {
		original
		code, message, cause string
	}{
		"method":              {with(get, func(o *original) { o.method = "DELETE" }), "InvalidSignatureException", mismatch, "signature-mismatch"},
		"path":                {with(get, func(o *original) { o.uri += "y" }), "InvalidSignatureException", mismatch, "signature-mismatch"},
		"query":               {with(get, func(o *original) { o.uri += "?a=1" }), "InvalidSignatureException", mismatch, "signature-mismatch"},
		"host":                {with(get, func(o *original) { o.host = host + ":81" }), "InvalidSignatureException", mismatch, "signature-mismatch"},
		"body":                {with(put, func(o *original) { o.header["X-Amz-Content-Sha256"] = hashOf("dog") }), "InvalidSignatureException", mismatch, "signature-mismatch"},
		"body's hash removed": {with(put, func(o *original) { delete(o.header, "X-Amz-Content-Sha256") }), "InvalidSignatureException", mismatch, "signature-header-absent"},
		"UNSIGNED-PAYLOAD":    {with(get, func(o *original) { o.header["X-Amz-Content-Sha256"] = "UNSIGNED-PAYLOAD" }), "InvalidSignatureException", mismatch, "signature-body-hash"},
		"unsigned link":       {presigned(time.Hour, "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"), "InvalidSignatureException", mismatch, "signature-body-hash"},
		"a body, unsigned":    {with(get, func(o *original) { o.header["X-Original-Content-Length"] = "3" }), "ForbiddenException", "Forbidden", "body-unsigned"},
		"date":                {with(get, func(o *original) { o.header["X-Amz-Date"] = g.now().Add(time.Second).Format("20060102T150405Z") }), "InvalidSignatureException", mismatch, "signature-mismatch"},
		"token":               {with(get, func(o *original) { o.header["X-Amz-Security-Token"] = "x" }), "UnrecognizedClientException", "The security token included in the request is invalid.", "unknown-session"},
		"our own service":     {g.signedAs(original{method: "GET", uri: own, host: host}, alice.key, region, "cognito-identity"), "InvalidSignatureException", wrongService, "signature-scope-service"},
		"s3":                  {g.signedAs(original{method: "GET", uri: own, host: host}, alice.key, region, "s3"), "InvalidSignatureException", wrongService, "signature-scope-service"},
		"region":              {g.signedAs(original{method: "GET", uri: own, host: host}, alice.key, "eu-west-1", "execute-api"), "InvalidSignatureException", wrongRegion, "api-region"},
		"incomplete":          {with(get, func(o *original) { o.header["Authorization"] = "AWS4-HMAC-SHA256 Credential=x" }), "IncompleteSignatureException", "", "signature-malformed"},
		"Basic":               {with(get, func(o *original) { o.header["Authorization"] = "Basic eDp5" }), "MissingAuthenticationTokenException", "Missing Authentication Token", "signature-missing"},
		"twice":               {with(link, func(o *original) { o.header["Authorization"] = get.header["Authorization"] }), "InvalidSignatureException", "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.", "signature-twice"},
		"somebody else's key": {with(get, func(o *original) {
			o.header["Authorization"] = strings.Replace(get.header["Authorization"], alice.key.AccessKeyID, "AKIAQAAAAAAAEXAMPLE2", 1)
		}), "UnrecognizedClientException", "The security token included in the request is invalid.", "session-token-left-over"},
		"a signature of ours": {with(get, func(o *original) {
			o.header["Authorization"] = get.header["Authorization"][:len(get.header["Authorization"])-4] + "0000"
		}), "InvalidSignatureException", mismatch, "signature-mismatch"},
		"a length that is not": {g.signed(original{"GET", own, host, map[string]string{"Content-Length": "3"}, ""}, alice.key), "InvalidSignatureException", mismatch, "signature-mismatch"},
	} {
		a := g.ask(nginx, tt.original)
		if tt.message == "" {
			tt.message = a.message
		}
		g.wantNo(name, a, 403, tt.code, tt.message, tt.cause)
		if a.status == 403 && strings.Contains(a.line, alice.id) {
			t.Errorf("%s: the line has the identity: %s", name, a.line)
		}
	}
	// Signature Version 4 lets a request be repeated in its window, and no longer.
	g.wantYes("again", g.ask(nginx, get), nil)
	g.at.Add(301)
	g.wantNo("later", g.ask(nginx, get), 403, "InvalidSignatureException",
		"Signature expired: 20260506T070809Z is now earlier than 20260506T070810Z (20260506T071310Z - 5 min.)", "signature-expired")
	g.wantYes("a link, later", g.ask(nginx, link), nil)
	g.at.Add(3600)
	g.wantNo("after the session", g.ask(nginx, g.signed(original{method: "GET", uri: own, host: host}, alice.key)), 403, "ExpiredTokenException",
		"The security token included in the request is expired", "expired-session")
}

// A question that may be a client's own words, and a request that a service may
// take for another, is refused, however right its signature is.
func TestQuestions(t *testing.T) {
	g := newRig(t)
	get := g.signed(original{method: "GET", uri: "/any", host: host}, rootKey)
	g.wantYes("get", g.ask(nginx, get), nil)
	set := func(in form, header, value string) form {
		return func(url string, o original) *http.Request {
			r := in(url, o)
			r.Header[header] = append(r.Header[header], value)
			return r
		}
	}
	without := func(in form, header string) form {
		return func(url string, o original) *http.Request {
			r := in(url, o)
			delete(r.Header, header)
			return r
		}
	}
	at := func(path string) form {
		return func(url string, o original) *http.Request {
			r := nginx(url, o)
			r.URL.Path = path
			return r
		}
	}
	withBody := func(in form, length int64) form {
		return func(url string, o original) *http.Request {
			r := in(url, o)
			r.Method, r.Body, r.ContentLength = "POST", http.NoBody, length
			if length != 0 {
				r.Body = readCloser{strings.NewReader("abc")}
			}
			return r
		}
	}
	for name, tt := range map[string]struct {
		in    form
		cause string
	}{
		"two methods":                     {set(nginx, "X-Original-Method", "GET"), "question-malformed"},
		"two URIs":                        {set(nginx, "X-Original-Uri", "/any"), "question-malformed"},
		"two forwarded methods":           {set(caddy, "X-Forwarded-Method", "GET"), "question-malformed"},
		"two forwarded URIs":              {set(caddy, "X-Forwarded-Uri", "/any"), "question-malformed"},
		"two forwarded hosts":             {set(caddy, "X-Forwarded-Host", host), "question-malformed"},
		"nginx with Caddy's URI":          {set(nginx, "X-Forwarded-Uri", "/public"), "question-malformed"},
		"nginx with Caddy's method":       {set(nginx, "X-Forwarded-Method", "GET"), "question-malformed"},
		"Caddy with nginx's URI":          {set(caddy, "X-Original-Uri", "/public"), "question-malformed"},
		"Caddy with nginx's method":       {set(caddy, "X-Original-Method", "GET"), "question-malformed"},
		"Envoy with nginx's URI":          {set(envoy, "X-Original-Uri", "/public"), "question-malformed"},
		"Envoy with Caddy's URI":          {set(envoy, "X-Forwarded-Uri", "/public"), "question-malformed"},
		"no method":                       {without(nginx, "X-Original-Method"), "question-malformed"},
		"no URI":                          {without(nginx, "X-Original-Uri"), "question-malformed"},
		"no forwarded method":             {without(caddy, "X-Forwarded-Method"), "question-malformed"},
		"no forwarded host":               {without(caddy, "X-Forwarded-Host"), "question-malformed"},
		"nothing of a request":            {ask, "question-malformed"},
		"a body":                          {withBody(nginx, 3), "question-body"},
		"a body of Envoy":                 {withBody(envoy, 3), "question-body"},
		"a body in chunks":                {withBody(caddy, -1), "question-body"},
		"two lengths":                     {set(set(nginx, "X-Original-Content-Length", "0"), "X-Original-Content-Length", "0"), "question-malformed"},
		"a length below zero":             {set(nginx, "X-Original-Content-Length", "-1"), "question-malformed"},
		"a length in letters":             {set(nginx, "X-Original-Content-Length", "0x"), "question-malformed"},
		"method override":                 {set(nginx, "X-Http-Method-Override", "DELETE"), "override-header"},
		"method override, the same":       {set(nginx, "X-Http-Method-Override", "GET"), "override-header"},
		"another method override":         {set(caddy, "X-Method-Override", "DELETE"), "override-header"},
		"and another":                     {set(caddy, "X-Http-Method", "DELETE"), "override-header"},
		"URL override":                    {set(nginx, "X-Original-Url", "/admin"), "override-header"},
		"another URL override":            {set(nginx, "X-Rewrite-Url", "/admin"), "override-header"},
		"an identity with underscores":    {set(caddy, "X_cognito_identity_id", "me"), "override-header"},
		"an identity with one underscore": {set(nginx, "X-User_arn", "me"), "override-header"},
		"a hash with underscores":         {set(nginx, "X_Amz-Content-Sha256", emptyHash), "override-header"},
		"an override with underscores":    {set(nginx, "X_HTTP_METHOD_OVERRIDE", "DELETE"), "override-header"},
		"h2c":                             {set(nginx, "Upgrade", "websocket, H2C"), "upgrade-refused"},
		"another path of ours":            {at("/forward-authority"), "question-path"},
		"the API's path":                  {at("/"), "question-path"},
		"a path that a cleaner would fix": {at("/x/../forward-auth"), "question-path"},
	} {
		a := g.ask(tt.in, get)
		status, code, message := 403, "ForbiddenException", "Forbidden"
		if tt.cause == "question-path" {
			status, code, message = 404, "NotFoundException", "Not Found"
		}
		g.wantNo(name, a, status, code, message, tt.cause)
	}
	// What others than these forms send besides is of no account.
	g.wantYes("a host that an outer proxy tells of", g.ask(set(nginx, "X-Forwarded-Host", "other.example.com"), get), nil)
	g.wantYes("an empty length", g.ask(set(nginx, "X-Original-Content-Length", ""), get), nil)
	g.wantYes("another header with underscores", g.ask(set(nginx, "X_Trace_Id", "1"), get), nil)
	g.wantYes("a websocket", g.ask(set(nginx, "Upgrade", "websocket"), get), nil)
	// A question is about the one API that the proxy stands for, where it says so.
	asking := func(in form, query string) form {
		return func(_ string, o original) *http.Request { return in(g.url+query, o) }
	}
	for name, in := range map[string]form{"nginx": nginx, "caddy": caddy} {
		g.wantYes(name+", for this API", g.ask(asking(in, "?daypass-api=photos"), get), nil)
		g.wantNo(name+", for another", g.ask(asking(in, "?daypass-api=shop"), get), 403, "ForbiddenException", "Forbidden", "api-other")
		for _, query := range []string{"?daypass-api=", "?daypass-api=a%20b", "?daypass-api=photos&x=1"} {
			g.wantNo(name+", for "+query, g.ask(asking(in, query), get), 403, "ForbiddenException", "Forbidden", "question-malformed")
		}
	}
	link := g.signed(original{method: "GET", uri: "/any?daypass-api=shop", host: host}, rootKey)
	g.wantYes("a client's own query", g.ask(asking(nginx, "?daypass-api=photos"), link), nil)
	g.wantYes("the original's query, as Caddy asks", g.ask(asking(caddy, "?x=1"), get), nil)
	g.wantYes("a client's own query, as Envoy asks", g.ask(envoy, link), nil)
	// Where nobody says how long a body is, methods that need one must say which.
	for method, cause := range map[string]string{"POST": "body-unsigned", "PUT": "body-unsigned", "PATCH": "body-unsigned", "PURGE": "body-unsigned", "GET": "", "HEAD": "", "DELETE": "", "OPTIONS": ""} {
		for name, in := range map[string]form{"nginx": nginx, "caddy": caddy, "envoy": envoy, "chunks": set(nginx, "X-Original-Content-Length", "")} {
			asked := g.signed(original{method: method, uri: "/any", host: host}, rootKey)
			if cause == "" {
				g.wantYes(method+", "+name, g.ask(in, asked), nil)
				continue
			}
			g.wantNo(method+", "+name, g.ask(in, asked), 403, "ForbiddenException", "Forbidden", cause)
			if name != "chunks" {
				g.wantYes(method+" without a body, "+name, g.ask(set(in, "X-Original-Content-Length", "0"), asked), nil)
			}
			empty := g.signed(original{method: method, uri: "/any", host: host, header: map[string]string{"X-Amz-Content-Sha256": emptyHash}}, rootKey)
			g.wantYes(method+" with a hash, "+name, g.ask(in, empty), nil)
		}
	}
	for _, method := range []string{"get", "Get", "GE T", "G\u00c9T", "A" + strings.Repeat("B", 32), "", "GET/x"} {
		r := nginx(g.url, get)
		r.Header["X-Original-Method"] = []string{method}
		g.wantNo("method "+method, g.send(r), 403, "ForbiddenException", "Forbidden", "method-malformed")
	}
}

// Of several APIs a proxy should say which it stands for: the first question that
// could and does not is in the log, once.
func TestUnnamedAPIIsWarnedOfOnce(t *testing.T) {
	g := newRig(t)
	get := g.signed(original{method: "GET", uri: "/any", host: host}, rootKey)
	ask := func(what string, in form, want string) {
		t.Helper()
		g.wantYes(what, g.ask(in, get), nil)
		if got := field(g.lastLine(), "warning"); got != want {
			t.Errorf("%s: warning %q in %s", what, got, g.lastLine())
		}
	}
	ask("Envoy, which cannot say", envoy, "")
	ask("nginx, which says", func(_ string, o original) *http.Request { return nginx(g.url+"?daypass-api=photos", o) }, "")
	{
		r := nginx(g.url, get)
		r.Header.Del("Authorization")
		g.wantNo("a refusal, which lets nobody in", g.send(r), 403, "MissingAuthenticationTokenException", "Missing Authentication Token", "signature-missing")
	}
	ask("caddy, which says something else", func(_ string, o original) *http.Request { return caddy(g.url+"?x=1", o) }, "api-unnamed")
	if line := g.lastLine(); field(line, "level") != "WARN" || !strings.Contains(line, `/forward-auth?daypass-api=photos`) {
		t.Errorf("the warning is %s", line)
	}
	ask("once more", nginx, "")
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// Policies decide about the path that the service sees. A path that a service might
// read as another is refused, though its signature is right: root signs it.
func TestPaths(t *testing.T) {
	g := newRig(t)
	bob := keyIn(g.query("CreateUser", "UserName", "bob") + g.query("CreateAccessKey", "UserName", "bob"))
	g.query("PutUserPolicy", "UserName", "bob", "PolicyName", "p", "PolicyDocument", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:photos/*"},
		{"Effect":"Deny","Action":"execute-api:Invoke","Resource":["arn:aws:execute-api:*:*:photos/*/*/admin","arn:aws:execute-api:*:*:photos/*/*/admin/*","arn:aws:execute-api:*:*:photos/*/DELETE/*"]}]}`)
	for uri, want := range map[string]string{
		"/":                             "yes",
		"/a/b":                          "yes",
		"/a/b/":                         "yes",
		"/a%20b":                        "yes",
		"/caf%C3%A9":                    "yes",
		"/a%2Bb+c":                      "yes",
		"/100%25":                       "yes",
		"/a:b@c,d=e&f!$'()*~":           "yes",
		"/a.b/..c/d..":                  "yes",
		"/x?path=/admin/../y":           "yes",
		"/admin":                        "identity-policy-denied",
		"/admin/x":                      "identity-policy-denied",
		"/%61dmin/x":                    "identity-policy-denied",
		"/ad%6Din":                      "identity-policy-denied",
		"/a/../admin":                   "path-ambiguous",
		"/a/%2e%2e/admin":               "path-ambiguous",
		"/a/.%2E/admin":                 "path-ambiguous",
		"/./admin":                      "path-ambiguous",
		"/a/..":                         "path-ambiguous",
		"/a/.":                          "path-ambiguous",
		"/a/..;/admin":                  "path-ambiguous",
		"/admin;x=1/y":                  "path-ambiguous",
		"/admin%3Bx/y":                  "path-ambiguous",
		"//admin":                       "path-ambiguous",
		"/a//b":                         "path-ambiguous",
		"/a//":                          "path-ambiguous",
		"/a%2Fb":                        "path-ambiguous",
		"/a%2f..%2fadmin":               "path-ambiguous",
		"/a\\admin":                     "path-ambiguous",
		"/a%5Cadmin":                    "path-ambiguous",
		"/a%00":                         "path-ambiguous",
		"/a%0d%0aX:y":                   "path-ambiguous",
		"/a%7f":                         "path-ambiguous",
		"/a%":                           "path-ambiguous",
		"/a%2":                          "path-ambiguous",
		"/a%zz":                         "path-ambiguous",
		"/%252e%252e/admin":             "path-ambiguous",
		"/a%25%32%66b":                  "path-ambiguous",
		"/a%FF":                         "path-ambiguous",
		"/a%C0%AFadmin":                 "path-ambiguous",
		"/a#b":                          "path-ambiguous",
		"/a?b#c":                        "path-ambiguous",
		"/a%23b":                        "path-ambiguous",
		"":                              "path-ambiguous",
		"a":                             "path-ambiguous",
		"http://" + host + "/a":         "path-ambiguous",
		"*":                             "path-ambiguous",
		"/" + strings.Repeat("a", 4095): "yes",
		"/" + strings.Repeat("a", 4096): "path-ambiguous",
	} {
		for name, in := range map[string]form{"nginx": nginx, "caddy": caddy} {
			a := g.ask(in, g.signed(original{method: "GET", uri: uri, host: host}, bob))
			switch {
			case want == "yes":
				g.wantYes(name+" "+uri, a, nil)
			case a.status != 403 || field(a.line, "cause") != want:
				t.Errorf("%s %q: %d %q\n%s\nwant %s", name, uri, a.status, a.message, a.line, want)
			}
		}
	}
	g.wantNo("a method that is denied", g.ask(nginx, g.signed(original{method: "DELETE", uri: "/a", host: host}, bob)), 403, "AccessDeniedException",
		"User: arn:aws:iam::123456789012:user/bob is not authorized to perform: execute-api:Invoke on resource: "+
			"arn:aws:execute-api:us-east-1:123456789012:photos/$default/DELETE/a with an explicit deny in an identity-based policy", "identity-policy-denied")
}

// Whoever asks from another address than loopback and --trusted-proxies gets no
// answer, and what a proxy says of the client is what policies see.
func TestFactsOfTheClient(t *testing.T) {
	g := newRig(t)
	bob := keyIn(g.query("CreateUser", "UserName", "bob") + g.query("CreateAccessKey", "UserName", "bob"))
	for name, tt := range map[string]struct {
		condition string
		header    map[string]string
		yes       bool
	}{
		"the client's address":              {`"IpAddress":{"aws:SourceIp":"203.0.113.9"}`, map[string]string{"X-Forwarded-For": "203.0.113.9"}, true},
		"behind a proxy that is trusted":    {`"IpAddress":{"aws:SourceIp":"203.0.113.9"}`, map[string]string{"X-Forwarded-For": "203.0.113.9, 10.1.2.3"}, true},
		"behind one that is not":            {`"IpAddress":{"aws:SourceIp":"203.0.113.9"}`, map[string]string{"X-Forwarded-For": "203.0.113.9, 192.0.2.1"}, false},
		"an address that the client claims": {`"IpAddress":{"aws:SourceIp":"203.0.113.9"}`, map[string]string{"X-Forwarded-For": "203.0.113.9, 198.51.100.1"}, false},
		"no address: not the proxy's":       {`"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}`, nil, false},
		"encrypted":                         {`"Bool":{"aws:SecureTransport":"true"}`, map[string]string{"X-Forwarded-Proto": "https"}, true},
		"in clear":                          {`"Bool":{"aws:SecureTransport":"true"}`, map[string]string{"X-Forwarded-Proto": "http"}, false},
		"one of two in clear":               {`"Bool":{"aws:SecureTransport":"true"}`, map[string]string{"X-Forwarded-Proto": "https, http"}, false},
		"nobody says how":                   {`"Bool":{"aws:SecureTransport":"true"}`, nil, false},
		"the region":                        {`"StringEquals":{"aws:RequestedRegion":"us-east-1"}`, nil, true},
		"the browser":                       {`"StringEquals":{"aws:UserAgent":"Mozilla"}`, map[string]string{"User-Agent": "Mozilla"}, true},
		"the user":                          {`"StringEquals":{"aws:username":"bob"}`, nil, true},
	} {
		g.query("PutUserPolicy", "UserName", "bob", "PolicyName", "p", "PolicyDocument",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*","Condition":{`+tt.condition+`}}]}`)
		o := g.signed(original{method: "GET", uri: "/a", host: host}, bob)
		for header, value := range tt.header { // the proxy's, which are not signed
			o.header[header] = value
		}
		a := g.ask(nginx, o)
		if tt.yes {
			g.wantYes(name, a, nil)
		} else if a.status != 403 || field(a.line, "cause") != "identity-policy-refused" {
			t.Errorf("%s: %d\n%s", name, a.status, a.line)
		}
	}
	o := g.signed(original{method: "GET", uri: "/a", host: host}, rootKey)
	o.header["X-Forwarded-For"] = "203.0.113.9"
	if a := g.ask(nginx, o); field(a.line, "source_ip") != "203.0.113.9" {
		t.Errorf("the record has the address of another: %s", a.line)
	}
	o.header["X-Forwarded-For"] = "unknown"
	if a := g.ask(nginx, o); a.status != 200 || field(a.line, "source_ip") != "" || field(a.line, "warning") != "forwarded-for-unreadable" {
		t.Errorf("an address that cannot be read: %s", a.line)
	}
}

// What takes away a caller's rights takes them away here, at the next question.
func TestRightsEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		end           func(*rig, someone)
		code, message string
		cause         string
		bearer        string // the cause for the token; empty where it stays good
	}{
		"policy removed": {func(g *rig, _ someone) { g.query("DeleteRolePolicy", "RoleName", "user", "PolicyName", "p") },
			"AccessDeniedException", "", "identity-policy-refused", "identity-policy-refused"},
		"role deleted": {func(g *rig, _ someone) {
			g.query("DeleteRolePolicy", "RoleName", "user", "PolicyName", "p")
			g.query("DeleteRole", "RoleName", "user")
		}, "AccessDeniedException", "", "principal-gone", "role-missing"},
		"boundary": {func(g *rig, _ someone) {
			g.query("PutRolePermissionsBoundary", "RoleName", "user", "PermissionsBoundary", "arn:aws:iam::aws:policy/AmazonS3FullAccess")
		}, "AccessDeniedException", "", "boundary-refused", "boundary-refused"},
		"identity revoked": {func(g *rig, s someone) { g.revoke(map[string]any{"IdentityId": s.id}) },
			"ExpiredTokenException", "The security token included in the request is expired", "revoked-session", "token-revoked"},
		"pool revoked": {func(g *rig, s someone) { g.revoke(map[string]any{"IdentityPoolId": g.pool}) },
			"ExpiredTokenException", "The security token included in the request is expired", "revoked-session", "token-revoked"},
		"login revoked": {func(g *rig, s someone) {
			g.revoke(map[string]any{"Login": map[string]any{"ProviderName": "backend", "UserIdentifier": "alice"}})
		}, "ExpiredTokenException", "The security token included in the request is expired", "revoked-session", "token-revoked"},
		"role revoked": {func(g *rig, s someone) { g.revoke(map[string]any{"RoleArn": roleARN("user")}) },
			"ExpiredTokenException", "The security token included in the request is expired", "revoked-session", "token-revoked"},
		"key revoked": {func(g *rig, s someone) { g.revoke(map[string]any{"AccessKeyId": s.key.AccessKeyID}) },
			"ExpiredTokenException", "The security token included in the request is expired", "revoked-session", ""},
		"identity deleted": {func(g *rig, s someone) {
			g.call(cognito.API, "DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{s.id}})
		}, "ExpiredTokenException", "The security token included in the request is expired", "revoked-session", "identity-not-found"},
		"identity merged": {func(g *rig, s someone) {
			other := g.user("carol")
			g.call(cognito.API, "MergeDeveloperIdentities", map[string]any{"IdentityPoolId": g.pool, "DeveloperProviderName": "backend",
				"SourceUserIdentifier": "alice", "DestinationUserIdentifier": "carol"})
			_ = other
		}, "ExpiredTokenException", "The security token included in the request is expired", "revoked-session", "identity-disabled"},
		"pool deleted": {func(g *rig, s someone) {
			g.call(cognito.API, "DeleteIdentityPool", map[string]any{"IdentityPoolId": g.pool})
		}, "ExpiredTokenException", "The security token included in the request is expired", "revoked-session", "identity-not-found"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			alice := g.user("alice")
			own := original{method: "GET", uri: "/users/" + alice.id + "/x", host: host}
			bearer := own
			bearer.header = map[string]string{"Authorization": "Bearer " + alice.token}
			g.wantYes("before", g.ask(nginx, g.signed(own, alice.key)), nil)
			g.wantYes("the token, before", g.ask(nginx, bearer), nil)
			tt.end(g, alice)
			a := g.ask(nginx, g.signed(own, alice.key))
			if tt.message == "" {
				tt.message = a.message
			}
			g.wantNo("after", a, 403, tt.code, tt.message, tt.cause)
			b := g.ask(nginx, bearer)
			if tt.bearer == "" {
				g.wantYes("the token", b, nil)
			} else if b.status != 401 && b.status != 403 || field(b.line, "cause") != tt.bearer {
				t.Errorf("the token: %d %s %s\n%s", b.status, b.code, b.message, b.line)
			}
		})
	}
}

// Sessions are within their session policies, and what they assume is theirs.
func TestSessionPolicies(t *testing.T) {
	g := newRig(t)
	bob := keyIn(g.query("CreateUser", "UserName", "bob") + g.query("CreateAccessKey", "UserName", "bob"))
	g.query("PutUserPolicy", "UserName", "bob", "PolicyName", "p", "PolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}`)
	g.query("CreateRole", "RoleName", "app", "AssumeRolePolicyDocument",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"`+account+`"},"Action":"sts:AssumeRole"}]}`)
	g.putRolePolicy("app", `{"Effect":"Allow","Action":"execute-api:*","Resource":"*"}`)
	assume := func(parameters ...string) sigv4.Credentials {
		t.Helper()
		c := g.root()
		c.Credentials = bob
		answer, err := c.Query(t.Context(), sts.API, "AssumeRole", append([]string{"RoleArn", roleARN("app"), "RoleSessionName", "app"}, parameters...)...)
		if err != nil {
			t.Fatal(err)
		}
		return keyIn(string(answer))
	}
	get := original{method: "GET", uri: "/a", host: host}
	g.wantYes("the whole role", g.ask(nginx, g.signed(get, assume())), map[string]string{"X-User-Arn": "arn:aws:sts::123456789012:assumed-role/app/app", "X-Cognito-Identity-Id": ""})
	narrow := assume("Policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:photos/*/GET/b"}]}`)
	a := g.ask(nginx, g.signed(get, narrow))
	g.wantNo("beyond the session policy", a, 403, "AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/app/app is not authorized to perform: "+
		"execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:123456789012:photos/$default/GET/a because no session policy allows the execute-api:Invoke action", "session-policy-refused")
	g.wantYes("within it", g.ask(nginx, g.signed(original{method: "GET", uri: "/b", host: host}, narrow)), nil)
	// The services that guests can reach include this one, and what their role allows
	// still counts.
	guest := g.guest()
	g.wantYes("a guest", g.ask(nginx, g.signed(original{method: "GET", uri: "/public/x", host: host}, guest.key)), nil)
	if a := g.ask(nginx, g.signed(get, guest.key)); a.status != 403 || field(a.line, "cause") != "identity-policy-refused" {
		t.Errorf("a guest elsewhere: %s", a.line)
	}
	// An inactive key is nobody's.
	g.query("UpdateAccessKey", "UserName", "bob", "AccessKeyId", bob.AccessKeyID, "Status", "Inactive")
	g.wantNo("an inactive key", g.ask(nginx, g.signed(get, bob)), 403, "UnrecognizedClientException", "The security token included in the request is invalid.", "inactive-key")
}

// An OpenID token stands for the credentials that it could be exchanged for.
func TestBearer(t *testing.T) {
	g := newRig(t)
	alice, guest := g.user("alice"), g.guest()
	with := func(authorization, uri string) original {
		return original{method: "PUT", uri: uri, host: host, header: map[string]string{"Authorization": authorization, "X-Original-Content-Length": "3"}}
	}
	own := "/users/" + alice.id + "/x"
	g.wantYes("alice", g.ask(nginx, with("Bearer "+alice.token, own)), map[string]string{
		"X-Cognito-Identity-Id": alice.id, "X-Cognito-Identity-Pool-Id": g.pool, "X-Cognito-Authentication-Type": "authenticated",
		"X-User-Arn": "arn:aws:sts::" + account + ":assumed-role/user/CognitoIdentityCredentials", "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD",
		"X-Daypass-Not-After": g.now().Add(15 * time.Minute).Format(time.RFC3339)})
	if line := g.lastLine(); field(line, "caller") == "" || field(line, "role") != roleARN("user") || strings.Contains(line, alice.id) || strings.Contains(line, alice.token) {
		t.Errorf("the record: %s", line)
	}
	g.wantYes("in another case", g.ask(nginx, with("bearer "+alice.token, own)), nil)
	read := with("Bearer "+guest.token, "/public/x")
	read.method = "GET"
	g.wantYes("a guest", g.ask(nginx, read), map[string]string{"X-Cognito-Identity-Id": guest.id, "X-Cognito-Authentication-Type": "unauthenticated"})
	a := g.ask(nginx, with("Bearer "+alice.token, "/users/"+guest.id+"/x"))
	g.wantNo("another's", a, 403, "AccessDeniedException", a.message, "identity-policy-refused")

	g.wantNo("no token", g.ask(nginx, with("Bearer ", own)), 403, "MissingAuthenticationTokenException", "Missing Authentication Token", "signature-missing")
	forged := alice.token[:len(alice.token)-8] + "AAAAAAAA"
	parts := strings.Split(alice.token, ".")
	for name, tt := range map[string]struct{ token, cause string }{
		"forged":           {forged, "login-signature-invalid"},
		"no signature":     {parts[0] + "." + parts[1] + ".", "login-not-a-jwt"},
		"not a token":      {"x", "login-not-a-jwt"},
		"another's header": {strings.Split(guest.token, ".")[0] + "x." + parts[1] + "." + parts[2], "login-header-malformed"},
	} {
		a := g.ask(nginx, with("Bearer "+tt.token, own))
		g.wantNo(name, a, 401, "UnauthorizedException", "Unauthorized", field(a.line, "cause"))
		if cause := field(a.line, "cause"); cause == "" || a.header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` || strings.Contains(a.line, tt.token) && len(tt.token) > 10 {
			t.Errorf("%s: %s", name, a.line)
		}
	}
	// Session policies of a request do not come with a token, but what it says of tags
	// does; the trust policy decides, as for credentials.
	g.query("UpdateAssumeRolePolicy", "RoleName", "user", "PolicyDocument", trust("us-east-1:00000000-0000-0000-0000-000000000000", "authenticated"))
	g.wantNo("a role that does not trust the pool", g.ask(nginx, with("Bearer "+alice.token, own)), 401, "UnauthorizedException", "Unauthorized", "trust-audience")
	g.query("UpdateAssumeRolePolicy", "RoleName", "user", "PolicyDocument", trust(g.pool, "authenticated"))
	g.wantYes("again", g.ask(nginx, with("Bearer "+alice.token, own)), nil)
	// A pool that lets no guests in any more lets none in here.
	g.call(cognito.API, "UpdateIdentityPool", map[string]any{"IdentityPoolId": g.pool, "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": false, "DeveloperProviderName": "backend"})
	g.wantNo("a guest of a pool without guests", g.ask(nginx, read), 401, "UnauthorizedException", "Unauthorized", "guests-refused")
	// A user who has lost the login that the token was made for.
	g.call(cognito.API, "UnlinkDeveloperIdentity", map[string]any{"IdentityId": alice.id, "IdentityPoolId": g.pool, "DeveloperProviderName": "backend", "DeveloperUserIdentifier": "alice"})
	g.wantNo("an unlinked login", g.ask(nginx, with("Bearer "+alice.token, own)), 401, "UnauthorizedException", "Unauthorized", "no-proof-for-identity")
	bob := g.user("bob")
	g.at.Add(15 * 60)
	g.wantNo("expired", g.ask(nginx, with("Bearer "+bob.token, "/users/"+bob.id+"/x")), 401, "UnauthorizedException", "Unauthorized", "login-token-expired")
}

// A token that daypass has signed for somebody else than a client of this pool is
// no proof here, though its signature is right.
func TestTokensForOthers(t *testing.T) {
	g := newRig(t)
	alice := g.user("alice")
	other := g.call(cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "q", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true})["IdentityPoolId"].(string)
	for name, tt := range map[string]struct{ subject, audience, cause string }{
		"a target":                      {alice.id, "daypass-target:minio", "login-audience-mismatch"},
		"another pool":                  {alice.id, other, "no-proof-for-identity"},
		"no pool":                       {alice.id, "app", "no-proof-for-identity"},
		"an identity that is not there": {"us-east-1:00000000-0000-4000-8000-000000000000", g.pool, "identity-not-found"},
		"the audience itself":           {alice.id, g.pool, ""},
	} {
		for _, amr := range [][]string{{"authenticated", "backend", "backend:" + g.pool + ":alice"}, {"unauthenticated"}} {
			token := g.sign(map[string]any{"iss": g.server.URL, "sub": tt.subject, "aud": tt.audience, "amr": amr, "iat": g.now().Unix(), "exp": g.now().Add(time.Minute).Unix()})
			a := g.ask(nginx, original{method: "GET", uri: "/users/" + alice.id + "/x", host: host, header: map[string]string{"Authorization": "Bearer " + token}})
			switch guest := amr[0] == "unauthenticated"; {
			case tt.cause == "" && !guest:
				g.wantYes(name, a, nil)
			case tt.cause == "": // alice is no guest
				g.wantNo(name+", as a guest", a, 401, "UnauthorizedException", "Unauthorized", "identity-not-a-guest")
			default:
				g.wantNo(name, a, 401, "UnauthorizedException", "Unauthorized", tt.cause)
			}
		}
	}
}

// A signature for a service behind a proxy is good there alone.
func TestNoSignatureServesTwice(t *testing.T) {
	g := newRig(t)
	c := g.root()
	if _, err := c.Query(t.Context(), sts.API, "GetCallerIdentity"); err != nil {
		t.Fatal(err)
	}
	body := "Action=GetCallerIdentity&Version=2011-06-15"
	o := g.signed(original{"POST", "/", strings.TrimPrefix(g.server.URL, "http://"), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, body}, rootKey)
	r, err := http.NewRequestWithContext(t.Context(), "POST", g.server.URL+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range o.header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line := g.lastLine(); resp.StatusCode != http.StatusForbidden || field(line, "cause") != "signature-scope-service" {
		t.Errorf("%s: %s", resp.Status, line)
	}
}

var renew = flag.Bool("update", false, "write testdata/answers.txt anew")

// What proxies see is held byte for byte, and the cause of each no.
func TestAnswers(t *testing.T) {
	g := newRig(t)
	alice, guest := g.user("alice"), g.guest()
	own := original{method: "GET", uri: "/users/" + alice.id + "/cat.jpg", host: host}
	with := func(o original, name, value string) original {
		o.header = maps.Clone(o.header)
		if o.header == nil {
			o.header = map[string]string{}
		}
		o.header[name] = value
		return o
	}
	var page strings.Builder
	for _, tt := range []struct {
		name string
		in   form
		original
	}{
		{"a signed request, nginx", nginx, g.signed(own, alice.key)},
		{"the same, Caddy and Traefik", caddy, g.signed(own, alice.key)},
		{"the same, Envoy", envoy, g.signed(own, alice.key)},
		{"a body with its hash", nginx, g.signed(original{"PUT", own.uri, host, map[string]string{"X-Amz-Content-Sha256": hashOf("cat")}, "cat"}, alice.key)},
		{"a guest", nginx, g.signed(original{method: "GET", uri: "/public/x", host: host}, guest.key)},
		{"root, who is no identity", nginx, g.signed(own, rootKey)},
		{"a token", nginx, with(own, "Authorization", "Bearer "+alice.token)},
		{"unsigned", nginx, own},
		{"a request that the policies do not allow", nginx, g.signed(original{method: "GET", uri: "/admin", host: host}, alice.key)},
		{"a bad signature", nginx, with(g.signed(own, alice.key), "X-Amz-Content-Sha256", hashOf("dog"))},
		{"a bad token", nginx, with(own, "Authorization", "Bearer "+alice.token+"x")},
		{"an ambiguous path", nginx, g.signed(original{method: "GET", uri: "/a/../admin", host: host}, alice.key)},
		{"an unknown host", nginx, g.signed(original{method: "GET", uri: "/", host: "else.example.com"}, alice.key)},
		{"headers of two forms", nginx, with(g.signed(own, alice.key), "X-Forwarded-Uri", "/public/x")},
	} {
		a := g.ask(tt.in, tt.original)
		fmt.Fprintf(&page, "-- %s --\n%d\n", tt.name, a.status)
		for _, name := range slices.Sorted(maps.Keys(a.header)) {
			if name != "Date" {
				fmt.Fprintf(&page, "%s: %s\n", name, strings.Join(a.header[name], ", "))
			}
		}
		fmt.Fprintf(&page, "\n%s\n", a.body)
		if cause := field(a.line, "cause"); cause != "" {
			fmt.Fprintf(&page, "cause %s\n", cause)
		}
	}
	text := strings.NewReplacer(alice.id, "ALICE", guest.id, "GUEST", g.pool, "POOL").Replace(page.String())
	text = regexp.MustCompile(`(?m)^X-Amzn-Requestid: .*$`).ReplaceAllString(text, "X-Amzn-Requestid: ID")
	const file = "testdata/answers.txt"
	if *renew {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Only this machine and the trusted proxies may ask.
func TestWhoMayAsk(t *testing.T) {
	for from, want := range map[string]string{
		"127.0.0.1:1": "api-unknown", "[::1]:1": "api-unknown", "10.1.2.3:1": "api-unknown", "[::ffff:10.1.2.3]:1": "api-unknown",
		"203.0.113.9:1": "asker-untrusted", "11.0.0.1:1": "asker-untrusted", "[2001:db8::1]:1": "asker-untrusted", "@": "asker-untrusted", "": "asker-untrusted",
	} {
		var log strings.Builder
		s := &server.Server{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Sinks: []audit.Sink{audit.Log(slog.New(slog.NewTextHandler(&log, nil)))}}
		r := httptest.NewRequest("GET", "/forward-auth", nil)
		r.RemoteAddr = from
		r.Header["X-Original-Method"], r.Header["X-Original-Uri"] = []string{"GET"}, []string{"/"}
		r.Header["X-Forwarded-For"] = []string{"127.0.0.1"} // which is anybody's word
		w := httptest.NewRecorder()
		s.Beside(&forwardauth.Side{}).ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || field(log.String(), "cause") != want {
			t.Errorf("from %q: %d, %s", from, w.Code, &log)
		}
	}
}
