package interop

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/idp"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "daypass-interop-")
	if err != nil {
		panic(err)
	}
	buildDir = dir
	if signal.Ignored(syscall.SIGHUP) { // as under nohup: a program inherits what is ignored, but not what is caught
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	code := m.Run()
	_ = os.RemoveAll(dir) // a temporary directory
	os.Exit(code)
}

// need gives the path of an outside program, or of the program that has an
// outside library. Without it the test is skipped, or fails where
// DAYPASS_TEST_REQUIRE asks for it.
func need(t *testing.T, what string) string {
	t.Helper()
	path, err := find(what)
	if err == nil {
		return path
	}
	for _, required := range strings.Split(os.Getenv("DAYPASS_TEST_REQUIRE"), ",") {
		if required == what || required == "all" {
			t.Fatalf("%s is missing, and DAYPASS_TEST_REQUIRE asks for it: %v", what, err)
		}
	}
	t.Skipf("%s is missing: %v", what, err)
	return ""
}

func find(what string) (string, error) {
	switch what {
	case "boto3", "moto":
		python := os.Getenv("DAYPASS_TEST_PYTHON")
		if python == "" {
			python = "python3"
		}
		module := map[string]string{"boto3": "boto3", "moto": "moto.server"}[what]
		if out, err := exec.Command(python, "-c", "import boto3, "+module).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", python, err, out)
		}
		return exec.LookPath(python)
	case "node", "amplify", "oidc":
		if err := installNodeModules(what); err != nil {
			return "", err
		}
		return exec.LookPath("node")
	case "awscli2":
		return findAWSCLI2()
	case "nginx", "haproxy": // where Debian has them, which is not on everybody's path
		if path, err := exec.LookPath("/usr/sbin/" + what); err == nil {
			return path, nil
		}
	case "versitygw", "minio", "mc", "seaweedfs", "ceph", "pebble":
		return findPartner(what)
	case "terraform":
		if os.Getenv("TF_TEST_PLUGIN_DIR") == "" {
			return "", errors.New("TF_TEST_PLUGIN_DIR is not set")
		}
	}
	return exec.LookPath(what)
}

// findPartner finds the binary of a store, in the version that scripts/partners
// pins; of Ceph, its gateway's.
func findPartner(name string) (string, error) {
	out, err := exec.Command("../scripts/partners", "--found", name).Output()
	if err != nil {
		return "", fmt.Errorf("scripts/partners %s builds it: %w", name, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// findAWSCLI2 finds a Python that has version 2 of the AWS CLI, as Debian's
// package brings it.
func findAWSCLI2() (string, error) {
	var failed error
	for _, python := range []string{os.Getenv("DAYPASS_TEST_PYTHON"), "python3", "/usr/bin/python3"} {
		if python == "" {
			continue
		}
		out, err := exec.Command(python, "-c", "import awscli; print(awscli.__version__)").Output()
		if err == nil && strings.HasPrefix(string(out), "2.") {
			return exec.LookPath(python)
		}
		failed = fmt.Errorf("%s has the AWS CLI %q, %w", python, out, err)
	}
	return "", failed
}

// installing has one test at a time install packages.
var installing sync.Mutex

// installNodeModules makes a folder's node_modules what its package-lock.json
// says.
func installNodeModules(folder string) error {
	installing.Lock()
	defer installing.Unlock()
	lock, err := os.Stat(folder + "/package-lock.json")
	if err != nil {
		return err
	}
	if installed, err := os.Stat(folder + "/node_modules/.package-lock.json"); err == nil && !installed.ModTime().Before(lock.ModTime()) {
		return nil
	}
	out, err := exec.Command("npm", "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline").CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, out)
	}
	return nil
}

// buildDir is where binary builds, TestMain's to make and remove.
var buildDir string

// binary is daypass, built once for all tests that want a process of its own.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(buildDir, "daypass")
	build := exec.Command("go", "build", "-o", path, "./cmd/daypass")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
})

// startProcess runs "daypass serve --dev" and gives its endpoint. At the end of
// the test it must stop cleanly.
func startProcess(t *testing.T) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "serve", "--dev", "--listen", "127.0.0.1:0", "--account-id", daypasstest.Account, "--log-level", "debug")
	c.Stderr = t.Output()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt) // if it has ended, Wait says so
		for lines.Scan() {
		}
		if err := c.Wait(); err != nil {
			t.Errorf("daypass: %v", err)
		}
	})
	for lines.Scan() {
		if _, endpoint, ok := strings.Cut(lines.Text(), "endpoint  "); ok {
			return endpoint
		}
	}
	t.Fatal("daypass does not start")
	return ""
}

// run runs a program with an environment of its own, and fails the test unless
// the program does its work. It gives what the program prints.
func run(t *testing.T, env []string, program string, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(t.Context(), program, args...)
	c.Env, c.Stdout, c.Stderr = env, &stdout, &stderr
	if err := c.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(program), strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.Bytes()
}

// untilLine starts a program, which gets SIGTERM at the end of the test, waits for a
// line with a text in what it writes to out, and gives the rest of that line.
func untilLine(t *testing.T, c *exec.Cmd, out io.Reader, text string) string {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended, found := make(chan bool), make(chan string, 1)
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		<-ended
		_ = c.Wait() // it says that it was ended
	})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			t.Log(lines.Text())
			if _, rest, ok := strings.Cut(lines.Text(), text); ok {
				select {
				case found <- rest:
				default: // the first counts
				}
			}
		}
	}()
	select {
	case rest := <-found:
		return rest
	case <-ended:
		t.Fatalf("%s ends without %q", c.Path, text)
	}
	return ""
}

// environment is that of a client which knows nothing but what it is told: no
// home, no configuration files, no instance metadata.
func environment(t *testing.T, more ...string) []string {
	t.Helper()
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LANG=C.UTF-8",
		"AWS_DEFAULT_REGION=" + daypasstest.Region, "AWS_DEFAULT_OUTPUT=json", "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true",
	}, more...)
}

// The people who can sign in, and the applications that they can sign in at.
const (
	alice, bob  = "alice", "bob"
	password    = "correct horse"
	app         = "photos-app"
	otherApp    = "other-app"
	redirectURI = "http://127.0.0.1/callback"
)

// provider is an OpenID provider that people sign in at over HTTP.
type provider struct {
	*idp.Server
	// ago is how far its clock is behind, in nanoseconds.
	ago atomic.Int64
}

func startProvider(t *testing.T) *provider { return startProviderAt(t, "") }

// startProviderAt starts one whose issuer has a path.
func startProviderAt(t *testing.T, path string) *provider {
	t.Helper()
	p := &provider{}
	server, err := idp.Start(t.Context(), idp.Config{
		Issuer: path,
		Users:  []idp.User{{Subject: alice, Password: password}, {Subject: bob, Password: password}},
		Clients: []idp.Client{
			{ID: app, RedirectURIs: []string{redirectURI}},
			{ID: otherApp, RedirectURIs: []string{redirectURI}},
		},
		Now: func() time.Time { return time.Now().Add(-time.Duration(p.ago.Load())) },
	}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.Server = server
	t.Cleanup(func() { _ = server.Close() })
	return p
}

// name is the key of the provider's tokens in a Logins map.
func (p *provider) name() string { return strings.TrimPrefix(p.URL, "http://") }

// arn names the provider in IAM.
func (p *provider) arn() string {
	return "arn:aws:iam::" + daypasstest.Account + ":oidc-provider/" + p.name()
}

// signIn signs somebody in at an application and gives the ID token.
func (p *provider) signIn(t *testing.T, application, user string) string {
	t.Helper()
	tokens, err := idp.RelyingParty{Issuer: p.URL, ClientID: application, RedirectURI: redirectURI}.SignIn(t.Context(), user, password)
	if err != nil {
		t.Fatal(err)
	}
	return tokens.IDToken
}

// signInLongAgo signs somebody in two hours ago, so that the token has expired.
func (p *provider) signInLongAgo(t *testing.T, user string) string {
	t.Helper()
	p.ago.Store(int64(2 * time.Hour))
	defer p.ago.Store(0)
	return p.signIn(t, app, user)
}

// logins is a Logins map with one token.
func (p *provider) logins(token string) map[string]string { return map[string]string{p.name(): token} }

// claims reads what a token says without verifying it.
func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	var c map[string]any
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// forge changes the subject that a token names.
func forge(t *testing.T, token, subject string) string {
	t.Helper()
	c := claims(t, token)
	c["sub"] = subject
	payload, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString(payload)
	return strings.Join(parts, ".")
}

// clients are the SDK's clients of one caller.
type clients struct {
	cognito *cognitoidentity.Client
	iam     *iam.Client
	sts     *sts.Client
}

// connect makes clients. They try once: nothing that a test does may need a
// second try.
func connect(endpoint string, caller aws.CredentialsProvider) clients {
	c := aws.Config{Region: daypasstest.Region, BaseEndpoint: &endpoint, RetryMaxAttempts: 1, Credentials: caller}
	return clients{cognitoidentity.NewFromConfig(c), iam.NewFromConfig(c), sts.NewFromConfig(c)}
}

func static(id, secret, token string) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(id, secret, token)
}

func root() aws.CredentialsProvider {
	return static(daypasstest.AccessKeyID, daypasstest.SecretAccessKey, "")
}

// holder are credentials as GetCredentialsForIdentity gives them.
func holder(c *cognitotypes.Credentials) aws.CredentialsProvider {
	return static(*c.AccessKeyId, *c.SecretKey, *c.SessionToken)
}

// must unwraps the answer to a call that has to succeed.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// The roles of a shop.
const (
	userRole  = "users"
	guestRole = "guests"
)

// shop is an account that is set up: a provider, a pool that takes its logins
// and guests, and a role for each.
type shop struct {
	endpoint string
	root     clients
	// public has no credentials, as an app on somebody's phone.
	public   clients
	provider *provider
	pool     string
}

// openShop sets an account up, as root.
func openShop(t *testing.T, endpoint string) *shop {
	t.Helper()
	s := &shop{endpoint: endpoint, root: connect(endpoint, root()), public: connect(endpoint, nil), provider: startProvider(t)}
	s.trust(t, s.provider)
	s.pool = s.newPool(t, true, s.provider)
	s.newRole(t, userRole, s.pool, "authenticated")
	s.newRole(t, guestRole, s.pool, "unauthenticated")
	s.setRoles(t, s.pool, userRole, guestRole)
	return s
}

// trust makes the account trust a provider's tokens for the app.
func (s *shop) trust(t *testing.T, p *provider) {
	t.Helper()
	made := must(s.root.iam.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: &p.URL, ClientIDList: []string{app},
	}))(t)
	if got := *made.OpenIDConnectProviderArn; got != p.arn() {
		t.Fatalf("the provider is %s, want %s", got, p.arn())
	}
}

// newPool makes a pool that takes the logins of providers.
func (s *shop) newPool(t *testing.T, guests bool, providers ...*provider) string {
	t.Helper()
	in := &cognitoidentity.CreateIdentityPoolInput{IdentityPoolName: aws.String("photos"), AllowUnauthenticatedIdentities: guests}
	for _, p := range providers {
		in.OpenIdConnectProviderARNs = append(in.OpenIdConnectProviderARNs, p.arn())
	}
	return *must(s.root.cognito.CreateIdentityPool(t.Context(), in))(t).IdentityPoolId
}

func roleARN(name string) string { return "arn:aws:iam::" + daypasstest.Account + ":role/" + name }

// trustPolicy is the usual trust policy of a pool's role: the pool in aud, the
// kind of user in amr.
func trustPolicy(pool, kind string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Federated":"cognito-identity.amazonaws.com"},"Action":"sts:AssumeRoleWithWebIdentity",
		"Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":%q},
		"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":%q}}}]}`, pool, kind)
}

func (s *shop) newRole(t *testing.T, name, pool, kind string) {
	t.Helper()
	made := must(s.root.iam.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: aws.String(trustPolicy(pool, kind)),
	}))(t)
	if got, want := *made.Role.Arn, roleARN(name); got != want {
		t.Fatalf("the role is %s, want %s", got, want)
	}
}

func (s *shop) setRoles(t *testing.T, pool, users, guests string) {
	t.Helper()
	must(s.root.cognito.SetIdentityPoolRoles(t.Context(), &cognitoidentity.SetIdentityPoolRolesInput{
		IdentityPoolId: &pool,
		Roles:          map[string]string{"authenticated": roleARN(users), "unauthenticated": roleARN(guests)},
	}))(t)
}

// getID gives the identity of a login; without a login, a new guest.
func (s *shop) getID(t *testing.T, pool string, logins map[string]string) string {
	t.Helper()
	return *must(s.public.cognito.GetId(t.Context(), &cognitoidentity.GetIdInput{IdentityPoolId: &pool, Logins: logins}))(t).IdentityId
}

// getCredentials gives an identity's credentials in the enhanced flow.
func (s *shop) getCredentials(t *testing.T, identity string, logins map[string]string) *cognitotypes.Credentials {
	t.Helper()
	return must(s.public.cognito.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{
		IdentityId: &identity, Logins: logins,
	}))(t).Credentials
}

// getOpenIDToken gives an identity's token, the first half of the basic flow.
func (s *shop) getOpenIDToken(t *testing.T, identity string, logins map[string]string) string {
	t.Helper()
	return *must(s.public.cognito.GetOpenIdToken(t.Context(), &cognitoidentity.GetOpenIdTokenInput{IdentityId: &identity, Logins: logins}))(t).Token
}

// identities lists the identities of a pool.
func (s *shop) identities(t *testing.T, pool string) []string {
	t.Helper()
	var all []string
	in := &cognitoidentity.ListIdentitiesInput{IdentityPoolId: &pool, MaxResults: aws.Int32(60)}
	for {
		page := must(s.root.cognito.ListIdentities(t.Context(), in))(t)
		for _, i := range page.Identities {
			all = append(all, *i.IdentityId)
		}
		if in.NextToken = page.NextToken; page.NextToken == nil {
			slices.Sort(all)
			return all
		}
	}
}

// wantCaller holds that credentials are those of a session of a role.
func wantCaller(t *testing.T, endpoint string, c aws.CredentialsProvider, role, session string) {
	t.Helper()
	who := must(connect(endpoint, c).sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t)
	if got, want := *who.Arn, sessionARN(role, session); got != want {
		t.Errorf("the caller is %s, want %s", got, want)
	}
	if !strings.HasPrefix(*who.UserId, "AROA") || !strings.HasSuffix(*who.UserId, ":"+session) || *who.Account != daypasstest.Account {
		t.Errorf("the caller is %s of %s", *who.UserId, *who.Account)
	}
}

// enhancedSession is the session name of the enhanced flow.
const enhancedSession = "CognitoIdentityCredentials"

func sessionARN(role, session string) string {
	return "arn:aws:sts::" + daypasstest.Account + ":assumed-role/" + role + "/" + session
}
