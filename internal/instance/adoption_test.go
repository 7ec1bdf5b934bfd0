package instance_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/daypasstest/postgres"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/declare"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
)

// heard is a log that several goroutines write to.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *heard) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// take is what was written since the last time.
func (l *heard) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

// emigrant is a story at a server that took a pool over from another one, which plays
// AWS behind TLS.
type emigrant struct {
	*story
	aws   *story
	front *httptest.Server
	proxy http.Handler
	// fault answers in place of AWS; nil for nobody.
	fault atomic.Pointer[http.HandlerFunc]
	// asked counts the questions.
	asked  atomic.Int64
	log    heard
	at     *clock
	config daypasstest.Config // of the new owner's server
}

// newEmigrant starts both, and moves the pool without its identities. The pool adopts
// after change, which may be nil.
func newEmigrant(t *testing.T, c daypasstest.Config) *emigrant {
	t.Helper()
	at := newClock()
	m := &emigrant{aws: newStory(t, daypasstest.Config{Now: at.now}), at: at}
	target, err := url.Parse(m.aws.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	m.proxy = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	m.front = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.asked.Add(1)
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Amz-Target") != "AWSCognitoIdentityService.GetId" {
			t.Errorf("a question is signed, or not one of GetId: %v", r.Header)
		}
		if fault := m.fault.Load(); fault != nil {
			(*fault)(w, r)
			return
		}
		m.proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(m.front.Close)
	m.front.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	c.OutboundCAs = x509.NewCertPool()
	c.OutboundCAs.AddCert(m.front.Certificate())
	c.Issuer, c.Now = "https://issuer.example", m.at.now
	c.Log = slog.New(slog.NewTextHandler(&m.log, nil))
	m.config = c
	m.story = m.node(t)
	m.admin(m.clientOf("us-east-1"), "ImportIdentityPool", map[string]any{"IdentityPoolId": m.pool, "IdentityPoolName": "moved", "AllowUnauthenticatedIdentities": true})
	m.query("CreateOpenIDConnectProvider", "Url", m.provider.URL, "ClientIDList.member.1", "app")
	m.root("UpdateIdentityPool", map[string]any{
		"IdentityPoolId": m.pool, "IdentityPoolName": "moved", "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": "dev", "OpenIdConnectProviderARNs": []string{m.providerARN()}})
	m.query("CreateRole", "RoleName", "user", "AssumeRolePolicyDocument", trust(m.pool, "authenticated"))
	m.query("CreateRole", "RoleName", "guest", "AssumeRolePolicyDocument", trust(m.pool, "unauthenticated"))
	m.root("SetIdentityPoolRoles", map[string]any{"IdentityPoolId": m.pool, "Roles": map[string]string{"authenticated": roleARN("user"), "unauthenticated": roleARN("guest")}})
	m.adopts(nil)
	return m
}

// node is the story at another server with the same configuration.
func (m *emigrant) node(t *testing.T) *story {
	return &story{t: t, server: daypasstest.Start(t, m.config), provider: m.aws.provider, pool: m.aws.pool}
}

// adopts sets how the pool adopts, with changes of what is usual.
func (m *emigrant) adopts(change map[string]any) {
	m.t.Helper()
	a := map[string]any{"Host": m.front.Listener.Addr().String(), "Until": m.at.now().Add(24 * time.Hour).Unix(), "QuestionsPerSecond": 100}
	for k, v := range change {
		a[k] = v
	}
	m.admin(m.clientOf("us-east-1"), "SetIdentityPoolAdoption", map[string]any{"IdentityPoolId": m.pool, "Adoption": a})
}

// admin calls an operation of the service daypass, which must succeed.
func (m *emigrant) admin(c *client.Client, operation string, in any) map[string]any {
	m.t.Helper()
	answer, err := c.JSON(m.t.Context(), admin.API, operation, in)
	if err != nil {
		m.t.Fatalf("%s: %v", operation, err)
	}
	out := map[string]any{}
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &out); err != nil {
			m.t.Fatal(err)
		}
	}
	return out
}

// questions are those that were asked since a moment.
func (m *emigrant) questions(t *testing.T, before, want int64) {
	t.Helper()
	if got := m.asked.Load() - before; got != want {
		t.Errorf("%d questions, want %d", got, want)
	}
}

func (m *emigrant) answers(f http.HandlerFunc) {
	if f == nil {
		m.fault.Store(nil)
		return
	}
	m.fault.Store(&f)
}

// An identity that AWS knows keeps its ID, is asked about once, and gets credentials.
func TestAdoption(t *testing.T) {
	m := newEmigrant(t, daypasstest.Config{})
	alice := m.signIn("alice")
	id := m.aws.mustID(alice)
	if got := m.mustID(alice); got != id {
		t.Errorf("Alice is %s, was %s at AWS", got, id)
	}
	m.questions(t, 0, 1)
	if _, err := m.credentials(id, alice); err != nil {
		t.Error(err)
	}
	if got := m.mustID(m.signIn("alice")); got != id {
		t.Errorf("Alice is %s then", got)
	}
	m.questions(t, 0, 1)
	if log := m.log.take(); !strings.Contains(log, "adoption="+m.front.Listener.Addr().String()) {
		t.Errorf("the log does not say who was asked:\n%s", log)
	}

	// Unlinked here, she is somebody new, though AWS would say otherwise.
	if _, err := call(m.public(), "UnlinkIdentity", map[string]any{"IdentityId": id, "Logins": map[string]string{m.providerName(): alice}, "LoginsToRemove": []string{m.providerName()}}); err != nil {
		t.Fatal(err)
	}
	fresh := m.mustID(alice)
	if fresh == id {
		t.Error("Alice was adopted again after she was unlinked")
	}
	m.questions(t, 0, 1)

	// So is Bob, whose identity is deleted; that of his ID too.
	bob := m.signIn("bob")
	old := m.aws.mustID(bob)
	m.mustID(bob)
	m.root("DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{old}})
	if m.mustID(bob) == old {
		t.Error("Bob was adopted again after he was deleted")
	}
	m.questions(t, 0, 2)

	// With the adoption, what must not be adopted again is forgotten; until it ends,
	// nothing is.
	if got := m.admin(m.clientOf("us-east-1"), "GetIdentityPoolAdoption", map[string]any{"IdentityPoolId": m.pool})["Adoption"]; got == nil {
		t.Error("the pool does not say that it adopts")
	}
	m.admin(m.clientOf("us-east-1"), "SetIdentityPoolAdoption", map[string]any{"IdentityPoolId": m.pool})
	if got := m.admin(m.clientOf("us-east-1"), "GetIdentityPoolAdoption", map[string]any{"IdentityPoolId": m.pool})["Adoption"]; got != nil {
		t.Errorf("the pool adopts: %v", got)
	}
}

// A login that is linked and unlinked while AWS is asked about it is not adopted: the
// answer comes too late.
func TestAdoptionOvertaken(t *testing.T) {
	m := newEmigrant(t, daypasstest.Config{})
	alice := m.signIn("alice")
	id := m.aws.mustID(alice)
	var first atomic.Bool
	waits, goOn := make(chan struct{}), make(chan struct{})
	m.answers(func(w http.ResponseWriter, r *http.Request) {
		if first.CompareAndSwap(false, true) {
			close(waits)
			<-goOn
		}
		m.proxy.ServeHTTP(w, r)
	})
	var late string
	var err error
	var slow sync.WaitGroup
	slow.Go(func() { late, err = m.getID(alice) })
	<-waits
	if got := m.mustID(alice); got != id {
		t.Errorf("Alice is %s, was %s at AWS", got, id)
	}
	if _, err := call(m.public(), "UnlinkIdentity", map[string]any{"IdentityId": id, "Logins": map[string]string{m.providerName(): alice}, "LoginsToRemove": []string{m.providerName()}}); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	slow.Wait()
	if err != nil || late == id || late != m.mustID(alice) {
		t.Errorf("Alice, who was unlinked meanwhile, is %s (%v), and was %s", late, err, id)
	}
	m.questions(t, 0, 2)
}

// What AWS answers that is no answer ends the sign-in, with its cause in the log, and
// makes no identity.
func TestAdoptionFails(t *testing.T) {
	m := newEmigrant(t, daypasstest.Config{})
	alice := m.signIn("alice")
	id := m.aws.mustID(alice)
	answer := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, text) }
	}
	refusal := func(code, message string) http.HandlerFunc {
		return answer(400, fmt.Sprintf(`{"__type":%q,"message":%q}`, code, message))
	}
	identity := func(id string) http.HandlerFunc { return answer(200, fmt.Sprintf(`{"IdentityId":%q}`, id)) }
	const guid = "11111111-2222-4333-8444-555555555555"
	other := m.root("CreateIdentityPool", map[string]any{"IdentityPoolName": "other", "AllowUnauthenticatedIdentities": true})["IdentityPoolId"]
	elsewhere, err := call(m.public(), "GetId", map[string]any{"IdentityPoolId": other})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, cause, detail string
		fault               http.HandlerFunc
	}{
		{"throttled", "adoption-throttled", `status 400, \"TooManyRequestsException\": \"Rate exceeded\"`, refusal("TooManyRequestsException", "Rate exceeded")},
		{"throttled by a proxy", "adoption-throttled", "status 429", answer(429, "slow down")},
		{"another region", "adoption-answer", "of another region than us-east-1", identity("eu-west-1:" + guid)},
		{"capital letters", "adoption-answer", "not REGION:GUID", identity("us-east-1:AAAAAAAA-2222-4333-8444-555555555555")},
		{"no GUID", "adoption-answer", "not REGION:GUID", identity("us-east-1:x")},
		{"an identity of another pool", "adoption-answer", "one of another identity pool", identity(elsewhere["IdentityId"].(string))},
		{"nothing", "adoption-answer", "not REGION:GUID", identity("")},
		{"no member", "adoption-answer", "no IdentityId", answer(200, `{}`)},
		{"a number", "adoption-answer", "no IdentityId", answer(200, `{"IdentityId":1}`)},
		{"two", "adoption-answer", "not JSON", answer(200, `{"IdentityId":"us-east-1:`+guid+`","IdentityId":"x"}`)},
		{"garbage", "adoption-answer", "not JSON", answer(200, "<html>")},
		{"huge", "adoption-answer", "answer too large", answer(200, strings.Repeat(" ", 1<<20)+`{"IdentityId":"`+id+`"}`)},
		{"huge, of unknown length", "adoption-answer", "answer too large", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				_, _ = io.WriteString(w, strings.Repeat(" ", 1<<10))
				w.(http.Flusher).Flush()
			}
		}},
		{"a redirect", "adoption-forbidden", "redirect of a request that carries secrets", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+"/elsewhere", http.StatusTemporaryRedirect)
		}},
		{"broken", "adoption-unreachable", "status 500", answer(500, `{"__type":"InternalErrorException"}`)},
		{"a proxy without AWS", "adoption-unreachable", "status 502", answer(502, "bad gateway")},
		{"cut off", "adoption-unreachable", "unavailable", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"refused", "adoption-refused", `\"NotAuthorizedException\": \"Invalid login token. [...]\"`, refusal("NotAuthorizedException", "Invalid login token. "+alice)},
		{"no such pool", "adoption-refused", "ResourceNotFoundException", refusal("ResourceNotFoundException", "IdentityPool '"+m.pool+"' not found.")},
	} {
		m.at.pass(time.Hour) // of the budget of her login
		m.adopts(nil)
		alice := m.signIn("alice")
		m.log.take()
		m.answers(test.fault)
		_, err := m.getID(alice)
		wantError(t, err, "ExternalServiceException", "The service that this identity pool was imported from did not answer. Try again later.")
		log := m.log.take()
		if !strings.Contains(log, "cause="+test.cause+" ") || !strings.Contains(log, test.detail) {
			t.Errorf("%s: the log does not say cause=%s and %s:\n%s", test.name, test.cause, test.detail, log)
		}
		if strings.Contains(log, alice) || strings.Contains(log, id) || strings.Contains(log, guid) {
			t.Errorf("%s: the log has the token or an ID:\n%s", test.name, log)
		}
		out := m.root("ListIdentities", map[string]any{"IdentityPoolId": m.pool, "MaxResults": 10})
		if all := out["Identities"].([]any); len(all) > 0 {
			t.Fatalf("%s: there are identities: %v", test.name, all)
		}
	}
	m.answers(nil)
	m.at.pass(time.Hour)
	m.adopts(nil)
	if got := m.mustID(m.signIn("alice")); got != id {
		t.Errorf("Alice is %s in the end, was %s at AWS", got, id)
	}
}

// What AWS does not answer in time is no answer. One that nobody listens at, or shows
// a certificate of somebody else's, is not asked.
func TestAdoptionUnreachable(t *testing.T) {
	m := newEmigrant(t, daypasstest.Config{})
	over := make(chan struct{})
	defer close(over)
	m.answers(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	})
	gone := httptest.NewServer(nil)
	gone.Close()
	alice := m.signIn("alice")
	for host, cause := range map[string]string{
		"":                                "adoption-unreachable",
		gone.Listener.Addr().String():     "adoption-unreachable",
		m.aws.server.URL[len("http://"):]: "adoption-unreachable", // no TLS
		"169.254.169.254":                 "adoption-forbidden",
	} {
		if host != "" {
			m.adopts(map[string]any{"Host": host})
		}
		m.log.take()
		_, err := m.getID(alice)
		wantError(t, err, "ExternalServiceException", "The service that this identity pool was imported from did not answer. Try again later.")
		if log := m.log.take(); !strings.Contains(log, "cause="+cause+" ") {
			t.Errorf("%s: the log does not say cause=%s:\n%s", host, cause, log)
		}
	}
}

// Questions are bounded, logins of other providers are not asked about, and adoption
// ends.
func TestAdoptionIsBounded(t *testing.T) {
	m := newEmigrant(t, daypasstest.Config{})
	alice, bob := m.signIn("alice"), m.signIn("bob")
	m.adopts(map[string]any{"QuestionsPerSecond": 1})
	id := m.mustID(alice)
	_, err := m.getID(bob)
	wantError(t, err, "TooManyRequestsException", "Rate exceeded")
	if log := m.log.take(); !strings.Contains(log, "cause=adoption-rate ") {
		t.Errorf("the log:\n%s", log)
	}
	if got := m.mustID(alice); got != id {
		t.Errorf("Alice, who is known, is %s", got)
	}
	m.at.pass(time.Second)
	if got, want := m.mustID(bob), m.aws.mustID(bob); got != want {
		t.Errorf("Bob is %s a second later, was %s at AWS", got, want)
	}

	m = newEmigrant(t, daypasstest.Config{})
	m.adopts(map[string]any{"Providers": []string{"accounts.google.com"}})
	alice = m.signIn("alice")
	if got, other := m.mustID(alice), m.aws.mustID(alice); got == other {
		t.Error("a login of another provider was asked about")
	}
	m.questions(t, 0, 0)
	m.adopts(nil)
	m.at.pass(24 * time.Hour)
	if got, other := m.mustID(m.signIn("bob")), m.aws.mustID(m.signIn("bob")); got == other {
		t.Error("Bob was adopted when adoption was over")
	}
	m.questions(t, 0, 0)
}

// Identities that were imported keep their IDs: guests get credentials, and the others
// when their logins are adopted. Sweeping leaves them where they are.
func TestImportIdentities(t *testing.T) {
	m := newEmigrant(t, daypasstest.Config{})
	guest, alice := m.aws.mustID(""), m.signIn("alice")
	id := m.aws.mustID(alice)
	page := m.aws.root("ListIdentities", map[string]any{"IdentityPoolId": m.pool, "MaxResults": 60})
	for n, want := range []float64{0, 2} {
		out := m.admin(m.clientOf("us-east-1"), "ImportIdentities", map[string]any{"IdentityPoolId": m.pool, "Identities": page["Identities"]})
		if out["Added"].(float64) != 2-want || out["Present"].(float64) != want {
			t.Errorf("import %d: %v", n, out)
		}
	}
	if _, err := m.credentials(guest, ""); err != nil {
		t.Errorf("the guest: %v", err)
	}
	if _, err := m.credentials(id, ""); err == nil {
		t.Error("somebody has credentials of Alice's identity without her login")
	}
	if _, err := m.credentials(id, m.signIn("bob")); err == nil {
		t.Error("Bob has credentials of Alice's identity")
	}
	if _, err := m.credentials(id, alice); err != nil {
		t.Errorf("Alice, who names the ID that she had: %v", err)
	}
	m.root("DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{guest}})
	out := m.admin(m.clientOf("us-east-1"), "ImportIdentities", map[string]any{"IdentityPoolId": m.pool, "Identities": page["Identities"]})
	if deleted, _ := out["Deleted"].([]any); len(deleted) != 1 || deleted[0] != guest || out["Present"].(float64) != 1 {
		t.Errorf("imported after the guest was deleted: %v", out)
	}
}

// Sign-ins of the same login at the same time, at two nodes, end in one identity.
func TestAdoptionAtOnce(t *testing.T) {
	m := newEmigrant(t, daypasstest.Config{Database: postgres.Database(pgtest.Database(t)), DataDir: t.TempDir()})
	nodes := []*story{m.story, m.node(t)}
	for _, user := range []string{"alice", "bob"} {
		token := m.signIn(user)
		var together sync.WaitGroup
		ids := make([]string, 8)
		for n := range ids {
			together.Go(func() {
				id, err := nodes[n%len(nodes)].getID(token)
				if err != nil {
					t.Error(err)
				}
				ids[n] = id
			})
		}
		together.Wait()
		for _, id := range ids {
			if want := m.aws.mustID(token); id != want {
				t.Errorf("%s is %s, was %s at AWS", user, id, want)
			}
		}
	}
}

// callerOf calls a server as its root, for package declare.
func callerOf(s *daypasstest.Server) declare.Caller {
	tables := map[string]*awsapi.Table{}
	for _, service := range instance.Services() {
		tables[service.Name] = service.Compile()
	}
	return func(ctx context.Context, service, operation, region string, in awsapi.Node) (awsapi.Node, error) {
		c := &client.Client{Endpoint: s.URL, Region: region, Now: s.Now,
			Credentials: sigv4.Credentials{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}}
		return c.Call(ctx, tables[service].Row(operation), in)
	}
}

// A pool is imported with all that it needs, applied to another server, and its
// identities after it: everybody keeps the ID, and the file changes nothing any more.
func TestMove(t *testing.T) {
	m := newEmigrant(t, daypasstest.Config{})
	guest, alice := m.aws.mustID(""), m.signIn("alice")
	id := m.aws.mustID(alice)
	from, to := callerOf(m.aws.server), daypasstest.Start(t, m.config)
	until := m.at.now().Add(24 * time.Hour)
	file, err := declare.Import(t.Context(), from, declare.ImportOptions{Region: "us-east-1", Pools: []string{m.pool}, Adopt: awsapi.Node{Kind: awsapi.Map, Members: []awsapi.Member{
		{Name: "Until", Value: awsapi.Node{Kind: awsapi.Text, Text: until.Format(time.RFC3339)}},
		{Name: "Host", Value: awsapi.Node{Kind: awsapi.Text, Text: m.front.Listener.Addr().String()}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	printed, err := file.YAML()
	if err != nil {
		t.Fatal(err)
	}
	steps := func() []declare.Step {
		t.Helper()
		read, err := declare.Parse(declare.Source{Name: "aws.yaml", Text: printed, Services: instance.Services()})
		if err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		steps, err := read.Plan(t.Context(), callerOf(to), declare.Options{Region: "us-east-1"})
		if err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		if err := read.Apply(t.Context(), callerOf(to), steps, func(declare.Step) {}); err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		return steps
	}
	if did := steps(); len(did) == 0 {
		t.Error("nothing was applied")
	}
	if again := steps(); len(again) > 0 {
		t.Errorf("applied again: %+v\n%s", again, printed)
	}
	err = declare.Identities(t.Context(), from, "us-east-1", m.pool, func(err error) { t.Error(err) }, func(page awsapi.Node) error {
		out, err := callerOf(to)(t.Context(), "daypass", "ImportIdentities", "us-east-1", page)
		if added := out.Member("Added"); err == nil && (added == nil || added.Text != "2") {
			t.Errorf("imported: %s", out.AppendJSON(nil))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	moved := *m.story
	moved.server = to
	if _, err := moved.credentials(guest, ""); err != nil {
		t.Errorf("the guest: %v", err)
	}
	if _, err := moved.credentials(id, alice); err != nil {
		t.Errorf("Alice: %v", err)
	}
	if got := moved.mustID(alice); got != id {
		t.Errorf("Alice is %s, was %s", got, id)
	}

	// An export of the new server says that its pool adopts.
	exported, err := declare.Export(t.Context(), callerOf(to), declare.ExportOptions{Region: "us-east-1", Regions: []string{"us-east-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := exported.YAML(); err != nil || !strings.Contains(string(text), "Adopt: ") || !strings.Contains(string(text), until.Format(time.RFC3339)) {
		t.Errorf("%v\n%s", err, text)
	}

	// Without Adopt in the file, adoption ends.
	printed = []byte(regexp.MustCompile(`(?m)^ *Adopt:(?: \{.*\n|\n(?:        .*\n)+)`).ReplaceAllString(string(printed), ""))
	if did := steps(); len(did) != 1 || !strings.HasSuffix(did[0].Text, ": adoption") {
		t.Errorf("without Adopt: %+v\n%s", did, printed)
	}
}

// What only AWS has becomes what daypass has, and what the caller may not read is left
// out where it can be.
func TestImportFromAWSProper(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	s.root("UpdateIdentityPool", map[string]any{"IdentityPoolId": s.pool, "IdentityPoolName": "story", "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": "dev",
		"OpenIdConnectProviderARNs": []string{s.providerARN()}, "IdentityPoolTags": map[string]string{"team": "red"}})
	s.root("GetOpenIdTokenForDeveloperIdentity", map[string]any{"IdentityPoolId": s.pool, "Logins": map[string]string{"dev": "anna"}})
	s.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "team", "Tags.member.1.Value", "red")
	parse := func(text string) awsapi.Node {
		n, err := awsapi.ParseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const readOnly = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
	real := callerOf(s.server)
	// aws is the server with what AWS alone has.
	aws := func(ctx context.Context, service, operation, region string, in awsapi.Node) (awsapi.Node, error) {
		switch arn := in.Member("PolicyArn"); {
		case service == "daypass":
			t.Errorf("AWS has no %s", operation)
		case operation == "ListAttachedRolePolicies":
			return parse(`{"AttachedPolicies":[{"PolicyName":"AmazonS3ReadOnlyAccess","PolicyArn":"` + readOnly + `"}],"IsTruncated":false}`), nil
		case operation == "GetPolicy" && arn.Text == readOnly:
			return parse(`{"Policy":{"PolicyName":"AmazonS3ReadOnlyAccess","Arn":"` + readOnly + `","Path":"/","DefaultVersionId":"v3"}}`), nil
		case operation == "GetPolicyVersion" && arn.Text == readOnly:
			return parse(`{"PolicyVersion":{"VersionId":"v3","Document":"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGet%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"}}`), nil
		case operation == "ListRoleTags":
			return parse(`{"Tags":[{"Key":"aws:cloudformation:stack-name","Value":"x"},{"Key":"team","Value":"red"}],"IsTruncated":false}`), nil
		case operation == "GetPrincipalTagAttributeMap":
			return awsapi.Node{}, &client.Error{Status: 400, Code: "InvalidParameterException"}
		case operation == "LookupDeveloperIdentity":
			return awsapi.Node{}, &client.Error{Status: 400, Code: "AccessDeniedException", Message: "no"}
		}
		return real(ctx, service, operation, region, in)
	}
	file, err := declare.Import(t.Context(), aws, declare.ImportOptions{Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := file.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"AmazonS3ReadOnlyAccess:", "s3:Get*", "Value: red", "IdentityPoolTags", s.provider.URL} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, not := range []string{"aws:cloudformation", "arn:aws:iam::aws", "AttachedPolicyArns", "Adopt"} {
		if strings.Contains(string(text), not) {
			t.Errorf("%s is in\n%s", not, text)
		}
	}
	told, pages := 0, 0
	if err := declare.Identities(t.Context(), aws, "us-east-1", s.pool, func(error) { told++ }, func(awsapi.Node) error { pages++; return nil }); err != nil || told != 1 || pages != 1 {
		t.Errorf("%v, told %d times, %d pages", err, told, pages)
	}
}
