package interop

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/daypass/daypass/daypasstest"
)

// targetRoot is the name and the secret of the root of the MinIO that is a target.
const targetRoot = "the-root-of-the-target"

// minioTarget is a MinIO that a shop has for a target.
type minioTarget struct {
	*shop
	address string
}

// startMinIOTarget runs MinIO at an address until the test ends.
func startMinIOTarget(t *testing.T, address string, more ...string) {
	t.Helper()
	home := t.TempDir()
	c := exec.Command(need(t, "minio"), "server", "--address", address, "--quiet", filepath.Join(home, "data"))
	c.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "MINIO_ROOT_USER=" + targetRoot, "MINIO_ROOT_PASSWORD=" + targetRoot, "MINIO_BROWSER=off", "MINIO_UPDATE=off"}, more...)
	out := must(c.StdoutPipe())(t)
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan bool)
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			t.Log("minio: " + lines.Text())
		}
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-read
		_ = c.Wait()
	})
	await(t, "http://"+address+"/minio/health/ready", http.StatusOK)
}

// client is minio-go with credentials.
func (m *minioTarget) client(t *testing.T, id, secret, token string) *minio.Client {
	t.Helper()
	return must(minio.New(m.address, &minio.Options{Creds: credentials.NewStaticV4(id, secret, token), Region: daypasstest.Region, MaxRetries: 1}))(t)
}

// MinIO for real, by both ways: users and guests have their own prefix, and nothing
// else, however much the key or the role there could do.
func TestMinIOIsATarget(t *testing.T) {
	t.Parallel()
	need(t, "minio")
	t.Run("web identity", func(t *testing.T) {
		address := freeAddress(t)
		d := daypasstest.Start(t, daypasstest.Config{Targets: []string{"minio=http://" + address + ",minio"}})
		const audience = "daypass-target:minio"
		startMinIOTarget(t, address, "MINIO_IDENTITY_OPENID_CONFIG_URL="+d.URL+"/.well-known/openid-configuration",
			"MINIO_IDENTITY_OPENID_CLIENT_ID="+audience, "MINIO_IDENTITY_OPENID_CLIENT_SECRET=a-secret-that-nobody-else-knows", "MINIO_IDENTITY_OPENID_ROLE_POLICY=readwrite")
		sum := sha1.Sum([]byte(audience))
		role := "arn:minio:iam:::role/" + base64.RawURLEncoding.EncodeToString(sum[:])
		m := &minioTarget{openShop(t, d.URL), address}
		m.check(t, role)
		m.refuseTokens(t, role)
	})
	t.Run("service key", func(t *testing.T) {
		address := freeAddress(t)
		startMinIOTarget(t, address)
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte("[default]\naws_access_key_id = "+targetRoot+"\naws_secret_access_key = "+targetRoot+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := daypasstest.Start(t, daypasstest.Config{Targets: []string{"minio=http://" + address + ",minio"}, TargetKeyFiles: map[string]string{"minio": file}})
		(&minioTarget{openShop(t, d.URL), address}).check(t, "")
	})
}

// check links the shop's roles to the target, and tries what their sessions may do
// there.
func (m *minioTarget) check(t *testing.T, role string) {
	t.Helper()
	const objects = "target-objects"
	ctx := t.Context()
	if err := m.client(t, targetRoot, targetRoot, "").MakeBucket(ctx, objects, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	tags := []iamtypes.Tag{{Key: aws.String("daypass:target"), Value: aws.String("minio")}}
	if role != "" {
		tags = append(tags, iamtypes.Tag{Key: aws.String("daypass:target-role"), Value: &role})
	}
	for _, name := range []string{userRole, guestRole} {
		must(m.root.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("own"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` +
			`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::` + objects + `/${cognito-identity.amazonaws.com:sub}/*"}]}`)}))(t)
		must(m.root.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: &name, Tags: tags}))(t)
	}
	logins := func(user string) map[string]string {
		if user == "" {
			return nil
		}
		return m.provider.logins(m.provider.signIn(t, app, user))
	}
	var first string
	for _, user := range []string{alice, bob, ""} {
		id := m.getID(t, m.pool, logins(user))
		c := m.getCredentials(t, id, logins(user))
		s3 := m.client(t, *c.AccessKeyId, *c.SecretKey, *c.SessionToken)
		put := func(key string) error {
			_, err := s3.PutObject(ctx, objects, key, strings.NewReader("hello"), 5, minio.PutObjectOptions{})
			return err
		}
		get := func(key string) (string, error) {
			o := must(s3.GetObject(ctx, objects, key, minio.GetObjectOptions{}))(t)
			defer o.Close()
			b, err := io.ReadAll(o)
			return string(b), err
		}
		own := id + "/a b"
		if err := put(own); err != nil {
			t.Errorf("%q: put: %v", user, err)
		}
		if text, err := get(own); err != nil || text != "hello" {
			t.Errorf("%q: get: %q, %v", user, text, err)
		}
		if first == "" {
			first = own
			continue
		}
		_, err := get(first)
		for what, err := range map[string]error{"get": err, "put": put(first), "put outside": put("x"), "delete": s3.RemoveObject(ctx, objects, own, minio.RemoveObjectOptions{})} {
			if minio.ToErrorResponse(err).Code != "AccessDenied" {
				t.Errorf("%q: %s: %v", user, what, err)
			}
		}
		if objects := <-s3.ListObjects(ctx, objects, minio.ListObjectsOptions{}); minio.ToErrorResponse(objects.Err).Code != "AccessDenied" {
			t.Errorf("%q: list: %v", user, objects.Err)
		}
	}
}

// refuseTokens shows the target what clients can get: tokens of the basic flow.
func (m *minioTarget) refuseTokens(t *testing.T, role string) {
	t.Helper()
	id := m.getID(t, m.pool, nil)
	at := connect("http://"+m.address, nil)
	_, err := at.sts.AssumeRoleWithWebIdentity(context.WithoutCancel(t.Context()), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String("s1"), WebIdentityToken: aws.String(m.getOpenIDToken(t, id, nil)),
	})
	if err == nil {
		t.Error("the target takes tokens that clients hold")
	}
}
