package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/daypass/daypass/daypasstest"
)

// An account that recipes/aws has prepared is a target: a user and a guest get its
// credentials, which open their own prefix there and nothing else, and no token that
// a client can have does. A second daypass plays AWS, with S3 by versitygw.
func TestTargetAWS(t *testing.T) {
	t.Parallel()
	tool := need(t, "aws")
	for _, way := range []string{"key", "web"} {
		t.Run(way, func(t *testing.T) {
			account := openGatewayed(t, t.TempDir())
			env := environment(t, "ENDPOINT="+account.endpoint, "BUCKET="+bucket, "AWS_ACCESS_KEY_ID="+daypasstest.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+daypasstest.SecretAccessKey)
			env = append(env, "PATH="+filepath.Dir(tool)+":"+os.Getenv("PATH"))
			prepare := func(args ...string) (role string) {
				_, role, ok := strings.Cut(string(run(t, env, "../recipes/aws", args...)), "daypass:target-role is ")
				if !ok {
					t.Fatal("the recipe names no role")
				}
				return strings.TrimSpace(role)
			}
			config := daypasstest.Config{Targets: []string{"aws=" + account.endpoint + ",aws"}}
			s := &targeted{store: &store{s3: account.s3}}
			if way == "key" {
				file := filepath.Join(t.TempDir(), "aws.key")
				s.role = prepare(file)
				config.TargetKeyFiles = map[string]string{"aws": file}
			}
			server := daypasstest.Start(t, config)
			if way == "web" {
				s.role = prepare("--web-identity", server.URL)
			}
			if s.role != roleARN("daypass-aws") {
				t.Fatalf("the role is %s", s.role)
			}
			s.shop = openShop(t, server.URL)
			here := environment(t, "AWS_ENDPOINT_URL="+server.URL, "AWS_ACCESS_KEY_ID="+daypasstest.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+daypasstest.SecretAccessKey)
			for _, role := range []string{userRole, guestRole} {
				run(t, here, mustBinary(t), "iam", "put-role-policy", "--role-name", role, "--policy-name", "own", "--policy-document", ownPrefix)
				run(t, here, mustBinary(t), "iam", "tag-role", "--role-name", role, "--tags", "Key=daypass:target,Value=aws", "Key=daypass:target-role,Value="+s.role)
			}

			user, guest := s.tenant(t, alice), s.tenant(t, "")
			for _, pair := range [][2]tenant{{user, guest}, {guest, user}} {
				holder := static(pair[0].AccessKeyID, pair[0].SecretAccessKey, pair[0].SessionToken)
				there := connect(account.endpoint, holder)
				who := must(there.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t)
				if !strings.HasPrefix(*who.Arn, sessionARN("daypass-aws", "daypass-")) {
					t.Errorf("the caller is %s", *who.Arn)
				}
				if _, err := there.iam.ListRoles(t.Context(), &iam.ListRolesInput{}); err == nil {
					t.Error("the session may list the account's roles")
				}
				if _, err := connect(server.URL, holder).sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err == nil {
					t.Error("the account's credentials are good at daypass")
				}
				if err := s.put(t, pair[0], pair[0].key("x")); err != nil {
					t.Error(err)
				}
				wantCode(t, "put the other's", s.put(t, pair[0], pair[1].key("x")), "AccessDenied")
			}
			(&targeted{store: &store{shop: s.shop, s3: account.endpoint}, role: s.role}).refusesTokens(t)
			if way == "key" {
				if mode := must(os.Stat(config.TargetKeyFiles["aws"]))(t).Mode().Perm(); mode != 0o600 {
					t.Errorf("the key's file has the mode %o", mode)
				}
				return
			}
			provider := "arn:aws:iam::" + daypasstest.Account + ":oidc-provider/" + strings.TrimPrefix(server.URL, "http://")
			made := must(account.root.iam.GetOpenIDConnectProvider(t.Context(), &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: aws.String(provider)}))(t)
			if len(made.ClientIDList) != 1 || made.ClientIDList[0] != "daypass-target:aws" {
				t.Errorf("the account takes tokens for %q", made.ClientIDList)
			}
		})
	}
}
