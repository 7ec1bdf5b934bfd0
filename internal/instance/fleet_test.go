package instance_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/daypasstest/postgres"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/sts"
)

// fleet is a story at several nodes on one PostgreSQL database.
type fleet []*story

// newFleet starts nodes on a database of their own.
func newFleet(t *testing.T, nodes int, c daypasstest.Config) fleet {
	t.Helper()
	return newFleetOn(t, nodes, pgtest.Database(t), c)
}

func newFleetOn(t *testing.T, nodes int, database string, c daypasstest.Config) fleet {
	t.Helper()
	c.Database, c.DataDir = postgres.Database(database), t.TempDir()
	f := fleet{newStory(t, c)}
	c.Issuer = "https://issuer.example"
	for range nodes - 1 {
		another := *f[0]
		another.server = daypasstest.Start(t, c)
		f = append(f, &another)
	}
	return f
}

// Nodes that start at the same time on an empty database make one schema, and one
// key for a region. None of them fails.
func TestFleetStartsTogether(t *testing.T) {
	const nodes = 10
	database := pgtest.Database(t)
	key, err := seal.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var together sync.WaitGroup
	sets := make([]string, nodes)
	for n := range nodes {
		together.Go(func() {
			i, err := instance.Open(t.Context(), instance.Config{
				Database: postgres.Database(database), MasterKey: key, Account: "123456789012", PublicURL: "https://issuer.example",
				Root: instance.RootAccessKey{ID: "test", Secret: seal.NewSecret("test")}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
			})
			if err != nil {
				t.Errorf("node %d: %v", n, err)
				return
			}
			t.Cleanup(func() {
				if err := i.Close(); err != nil {
					t.Error(err)
				}
			})
			h := httptest.NewServer(i.Handler)
			t.Cleanup(h.Close)
			root := &client.Client{Endpoint: h.URL, Region: "eu-west-1", Credentials: sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}}
			if _, err := call(root, "CreateIdentityPool", map[string]any{"IdentityPoolName": fmt.Sprint("node ", n), "AllowUnauthenticatedIdentities": true}); err != nil {
				t.Errorf("node %d: %v", n, err)
			}
			sets[n] = h.URL
		})
	}
	together.Wait()
	if t.Failed() {
		return
	}
	for n := range sets {
		sets[n] = strings.Join(kidsAt(t, sets[n]), " ")
	}
	slices.Sort(sets)
	if got := slices.Compact(sets); !slices.Equal(got, []string{"eu-west-1-1"}) {
		t.Errorf("the nodes publish %q", got)
	}
}

// What one node hands out is good at every other one, at once: pages, sessions and
// OpenID tokens, also those signed by a key that has just been made.
func TestFleetTakesWhatOthersHandOut(t *testing.T) {
	f := newFleet(t, 3, daypasstest.Config{SigningKey: oneKey(t)})
	a, b, c := f[0], f[1], f[2]

	for n, s := range f {
		s.query("CreateRole", "RoleName", fmt.Sprint("role-", n), "AssumeRolePolicyDocument", trust(s.pool, "authenticated"))
	}
	first := a.root("ListIdentityPools", map[string]any{"MaxResults": 1})
	if first["NextToken"] == nil {
		b.mustCreatePool("us-east-1")
		first = a.root("ListIdentityPools", map[string]any{"MaxResults": 1})
	}
	b.root("ListIdentityPools", map[string]any{"MaxResults": 1, "NextToken": first["NextToken"]})
	roles := a.query("ListRoles", "MaxItems", "1")
	_, marker, _ := strings.Cut(roles, "<Marker>")
	marker, _, _ = strings.Cut(marker, "</Marker>")
	if answer := c.query("ListRoles", "MaxItems", "1", "Marker", marker); answer == roles {
		t.Error("the second page is the first")
	}

	token := a.signIn("alice")
	id, err := a.getID(token)
	if err != nil {
		t.Fatal(err)
	}
	session, err := b.credentials(id, token)
	if err != nil {
		t.Fatal(err)
	}
	for n, s := range f {
		at := *session
		at.Endpoint = s.server.URL
		if _, err := at.Query(t.Context(), sts.API, "GetCallerIdentity"); err != nil {
			t.Errorf("a session of another node at node %d: %v", n, err)
		}
	}

	for n, s := range f {
		region := []string{"eu-west-1", "sa-east-1", "ap-east-1"}[n]
		pool := s.mustCreatePool(region)
		other, third := f[(n+1)%3], f[(n+2)%3]
		if kids := kidsAt(t, other.server.URL); !slices.Contains(kids, region+"-1") {
			t.Errorf("node %d made a key for %s, the next one publishes %q", n, region, kids)
		}
		role := "far-" + region
		third.query("CreateRole", "RoleName", role, "AssumeRolePolicyDocument", trust(pool, "unauthenticated"))
		guest, err := call(other.public(), "GetId", map[string]any{"IdentityPoolId": pool})
		if err != nil {
			t.Fatal(err)
		}
		out, err := call(s.public(), "GetOpenIdToken", map[string]any{"IdentityId": guest["IdentityId"]})
		if err != nil {
			t.Fatal(err)
		}
		for m, s := range f {
			if _, err := s.public().Query(t.Context(), sts.API, "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::123456789012:role/"+role,
				"RoleSessionName", "app", "WebIdentityToken", out["Token"].(string)); err != nil {
				t.Errorf("a token of node %d at node %d: %v", n, m, err)
			}
		}
	}
}

// A node that cannot reach its database answers nothing that the database might say
// otherwise by now, soon, and as SDKs retry it. It goes on to publish keys, says that it is
// not ready, and recovers by itself.
func TestFleetWithoutDatabase(t *testing.T) {
	_, proxy, database := pgtest.Proxied(t)
	var log logged
	m := newMatrixOf(t, daypasstest.Config{Database: postgres.Database(database), DataDir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	token := m.signIn("alice")

	for name, fault := range map[string]func(){"refused": proxy.Refuse, "stalled": proxy.StallAll} {
		t.Run(name, func(t *testing.T) {
			get(t, m.server.URL+"/readyz", 200, "ready\n")
			from := len(log.String())
			fault()
			began := time.Now()
			var calls sync.WaitGroup
			for _, service := range instance.Services() {
				for _, op := range service.Operations {
					for _, who := range slices.Concat(m.callers[:2], m.callers[4:5], m.callers[8:10]) {
						calls.Go(func() {
							if e := m.answerOf(t, service, op, who); !unavailable(e) && !m.withoutDatabase(service, op, who, e) {
								t.Errorf("%s by %s: %v", op.Name, who.name, e)
							}
						})
					}
				}
			}
			calls.Go(func() {
				get(t, m.server.URL+"/.well-known/jwks_uri", 200, "")
				get(t, m.server.URL+"/.well-known/openid-configuration", 200, "")
				get(t, m.server.URL+"/healthz", 200, "ok\n")
				if took := time.Since(began); took > 5*time.Second {
					t.Errorf("keys, discovery and health took %s", took)
				}
				get(t, m.server.URL+"/readyz", 503, "not ready\n")
			})
			calls.Wait()
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("refusing took %s", took)
			}
			if !strings.Contains(log.String()[from:], `msg="not ready" error=`) {
				t.Error("the log does not say why the node is not ready")
			}
			for line := range strings.Lines(log.String()[from:]) {
				if strings.Contains(line, "status=503") && !strings.Contains(line, "cause=database-unavailable") {
					t.Errorf("logged %s", line)
				}
			}

			proxy.Resume(t)
			began = time.Now()
			for {
				if _, err := m.getID(token); err == nil {
					break
				} else if time.Since(began) > 15*time.Second {
					t.Fatalf("it does not recover: %v", err)
				}
			}
			get(t, m.server.URL+"/readyz", 200, "ready\n")
			m.root("DescribeIdentityPool", map[string]any{"IdentityPoolId": m.pool}) // nothing was done after all
			m.query("GetRole", "RoleName", "there")
			m.query("GetUser", "UserName", "there")
		})
	}
}

// Gateways and reverse proxies are not told that somebody may do something which the
// database might say otherwise by now.
func TestSidesWithoutDatabase(t *testing.T) {
	_, proxy, database := pgtest.Proxied(t)
	a := newAskingOf(t, daypasstest.Config{
		Database: postgres.Database(database), DataDir: t.TempDir(), ForwardAuthAPIs: []string{"photos=photos.example.com"},
	})
	a.query("PutRolePolicy", "RoleName", "user", "PolicyName", "p", "PolicyDocument", allowAll)
	token := a.signIn("alice")
	id, alice := a.mustCredentials("alice")
	ours := a.openIDToken(id, token)
	mayPass := func() int { return a.mayPass(t, bearer(ours)) }
	for range 2 { // before and after
		if got := a.evaluate(alice, nil, "s3:GetObject", "arn:aws:s3:::b/o"); got != "allow" {
			t.Fatalf("the gateway is told %q", got)
		}
		if got := mayPass(); got != 200 {
			t.Fatalf("the proxy is told %d", got)
		}
		proxy.Refuse()
		if got := a.evaluate(alice, nil, "s3:GetObject", "arn:aws:s3:::b/o"); got != "ServiceUnavailable" {
			t.Errorf("without a database the gateway is told %q", got)
		}
		a.wantLast("level=ERROR", "status=503 error=ServiceUnavailable cause=database-unavailable")
		if got := mayPass(); got != 503 {
			t.Errorf("without a database the proxy is told %d", got)
		}
		a.wantLast("level=ERROR", "status=503 error=ServiceUnavailableException cause=database-unavailable")
		proxy.Resume(t)
	}
}

// What ends at one node has ended for the gateways and the reverse proxies of another, in
// their next question.
func TestSidesObeyOtherNodes(t *testing.T) {
	c := daypasstest.Config{Database: postgres.Database(pgtest.Database(t)), DataDir: t.TempDir(), ForwardAuthAPIs: []string{"photos=photos.example.com"}}
	a := newAskingOf(t, c)
	c.Issuer, c.Now = "https://issuer.example", a.clock.now
	far := *a.story
	far.server = daypasstest.Start(t, c)
	b := *a
	b.story = &far
	b.dial()
	a.query("PutRolePolicy", "RoleName", "user", "PolicyName", "p", "PolicyDocument", allowAll)
	for what, end := range map[string]func(id string, session sigv4.Credentials){
		"the session is revoked":  func(_ string, s sigv4.Credentials) { a.revoke(map[string]any{"AccessKeyId": s.AccessKeyID}) },
		"the identity is revoked": func(id string, _ sigv4.Credentials) { a.revoke(map[string]any{"IdentityId": id}) },
		"everything is revoked":   func(string, sigv4.Credentials) { a.revoke(map[string]any{"Everything": true}) },
		"the identity is deleted": func(id string, _ sigv4.Credentials) {
			a.root("DeleteIdentities", map[string]any{"IdentityIdsToDelete": []string{id}})
		},
	} {
		t.Run(what, func(t *testing.T) {
			token := a.signIn("alice")
			id, session := a.mustCredentials("alice")
			ours := a.openIDToken(id, token)
			for node, n := range map[string]*asking{"the same node": a, "another node": &b} {
				if got := n.evaluate(session, nil, "s3:GetObject", "arn:aws:s3:::b/o"); got != "allow" {
					t.Fatalf("before, the gateway of %s is told %q", node, got)
				}
				for _, header := range []http.Header{bearer(ours), a.signedHeader(session)} {
					if got := n.mayPass(t, header); got != http.StatusOK {
						t.Fatalf("before, the proxy of %s is told %d", node, got)
					}
				}
			}
			end(id, session)
			if got := b.evaluate(session, nil, "s3:GetObject", "arn:aws:s3:::b/o"); got != "InvalidToken" {
				t.Errorf("the gateway of another node is told %q", got)
			}
			if k := b.derive(session, b.today(), "s3"); k.Code != "InvalidToken" || k.DerivedKey != nil {
				t.Errorf("the gateway of another node gets %s", k.body)
			}
			if got := b.mayPass(t, a.signedHeader(session)); got != http.StatusForbidden {
				t.Errorf("the proxy of another node is told %d of a signed request", got)
			}
			want := http.StatusUnauthorized
			if what == "the session is revoked" { // the token is not one of the session's
				want = http.StatusOK
			}
			if got := b.mayPass(t, bearer(ours)); got != want {
				t.Errorf("the proxy of another node is told %d of a token, want %d", got, want)
			}
		})
	}
}

// bearer is the header of a request to an API with a token.
func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// signedHeader is that of a request that is signed.
func (a *asking) signedHeader(by sigv4.Credentials) http.Header {
	a.t.Helper()
	r := &sigv4.Request{Method: "GET", Path: "/cat.jpg", Host: "photos.example.com", Header: http.Header{}}
	if err := sigv4.Sign(r, by, "us-east-1", "execute-api", a.clock.now()); err != nil {
		a.t.Fatal(err)
	}
	return r.Header
}

// mayPass is what a reverse proxy is told of a request with a header.
func (a *asking) mayPass(t *testing.T, header http.Header) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.server.ForwardAuth(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host, r.Header = "photos.example.com", header.Clone()
	r.Header.Set("X-Original-Method", "GET")
	r.Header.Set("X-Original-Uri", "/cat.jpg")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// What goes over the wire, and into the log, without a database.
func TestTranscriptWithoutDatabase(t *testing.T) {
	_, proxy, database := pgtest.Proxied(t)
	var log logged
	c := newClock()
	s := newStory(t, daypasstest.Config{
		Database: postgres.Database(database), DataDir: t.TempDir(), Now: c.now, Rand: daypasstest.Seeded(1), Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	proxy.Refuse()
	var page strings.Builder
	for _, q := range []struct{ method, path, target, body string }{
		{"POST", "/", "AWSCognitoIdentityService.GetId", `{"IdentityPoolId":"` + s.pool + `"}`},
		{"POST", "/", "AWSCognitoIdentityService.GetCredentialsForIdentity", `{"IdentityId":"` + s.pool + `"}`},
		{"POST", "/", "", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/user&RoleSessionName=app&WebIdentityToken=" + s.signIn("alice")},
		{"GET", "/readyz", "", ""},
		{"GET", "/healthz", "", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), q.method, s.server.URL+q.path, strings.NewReader(q.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprintf(&page, "%s %s\n", q.method, q.path)
		if q.target != "" {
			r.Header.Set("X-Amz-Target", q.target)
			fmt.Fprintf(&page, "X-Amz-Target: %s\n", q.target)
		} else if q.body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if body, _, long := strings.Cut(q.body, "WebIdentityToken="); body != "" {
			fmt.Fprintf(&page, "\n%s", body)
			if long {
				fmt.Fprint(&page, "WebIdentityToken=...")
			}
			fmt.Fprintln(&page)
		}
		from := len(log.String())
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&page, "\n%d\n", answer.StatusCode)
		if kind := answer.Header.Get("X-Amzn-Errortype"); kind != "" {
			fmt.Fprintf(&page, "x-amzn-ErrorType: %s\n", kind)
		}
		fmt.Fprintf(&page, "%s\n", bytes.TrimSpace(body))
		for line := range strings.Lines(log.String()[from:]) {
			_, line, _ = strings.Cut(line, " ") // the time
			fmt.Fprintf(&page, "log: %s", line)
		}
		fmt.Fprintln(&page)
	}
	got := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`).ReplaceAllString(page.String(), "ID")
	got = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(got, "127.0.0.1:PORT")
	got = regexp.MustCompile(`detail=".*?[^\\]"|error="[^"]*"`).ReplaceAllStringFunc(got, func(detail string) string {
		if !strings.Contains(detail, "connect") {
			t.Errorf("the log does not say what is wrong: %s", detail)
		}
		name, _, _ := strings.Cut(detail, "=")
		return name + "=..."
	})
	const file = "testdata/unavailable.txt"
	if *updateGateway {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != got {
		t.Errorf("%s is not what goes over the wire (%v): go test ./internal/instance -run Transcript -update\n%s", file, err, got)
	}
}

// unavailable says whether an answer is that of a node without a database.
func unavailable(e *client.Error) bool {
	return e != nil && e.Status == 503 && (e.Code == "InternalErrorException" || e.Code == "ServiceUnavailable")
}

// withoutDatabase says whether an operation may answer so without a database: to root,
// whose key is not in it, what is in the request alone; to everybody that a request
// cannot be right, and that others are changing the same pool, or making a backup.
func (m *matrix) withoutDatabase(service awsapi.Service, op awsapi.Operation, who someone, e *client.Error) bool {
	switch {
	case op.Name == "AssumeRoleWithWebIdentity":
		return e != nil && e.Code == "InvalidIdentityToken"
	case who.name != "root":
		return false
	case e == nil:
		return slices.Contains([]string{"GetAccessKeyInfo", "GetCallerIdentity", "GetSessionToken", "GetContextKeysForCustomPolicy", "SimulateCustomPolicy", "ListVirtualMFADevices", "AdvanceClock", "SetFault", "ClearFaults"}, op.Name)
	case service.Name == "cognito-identity" || op.Name == "SetIdentityPoolAdoption": // changes of a pool wait for one another
		return e.Code == "TooManyRequestsException" || e.Code == "ConcurrentModificationException"
	}
	return slices.Contains([]string{"MalformedPolicyDocument", "InvalidInput", "InvalidParameterException", "ResourceConflictException"}, e.Code) || op.Name == "AssumeRole" && e.Code == "AccessDenied"
}

// answerOf is how an operation is refused; nil if it is not.
func (m *matrix) answerOf(t *testing.T, service awsapi.Service, op awsapi.Operation, who someone) *client.Error {
	t.Helper()
	in := least(t, op, m.there)
	var err error
	if service.Target != "" {
		_, err = who.client.JSON(t.Context(), awsapi.Service{Name: service.Name, Target: service.Target}, op.Name, in)
	} else {
		_, err = who.client.Query(t.Context(), awsapi.Service{Name: service.Name, Version: service.Version}, op.Name, formOf("", in)...)
	}
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		t.Errorf("%s by %s: %v", op.Name, who.name, err)
		return &client.Error{}
	}
	return e
}

// get gets a page, of which an empty text says nothing.
func get(t *testing.T, url string, status int, text string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status || text != "" && string(body) != text {
		t.Errorf("%s: %d %q (%v), want %d %q", url, answer.StatusCode, body, err, status, text)
	}
}

// What --rate and the rates of guests allow, they allow all nodes together.
func TestFleetSharesRates(t *testing.T) {
	c := newClock() // which stands still
	database := pgtest.Database(t)
	f := newFleetOn(t, 2, database, daypasstest.Config{
		Now: c.now, Rates: map[string]float64{"DescribeIdentityPool": 20}, GuestsPerSecond: 1, GuestBurst: 20,
	})
	db, err := pgconn.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	// exchanges is how often the node that has exchanged its notices least often has.
	exchanges := func() (least int) {
		t.Helper()
		rows, err := db.Exec(t.Context(), `SELECT min(number), count(*) FROM notices`).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		least, err = strconv.Atoi(string(rows[0].Rows[0][0]))
		if err != nil || string(rows[0].Rows[0][1]) != "2" {
			return 0
		}
		return least
	}
	f[0].waitFor("the nodes know each other", func() bool { return exchanges() > 1 })
	for what, ask := range map[string]func(s *story) error{
		"DescribeIdentityPool": func(s *story) error {
			_, err := call(s.clientOf("us-east-1"), "DescribeIdentityPool", map[string]any{"IdentityPoolId": s.pool})
			return err
		},
		"guests": func(s *story) error {
			_, err := s.getID("")
			return err
		},
	} {
		got, since := 0, 0
		for n := 0; since == 0 || exchanges() <= since+1; n++ {
			switch err := ask(f[n%2]); {
			case err == nil:
				got, since = got+1, exchanges()
			case !strings.Contains(err.Error(), "Rate exceeded"):
				t.Fatal(err)
			}
		}
		if got < 20 || got > 32 {
			t.Errorf("%s: %d got through, want 20, or half as many more at most", what, got)
		}
	}
}

// The background work of several nodes gets done, and none of them fails for another's.
func TestFleetTidies(t *testing.T) {
	var log logged
	database := pgtest.Database(t)
	f := newFleetOn(t, 3, database, daypasstest.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	db, err := pgconn.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	var pools []string
	for n := range 6 {
		pools = append(pools, f[n%3].mustCreatePool("us-east-1"))
	}
	var all sync.WaitGroup
	for n, s := range f {
		all.Go(func() {
			for _, pool := range pools {
				for range 5 {
					if _, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": pool}); err != nil {
						t.Errorf("node %d: %v", n, err)
					}
				}
			}
		})
	}
	all.Wait()
	for n, pool := range pools {
		all.Go(func() {
			if _, err := call(f[(n+1)%3].clientOf("us-east-1"), "DeleteIdentityPool", map[string]any{"IdentityPoolId": pool}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	f[0].waitFor("the identities of deleted pools go", func() bool {
		rows, err := db.Exec(t.Context(), `SELECT (SELECT count(*) FROM identities) + (SELECT count(*) FROM dead_pools)`).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return string(rows[0].Rows[0][0]) == "0"
	})
	for _, s := range f { // which writes down the rest
		s.server.Close()
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "level=ERROR") {
			t.Errorf("logged %s", line)
		}
	}
	rows, err := db.Exec(t.Context(), `SELECT count(*) FROM notices`).ReadAll()
	if err != nil || string(rows[0].Rows[0][0]) != "0" {
		t.Errorf("nodes that have ended leave notices: %v, %v", rows, err)
	}
}

// kidsAt are the key ids that a node publishes.
func kidsAt(t *testing.T, url string) []string {
	t.Helper()
	return (&story{t: t, server: &daypasstest.Server{URL: url}}).kids()
}
