package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/daypass/daypass/daypasstest"
)

// targeted is a store whose credentials daypass hands out.
type targeted struct {
	*store
	role string
}

// openTargeted starts a daypass and a store, which trust each other by a service
// key or by tokens, and links the shop's roles.
func openTargeted(t *testing.T, name string, byKey bool, env ...string) *targeted {
	t.Helper()
	need(t, name)
	address := freeAddress(t)
	config := daypasstest.Config{Targets: []string{name + "=http://" + address + "," + name}}
	if byKey {
		key := storeService
		if name == "minio" { // whose users only its own tool makes
			key = storeAdmin
		}
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte("[default]\naws_access_key_id = "+key.AccessKeyID+"\naws_secret_access_key = "+key.SecretAccessKey+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		config.TargetKeyFiles = map[string]string{name: file}
	}
	server := daypasstest.Start(t, config)
	s := &targeted{store: &store{shop: openShop(t, server.URL), copies: true, forms: true}}
	issuer := server.URL
	if byKey {
		issuer = ""
	}
	s.s3, s.role = startTargetAt(t, name, address, issuer, env...)
	if status, text := s3Call(t, s.s3, storeAdmin, "PUT", "/"+bucket, nil, ""); status != 200 {
		t.Fatalf("make a bucket: %d %s", status, text)
	}
	for _, role := range []string{userRole, guestRole} {
		must(s.root.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("own"), PolicyDocument: aws.String(ownPrefix)}))(t)
		tags := []iamtypes.Tag{{Key: aws.String("daypass:target"), Value: &name}}
		if s.role != "" {
			tags = append(tags, iamtypes.Tag{Key: aws.String("daypass:target-role"), Value: &s.role})
		}
		must(s.root.iam.TagRole(t.Context(), &iam.TagRoleInput{RoleName: &role, Tags: tags}))(t)
	}
	tenant := func(user string) tenant {
		var logins map[string]string
		if user != "" {
			logins = s.provider.logins(s.provider.signIn(t, app, user))
		}
		id := s.getID(t, s.pool, logins)
		return tenantOf(id, s.getCredentials(t, id, logins))
	}
	s.alice, s.bob, s.guest, s.other = tenant(alice), tenant(bob), tenant(""), tenant("")
	return s
}

// refusesTokens holds that the store takes no token that a client can have.
func (s *targeted) refusesTokens(t *testing.T) {
	t.Helper()
	login := s.provider.logins(s.provider.signIn(t, app, alice))
	token := s.getOpenIDToken(t, s.getID(t, s.pool, login), login)
	role := s.role
	if role == "" {
		role = "arn:minio:iam:::role/any-role-at-all"
	}
	c := sts.NewFromConfig(aws.Config{Region: daypasstest.Region, BaseEndpoint: &s.s3, RetryMaxAttempts: 1})
	if _, err := c.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: aws.String("client"), WebIdentityToken: &token}); err == nil {
		t.Error("the store takes a client's token")
	}
}

// diagnose runs daypass doctor, and gives the verdicts by check.
func (s *targeted) diagnose(t *testing.T, name string) map[string]string {
	t.Helper()
	program := must(binary())(t)
	env := environment(t, "AWS_ENDPOINT_URL="+s.endpoint, "AWS_ACCESS_KEY_ID="+daypasstest.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+daypasstest.SecretAccessKey)
	var out struct {
		Findings []struct{ Check, Verdict, Message string }
	}
	if err := json.Unmarshal(run(t, env, program, "doctor", name, "--role-name", userRole, "--output", "json"), &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Findings) == 0 {
		t.Fatal("nothing was found")
	}
	verdicts := map[string]string{}
	for _, f := range out.Findings {
		t.Logf("%-8s %-20s %s", f.Verdict, f.Check, f.Message)
		verdicts[f.Check] = f.Verdict
	}
	checked := string(run(t, env, program, "target", "check", userRole))
	if !strings.Contains(checked, "arn:aws:s3:::"+bucket) || strings.Contains(checked, "refused") {
		t.Errorf("daypass target check: %s", checked)
	}
	return verdicts
}

func checkTarget(t *testing.T, name string, byKey bool, warnings ...string) {
	s := openTargeted(t, name, byKey)
	if name == "minio" {
		s.check(t)
	} else { // which answer some of the matrix in ways of their own: an empty list of buckets, dots as text
		for _, pair := range [][2]tenant{{s.alice, s.bob}, {s.guest, s.other}} {
			if err := s.put(t, pair[0], pair[0].key("x")); err != nil {
				t.Error(err)
			}
			wantCode(t, "put the other's", s.put(t, pair[0], pair[1].key("x")), "AccessDenied")
		}
	}
	s.refusesTokens(t)
	for check, verdict := range s.diagnose(t, name) {
		if verdict != "ok" && check != "transport" && !slices.Contains(warnings, check) {
			t.Errorf("daypass doctor: %s is %s", check, verdict)
		}
	}
}

func TestTargetMinIO(t *testing.T) {
	t.Run("key", func(t *testing.T) { checkTarget(t, "minio", true, "prefix-header") })
	t.Run("web", func(t *testing.T) { checkTarget(t, "minio", false, "prefix-header", "client-secret") })
}

// An empty client secret is found.
func TestDoctorFindsForgery(t *testing.T) {
	careless := filepath.Join(t.TempDir(), "minio")
	text := "#!/bin/sh\nexport MINIO_IDENTITY_OPENID_CLIENT_SECRET=\nexec " + need(t, "minio") + ` "$@"`
	if err := os.WriteFile(careless, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	s := openTargeted(t, "minio", false, "MINIO="+careless)
	if got := s.diagnose(t, "minio")["empty-client-secret"]; got != "wrong" {
		t.Errorf("empty-client-secret is %s", got)
	}
}

func TestTargetSeaweedFS(t *testing.T) {
	t.Run("key", func(t *testing.T) { checkTarget(t, "seaweedfs", true) })
	t.Run("web", func(t *testing.T) { checkTarget(t, "seaweedfs", false) })
}

func TestTargetCeph(t *testing.T) {
	t.Run("key", func(t *testing.T) { checkTarget(t, "ceph", true) })
	t.Run("web", func(t *testing.T) { checkTarget(t, "ceph", false) })
}
