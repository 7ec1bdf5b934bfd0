package instance_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// sickStore is a store with an STS that behaves as it is told, well unless it is.
type sickStore struct {
	*httptest.Server
	// takes says whether it gives sessions for a token of these claims; nil for one
	// that takes tokens for itself which have not expired, and believes signatures.
	takes func(claims map[string]any) bool
	// session answers a request for a session that is granted; nil for credentials.
	session http.HandlerFunc
	// s3 answers a request of S3, if it does.
	s3 func(w http.ResponseWriter, r *http.Request) bool
	// date is its clock.
	date func() time.Time

	mu       sync.Mutex
	objects  map[string]bool
	policies map[string]string // by session token
	tokens   []string
}

const storeSecret = "wJalrXUtnFEMIxK7MDENGxbPxRfiCYSTORESECRET"

func newSickStore(t *testing.T, now func() time.Time) *sickStore {
	t.Helper()
	s := &sickStore{objects: map[string]bool{}, policies: map[string]string{}, date: now}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *sickStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.date().UTC().Format(http.TimeFormat))
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	if form.Get("Action") == "" {
		s.serveS3(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if token := form.Get("WebIdentityToken"); token != "" {
		s.tokens = append(s.tokens, token)
		claims := map[string]any{}
		parts := strings.Split(token, ".")
		if text, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			_ = json.Unmarshal(text, &claims)
		}
		head, _ := base64.RawURLEncoding.DecodeString(parts[0])
		claims["alg"] = string(head)
		takes := s.takes
		if takes == nil {
			takes = s.wise
		}
		if !takes(claims) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not "+token+"</Message></Error></ErrorResponse>")
			return
		}
	}
	if s.session != nil {
		s.session(w, r)
		return
	}
	name := fmt.Sprintf("SESSION%d", len(s.policies))
	s.policies[name] = form.Get("Policy")
	_, _ = fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult><Credentials><AccessKeyId>ASIASTORE</AccessKeyId><SecretAccessKey>%[2]s</SecretAccessKey>`+
		`<SessionToken>%[3]s</SessionToken><Expiration>%[4]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
		form.Get("Action"), storeSecret, name, s.date().Add(15*time.Minute).UTC().Format(time.RFC3339))
}

func (s *sickStore) wise(claims map[string]any) bool {
	return claims["aud"] == "daypass-target:store" && claims["exp"].(float64) > float64(s.date().Unix()) && strings.Contains(claims["alg"].(string), `"RS`)
}

// serveS3 is enough of S3, with the policies of the doctor's two sessions: the owner
// of the bucket, and one that has the prefix a/.
func (s *sickStore) serveS3(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if s.s3 != nil && s.s3(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	owner := strings.Contains(s.policies[r.Header.Get("X-Amz-Security-Token")], "s3:CreateBucket")
	own := strings.HasPrefix(key, "a/") || key == "" && strings.HasPrefix(r.URL.Query().Get("prefix"), "a/")
	path := bucket + "/" + key
	switch {
	case !owner && !own, r.Method != "PUT" && r.Method != "DELETE" && key != "" && !s.objects[path]:
		w.WriteHeader(http.StatusForbidden)
	case r.Method == "PUT":
		s.objects[path] = true
	case r.Method == "DELETE":
		delete(s.objects, path)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *sickStore) left() (left []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for path := range s.objects {
		left = append(left, path)
	}
	return left
}

// doctor examines a store, by web identity or with a service key.
type doctor struct {
	*story
	store *sickStore
	log   *logged
	clock *clock
}

func newDoctor(t *testing.T, dialect string, more ...string) *doctor {
	t.Helper()
	d := &doctor{log: &logged{}, clock: newClock()}
	d.store = newSickStore(t, d.clock.now)
	c := daypasstest.Config{Now: d.clock.now, Log: slog.New(slog.NewTextHandler(d.log, nil)), Targets: []string{"store=" + d.store.URL + "," + dialect}}
	if len(more) > 0 {
		c.TargetKeyFiles = map[string]string{"store": keyFile(t, "", sigv4.Credentials{AccessKeyID: "AKIASERVICEKEY", SecretAccessKey: more[0]})}
	}
	d.story = newStoryOf(t, c)
	return d
}

// examine gives the findings, each as "verdict check message", and sees to it that
// no secret is among them or in the log.
func (d *doctor) examine() (findings []string) {
	d.t.Helper()
	began := time.Now()
	answer, err := d.clientOf("us-east-1").JSON(d.t.Context(), admin.API, "DiagnoseTarget", map[string]any{"TargetName": "store"})
	if err != nil {
		d.t.Fatal(err)
	}
	if took := time.Since(began); took > 20*time.Second {
		d.t.Errorf("it takes %s", took)
	}
	var out admin.DiagnoseTargetResponse
	if err := json.Unmarshal(answer, &out); err != nil {
		d.t.Fatal(err)
	}
	for _, f := range out.Findings {
		findings = append(findings, f.Verdict+" "+f.Check+" "+f.Message)
	}
	said := string(answer) + d.log.String()
	for _, secret := range append(d.store.tokens, storeSecret, "SESSION0", "SESSION1", "eyJ", "a-service-secret") {
		if strings.Contains(said, secret) {
			d.t.Errorf("%.40s is in the answer or in the log", secret)
		}
	}
	return findings
}

// want wants sentences, each once, and no other finding that is wrong.
func (d *doctor) want(findings []string, want ...string) {
	d.t.Helper()
	for _, w := range want {
		n := 0
		for _, f := range findings {
			if strings.HasPrefix(f, w) {
				n++
			}
		}
		if n != 1 {
			d.t.Errorf("%d times %q in\n%s", n, w, strings.Join(findings, "\n"))
		}
	}
	for _, f := range findings {
		known := strings.HasPrefix(f, "ok ") || strings.HasPrefix(f, "skipped ") || strings.HasPrefix(f, "warning transport ") || strings.HasPrefix(f, "warning client-secret ")
		for _, w := range want {
			known = known || strings.HasPrefix(f, w)
		}
		if !known {
			d.t.Errorf("besides: %s", f)
		}
	}
}

const (
	agree      = "ok clock The clocks agree."
	gives      = "ok session The target gives sessions by web-identity, as long as asked for."
	apart      = "ok prefixes A session reaches its own prefix and no other."
	forgedIs   = "wrong empty-client-secret The target takes tokens that are signed with an empty client secret, which anybody can make. Set the client secret of its OpenID provider (MINIO_IDENTITY_OPENID_CLIENT_SECRET) to something random, or use a service key."
	unsignedIs = "wrong unsigned The target takes tokens without a signature. Do not use this store by web identity."
	expiredIs  = "wrong expired The target takes tokens that have expired. Check its clock."
	noSession  = "wrong session The target gives no session by web-identity: target: target-"
)

// A store that is well, and what is wrong with others: every finding has its
// sentence once, and what was put into the store is gone afterwards.
func TestDiagnoseTarget(t *testing.T) {
	for name, test := range map[string]struct {
		change func(d *doctor)
		want   []string
	}{
		"a good one": {func(*doctor) {}, []string{agree, gives, apart, "ok empty-client-secret The target refuses tokens that are signed with an empty client secret", "ok unsigned ", "ok pool-audience ", "ok expired ", "warning transport ", "warning client-secret "}},
		"forged tokens": {func(d *doctor) {
			d.store.takes = func(c map[string]any) bool { return d.store.wise(c) || strings.Contains(c["alg"].(string), "HS256") }
		}, []string{agree, gives, apart, forgedIs}},
		"every token": {func(d *doctor) { d.store.takes = func(map[string]any) bool { return true } },
			[]string{agree, gives, apart, forgedIs, unsignedIs, expiredIs, "wrong pool-audience The target takes tokens of the identity pool us-east-1:"}},
		"expired tokens": {func(d *doctor) {
			d.store.takes = func(c map[string]any) bool {
				return c["aud"] == "daypass-target:store" && strings.Contains(c["alg"].(string), `"RS`)
			}
		}, []string{agree, gives, apart, expiredIs}},
		"no token": {func(d *doctor) { d.store.takes = func(map[string]any) bool { return false } },
			[]string{agree, noSession + "refused: ", "ok expired ", "skipped prefixes There is no session to try it with: target: target-refused"}},
		"a clock that is wrong": {func(d *doctor) { d.store.date = func() time.Time { return d.clock.now().Add(-5 * time.Minute) } },
			[]string{"wrong clock The clocks of the target and of daypass are 5m0s apart: set both by NTP.", "warning session The target gives sessions by web-identity, but one of 15m0s lasts 10m0s. Credentials say how long they last.", apart}},
		"a huge answer": {func(d *doctor) {
			d.store.session = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("<a>", 1<<20)) }
		}, []string{agree, noSession + "answer: ", "skipped prefixes There is no session to try it with: target: target-answer"}},
		"a bomb": {func(d *doctor) {
			d.store.session = func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `<!DOCTYPE a [<!ENTITY b "`+storeSecret+`">]><a>&b;</a>`)
			}
		}, []string{agree, noSession + "answer: "}},
		"a redirect": {func(d *doctor) {
			d.store.session = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusTemporaryRedirect)
			}
		}, []string{agree, noSession + "address: "}},
		"a redirect of S3": {func(d *doctor) {
			d.store.s3 = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "http://169.254.169.254/latest", http.StatusTemporaryRedirect)
				return true
			}
		}, []string{agree, gives, "skipped prefixes The bucket daypass-doctor-"}},
		"a bucket that cannot be made": {func(d *doctor) {
			d.store.s3 = func(w http.ResponseWriter, r *http.Request) bool {
				w.WriteHeader(http.StatusForbidden)
				return true
			}
		}, []string{agree, gives, "skipped prefixes The bucket daypass-doctor-"}},
		"an object that cannot be put": {func(d *doctor) { d.store.s3 = deny("PUT", "/b/x") },
			[]string{agree, gives, "skipped prefixes An object cannot be put to try it with (status 403)."}},
		"its own prefix is out of reach": {func(d *doctor) { d.store.s3 = deny("PUT", "/a/x") },
			[]string{agree, gives, "wrong prefixes The target does not keep to session policies: a session cannot put in its own prefix (status 403); a session cannot get from its own prefix (status 403). Do not let users share a bucket there."}},
		"prefixes that are not kept apart": {func(d *doctor) {
			d.store.s3 = func(w http.ResponseWriter, r *http.Request) bool {
				return r.Method == "GET" && r.URL.RawQuery == "" && strings.HasSuffix(r.URL.Path, "/b/x")
			}
		}, []string{agree, gives, "wrong prefixes The target does not keep to session policies: a session can get from another's prefix (status 200). Do not let users share a bucket there."}},
		"no policies at all": {func(d *doctor) {
			d.store.s3 = func(w http.ResponseWriter, r *http.Request) bool { return r.Method == "GET" }
		}, []string{agree, gives, "wrong prefixes ", "warning prefix-header A session can list another's prefix with a header that names its own: "}},
		"a bucket that stays": {func(d *doctor) {
			d.store.s3 = func(w http.ResponseWriter, r *http.Request) bool {
				stays := r.Method == "DELETE" && strings.Count(r.URL.Path, "/") == 1
				if stays {
					w.WriteHeader(http.StatusConflict)
				}
				return stays
			}
		}, []string{agree, gives, apart, "warning clean-up The bucket daypass-doctor-"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoctor(t, "minio")
			test.change(d)
			d.want(d.examine(), test.want...)
			if left := d.store.left(); len(left) > 0 && name != "a bucket that stays" {
				t.Errorf("left behind: %s", left)
			}
			d.opensNothing()
		})
	}
}

// deny is an S3 that refuses one method at paths that end so.
func deny(method, end string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		refused := r.Method == method && strings.HasSuffix(r.URL.Path, end)
		if refused {
			w.WriteHeader(http.StatusForbidden)
		}
		return refused
	}
}

// opensNothing sees to it that no token that the store was shown is good here, for a
// role that trusts them all.
func (d *doctor) opensNothing() {
	d.t.Helper()
	for _, token := range d.store.tokens {
		answer, err := d.public().Query(d.t.Context(), sts.API, "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::123456789012:role/user", "RoleSessionName", "s1", "WebIdentityToken", token)
		if err == nil {
			d.t.Errorf("a token that the doctor shows opens a role: %s", answer)
		}
	}
	if len(d.store.tokens) == 0 {
		d.t.Error("no token was shown")
	}
}

// With a service key the same is asked, and neither its secret nor what it signs is
// told.
func TestDiagnoseTargetByServiceKey(t *testing.T) {
	d := newDoctor(t, "seaweedfs", "a-service-secret")
	d.query("TagRole", "RoleName", "user", "Tags.member.1.Key", "daypass:target", "Tags.member.1.Value", "store", "Tags.member.2.Key", "daypass:target-role", "Tags.member.2.Value", targetRole)
	d.store.takes = func(map[string]any) bool { return false }
	d.want(d.examine(), agree, "wrong session The target gives no session by service-key: target: target-role-unset", "ok empty-client-secret ")
	answer, err := d.daypass("DiagnoseTarget", map[string]any{"TargetName": "store", "RoleName": "user"})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(answer); !strings.Contains(text, "The target gives sessions by service-key, as long as asked for.") || !strings.Contains(text, "A session reaches its own prefix and no other.") {
		t.Error(text)
	}
	d.store.Close()
	d.want(d.examine(), "wrong reach The target cannot be reached (target-unavailable): ")
}
