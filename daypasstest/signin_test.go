package daypasstest_test

import (
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
)

const readsPhotos = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"}}`

// code is the AWS error code of an error.
func code(err error) string {
	if coded, ok := errors.AsType[interface {
		error
		ErrorCode() string
	}](err); ok {
		return coded.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// Somebody signs in by each kind of provider, and is the same person the next time.
func TestSignIn(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	p, u := d.Provider(t), d.UserPool(t)
	pool := d.Pool(t, daypasstest.PoolConfig{
		Providers: []*daypasstest.Provider{p}, SAML: []*daypasstest.Provider{p}, UserPools: []*daypasstest.UserPool{u}, Guests: true, Authenticated: readsPhotos,
	})
	for name, logins := range map[string]func() map[string]string{
		"OpenID Connect": func() map[string]string { return map[string]string{p.Name: p.Token(t, "alice")} },
		"SAML":           func() map[string]string { return map[string]string{p.SAML(): p.Response(t, "alice", nil)} },
		"a user pool": func() map[string]string {
			return map[string]string{u.Name: u.IDToken(t, daypasstest.User{Name: "alice", Groups: []string{"staff"}})}
		},
	} {
		first, err := pool.SignIn(t, logins())
		if err != nil {
			t.Errorf("%s: %v, because of %+v", name, err, d.LastRefusal())
			continue
		}
		second, err := pool.SignIn(t, logins())
		if err != nil || first.IdentityID != second.IdentityID {
			t.Errorf("%s: %s, then %s, %v", name, first.IdentityID, second.IdentityID, err)
		}
		if first.SessionToken == "" || !first.Expiration.After(d.Now()) {
			t.Errorf("%s: %+v", name, first)
		}
	}
	guest, err := pool.SignIn(t, nil)
	if err != nil || guest.IdentityID == "" {
		t.Errorf("a guest: %+v, %v", guest, err)
	}
	if got := d.Refusals(); len(got) != 0 {
		t.Errorf("refused: %+v", got)
	}
}

// What has to be refused is refused, and the test learns why.
func TestBadSignIns(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	p, u := d.Provider(t), d.UserPool(t)
	pool := d.Pool(t, daypasstest.PoolConfig{
		Providers: []*daypasstest.Provider{p}, SAML: []*daypasstest.Provider{p}, UserPools: []*daypasstest.UserPool{u},
	})
	refused := func(name, wantCause string, logins map[string]string) {
		t.Helper()
		_, err := pool.SignIn(t, logins)
		if got := code(err); got != "NotAuthorizedException" {
			t.Errorf("%s: %v", name, err)
		}
		if r := d.LastRefusal(); wantCause != "" && r.Cause != wantCause || r.Operation != "GetId" || r.Code != "NotAuthorizedException" || r.RequestID == "" {
			t.Errorf("%s: %+v, want %s", name, r, wantCause)
		}
	}
	causes := map[string]string{"expired": "login-token-expired", "audience": "login-audience-mismatch", "signature": "login-signature-invalid"}
	for _, kind := range daypasstest.BadTokens() {
		refused(kind, causes[kind], map[string]string{p.Name: p.BadToken(t, kind, "alice")})
	}
	for _, kind := range daypasstest.BadResponses() {
		refused("SAML, "+kind, "", map[string]string{p.SAML(): p.BadResponse(t, kind, "alice", nil)})
	}
	refused("an access token", "login-access-token", map[string]string{u.Name: u.AccessToken(t, daypasstest.User{Name: "alice"})})
	refused("no guests", "guests-refused", nil)
	other := d.Provider(t)
	refused("another provider's token", "login-issuer-mismatch", map[string]string{p.Name: other.Token(t, "alice")})
}

// A provider that is down is an external service that cannot be reached.
func TestStoppedProvider(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	p := d.Provider(t)
	pool := d.Pool(t, daypasstest.PoolConfig{Providers: []*daypasstest.Provider{p}})
	token := p.Token(t, "alice")
	p.Stop()
	if _, err := pool.SignIn(t, map[string]string{p.Name: token}); code(err) != "ExternalServiceException" {
		t.Errorf("%v, because of %+v", err, d.LastRefusal())
	}
}

// Time passes for the server and not for its clients: credentials and tokens expire,
// and signatures stay good.
func TestAdvance(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	p := d.Provider(t)
	pool := d.Pool(t, daypasstest.PoolConfig{Providers: []*daypasstest.Provider{p}})
	old := p.Token(t, "alice")
	before, err := pool.SignIn(t, map[string]string{p.Name: old})
	if err != nil {
		t.Fatal(err)
	}
	began := d.Now()
	d.Advance(2 * time.Hour)
	if passed := d.Now().Sub(began); passed < 2*time.Hour || passed > 3*time.Hour {
		t.Errorf("%v have passed", passed)
	}
	if _, err := pool.SignIn(t, map[string]string{p.Name: old}); code(err) != "NotAuthorizedException" || d.LastRefusal().Cause != "login-token-expired" {
		t.Errorf("an old token: %v, %+v", err, d.LastRefusal())
	}
	after, err := pool.SignIn(t, map[string]string{p.Name: p.Token(t, "alice")})
	if err != nil || after.IdentityID != before.IdentityID || after.Expiration.Sub(before.Expiration) < 2*time.Hour {
		t.Errorf("%+v, then %+v, %v", before, after, err)
	}
	d.User(t, readsPhotos) // which root signs for, by a clock that is two hours behind
}

// What a test asks for happens, as often as it asks, and to nothing else.
func TestFaults(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	pool := d.Pool(t, daypasstest.PoolConfig{Guests: true})
	for name, test := range map[string]struct {
		fault   daypasstest.Fault
		code    string
		refused string
	}{
		"throttled":            {daypasstest.Throttle, "TooManyRequestsException", "TooManyRequestsException"},
		"failed":               {daypasstest.InternalError, "InternalErrorException", "InternalErrorException"},
		"an external service":  {daypasstest.ExternalService, "ExternalServiceException", "ExternalServiceException"},
		"a connection cut off": {daypasstest.CutConnection, "EOF", "InternalErrorException"},
	} {
		test.fault.Times = 1
		d.Fail("GetCredentialsForIdentity", test.fault)
		if _, err := pool.SignIn(t, nil); !strings.Contains(code(err), test.code) {
			t.Errorf("%s: %v", name, err)
		}
		if r := d.LastRefusal(); r.Cause != "fault-on-purpose" || r.Code != test.refused {
			t.Errorf("%s: %+v", name, r)
		}
		if _, err := pool.SignIn(t, nil); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	d.Fail("GetId", daypasstest.Fault{Delay: time.Millisecond, Kind: daypasstest.Throttle.Kind})
	for range 3 {
		if _, err := pool.SignIn(t, nil); code(err) != "TooManyRequestsException" {
			t.Errorf("every time: %v", err)
		}
	}
	d.Heal()
	if _, err := pool.SignIn(t, nil); err != nil {
		t.Errorf("healed: %v", err)
	}
}

// A slow operation waits no longer than its client.
func TestDelay(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	d.Fail("GetId", daypasstest.Fault{Delay: 5 * time.Minute})
	c := &http.Client{Timeout: 50 * time.Millisecond}
	r, err := http.NewRequestWithContext(t.Context(), "POST", d.URL, strings.NewReader(`{"IdentityPoolId":"us-east-1:00000000-0000-4000-8000-000000000000"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService.GetId")
	answer, err := c.Do(r)
	if err == nil {
		answer.Body.Close()
		t.Errorf("%s", answer.Status)
	}
	d.Close() // which waits for the request
	if r := d.LastRefusal(); r.Cause != "client-gone" {
		t.Errorf("%+v", r)
	}
}

// fatal catches what a test would have ended with.
type fatal struct {
	testing.TB
	text string
}

func (f *fatal) Helper() {}
func (f *fatal) Fatalf(format string, args ...any) {
	f.text = strings.TrimSpace(strings.ReplaceAll(format, "%v", "") + " " + errorText(args))
	panic(f)
}

func errorText(args []any) string {
	for _, a := range args {
		if err, ok := a.(error); ok {
			return err.Error()
		}
	}
	return ""
}

// What cannot be is said at once.
func TestMistakes(t *testing.T) {
	f := &fatal{TB: t}
	d := daypasstest.Start(f, daypasstest.Config{})
	for name, test := range map[string]struct {
		do   func()
		want string
	}{
		"no such operation":        {func() { d.Fail("GetID", daypasstest.Throttle) }, "there is no operation GetID"},
		"no such fault":            {func() { d.Fail("GetId", daypasstest.Fault{Kind: "flood"}) }, `there is no fault of kind "flood"`},
		"it never answers so":      {func() { d.Fail("CreateIdentityPool", daypasstest.ExternalService) }, "CreateIdentityPool never answers with ExternalServiceException"},
		"too slow":                 {func() { d.Fail("GetId", daypasstest.Fault{Delay: time.Hour}) }, "a delay is at most 5m0s"},
		"less often than never":    {func() { d.Fail("GetId", daypasstest.Fault{Delay: 1, Times: -1}) }, "the number of times is at least 1"},
		"the past":                 {func() { d.Advance(-time.Hour) }, "the clock does not go back"},
		"a future too far":         {func() { d.Advance(math.MaxInt64) }, "by 100 years at most in all"},
		"no such kind of token":    {func() { d.Provider(t).BadToken(f, "rotten", "alice") }, `there is no bad token of kind "rotten"; there are alg-none`},
		"no such kind of response": {func() { d.Provider(t).BadResponse(f, "rotten", "alice", nil) }, `there is no bad response of kind "rotten"`},
	} {
		f.text = ""
		func() {
			defer func() { recover() }()
			test.do()
		}()
		if !strings.Contains(f.text, test.want) {
			t.Errorf("%s: %q, want %q", name, f.text, test.want)
		}
	}
	elsewhere := daypasstest.Start(t, daypasstest.Config{ProviderEndpoints: map[string]string{"cognito-idp.us-east-1.amazonaws.com": "http://127.0.0.1:1"}})
	func() {
		defer func() { recover() }()
		elsewhere.UserPool(f)
	}()
	if !strings.Contains(f.text, "Config.ProviderEndpoints sends") {
		t.Errorf("%q", f.text)
	}
}
