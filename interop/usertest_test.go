package interop

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/daypass/daypass/daypasstest"
)

// TestUsersTest is what docs/testing.md shows.
func TestUsersTest(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	google := d.Provider(t)
	pool := d.Pool(t, daypasstest.PoolConfig{Providers: []*daypasstest.Provider{google}})
	app := cognitoidentity.NewFromConfig(d.AWSConfig())
	d.Fail("GetId", daypasstest.Fault{Kind: daypasstest.Throttle.Kind, Times: 1}) // the SDK tries again
	id, err := app.GetId(t.Context(), &cognitoidentity.GetIdInput{
		IdentityPoolId: &pool.ID, Logins: map[string]string{google.Name: google.Token(t, "alice")}})
	if err != nil || d.LastRefusal().Code != "TooManyRequestsException" {
		t.Fatal(err, d.LastRefusal())
	}
	alice, err := pool.SignIn(t, map[string]string{google.Name: google.Token(t, "alice")})
	if err != nil || alice.IdentityID != *id.IdentityId {
		t.Fatal(alice, err)
	}
	d.Advance(2 * time.Hour) // and her credentials have expired
	_, err = sts.NewFromConfig(d.AWSConfigOf(alice)).GetCallerIdentity(t.Context(), nil)
	if err == nil || d.LastRefusal().Code != "ExpiredToken" {
		t.Error(err, d.LastRefusal())
	}
}

// The page has the test as it is here.
func TestUsersTestIsDocumented(t *testing.T) {
	source, page := string(must(os.ReadFile("usertest_test.go"))(t)), string(must(os.ReadFile("../docs/testing.md"))(t))
	begin, end := strings.Index(source, "func TestUsersTest("), strings.Index(source, "\n// The page has")
	shown := strings.TrimSpace(source[begin:end])
	if !strings.Contains(page, shown) {
		t.Errorf("docs/testing.md does not show\n%s", shown)
	}
	if lines := strings.Count(shown, "\n"); lines > 25 {
		t.Errorf("%d lines are more than a stranger wants to read", lines)
	}
}

// The errors of a fault are those that the SDK has types for.
func TestFaultsAreTyped(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	config := d.AWSConfig()
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	app := cognitoidentity.NewFromConfig(config)
	in := &cognitoidentity.GetIdInput{IdentityPoolId: &d.Pool(t, daypasstest.PoolConfig{Guests: true}).ID}
	get := func(f daypasstest.Fault) error {
		f.Times = 1
		d.Fail("GetId", f)
		_, err := app.GetId(t.Context(), in)
		return err
	}
	if _, ok := errors.AsType[*types.TooManyRequestsException](get(daypasstest.Throttle)); !ok {
		t.Error("not throttled")
	}
	if _, ok := errors.AsType[*types.InternalErrorException](get(daypasstest.InternalError)); !ok {
		t.Error("no internal error")
	}
	if _, ok := errors.AsType[*types.ExternalServiceException](get(daypasstest.ExternalService)); !ok {
		t.Error("no external service")
	}
	if err := get(daypasstest.CutConnection); err == nil || !strings.Contains(err.Error(), "EOF") {
		t.Errorf("cut: %v", err)
	}
	if err := get(daypasstest.Fault{Delay: time.Millisecond}); err != nil {
		t.Errorf("slow: %v", err)
	}
}

// The fixture and the test of the page run as they stand there.
func TestPythonFixtureIsDocumented(t *testing.T) {
	python := need(t, "boto3")
	_, code, _ := strings.Cut(string(must(os.ReadFile("../docs/testing.md"))(t)), "```python\n")
	code, _, _ = strings.Cut(code, "```")
	path := filepath.Join(t.TempDir(), "conftest.py")
	code += "\n\nimport sys\nwith daypass(sys.argv[1]) as fixture:\n    test_guest_is_throttled(fixture)\n"
	if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, environment(t), python, path, must(binary())(t))
}
