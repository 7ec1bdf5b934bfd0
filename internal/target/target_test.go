package target_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/store"
	"github.com/daypass/daypass/internal/target"
)

var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const (
	identity = "us-east-1:63f3d415-7247-4a31-9de8-5bcdb3207b7c"
	role     = "arn:aws:iam::123456789012:role/photos"
	document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a b/*"}]}`
	secret   = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

var signing = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// provider is a real OpenID provider on an empty database.
func provider(t *testing.T) *openid.Provider {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "daypass.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &openid.Provider{Issuer: "https://login.example", Store: db.Keys(), Box: key.Box(openid.Purpose), Now: now, GenerateKey: signing}
	if err := p.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func now() time.Time { return start }

// sts is one that answers as it is told, and keeps what it was asked.
type sts struct {
	*httptest.Server
	status int
	answer func(operation string) string
	asked  url.Values
	header http.Header
	host   string
	body   string
}

func newSTS(t *testing.T) *sts {
	t.Helper()
	s := &sts{status: 200, answer: usual}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.body, s.header, s.host = string(body), r.Header, r.Host
		s.asked, _ = url.ParseQuery(s.body)
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.answer(s.asked.Get("Action")))
	}))
	t.Cleanup(s.Close)
	return s
}

// usual is what AWS answers.
func usual(operation string) string { return answerOf(operation, "") }

// answerOf is AWS's answer with credentials that have more, or others, in them.
func answerOf(operation, credentials string) string {
	if credentials == "" {
		credentials = "<AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>" + secret + "</SecretAccessKey><SessionToken>TOKEN==</SessionToken><Expiration>2026-01-01T13:00:00Z</Expiration>"
	}
	return fmt.Sprintf(`<?xml version="1.0"?>
<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <%[1]sResult>
    <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/a/b</Arn><AssumedRoleId>A:b</AssumedRoleId></AssumedRoleUser>
    <Credentials>%s</Credentials>
  </%[1]sResult>
  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
</%[1]sResponse>`, operation, credentials)
}

// one makes targets of which one is that STS.
func one(t *testing.T, u string, d policy.Dialect, key func() (target.Key, error)) (*target.Targets, *target.Target) {
	t.Helper()
	made, err := target.Parse("there=" + u + "," + string(d))
	if err != nil {
		t.Fatal(err)
	}
	made.Key = key
	return only(t, made, func(string) *fetch.Client { return &fetch.Client{AllowLoopback: true} })
}

func only(t *testing.T, made *target.Target, out func(string) *fetch.Client) (*target.Targets, *target.Target) {
	t.Helper()
	all, err := target.New([]*target.Target{made}, provider(t), out, now)
	if err != nil {
		t.Fatal(err)
	}
	got, err := all.Get("there")
	if err != nil {
		t.Fatal(err)
	}
	return all, got
}

func aKey() (target.Key, error) {
	return target.Key{Credentials: sigv4.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: secret}}, nil
}

func session() *target.Session {
	return &target.Session{
		Role: role, Name: "daypass-0123", Lasts: time.Hour, Region: "us-east-1",
		Claims: &openid.Claims{Subject: identity, Audience: "us-east-1:pool", AMR: []string{"authenticated"}, Tags: openid.Tags{"dept": "a b", "zone": "1"}},
		Policy: policy.Rendering{Document: document},
	}
}

// What each dialect is asked, by both ways.
func TestRequests(t *testing.T) {
	for _, d := range policy.Dialects {
		for _, key := range []func() (target.Key, error){nil, aKey} {
			s := newSTS(t)
			all, there := one(t, s.URL, d, key)
			made, err := all.Assume(t.Context(), there, session())
			if err != nil {
				t.Fatal(d, err)
			}
			want := &target.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: secret, SessionToken: "TOKEN==", Expires: start.Add(time.Hour)}
			if diff := cmp.Diff(want, made); diff != "" {
				t.Error(diff)
			}
			token := s.asked.Get("WebIdentityToken")
			s.asked.Del("WebIdentityToken")
			asked := url.Values{
				"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {role}, "RoleSessionName": {"daypass-0123"},
				"DurationSeconds": {"3600"}, "Policy": {document},
			}
			if key != nil {
				asked.Set("Action", "AssumeRole")
				if d == policy.AWS {
					for name, value := range map[string]string{"1.Key": "dept", "1.Value": "a b", "2.Key": "zone", "2.Value": "1"} {
						asked.Set("Tags.member."+name, value)
					}
				}
			}
			if diff := cmp.Diff(asked, s.asked); diff != "" {
				t.Errorf("%s\n%s", d, diff)
			}
			if got := s.header.Get("Content-Type"); got != "application/x-www-form-urlencoded; charset=utf-8" {
				t.Errorf("Content-Type %s", got)
			}
			if strings.Contains(s.body, "+") { // which Ceph does not read as a space
				t.Errorf("a plus sign in %s", s.body)
			}
			if (token == "") != (key != nil) {
				t.Errorf("%s: token %q", d, token)
			}
			if key == nil {
				checkToken(t, d, token)
				continue
			}
			r := &sigv4.Request{Method: "POST", Path: "/", Host: s.host, Header: s.header, Body: []byte(s.body)}
			sig, err := sigv4.Parse(r)
			if err == nil {
				err = sig.Verify(secret, sigv4.Options{Service: "sts", Now: now()})
			}
			if err == nil && (sig.AccessKeyID != "AKIAEXAMPLE" || sig.Region != "us-east-1") {
				err = fmt.Errorf("by %s in %s", sig.AccessKeyID, sig.Region)
			}
			if err != nil {
				t.Errorf("%s: signature: %v", d, err)
			}
		}
	}
}

// checkToken looks at the token that a target is shown: it is for that target
// alone, and has the tags where the target reads them.
func checkToken(t *testing.T, d policy.Dialect, token string) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%s: no token: %q", d, token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	nested, flat, expires := `"https://aws.amazon.com/tags":{"principal_tags":{"dept":["a b"],"zone":["1"]}},`, "", start.Add(5*time.Minute)
	switch d {
	case policy.MinIO:
		nested = ""
	case policy.SeaweedFS:
		flat, expires = `"https://aws.amazon.com/tags/principal_tags":{"dept":"a b","zone":"1"},`, start.Add(65*time.Minute)
	}
	want := fmt.Sprintf(`{"sub":%q,"aud":"daypass-target:there","amr":["authenticated"],%s%s"iss":"https://login.example","exp":%d,"iat":%d}`, identity, nested, flat, expires.Unix(), start.Unix())
	if string(payload) != want {
		t.Errorf("%s: claims %s\nwant %s", d, payload, want)
	}
}

// wantRefused says how an attempt fails, and that it tells nothing secret.
func wantRefused(t *testing.T, made *target.Credentials, err error, cause awsapi.Cause, ours bool, text string) {
	t.Helper()
	e, ok := errors.AsType[*target.Error](err)
	if made != nil || !ok || e.Cause != cause || e.Ours != ours || !strings.Contains(err.Error(), text) {
		t.Errorf("%+v, %v, want %s with %q", made, err, cause, text)
	}
	if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), identity[10:])) {
		t.Errorf("a secret in %v", err)
	}
}

// An answer is a stranger's: whatever it is, it is credentials that can be used or
// an error that says what is wrong, and no more than what a log may have.
func TestHostileAnswers(t *testing.T) {
	field := func(name, value string) string {
		all := []string{"AccessKeyId", "ASIAEXAMPLE", "SecretAccessKey", secret, "SessionToken", "TOKEN==", "Expiration", "2026-01-01T13:00:00Z"}
		var b strings.Builder
		for i := 0; i < len(all); i += 2 {
			if all[i] == name {
				b.WriteString(value)
			} else {
				b.WriteString("<" + all[i] + ">" + all[i+1] + "</" + all[i] + ">")
			}
		}
		return b.String()
	}
	in := func(credentials string) func(string) string {
		return func(operation string) string { return answerOf(operation, credentials) }
	}
	around := func(change func(string) string) func(string) string {
		return func(operation string) string { return change(usual(operation)) }
	}
	text := func(s string) func(string) string { return func(string) string { return s } }
	for name, test := range map[string]struct {
		answer func(string) string
		want   string
	}{
		"empty":            {text(""), "it ends early"},
		"JSON":             {text(`{"Credentials":{}}`), "it ends early"},
		"HTML":             {text("<html><body><p>Sign in<br></body></html>"), "not XML"},
		"cut":              {around(func(s string) string { return s[:len(s)-10] }), "not XML"},
		"two":              {around(func(s string) string { return s + s[strings.IndexByte(s, '\n'):] }), "more elements than an STS sends"},
		"another encoding": {around(func(s string) string { return strings.Replace(s, `"1.0"`, `"1.0" encoding="UTF-16"`, 1) }), "not XML"},
		"entities": {around(func(s string) string {
			return strings.Replace(s, "\n", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>`, 1)
		}), "document type"},
		"an entity":                {in(field("AccessKeyId", "<AccessKeyId>&a;</AccessKeyId>")), "not XML"},
		"an external entity":       {around(func(s string) string { return strings.Replace(s, "\n", `<!DOCTYPE x SYSTEM "file:///etc/passwd">`, 1) }), "document type"},
		"an instruction":           {around(func(s string) string { return strings.Replace(s, "\n", `<?xml-stylesheet href="x"?>`, 1) }), "instructions"},
		"deep":                     {text(strings.Repeat("<a>", 9) + strings.Repeat("</a>", 9)), "more elements"},
		"very deep":                {text(strings.Repeat("<a>", 15000)), "more elements"},
		"wide":                     {text("<a>" + strings.Repeat("<b/>", 64) + "</a>"), "more elements"},
		"elements that cross":      {text("<a><b></a></b>"), "not XML"},
		"of another operation":     {func(string) string { return usual("AssumeRoleWithSAML") }, "AccessKeyId is missing"},
		"in a wrong place":         {func(operation string) string { return "<x>" + strings.SplitN(usual(operation), "\n", 2)[1] + "</x>" }, "AccessKeyId is missing"},
		"no key":                   {in(field("AccessKeyId", "")), "AccessKeyId is missing"},
		"an empty key":             {in(field("AccessKeyId", "<AccessKeyId/>")), "AccessKeyId is missing"},
		"a long key":               {in(field("AccessKeyId", "<AccessKeyId>"+strings.Repeat("A", 129)+"</AccessKeyId>")), "AccessKeyId is missing or cannot be one"},
		"a key with a line end":    {in(field("AccessKeyId", "<AccessKeyId>A&#10;B</AccessKeyId>")), "AccessKeyId is missing or cannot be one"},
		"two keys":                 {in(field("AccessKeyId", "<AccessKeyId>A</AccessKeyId><AccessKeyId>B</AccessKeyId>")), "is there twice"},
		"a key with elements":      {in(field("AccessKeyId", "<AccessKeyId>ASIA<b/></AccessKeyId>")), "AccessKeyId is missing"},
		"no secret":                {in(field("SecretAccessKey", "")), "SecretAccessKey is missing"},
		"a long secret":            {in(field("SecretAccessKey", "<SecretAccessKey>"+strings.Repeat("s", 513)+"</SecretAccessKey>")), "SecretAccessKey is missing or cannot be one"},
		"no token":                 {in(field("SessionToken", "")), "SessionToken is missing"},
		"a long token":             {in(field("SessionToken", "<SessionToken>"+strings.Repeat("t", 16<<10+1)+"</SessionToken>")), "SessionToken is missing or cannot be one"},
		"no time":                  {in(field("Expiration", "")), "Expiration is not a time"},
		"another form of time":     {in(field("Expiration", "<Expiration>1767272400</Expiration>")), "Expiration is not a time"},
		"expired":                  {in(field("Expiration", "<Expiration>2026-01-01T12:00:00Z</Expiration>")), "the credentials have expired"},
		"for longer than asked":    {in(field("Expiration", "<Expiration>2026-01-01T13:15:01Z</Expiration>")), "were to last 1h0m0s"},
		"for ever":                 {in(field("Expiration", "<Expiration>9999-12-31T23:59:59Z</Expiration>")), "were to last 1h0m0s"},
		"very long":                {text("<a>" + strings.Repeat(" ", 64<<10) + "</a>"), "answer too large"},
		"an error with status 200": {text("<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"), "AccessKeyId is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSTS(t)
			s.answer = test.answer
			for _, key := range []func() (target.Key, error){nil, aKey} {
				all, there := one(t, s.URL, policy.AWS, key)
				made, err := all.Assume(t.Context(), there, session())
				wantRefused(t, made, err, "target-answer", false, test.want)
			}
		})
	}
}

// What a usual answer may have besides.
func TestAnswersOfStores(t *testing.T) {
	s := newSTS(t)
	all, there := one(t, s.URL, policy.AWS, aKey)
	for name, answer := range map[string]string{
		"a comment":         strings.Replace(usual("AssumeRole"), "<Credentials>", "<!-- x --><Credentials>", 1),
		"CDATA":             strings.Replace(usual("AssumeRole"), "TOKEN==", "<![CDATA[TOKEN==]]>", 1),
		"white space":       strings.Replace(usual("AssumeRole"), "TOKEN==", "\n  TOKEN==\n", 1),
		"no declaration":    strings.SplitN(usual("AssumeRole"), "\n", 2)[1],
		"a prefix":          strings.NewReplacer("</", "</s:", "<?", "<?", "<", "<s:", "xmlns=", "xmlns:s=").Replace(usual("AssumeRole")),
		"parts of a second": strings.Replace(usual("AssumeRole"), "13:00:00Z", "13:00:00.123Z", 1),
		"another time zone": strings.Replace(usual("AssumeRole"), "13:00:00Z", "14:00:00+01:00", 1),
	} {
		s.answer = func(string) string { return answer }
		made, err := all.Assume(t.Context(), there, session())
		if err != nil || made.SessionToken != "TOKEN==" || !made.Expires.Equal(start.Add(time.Hour)) {
			t.Errorf("%s: %+v, %v", name, made, err)
		}
	}
	s.answer = usual
	short := session()
	short.Lasts = 15 * time.Minute
	s.answer = func(operation string) string { return strings.Replace(usual(operation), "13:00:00Z", "12:10:00Z", 1) }
	if made, err := all.Assume(t.Context(), there, short); err != nil || !made.Expires.Equal(start.Add(10*time.Minute)) {
		t.Errorf("shorter than asked: %+v, %v", made, err)
	}
}

// Errors of all dialects say their code and their sentence, without the secrets
// that a target may put into it.
func TestErrorsOfTargets(t *testing.T) {
	for name, test := range map[string]struct {
		status       int
		answer, want string
	}{
		"AWS":       {403, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRole</Message></Error><RequestId>1</RequestId></ErrorResponse>`, `status 403, "AccessDenied": "Not authorized to perform sts:AssumeRole"`},
		"MinIO":     {400, `<?xml version="1.0" encoding="UTF-8"?><ErrorResponse><Error><Type></Type><Code>InvalidParameterValue</Code><Message>invalid session policy</Message></Error></ErrorResponse>`, `status 400, "InvalidParameterValue": "invalid session policy"`},
		"Ceph":      {403, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message></Message><RequestId>tx0</RequestId></Error>`, `status 403, "AccessDenied": ""`},
		"none":      {502, `<html>Bad Gateway</html>`, `status 502`},
		"a bomb":    {500, `<!DOCTYPE x [<!ENTITY a "b">]><Error><Code>&a;</Code></Error>`, `status 500`},
		"an echo":   {400, `<Error><Code>Bad</Code><Message>the identity ` + identity + ` has the token TOKEN, key ` + secret + ` of AKIA</Message></Error>`, `"Bad": "the identity [...] has the token [...], key [...] of AKIA"`},
		"a control": {400, "<Error><Code>A\tB</Code><Message>line\nlevel=ERROR</Message></Error>", `"A\tB": "line\nlevel=ERROR"`},
		"long":      {400, `<Error><Code>` + strings.Repeat("a b", 200) + `</Code><Message>` + strings.Repeat("c ", 2000) + `</Message></Error>`, "status 400"},
	} {
		s := newSTS(t)
		s.status = test.status
		s.answer = func(string) string { return strings.Replace(test.answer, "TOKEN", s.asked.Get("WebIdentityToken"), 1) }
		all, there := one(t, s.URL, policy.AWS, nil)
		made, err := all.Assume(t.Context(), there, session())
		wantRefused(t, made, err, "target-refused", false, test.want)
		if token := s.asked.Get("WebIdentityToken"); len(err.Error()) > 1000 || strings.Contains(err.Error(), token[:20]) || strings.Contains(err.Error(), token[len(token)-20:]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nobody is asked without a session policy, or for a role that is not there.
func TestNothingIsAskedWithoutAPolicy(t *testing.T) {
	s := newSTS(t)
	s.answer = func(string) string { t.Error("asked"); return "" }
	all, there := one(t, s.URL, policy.AWS, nil)
	long := policy.Unsayable{Obstacle: policy.SizeObstacle, Detail: "2,049 characters"}
	other := policy.Unsayable{Obstacle: policy.ConditionObstacle, Detail: "a condition"}
	for _, test := range []struct {
		policy policy.Rendering
		role   string
		cause  awsapi.Cause
		text   string
	}{
		{policy.Rendering{Unsayable: []policy.Unsayable{long}}, role, "target-policy-size", "2,049 characters"},
		{policy.Rendering{Unsayable: []policy.Unsayable{other, long}}, role, "target-policy", "a condition"},
		{policy.Rendering{Document: document}, "", "target-role-unset", "dialect aws"},
	} {
		asked := session()
		asked.Policy, asked.Role = test.policy, test.role
		made, err := all.Assume(t.Context(), there, asked)
		wantRefused(t, made, err, test.cause, true, test.text)
	}
	asked := session()
	asked.Policy = policy.Rendering{}
	if made, err := all.Assume(t.Context(), there, asked); err == nil || made != nil {
		t.Errorf("%+v, %v without a policy", made, err)
	}
	if _, err := all.Get("elsewhere"); err == nil || !strings.Contains(err.Error(), "target-unknown") {
		t.Errorf("%v", err)
	}
	var none *target.Targets
	if _, err := none.Get("there"); err == nil || none.Names() != nil {
		t.Errorf("%v", err)
	}
}

// MinIO has no roles that one must name.
func TestMinIONeedsNoRole(t *testing.T) {
	s := newSTS(t)
	all, there := one(t, s.URL, policy.MinIO, aKey)
	asked := session()
	asked.Role = ""
	if _, err := all.Assume(t.Context(), there, asked); err != nil || s.asked.Has("RoleArn") {
		t.Errorf("%v, %v", err, s.asked)
	}
}

// Where a target is, and where it sends us, is judged by the address.
func TestAddressesOfTargets(t *testing.T) {
	s := newSTS(t)
	s.Config.Handler = http.RedirectHandler("http://169.254.169.254/latest/meta-data/", http.StatusTemporaryRedirect)
	for name, test := range map[string]struct {
		url  string
		out  func(own string) *fetch.Client
		want string
	}{
		"a redirect":                      {s.URL, func(string) *fetch.Client { return &fetch.Client{AllowLoopback: true} }, "redirect of a request that carries secrets"},
		"http without leave":              {s.URL, func(own string) *fetch.Client { return &fetch.Client{Allow: []string{own}} }, "plain http, which the allow list does not permit here"},
		"a private address without leave": {"https://10.0.0.1:9000", func(string) *fetch.Client { return &fetch.Client{} }, "10.0.0.1 is a private address that the allow list does not name"},
	} {
		made, err := target.Parse("there=" + test.url + ",minio")
		if err != nil {
			t.Fatal(err)
		}
		all, there := only(t, made, test.out)
		got, err := all.Assume(t.Context(), there, session())
		wantRefused(t, got, err, "target-address", false, test.want)
		_ = name
	}
	// The target's own host and port are allowed though they are private, and no
	// metadata address is.
	made, _ := target.Parse("there=https://169.254.169.254,aws")
	if _, err := target.New([]*target.Target{made}, provider(t), func(own string) *fetch.Client { return &fetch.Client{Allow: []string{own}} }, now); err == nil || !strings.Contains(err.Error(), "never fetched from") {
		t.Errorf("a metadata address: %v", err)
	}
	tls := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, usual(r.PostFormValue("Action")))
	}))
	t.Cleanup(tls.Close)
	roots := x509.NewCertPool()
	roots.AddCert(tls.Certificate())
	made, _ = target.Parse("there=" + tls.URL + ",minio")
	all, there := only(t, made, func(own string) *fetch.Client { return &fetch.Client{Allow: []string{own}, RootCAs: roots} })
	if _, err := all.Assume(t.Context(), there, session()); err != nil {
		t.Errorf("its own host and port: %v", err)
	}
	all, there = only(t, made, func(own string) *fetch.Client { return &fetch.Client{Allow: []string{own}} })
	got, err := all.Assume(t.Context(), there, session())
	wantRefused(t, got, err, "target-untrusted", false, "certificate not trusted")
	tls.Close()
	got, err = all.Assume(t.Context(), there, session())
	wantRefused(t, got, err, "target-unavailable", false, "unavailable")
}

// An answer that drips, or does not come, costs no more than the time there is for
// it.
func TestSlowTargets(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			w.(http.Flusher).Flush()
		}
	}))
	t.Cleanup(s.Close)
	all, there := one(t, s.URL, policy.AWS, aKey)
	if there.Fetch().Timeout != 5*time.Second || there.Fetch().MaxBody != 64<<10 {
		t.Errorf("bounds %s and %d", there.Fetch().Timeout, there.Fetch().MaxBody)
	}
	there.SetFetch(&fetch.Client{AllowLoopback: true, Timeout: 20 * time.Millisecond, MaxBody: 1 << 40})
	made, err := all.Assume(t.Context(), there, session())
	wantRefused(t, made, err, "target-unavailable", false, "deadline exceeded")
	// Nor longer than whoever asked waits.
	there.SetFetch(&fetch.Client{AllowLoopback: true, Timeout: time.Hour, MaxBody: 1 << 40})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	made, err = all.Assume(ctx, there, session())
	wantRefused(t, made, err, "target-unavailable", false, "")
}

// As many requests wait for a target as may, and the next is refused at once. Other
// targets do not notice.
func TestSaturatedTarget(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		_, _ = io.WriteString(w, usual(r.PostFormValue("Action")))
	}))
	t.Cleanup(s.Close)
	well := newSTS(t)
	slow, _ := target.Parse("there=" + s.URL + ",aws")
	other, _ := target.Parse("other=" + well.URL + ",aws")
	slow.Key, other.Key = aKey, aKey
	all, err := target.New([]*target.Target{slow, other}, nil, func(string) *fetch.Client { return &fetch.Client{AllowLoopback: true} }, now)
	if err != nil {
		t.Fatal(err)
	}
	there, _ := all.Get("there")
	elsewhere, _ := all.Get("other")
	var waiting sync.WaitGroup
	for range target.MaxWaiting {
		waiting.Go(func() {
			if _, err := all.Assume(t.Context(), there, session()); err != nil {
				t.Error(err)
			}
		})
		<-arrived
	}
	made, err := all.Assume(t.Context(), there, session())
	wantRefused(t, made, err, "target-busy", false, "32 requests wait for there")
	if _, err := all.Assume(t.Context(), elsewhere, session()); err != nil {
		t.Errorf("another target: %v", err)
	}
	close(release)
	waiting.Wait()
	go func() { <-arrived }()
	if _, err := all.Assume(t.Context(), there, session()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"minio=https://minio.example.com:9000,minio":     "minio https://minio.example.com:9000/ minio us-east-1 minio.example.com:9000",
		"a-1=https://sts.amazonaws.com/,aws":             "a-1 https://sts.amazonaws.com/ aws us-east-1 sts.amazonaws.com:443",
		"aws=https://sts.eu-west-1.amazonaws.com,aws":    "aws https://sts.eu-west-1.amazonaws.com/ aws eu-west-1 sts.eu-west-1.amazonaws.com:443",
		"cn=https://sts.cn-north-1.amazonaws.com.cn,aws": "cn https://sts.cn-north-1.amazonaws.com.cn/ aws cn-north-1 sts.cn-north-1.amazonaws.com.cn:443",
		"ceph=http://[::1]:7480,ceph":                    "ceph http://[::1]:7480/ ceph us-east-1 [::1]:7480",
		"w=http://weed,seaweedfs":                        "w http://weed/ seaweedfs us-east-1 weed:80",
	} {
		got, err := target.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if s := got.Name + " " + got.URL.String() + " " + string(got.Dialect) + " " + got.Region() + " " + got.Origin(); s != want {
			t.Errorf("%s: %s, want %s", text, s, want)
		}
	}
	for text, want := range map[string]string{
		"":                      "give NAME=URL,DIALECT",
		"minio":                 "give NAME=URL,DIALECT",
		"minio=https://a":       "give NAME=URL,DIALECT",
		"=https://a,minio":      "give NAME=URL,DIALECT",
		"Minio=https://a,minio": "give NAME=URL,DIALECT",
		"-=https://a,minio":     "give NAME=URL,DIALECT",
		"a=https://a,MinIO":     `a: "MinIO" is not a dialect; there are aws, minio, seaweedfs, ceph`,
		"a=a.example,minio":     "a: give the whole URL",
		"a=ftp://a,minio":       "a: give the whole URL",
		"a=https://,minio":      "a: give the whole URL",
		"a=https://:1,minio":    "a: give the whole URL",
		"a=https://a/x,minio":   "a: remove the path",
		"a=https://a?x=1,minio": "a: remove the path",
		"a=https://u:p@a,minio": "a: remove the path",
		"a=https://a#x,minio":   "a: remove the path",
		"a=https://a b,minio":   "a: give the whole URL",
	} {
		if _, err := target.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	twice, _ := target.Parse("there=https://a,aws")
	if _, err := target.New([]*target.Target{twice, twice}, nil, func(string) *fetch.Client { return &fetch.Client{} }, nil); err == nil || err.Error() != "target there is given twice" {
		t.Errorf("%v", err)
	}
	bad, _ := target.Parse("there=https://a,aws")
	bad.Key = func() (target.Key, error) { return target.ParseKey(nil) }
	if _, err := target.New([]*target.Target{bad}, nil, func(string) *fetch.Client { return &fetch.Client{} }, nil); err == nil || !strings.Contains(err.Error(), "service key of the target there") {
		t.Errorf("%v", err)
	}
}

func TestParseKey(t *testing.T) {
	got, err := target.ParseKey([]byte("[other]\naws_access_key_id=X\nbroken\n[ default ]\r\n; comment\naws_access_key_id = AKIA1\nAWS_SECRET_ACCESS_KEY = a=b/+\nregion=eu-west-1\noutput = json\n[later]\naws_access_key_id=Y\n"))
	if err != nil || got.AccessKeyID != "AKIA1" || got.SecretAccessKey != "a=b/+" || got.Region != "eu-west-1" || got.SessionToken != "" {
		t.Errorf("%v %#v", err, got)
	}
	if got, err := target.ParseKey([]byte("[default]\naws_access_key_id=ASIA1\naws_secret_access_key=s\naws_session_token=t==\n")); err != nil || got.SessionToken != "t==" {
		t.Errorf("%v %#v", err, got)
	}
	for text, want := range map[string]string{
		"": "needs aws_access_key_id and aws_secret_access_key",
		"aws_access_key_id=A\naws_secret_access_key=s\n":                               "needs aws_access_key_id",
		"[default]\naws_access_key_id=A\n":                                             "needs aws_access_key_id",
		"[default\naws_access_key_id=A\n":                                              "line 1: the name of a profile has no closing bracket",
		"[default]\naws_access_key_id=A\naws_access_key_id=B\n":                        "line 3: aws_access_key_id is there twice",
		"[default]\naws_access_key_id=\n":                                              "line 2: the value is empty",
		"[default]\naws_secret_access_key=a b\n":                                       "line 2: the value is empty or has other than printable ASCII characters",
		"[default]\nsecret\n":                                                          "line 2: give NAME = VALUE",
		"[default]\naws_access_key_id=A\naws_secret_access_key=s\nregion=everywhere\n": "the region does not look like us-east-1",
	} {
		if got, err := target.ParseKey([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || got != (target.Key{}) {
			t.Errorf("%q: %v %v, want %s", text, got, err, want)
		}
	}
}

// The key's region is the one that requests are signed for.
func TestRegionOfTheKey(t *testing.T) {
	s := newSTS(t)
	all, there := one(t, s.URL, policy.MinIO, func() (target.Key, error) {
		k, err := aKey()
		k.Region = "eu-west-1"
		return k, err
	})
	if _, err := all.Assume(t.Context(), there, session()); err != nil {
		t.Fatal(err)
	}
	if got := s.header.Get("Authorization"); !strings.Contains(got, "/20260101/eu-west-1/sts/aws4_request") {
		t.Error(got)
	}
	broken, err := one(t, s.URL, policy.MinIO, aKey)
	if there, _ := broken.Get("there"); there != nil {
		there.Key = func() (target.Key, error) { return target.Key{}, os.ErrPermission }
		made, err := broken.Assume(t.Context(), there, session())
		wantRefused(t, made, err, "target-key-file", false, "permission denied")
	}
	_ = err
}

// What reads answers takes whatever it is given, gives only credentials that can be
// used, and shows of an error nothing that is long enough to be a secret.
func FuzzAnswer(f *testing.F) {
	f.Add(usual("AssumeRole"))
	f.Add(answerOf("AssumeRole", "<AccessKeyId>A<!-- --></AccessKeyId>"))
	f.Add(`<Error><Code>a</Code><Message>` + secret + `</Message></Error>`)
	f.Add(`<!DOCTYPE a><a/>`)
	f.Add("<a:b xmlns:a='c'></a:b>")
	f.Fuzz(func(t *testing.T, body string) {
		made, err := target.Read([]byte(body), "AssumeRole", start, time.Hour)
		if (made == nil) == (err == nil) {
			t.Fatalf("%+v, %v", made, err)
		}
		if made != nil && (!target.Usable(made.AccessKeyID, 128) || !target.Usable(made.SecretAccessKey, 512) || !target.Usable(made.SessionToken, 16<<10) ||
			!made.Expires.After(start) || made.Expires.After(start.Add(75*time.Minute))) {
			t.Errorf("%+v", made)
		}
		e, ok := errors.AsType[*target.Error](target.Refusal(400, []byte(body), identity))
		if !ok || e.Cause != "target-refused" || len(e.Error()) > 8<<10 {
			t.Errorf("%v", e)
		}
		list, err := target.Elements([]byte(body))
		if err != nil && list != nil || len(list) > target.MaxElements {
			t.Errorf("%d elements, %v", len(list), err)
		}
	})
}
