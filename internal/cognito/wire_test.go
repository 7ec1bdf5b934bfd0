package cognito_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/login/logintest"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

var renew = flag.Bool("update", false, "write the answers in testdata/wire anew")

// The transcripts of testdata/wire are conversations with the whole server,
// byte for byte. A section "N request" begins with the operation and who asks,
//
//	cognito-identity CreateIdentityPool root
//
// or with a request as it is on the wire, whose headers stand below it, and the body
// behind an empty line,
//
//	http POST /?Action=GetCallerIdentity&Version=2011-06-15 root
//
// followed by the body: JSON, or for sts and iam a parameter a line. Who asks
// is root (or "root REGION"), presigned (root, with the signature in the query), nobody, or "as N": the credentials of answer N, which
// words behind it spoil (see spoiled). A last word "later=2h" sets the clock forward first. In a body, ${N.Name}
// is a member of answer N, ${N.Name cut} the same without its last character, ${repeat TEXT TIMES} a
// long text, ${token WHO} an ID token, fetched by a sign-in of that
// user, and ${forged WHO AS} the same with another subject; ${google}, ${apple},
// ${userpool} and ${limited} are ID tokens of the providers' doubles, with claims
// changed by name=value behind the word, and taken away by name alone. ${trust N}
// is the trust policy of a role for the users of the pool that answer N made,
// ${trust N AMR} one for whoever has that amr. ${metadata}
// ${slash} is the name of another OpenID provider, without the slash that its issuer
// ends in, and ${slash WHO} an ID token of it. ${metadata}
// and ${saml WHO} are of a SAML provider: behind the name attributes, role=NAME, and
// bad=KIND. The section
// "N answer" is the status, the headers and the body. What
// is different each time is written as a word in capitals.
//
// A section "N cause" behind it is never renewed: its line "cause" is what the log
// must say was the cause of the refusal, and each line "log" something else that
// the line must have, as KEY TEXT. Each refusal has one. The lines "wrong" and "change" are for
// people, and of transcripts whose names begin with wrong-: docs/troubleshooting.md is made of them.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { replay(t, file, false) })
	}
}

// The answers and the causes are the same when what is done in transactions is done
// again, as it is with databases that find at the commit that others were faster.
func TestWireAgain(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { replay(t, file, true) })
	}
}

func replay(t *testing.T, file string, again bool) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, again)
	causes := map[string]string{}
	for _, f := range archive.Files {
		if n, ok := strings.CutSuffix(f.Name, " cause"); ok {
			causes[n] = string(f.Data)
		}
	}
	var out txtar.Archive
	out.Comment = archive.Comment
	for _, f := range archive.Files {
		n, kind, _ := strings.Cut(f.Name, " ")
		if kind != "request" {
			continue
		}
		got := w.ask(n, string(f.Data))
		out.Files = append(out.Files, f, txtar.File{Name: n + " answer", Data: []byte(got)})
		if cause, ok := causes[n]; ok {
			out.Files = append(out.Files, txtar.File{Name: n + " cause", Data: []byte(cause)})
			w.checkCause(n, cause)
		} else if !strings.HasPrefix(got, "200\n") {
			t.Errorf("answer %s is a refusal, and no section says why", n)
		}
	}
	if *renew && !again {
		if err := os.WriteFile(file, txtar.Format(&out), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(txtar.Format(archive)), string(txtar.Format(&out))); diff != "" {
		t.Errorf("%s (-want +got)\n%s", file, diff)
	}
}

// wire is a server with a fixed clock and identifiers that repeat, and an
// OpenID provider beside it.
type wire struct {
	t        *testing.T
	url      string
	provider *idp.Server
	slashed  *idp.Server // nil until asked for
	doubles  *logintest.Doubles
	start    time.Time
	later    atomic.Int64 // how far the clock was set forward
	answers  map[string]string
	tokens   map[string]string
	log      *lines
	line     map[string]string // of the last request
}

func newWire(t *testing.T, again bool) *wire {
	w := &wire{t: t, start: time.Date(2026, 1, 1, 12, 0, 0, 123e6, time.UTC), answers: map[string]string{}, tokens: map[string]string{}}
	w.doubles = startDoubles(t, w.now)
	w.log = &lines{Handler: slog.NewTextHandler(t.Output(), nil), requests: make(chan map[string]string, 1)}
	w.url = w.startServer(again)
	w.provider = w.startProvider("")
	return w
}

// startServer starts a server, whose transactions are run again or not.
func (w *wire) startServer(again bool) (url string) {
	w.t.Helper()
	key, err := seal.Generate(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	h := httptest.NewUnstartedServer(nil)
	url = "http://" + h.Listener.Addr().String()
	i, err := instance.Open(w.t.Context(), instance.Config{
		DataDir: w.t.TempDir(), MasterKey: key, Account: daypasstest.Account, Region: daypasstest.Region, PublicURL: url, Dev: true, RunAgain: again,
		Root:   iam.RootAccessKey{ID: daypasstest.AccessKeyID, Secret: seal.NewSecret(daypasstest.SecretAccessKey)},
		Issuer: "https://cognito-identity.amazonaws.com", CORSOrigins: []string{"https://app.example"},
		StrangerRates: cognito.Rates{Guests: cognito.Rate{PerSecond: 1, Burst: 3}, Logins: cognito.Rate{PerSecond: 1. / 60, Burst: 6}},
		Logins: instance.Logins{Endpoints: w.doubles.Endpoints(),
			UserPool: sigv4.Credentials{AccessKeyID: logintest.PoolAccessKeyID, SecretAccessKey: logintest.PoolSecretAccessKey}},
		Targets: []string{"down=" + goneServer(w.t) + ",minio", "account=" + refusingSTS(w.t) + ",aws"},
		Log:     slog.New(w.log), Now: w.now, Rand: daypasstest.Seeded(1),
		Undeclared: func(operation, code string) {
			w.t.Errorf("%s answered with %s, which it does not declare", operation, code)
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	h.Config.Handler = i.Handler
	h.Start()
	w.t.Cleanup(func() {
		h.Close()
		if err := i.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return url
}

// goneServer is the URL of a server that has gone.
func goneServer(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(nil)
	s.Close()
	return s.URL
}

// refusingSTS is the URL of an STS that refuses whatever it is asked.
func refusingSTS(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>`+
			`<Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// startProvider starts an OpenID provider, whose issuer has a path or none.
func (w *wire) startProvider(path string) *idp.Server {
	w.t.Helper()
	p, err := idp.Start(w.t.Context(), idp.Config{Issuer: path, Now: w.now, IDTokenLifetime: time.Hour,
		Users: []idp.User{{Subject: "alice", Password: "pw"}, {Subject: "bob", Password: "pw"}},
		Clients: []idp.Client{
			{ID: "app", RedirectURIs: []string{"http://127.0.0.1/cb"}},
			{ID: "other", RedirectURIs: []string{"http://127.0.0.1/cb"}},
		},
	}, "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = p.Close() })
	return p
}

// slash starts the provider whose issuer ends in a slash.
func (w *wire) slash() *idp.Server {
	if w.slashed == nil {
		w.slashed = w.startProvider("/")
	}
	return w.slashed
}

// slashName is the name of that provider, without the slash.
func (w *wire) slashName() string {
	return strings.TrimSuffix(strings.TrimPrefix(w.slash().URL, "http://"), "/")
}

// now is the clock of everybody.
func (w *wire) now() time.Time {
	return w.start.Add(time.Duration(w.later.Load()))
}

// ask sends the request of a section and gives the text of its answer.
func (w *wire) ask(n, text string) string {
	w.t.Helper()
	head, body, _ := strings.Cut(text, "\n")
	words := strings.Fields(head)
	if len(words) < 3 {
		w.t.Fatalf("%s request: %q: want SERVICE OPERATION WHO", n, head)
	}
	if later, ok := strings.CutPrefix(words[len(words)-1], "later="); ok {
		w.setForward(later)
		words = words[:len(words)-1]
	}
	var r *http.Request
	if words[0] == "http" {
		r = w.rawRequest(words[1], w.expand(words[2]), words[3:], w.expand(strings.TrimSpace(body)))
	} else {
		var content []byte
		r, content = w.request(words[0], words[1], w.expand(strings.TrimSpace(body)))
		w.sign(r, words[0], words[2:], content)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.answers[n] = string(got)
	if w.line = <-w.log.requests; w.line["request_id"] != answer.Header.Get("X-Amzn-Requestid") {
		w.t.Fatalf("%s: the log is of another request: %v", n, w.line)
	}
	return w.scrub(render(answer, string(got)))
}

// checkCause holds the log's line of a request to a section "N cause".
func (w *wire) checkCause(n, section string) {
	w.t.Helper()
	section = w.expand(section)
	for line := range strings.Lines(section) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "cause":
			if w.line["cause"] != value {
				w.t.Errorf("%s: cause %q, want %q; the line is %v", n, w.line["cause"], value, w.line)
			}
		case "log":
			name, text, _ := strings.Cut(value, " ")
			if !strings.Contains(w.line[name], text) {
				w.t.Errorf("%s: the log says %s=%q, want %q in it", n, name, w.line[name], text)
			}
		case "wrong", "change":
		default:
			w.t.Errorf("%s: what is the line %q of the cause?", n, line)
		}
	}
}

// lines is a log that hands over the line of each request.
type lines struct {
	slog.Handler
	requests chan map[string]string
}

func (l *lines) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "request" {
		line := map[string]string{}
		r.Attrs(func(a slog.Attr) bool {
			line[a.Key] = a.Value.Resolve().String()
			return true
		})
		l.requests <- line
	}
	return l.Handler.Handle(ctx, r)
}

func (w *wire) request(service, operation, body string) (*http.Request, []byte) {
	w.t.Helper()
	content, header := []byte(body), http.Header{}
	switch service {
	case "cognito-identity":
		header.Set("Content-Type", "application/x-amz-json-1.1")
		header.Set("X-Amz-Target", "AWSCognitoIdentityService."+operation)
	case "daypass":
		header.Set("Content-Type", "application/x-amz-json-1.1")
		header.Set("X-Amz-Target", "Daypass."+operation)
	default:
		header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		form := url.Values{"Action": {operation}, "Version": {map[string]string{"sts": "2011-06-15", "iam": "2010-05-08"}[service]}}
		for line := range strings.SplitSeq(body, "\n") {
			if name, value, ok := strings.Cut(line, "="); ok {
				form.Set(name, value)
			}
		}
		content = []byte(form.Encode())
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/", bytes.NewReader(content))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header = header
	return r, content
}

// rawRequest makes a request as it is on the wire. A Host header is put in behind
// the signature, as a proxy does.
func (w *wire) rawRequest(method, target string, who []string, text string) *http.Request {
	w.t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	host := ""
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if name == "Host" {
			host = value
			continue
		}
		r.Header.Add(name, value)
	}
	service := "sts"
	switch {
	case r.Header.Get("X-Amz-Target") != "":
		service = "cognito-identity"
	case strings.Contains(target+body, "2010-05-08"):
		service = "iam"
	}
	w.sign(r, service, who, []byte(body))
	if host != "" {
		r.Host = host
	}
	return r
}

func (w *wire) sign(r *http.Request, service string, who []string, body []byte) {
	w.t.Helper()
	region, at := daypasstest.Region, w.now()
	c := sigv4.Credentials{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}
	switch who[0] {
	case "nobody":
		return
	case "root":
		if len(who) > 1 {
			region = who[1]
		}
	case "presigned":
		q := &sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.URL.Host, Header: r.Header, Body: body}
		if err := sigv4.Presign(q, c, region, service, at, time.Minute); err != nil {
			w.t.Fatal(err)
		}
		r.URL.RawQuery = q.RawQuery
		return
	case "as":
		c, at = w.spoiled(w.credentials(who[1]), at, who[2:])
	default:
		w.t.Fatalf("who is %q?", who[0])
	}
	err := sigv4.Sign(&sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.URL.Host, Header: r.Header, Body: body}, c, region, service, at)
	if err != nil {
		w.t.Fatal(err)
	}
}

// credentials are those of answer N, of GetCredentialsForIdentity or of STS.
func (w *wire) credentials(n string) sigv4.Credentials {
	w.t.Helper()
	var out struct {
		Credentials struct{ AccessKeyId, SecretKey, SessionToken string }
	}
	answer := w.answers[n]
	if err := json.Unmarshal([]byte(answer), &out); err == nil {
		return sigv4.Credentials{AccessKeyID: out.Credentials.AccessKeyId, SecretAccessKey: out.Credentials.SecretKey, SessionToken: out.Credentials.SessionToken}
	}
	c := sigv4.Credentials{AccessKeyID: element(answer, "AccessKeyId"), SecretAccessKey: element(answer, "SecretAccessKey"), SessionToken: element(answer, "SessionToken")}
	if c.AccessKeyID == "" {
		w.t.Fatalf("answer %s has no credentials: %s", n, answer)
	}
	return c
}

// element is the text of the first element of that name.
func element(answer, name string) string {
	_, rest, _ := strings.Cut(answer, "<"+name+">")
	text, _, _ := strings.Cut(rest, "<")
	return text
}

var variable = regexp.MustCompile(`\$\{[^{}]*\}`)

// expand puts in what a body takes from elsewhere.
func (w *wire) expand(body string) string {
	return variable.ReplaceAllStringFunc(body, func(v string) string {
		words := strings.Fields(v[2 : len(v)-1])
		switch {
		case strings.HasPrefix(words[0], "aws:"):
			return v // a policy's own variable
		case words[0] == "provider":
			return w.providerName()
		case words[0] == "token":
			return w.token(w.provider, words[1:])
		case words[0] == "slash" && len(words) > 1:
			return w.token(w.slash(), words[1:])
		case words[0] == "slash":
			return w.slashName()
		case words[0] == "trust":
			return w.trust(words[1], words[2:])
		case words[0] == "forged":
			return forge(w.t, w.token(w.provider, words[1:2]), words[1], words[2])
		case words[0] == "repeat":
			return strings.Repeat(words[1], int(w.number(words[2])))
		case words[0] == "saml":
			return w.saml(words[1:])
		case words[0] == "metadata":
			return w.metadata(words[1:])
		case doubleTokens[words[0]] != nil:
			return w.doubleToken(words[0], strings.TrimSpace(v[2+len(words[0]):len(v)-1]))
		}
		value := w.member(words[0])
		if len(words) > 1 && words[1] == "cut" {
			value = value[:len(value)-1]
		}
		return value
	})
}

// member is N.Name of answer N, be it JSON or XML.
func (w *wire) member(where string) string {
	w.t.Helper()
	n, path, _ := strings.Cut(where, ".")
	if answer := w.answers[n]; strings.HasPrefix(answer, "<") {
		return element(answer, path)
	}
	var value any
	if err := json.Unmarshal([]byte(w.answers[n]), &value); err != nil {
		w.t.Fatalf("%s: %v", where, err)
	}
	for name := range strings.SplitSeq(path, ".") {
		value = value.(map[string]any)[name]
	}
	return fmt.Sprint(value)
}

// trust is the trust policy that the console makes: for the pool of answer N,
// and users who are authenticated unless another amr is given.
func (w *wire) trust(n string, amr []string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},` +
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"` + w.expand("${"+n+".IdentityPoolId}") + `"},` +
		`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"` + strings.Join(append(amr, "authenticated")[:1], "") + `"}}}]}`
}

func (w *wire) providerName() string { return strings.TrimPrefix(w.provider.URL, "http://") }

// token signs a user in: "alice", or "alice other" with another client.
func (w *wire) token(provider *idp.Server, who []string) string {
	w.t.Helper()
	key := provider.URL + " " + strings.Join(who, " ")
	if w.tokens[key] == "" {
		client := "app"
		if len(who) > 1 {
			client = who[1]
		}
		tokens, err := idp.RelyingParty{Issuer: provider.URL, ClientID: client, RedirectURI: "http://127.0.0.1/cb"}.SignIn(w.t.Context(), who[0], "pw")
		if err != nil {
			w.t.Fatal(err)
		}
		w.tokens[key] = tokens.IDToken
	}
	return w.tokens[key]
}

// forge changes who a token speaks of, and nothing else.
func forge(t *testing.T, token, was, is string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	claims := strings.Replace(decoded(t, parts[1]), `"sub":"`+was+`"`, `"sub":"`+is+`"`, 1)
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(claims))
	return strings.Join(parts, ".")
}

func render(r *http.Response, body string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", r.StatusCode)
	r.Header.Del("Date")
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(r.Header[name], ", "))
	}
	b.WriteString("\n" + body + "\n")
	return b.String()
}

var (
	sealed   = regexp.MustCompile(`("(?:SessionToken|NextToken)":")[^"]+|(<(?:SessionToken|Marker)>)[^<]+`)
	signed   = regexp.MustCompile(`"Token":"([^".]+)\.([^".]+)\.[^".]+"`)
	lengthOf = regexp.MustCompile(`Content-Length: \d+`)
)

// scrub writes what is different each time as a word.
func (w *wire) scrub(s string) string {
	was := s
	s = sealed.ReplaceAllString(s, "${1}${2}SEALED")
	s = signed.ReplaceAllStringFunc(s, func(token string) string {
		parts := signed.FindStringSubmatch(token)
		return `"Token":"` + decoded(w.t, parts[1]) + "." + decoded(w.t, parts[2]) + `.SIGNATURE"`
	})
	s = strings.NewReplacer(w.providerName(), "PROVIDER", url.QueryEscape(w.providerName()), "PROVIDER").Replace(s)
	if w.slashed != nil {
		s = strings.NewReplacer(w.slashName(), "SLASH", url.QueryEscape(w.slashName()), "SLASH").Replace(s)
	}
	if s != was {
		s = lengthOf.ReplaceAllString(s, "Content-Length: LENGTH")
	}
	return s
}

func decoded(t *testing.T, part string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
