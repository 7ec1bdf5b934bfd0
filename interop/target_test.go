package interop

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/minio/minio-go/v7"

	"github.com/daypass/daypass/daypasstest"
)

// targeted is a store whose credentials daypass hands out.
type targeted struct {
	*store
	name  string
	byKey bool
	role  string
}

// openTargeted starts a daypass and a store, which trust each other by a service
// key or by tokens, and links the shop's roles.
func openTargeted(t *testing.T, name string, byKey bool, env ...string) *targeted {
	t.Helper()
	if byKey {
		return openTargetedBy(t, name, &storeService, env...)
	}
	return openTargetedBy(t, name, nil, env...)
}

// openTargetedBy is openTargeted with a key of the store for daypass; nil for tokens.
func openTargetedBy(t *testing.T, name string, key *aws.Credentials, env ...string) *targeted {
	t.Helper()
	need(t, name)
	byKey := key != nil
	address := freeAddress(t)
	config := daypasstest.Config{Targets: []string{name + "=http://" + address + "," + name}}
	if byKey {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte("[default]\naws_access_key_id = "+key.AccessKeyID+"\naws_secret_access_key = "+key.SecretAccessKey+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		config.TargetKeyFiles = map[string]string{name: file}
	}
	server := daypasstest.Start(t, config)
	s := &targeted{name: name, byKey: byKey, store: &store{shop: openShop(t, server.URL), departures: departuresOf[name]}}
	issuer := server.URL
	if byKey {
		issuer = ""
	}
	s.s3, s.role = startTargetAt(t, name, address, issuer, env...)
	if status, text := s3Call(t, s.s3, storeAdmin, "PUT", "/"+bucket, nil, ""); status != 200 {
		t.Fatalf("make a bucket: %d %s", status, text)
	}
	for _, role := range []string{userRole, guestRole} {
		s.setPolicy(t, role, ownPrefix)
		tags := []iamtypes.Tag{{Key: aws.String("daypass:target"), Value: &name}}
		if s.role != "" {
			tags = append(tags, iamtypes.Tag{Key: aws.String("daypass:target-role"), Value: &s.role})
		}
		must(s.root.iam.TagRole(t.Context(), &iam.TagRoleInput{RoleName: &role, Tags: tags}))(t)
	}
	s.alice, s.bob, s.guest, s.other = s.tenant(t, alice), s.tenant(t, bob), s.tenant(t, ""), s.tenant(t, "")
	return s
}

// refusesTokens holds that the store takes no token of the basic flow.
func (s *targeted) refusesTokens(t *testing.T) {
	t.Helper()
	login := s.provider.logins(s.provider.signIn(t, app, alice))
	token := s.getOpenIDToken(t, s.getID(t, s.pool, login), login)
	s.wantNoEntry(t, token)
}

// showToken comes to the store's STS by itself, with a token.
func (s *targeted) showToken(t *testing.T, token string) error {
	t.Helper()
	role := s.role
	if role == "" {
		role = "arn:minio:iam:::role/any-role-at-all"
	}
	c := sts.NewFromConfig(aws.Config{Region: daypasstest.Region, BaseEndpoint: &s.s3, RetryMaxAttempts: 1})
	_, err := c.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: aws.String("client"), WebIdentityToken: &token})
	return err
}

// wantNoEntry holds that the store's STS refuses a token by name: it is for others,
// or, where the store trusts no tokens at all, there is no role for it.
func (s *targeted) wantNoEntry(t *testing.T, token string) {
	t.Helper()
	err := s.showToken(t, token)
	if want := tokenRefusals[s.name][s.byKey]; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a client's token at the store's STS: %v, want %s", err, want)
	}
}

// tokenRefusals are what the STS of a store says of clients' tokens, without and
// with a service key.
var tokenRefusals = map[string]map[bool]string{
	"minio": {
		false: "InvalidParameterValue: STS JWT Token has `azp` claim invalid, `azp` must match configured OpenID Client ID",
		true:  "InvalidParameterValue: Error processing RoleArn parameter: RoleARN arn:minio:iam:::role/any-role-at-all is not defined.",
	},
	"seaweedfs": {
		false: "InvalidParameterValue: failed to validate web identity token: invalid token audience",
		true:  "AccessDenied: trust policy validation failed: trust policy denies web identity assumption",
	},
	// It can end the connection before its answer is whole.
	"ceph": {false: "StatusCode: 403", true: "StatusCode: 403"},
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
	s.check(t)
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

// The role's policies limit users and guests, however much the role at MinIO or the
// key, which is its root's, may do.
func TestTargetMinIOGivesNoMore(t *testing.T) {
	t.Parallel()
	for way, key := range map[string]*aws.Credentials{"root's key": &storeAdmin, "web": nil} {
		t.Run(way, func(t *testing.T) {
			s := openTargetedBy(t, "minio", key)
			for _, role := range []string{userRole, guestRole} {
				s.setPolicy(t, role, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],`+
					`"Resource":"arn:aws:s3:::`+bucket+`/${cognito-identity.amazonaws.com:sub}/*"}]}`)
			}
			var first string
			for _, user := range []string{alice, bob, ""} {
				who := s.tenant(t, user)
				c, own := s.client(t, who), who.key("a b")
				get := func(key string) (string, error) {
					object := must(c.GetObject(t.Context(), bucket, key, minio.GetObjectOptions{}))(t)
					defer object.Close()
					text, err := io.ReadAll(object)
					return string(text), err
				}
				if err := s.put(t, who, own); err != nil {
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
				wantCode(t, user+": get", err, "AccessDenied")
				wantCode(t, user+": put", s.put(t, who, first), "AccessDenied")
				wantCode(t, user+": put outside", s.put(t, who, "x"), "AccessDenied")
				wantCode(t, user+": delete", c.RemoveObject(t.Context(), bucket, own, minio.RemoveObjectOptions{}), "AccessDenied")
				listed := <-c.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{})
				wantCode(t, user+": list", listed.Err, "AccessDenied")
			}
			s.wantNoEntry(t, s.getOpenIDToken(t, s.getID(t, s.pool, nil), nil)) // a guest's
		})
	}
}

// What daypass decides counts at MinIO with the next sign-in.
func TestTargetMinIOFollowsDaypass(t *testing.T) {
	t.Parallel()
	t.Run("key", func(t *testing.T) { checkFollows(t, true) })
	t.Run("web", func(t *testing.T) { checkFollows(t, false) })
}

func checkFollows(t *testing.T, byKey bool) {
	s := openTargeted(t, "minio", byKey)
	again := func(id string, logins map[string]string) error {
		_, err := s.public.cognito.GetCredentialsForIdentity(t.Context(), &cognitoidentity.GetCredentialsForIdentityInput{IdentityId: &id, Logins: logins})
		return err
	}
	t.Run("the service key is no administrator", func(t *testing.T) {
		const info = "/minio/admin/v3/info"
		if status, text := s3Call(t, s.s3, storeAdmin, "GET", info, nil, ""); status != 200 {
			t.Fatalf("the administrator: %d %s", status, text)
		}
		for name, key := range map[string]aws.Credentials{"the service key": storeService, "a session": s.alice.credentials()} {
			if status, text := s3Call(t, s.s3, key, "GET", info, nil, ""); status != 403 {
				t.Errorf("%s: %d %s", name, status, text)
			}
		}
	})
	t.Run("another pool", func(t *testing.T) {
		pool := s.newPool(t, true, s.provider)
		s.setRoles(t, pool, userRole, guestRole) // which trust the shop's pool
		login := s.provider.logins(s.provider.signIn(t, app, alice))
		wantError(t, "a user", again(s.getID(t, pool, login), login), "InvalidIdentityPoolConfigurationException")
		wantError(t, "a guest", again(s.getID(t, pool, nil), nil), "InvalidIdentityPoolConfigurationException")
	})
	t.Run("a policy changes", func(t *testing.T) {
		id := s.getID(t, s.pool, nil)
		before := tenantOf(id, s.getCredentials(t, id, nil))
		for _, p := range []struct{ policy, code string }{{strings.ReplaceAll(ownPrefix, `"s3:PutObject",`, ""), "AccessDenied"}, {ownPrefix, ""}} {
			s.setPolicy(t, guestRole, p.policy)
			after := tenantOf(id, s.getCredentials(t, id, nil))
			if code := minio.ToErrorResponse(s.put(t, after, after.key("x"))).Code; code != p.code {
				t.Errorf("with credentials from after the change: %q, want %q", code, p.code)
			}
			if _, err := s.client(t, after).StatObject(t.Context(), bucket, after.key("x"), minio.StatObjectOptions{}); p.code == "" && err != nil {
				t.Error(err)
			}
			// docs/stores.md says it: MinIO decides about those from before.
			if err := s.put(t, before, before.key("x")); err != nil {
				t.Errorf("with credentials from before: %v", err)
			}
		}
	})
	t.Run("revoked", func(t *testing.T) {
		const developer = "login.daypass.test"
		pool := *must(s.root.cognito.CreateIdentityPool(t.Context(), &cognitoidentity.CreateIdentityPoolInput{IdentityPoolName: aws.String("developers"), DeveloperProviderName: aws.String(developer)}))(t).IdentityPoolId
		s.newRole(t, "developers", pool, "authenticated")
		s.setPolicy(t, "developers", ownPrefix)
		tags := must(s.root.iam.ListRoleTags(t.Context(), &iam.ListRoleTagsInput{RoleName: aws.String(userRole)}))(t).Tags
		must(s.root.iam.TagRole(t.Context(), &iam.TagRoleInput{RoleName: aws.String("developers"), Tags: tags}))(t)
		s.setRoles(t, pool, "developers", "developers")
		made := must(s.root.cognito.GetOpenIdTokenForDeveloperIdentity(t.Context(), &cognitoidentity.GetOpenIdTokenForDeveloperIdentityInput{IdentityPoolId: &pool, Logins: map[string]string{developer: "ann"}}))(t)
		s.wantNoEntry(t, *made.Token)
		logins := map[string]string{"cognito-identity.amazonaws.com": *made.Token}
		ann := tenantOf(*made.IdentityId, s.getCredentials(t, *made.IdentityId, logins))
		if err := s.put(t, ann, ann.key("x")); err != nil {
			t.Error(err)
		}
		env := environment(t, "AWS_ACCESS_KEY_ID="+daypasstest.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+daypasstest.SecretAccessKey)
		run(t, env, must(binary())(t), "revoke", "--endpoint-url", s.endpoint, "--identity-id", *made.IdentityId)
		wantError(t, "a revoked identity", again(*made.IdentityId, logins), "NotAuthorizedException")
		must(s.root.cognito.DeleteIdentities(t.Context(), &cognitoidentity.DeleteIdentitiesInput{IdentityIdsToDelete: []string{s.other.ID}}))(t)
		wantError(t, "a deleted identity", again(s.other.ID, nil), "ResourceNotFoundException")
	})
	t.Run("expired", func(t *testing.T) {
		id := s.getID(t, s.pool, nil)
		c := s.getCredentials(t, id, nil)
		guest := tenantOf(id, c)
		said := claims(t, guest.SessionToken)
		if exp, _ := said["exp"].(float64); int64(exp) != c.Expiration.Unix() {
			t.Errorf("daypass says that the session ends at %v, the store at %v", c.Expiration, said["exp"])
		}
		if err := s.put(t, guest, guest.key("x")); err != nil {
			t.Fatal(err)
		}
		s.shorten(t, &guest, time.Now().Add(2*time.Second))
		for deadline := time.Now().Add(time.Minute); ; {
			if err := s.put(t, guest, guest.key("x")); err != nil {
				wantCode(t, "an expired session", err, "InvalidAccessKeyId")
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the session never ends")
			}
		}
		// Its owner signs in again.
		fresh := tenantOf(id, s.getCredentials(t, id, nil))
		if err := s.put(t, fresh, fresh.key("x")); err != nil {
			t.Error(err)
		}
	})
}

// shorten has a session of MinIO end sooner than any can that is asked for: MinIO
// takes it for one that another site of its has made, of which it signs the token.
func (s *targeted) shorten(t *testing.T, session *tenant, end time.Time) {
	t.Helper()
	said := claims(t, session.SessionToken)
	said["exp"] = end.Unix()
	encode := base64.RawURLEncoding.EncodeToString
	token := encode([]byte(`{"alg":"HS512","typ":"JWT"}`)) + "." + encode(must(json.Marshal(said))(t))
	mac := hmac.New(sha512.New, []byte(storeAdmin.SecretAccessKey))
	mac.Write([]byte(token))
	session.SessionToken = token + "." + encode(mac.Sum(nil))
	parent, _ := said["parent"].(string) // of a session by the service key
	if parent == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "openid:%s:%s", said["sub"], said["iss"]))
		parent = encode(sum[:])
	}
	item := must(json.Marshal(map[string]any{"type": "sts-account", "stsCredential": map[string]any{
		"accessKey": session.AccessKeyID, "secretKey": session.SecretAccessKey, "sessionToken": session.SessionToken, "parentUser": parent,
	}}))(t)
	if status, text := s3Call(t, s.s3, storeAdmin, "PUT", "/minio/admin/v3/site-replication/peer/iam-item", nil, string(item)); status != 200 {
		t.Fatalf("shorten a session: %d %s", status, text)
	}
}

// wantError holds that an operation is refused with an error.
func wantError(t *testing.T, what string, err error, code string) {
	t.Helper()
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
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
