package interop

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/minio/minio-go/v7"

	"github.com/daypass/daypass/daypasstest"
)

// gatewayAdmin is the gateway's own administrator.
var gatewayAdmin = tenant{AccessKeyID: "gateway-admin", SecretAccessKey: "the administrator of the gateway"}

// gatewayed is a store behind versitygw, which leaves identities to daypass.
type gatewayed struct {
	*store
	server *daypasstest.Server
	// behind is how far daypass's clock is, in nanoseconds.
	behind atomic.Int64
	// gateway is the access key of the gateway's user.
	gateway *iam.CreateAccessKeyOutput
}

// openGatewayed starts a daypass, and a versitygw over a folder or another store.
func openGatewayed(t *testing.T, folder string, env ...string) *gatewayed {
	t.Helper()
	g := &gatewayed{}
	g.server = daypasstest.Start(t, daypasstest.Config{Now: func() time.Time { return time.Now().Add(-time.Duration(g.behind.Load())) }})
	g.store = &store{shop: openShop(t, g.server.URL)}
	g.gateway = g.newUser(t, "gateway", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"daypass:ServeGateway","Resource":"*"}}`)
	g.s3 = "http://" + startVersity(t, g.gateway, folder, g.server.GatewaySocket(), env...)
	if err := g.client(t, gatewayAdmin).MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{userRole, guestRole} {
		g.setPolicy(t, role, ownPrefix)
	}
	g.alice, g.bob, g.guest, g.other = g.tenant(t, alice), g.tenant(t, bob), g.tenant(t, ""), g.tenant(t, "")
	return g
}

func (g *gatewayed) newUser(t *testing.T, name, policy string) *iam.CreateAccessKeyOutput {
	t.Helper()
	must(g.root.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))(t)
	must(g.root.iam.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy}))(t)
	return must(g.root.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name}))(t)
}

// startVersity runs the recipe of versitygw until the test ends, and gives its
// address.
func startVersity(t *testing.T, by *iam.CreateAccessKeyOutput, folder, gateway string, env ...string) string {
	t.Helper()
	path := need(t, "versitygw")
	dir := must(os.MkdirTemp("", "versitygw-"))(t) // a short path: sockets have no others
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s3.sock")
	c := exec.Command("../recipes/versitygw", folder, socket, gateway)
	c.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "VERSITYGW=" + path, "AWS_CA_BUNDLE=/nowhere",
		"GATEWAY_KEY=" + *by.AccessKey.AccessKeyId, "GATEWAY_SECRET=" + *by.AccessKey.SecretAccessKey,
		"ADMIN_KEY=" + gatewayAdmin.AccessKeyID, "ADMIN_SECRET=" + gatewayAdmin.SecretAccessKey,
	}, env...)
	c.Stderr = t.Output()
	untilLine(t, c, must(c.StdoutPipe())(t), "listening on")
	for deadline := time.Now().Add(10 * time.Second); ; { // it says so before it listens
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
			return forward(t, socket)
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// Credentials of daypass work at versitygw over a directory, for each client as
// at S3.
func TestGatewayPOSIX(t *testing.T) {
	t.Parallel()
	g := openGatewayed(t, t.TempDir())
	g.departures = departuresOf["versitygw"]
	g.check(t)
}

// They work at versitygw in front of another store, which knows none of them.
func TestGatewayBeforeMinIO(t *testing.T) {
	t.Parallel()
	need(t, "minio")
	ca := newAuthority(t)
	endpoint := startSecureMinIO(t, ca)
	// versitygw 1.8.0 cannot copy with its s3 backend for others than its administrator.
	g := openGatewayed(t, endpoint, "SSL_CERT_FILE="+ca.file("ca.pem"), "STORE_KEY="+behindRoot, "STORE_SECRET="+behindRoot)
	g.departures = departuresOf["versitygw before S3"]
	g.check(t)
	c := g.client(t, g.alice)
	if err := g.put(t, g.alice, g.alice.key("x")); err != nil {
		t.Fatal(err)
	}
	_, err := c.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: bucket, Object: g.alice.key("y")}, minio.CopySrcOptions{Bucket: bucket, Object: g.alice.key("x")})
	if err == nil {
		t.Error("versitygw copies with its s3 backend: docs/stores.md says that it does not")
	}
}

const behindRoot = "the-root-of-minio"

// startSecureMinIO runs MinIO behind TLS until the test ends, and gives its endpoint.
func startSecureMinIO(t *testing.T, ca *authority) string {
	t.Helper()
	path := need(t, "minio")
	ca.issue(t, "minio")
	certs := t.TempDir()
	for from, to := range map[string]string{"minio.pem": "public.crt", "minio.key": "private.key"} {
		if err := os.WriteFile(filepath.Join(certs, to), must(os.ReadFile(ca.file(from)))(t), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(path, "server", "--certs-dir", certs, "--address", "127.0.0.1:0", t.TempDir())
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + certs, "MINIO_ROOT_USER=" + behindRoot, "MINIO_ROOT_PASSWORD=" + behindRoot, "MINIO_BROWSER=off", "MINIO_UPDATE=off"}
	return strings.TrimSpace(untilLine(t, c, must(c.StderrPipe())(t), "API: "))
}

// Everything that daypass decides counts at the gateway with the next request.
func TestGatewayFollowsDaypass(t *testing.T) {
	t.Parallel()
	g := openGatewayed(t, t.TempDir())
	mayAll := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
	key := func(out *iam.CreateAccessKeyOutput) tenant {
		return tenant{AccessKeyID: *out.AccessKey.AccessKeyId, SecretAccessKey: *out.AccessKey.SecretAccessKey}
	}

	t.Run("root", func(t *testing.T) {
		r := tenant{AccessKeyID: daypasstest.AccessKeyID, SecretAccessKey: daypasstest.SecretAccessKey}
		if err := g.put(t, r, "root/x"); err != nil {
			t.Error(err)
		}
	})
	anna := key(g.newUser(t, "anna", mayAll))
	t.Run("a user", func(t *testing.T) {
		if err := g.put(t, anna, "anna/x"); err != nil {
			t.Error(err)
		}
		used := must(g.root.iam.GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &anna.AccessKeyID}))(t)
		if *used.AccessKeyLastUsed.ServiceName != "s3" {
			t.Errorf("last used for %s", *used.AccessKeyLastUsed.ServiceName)
		}
	})
	t.Run("AssumeRole with a session policy", func(t *testing.T) {
		must(g.root.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("admins"), AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + daypasstest.Account + `"},"Action":"sts:AssumeRole"}}`)}))(t)
		g.setPolicy(t, "admins", mayAll)
		assumer := g.newUser(t, "assumer", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`)
		its := connect(g.endpoint, static(*assumer.AccessKey.AccessKeyId, *assumer.AccessKey.SecretAccessKey, ""))
		assume := func(policy *string) tenant {
			c := must(its.sts.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(roleARN("admins")), RoleSessionName: aws.String("ops"), Policy: policy}))(t).Credentials
			return tenant{"", *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken}
		}
		if err := g.put(t, assume(nil), "ops/x"); err != nil {
			t.Error(err)
		}
		reader := assume(aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`))
		wantCode(t, "put with a policy that only reads", g.put(t, reader, "ops/y"), "AccessDenied")
		// Nor can a bucket policy widen it, which names the role.
		policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + roleARN("admins") + `"},"Action":"s3:*","Resource":["arn:aws:s3:::` + bucket + `","arn:aws:s3:::` + bucket + `/*"]}]}`
		if err := g.client(t, gatewayAdmin).SetBucketPolicy(t.Context(), bucket, policy); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "put with that and a bucket policy", g.put(t, reader, "ops/y"), "AccessDenied")
		nobody := strings.ReplaceAll(policy, "/admins", "/nobody")
		if err := g.client(t, gatewayAdmin).SetBucketPolicy(t.Context(), bucket, nobody); err == nil {
			t.Error("a bucket policy names nobody")
		}
		// What no policy of daypass says, a bucket policy may.
		wantCode(t, "put without a policy", g.put(t, g.bob, "shared/x"), "AccessDenied")
		shared := strings.ReplaceAll(policy, "/admins", "/"+userRole)
		if err := g.client(t, gatewayAdmin).SetBucketPolicy(t.Context(), bucket, shared); err != nil {
			t.Fatal(err)
		}
		if err := g.put(t, g.bob, "shared/x"); err != nil {
			t.Errorf("put with a bucket policy: %v", err)
		}
		if err := g.client(t, gatewayAdmin).SetBucketPolicy(t.Context(), bucket, ""); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("GetSessionToken and AssumeRoleWithWebIdentity", func(t *testing.T) {
		c := must(connect(g.endpoint, static(anna.AccessKeyID, anna.SecretAccessKey, "")).sts.GetSessionToken(t.Context(), nil))(t).Credentials
		if err := g.put(t, tenant{"", *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken}, "anna/session"); err != nil {
			t.Error(err)
		}
		logins := g.provider.logins(g.provider.signIn(t, app, bob))
		token := g.getOpenIDToken(t, g.bob.ID, logins)
		c = must(g.public.sts.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(roleARN(userRole)), RoleSessionName: aws.String("app"), WebIdentityToken: &token,
		}))(t).Credentials
		basic := tenant{g.bob.ID, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken}
		if err := g.put(t, basic, basic.key("x")); err != nil {
			t.Error(err)
		}
		wantCode(t, "alice's", g.put(t, basic, g.alice.key("x")), "AccessDenied")
	})
	t.Run("another pool", func(t *testing.T) {
		pool := g.newPool(t, true, g.provider)
		g.newRole(t, "strangers", pool, "unauthenticated")
		g.setRoles(t, pool, "strangers", "strangers")
		id := g.getID(t, pool, nil)
		stranger := tenantOf(id, g.getCredentials(t, id, nil))
		wantCode(t, "own prefix", g.put(t, stranger, stranger.key("x")), "AccessDenied")
		wantCode(t, "alice's", g.put(t, stranger, g.alice.key("x")), "AccessDenied")
	})
	t.Run("a policy changes", func(t *testing.T) {
		if err := g.put(t, g.alice, g.alice.key("x")); err != nil {
			t.Fatal(err)
		}
		g.setPolicy(t, userRole, strings.ReplaceAll(ownPrefix, `"s3:PutObject",`, ""))
		wantCode(t, "after the change", g.put(t, g.alice, g.alice.key("x")), "AccessDenied")
		g.setPolicy(t, userRole, ownPrefix)
		if err := g.put(t, g.alice, g.alice.key("x")); err != nil {
			t.Errorf("after it was taken back: %v", err)
		}
	})
	t.Run("a link ends with its maker", func(t *testing.T) {
		guest := g.tenant(t, "")
		if err := g.put(t, guest, guest.key("x")); err != nil {
			t.Fatal(err)
		}
		link := must(g.client(t, guest).PresignedGetObject(t.Context(), bucket, guest.key("x"), time.Hour, nil))(t).String()
		fetched(t, link)
		must(g.root.cognito.DeleteIdentities(t.Context(), &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: []string{guest.ID}}))(t)
		answer := must(http.Get(link))(t)
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest { // InvalidToken
			t.Errorf("the link of nobody: %d", answer.StatusCode)
		}
		wantCode(t, "the credentials of nobody", g.put(t, guest, guest.key("x")), "InvalidToken")
	})
	t.Run("expired", func(t *testing.T) {
		g.behind.Store(int64(2 * time.Hour))
		guest := g.tenant(t, "") // for an hour
		g.behind.Store(0)
		wantCode(t, "an old session", g.put(t, guest, guest.key("x")), "InvalidToken")
	})
	t.Run("revoked", func(t *testing.T) {
		path, err := binary()
		if err != nil {
			t.Fatal(err)
		}
		env := environment(t, "AWS_ACCESS_KEY_ID="+daypasstest.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+daypasstest.SecretAccessKey)
		run(t, env, path, "revoke", "--endpoint-url", g.endpoint, "--identity-id", g.alice.ID)
		wantCode(t, "a revoked identity", g.put(t, g.alice, g.alice.key("x")), "InvalidToken")
		if err := g.put(t, g.bob, g.bob.key("x")); err != nil {
			t.Errorf("bob: %v", err)
		}
		must(g.root.iam.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{UserName: aws.String("anna"), AccessKeyId: &anna.AccessKeyID, Status: "Inactive"}))(t)
		wantCode(t, "an inactive key", g.put(t, anna, "anna/x"), "InvalidAccessKeyId")
	})
	t.Run("the gateway's key is deleted", func(t *testing.T) {
		must(g.root.iam.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String("gateway"), AccessKeyId: g.gateway.AccessKey.AccessKeyId}))(t)
		if err := g.put(t, g.bob, g.bob.key("x")); err == nil || minio.ToErrorResponse(err).StatusCode != http.StatusInternalServerError {
			t.Errorf("bob: %v", err)
		}
		fresh := must(g.root.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("gateway")}))(t)
		if *fresh.AccessKey.AccessKeyId == *g.gateway.AccessKey.AccessKeyId {
			t.Error("the same key again")
		}
	})
}

// A gateway that cannot ask lets nobody in.
func TestGatewayFailsClosed(t *testing.T) {
	t.Parallel()
	g := openGatewayed(t, t.TempDir())
	if err := g.put(t, g.alice, g.alice.key("x")); err != nil {
		t.Fatal(err)
	}
	link := must(g.client(t, g.alice).PresignedGetObject(t.Context(), bucket, g.alice.key("x"), time.Hour, nil))(t).String()
	g.server.Close()
	if err := g.put(t, g.alice, g.alice.key("x")); err == nil || minio.ToErrorResponse(err).StatusCode != http.StatusInternalServerError {
		t.Errorf("alice puts: %v", err)
	}
	answer := must(http.Get(link))(t)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusInternalServerError {
		t.Errorf("her link: %d", answer.StatusCode)
	}
}

// A gateway on another machine asks over mutual TLS.
func TestGatewayMutualTLS(t *testing.T) {
	t.Parallel()
	need(t, "versitygw")
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ca := newAuthority(t)
	ca.issue(t, "daypass")
	ca.issue(t, "gateway")
	c := exec.Command(path, "serve", "--dev", "--listen", "127.0.0.1:0", "--account-id", daypasstest.Account, "--root-access-key-id", daypasstest.AccessKeyID,
		"--gateway-listen", "127.0.0.1:0", "--gateway-cert-file", ca.file("daypass.pem"), "--gateway-key-file", ca.file("daypass.key"), "--gateway-client-ca", ca.file("ca.pem"))
	c.Env = append(os.Environ(), "DAYPASS_ROOT_SECRET_ACCESS_KEY="+daypasstest.SecretAccessKey)
	c.Stderr = t.Output()
	out := must(c.StdoutPipe())(t)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, out)
		if err := c.Wait(); err != nil {
			t.Errorf("daypass: %v", err)
		}
	})
	g := &gatewayed{}
	at := ""
	for lines := bufio.NewScanner(out); at == "" && lines.Scan(); {
		if _, endpoint, ok := strings.Cut(lines.Text(), "endpoint  "); ok {
			g.store = &store{shop: openShop(t, endpoint)}
		}
		_, at, _ = strings.Cut(lines.Text(), "gateway   ")
	}
	made := g.newUser(t, "gateway", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"daypass:ServeGateway","Resource":"*"}}`)
	g.s3 = "http://" + startVersity(t, made, t.TempDir(), at,
		"CLIENT_CERT="+ca.file("gateway.pem"), "CLIENT_CERT_KEY="+ca.file("gateway.key"), "SERVER_CA="+ca.file("ca.pem"))
	if err := g.client(t, gatewayAdmin).MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	g.setPolicy(t, guestRole, ownPrefix)
	guest := g.tenant(t, "")
	if err := g.put(t, guest, guest.key("x")); err != nil {
		t.Error(err)
	}
	wantCode(t, "beside", g.put(t, guest, "x"), "AccessDenied")
}
