package interop

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	cognitotypes "github.com/aws/aws-sdk-go-v2/service/cognitoidentity/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// tf is Terraform in a folder, with files of another.
type tf struct {
	path, dir, files string
	env              []string
}

func newTerraform(t *testing.T, files string, variables ...string) *tf {
	t.Helper()
	c := &tf{path: need(t, "terraform"), dir: t.TempDir(), files: files}
	// Terraform and its provider live for seconds: GOGC spares them the clean-up.
	c.env = environment(t, append(variables, "TF_CLI_CONFIG_FILE=/dev/null", "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "GOGC=400")...)
	c.add(t, "main.tf")
	c.run(t, "init", "-plugin-dir="+os.Getenv("TF_TEST_PLUGIN_DIR"))
	return c
}

// add puts a file into the folder.
func (c *tf) add(t *testing.T, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), must(os.ReadFile(filepath.Join(c.files, name)))(t), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c *tf) run(t *testing.T, args ...string) string {
	t.Helper()
	return string(run(t, c.env, c.path, append([]string{"-chdir=" + c.dir}, args...)...))
}

// apply applies, and holds that exactly so much has been done.
func (c *tf) apply(t *testing.T, want string, vars ...string) {
	t.Helper()
	printed := c.run(t, append([]string{"apply", "-auto-approve", "-no-color"}, vars...)...)
	if !strings.Contains(printed, "Apply complete! Resources: "+want) {
		t.Errorf("terraform apply has not done %q:\n%s", want, printed)
	}
}

// wantNothingToDo fails if there is anything to do.
func (c *tf) wantNothingToDo(t *testing.T, vars ...string) {
	t.Helper()
	c.run(t, append([]string{"plan", "-detailed-exitcode", "-no-color"}, vars...)...)
}

// TestTerraform makes pools with roles and principal tags, sees that nothing is
// left to do, changes them in place, imports them, and destroys all of it.
func TestTerraform(t *testing.T) {
	t.Parallel()
	need(t, "terraform")
	s := openShop(t, startProcess(t))
	c := newTerraform(t, "testdata/terraform", "TF_VAR_endpoint="+s.endpoint, "TF_VAR_provider_arn="+s.provider.arn(),
		"TF_VAR_provider_name="+s.provider.name(), "TF_VAR_role_arn="+roleARN(userRole))

	c.apply(t, "6 added, 0 changed, 0 destroyed.")
	c.wantNothingToDo(t)
	pool := c.run(t, "output", "-raw", "pool")
	c.wantDataSource(t, s, pool)
	c.wantToken(t, s, pool)

	c.apply(t, "0 added, 3 changed, 0 destroyed.", "-var=second=true")
	s.wantSecondVersion(t, pool)

	c.add(t, "import.tf")
	c.run(t, "state", "rm", "aws_cognito_identity_pool.albums",
		"aws_cognito_identity_pool_roles_attachment.albums", "aws_cognito_identity_pool_provider_principal_tag.defaults")
	second := []string{"-var=second=true", "-var=pool=" + pool}
	c.apply(t, "3 imported, 0 added, 0 changed, 0 destroyed.", second...)

	c.run(t, append([]string{"destroy", "-auto-approve", "-refresh=false"}, second...)...)
	left := must(s.root.cognito.ListIdentityPools(t.Context(), &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(60)}))(t)
	if len(left.IdentityPools) != 1 || *left.IdentityPools[0].IdentityPoolId != s.pool {
		t.Errorf("pools left: %d", len(left.IdentityPools))
	}
}

// wantDataSource looks at what the data source has read.
func (c *tf) wantDataSource(t *testing.T, s *shop, pool string) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(c.run(t, "output", "-json", "data")), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "arn")
	want := map[string]any{
		"id": pool, "identity_pool_name": "albums", "allow_unauthenticated_identities": true, "allow_classic_flow": true,
		"developer_provider_name": "login.albums", "openid_connect_provider_arns": []any{s.provider.arn()}, "saml_provider_arns": []any{},
		"supported_login_providers": map[string]any{"accounts.google.com": "123456789012.apps.googleusercontent.com"},
		"cognito_identity_providers": []any{map[string]any{
			"client_id": "4n5client7id", "provider_name": "cognito-idp.us-east-1.amazonaws.com/us-east-1_Albums123", "server_side_token_check": false,
		}},
		"tags": map[string]any{"version": "1", "draft": ""},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("the data source (-want +got):\n%s", diff)
	}
}

// wantToken verifies the token of the ephemeral resource.
func (c *tf) wantToken(t *testing.T, s *shop, pool string) {
	t.Helper()
	token := string(must(os.ReadFile(filepath.Join(c.dir, "token")))(t))
	verified := verifyAsStranger(t, s.endpoint, token)
	issued, _ := verified.IssuedAt()
	ends, _ := verified.Expiration()
	found := must(s.root.cognito.LookupDeveloperIdentity(t.Context(), &cognitoidentity.LookupDeveloperIdentityInput{
		IdentityPoolId: &pool, DeveloperUserIdentifier: aws.String("uploader"),
	}))(t)
	subject, _ := verified.Subject()
	if subject != *found.IdentityId || ends.Sub(issued).Seconds() != 60 {
		t.Errorf("the token is of %s for %v, want %s", subject, ends.Sub(issued), *found.IdentityId)
	}
}

// wantSecondVersion looks at what the update has made of the pool.
func (s *shop) wantSecondVersion(t *testing.T, pool string) {
	t.Helper()
	described := must(s.root.cognito.DescribeIdentityPool(t.Context(), &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: &pool}))(t)
	got := []any{
		described.AllowUnauthenticatedIdentities, *described.AllowClassicFlow, *described.DeveloperProviderName,
		described.OpenIdConnectProviderARNs, described.IdentityPoolTags, described.SupportedLoginProviders, *described.CognitoIdentityProviders[0].ServerSideTokenCheck,
	}
	want := []any{
		false, true, "login.albums",
		[]string{s.provider.arn()}, map[string]string{"version": "2"},
		map[string]string{"accounts.google.com": "123456789012.apps.googleusercontent.com", "graph.facebook.com": "7346241598935552"}, true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pool (-want +got):\n%s", diff)
	}
	roles := must(s.root.cognito.GetIdentityPoolRoles(t.Context(), &cognitoidentity.GetIdentityPoolRolesInput{IdentityPoolId: &pool}))(t)
	mapping := roles.RoleMappings[s.provider.arn()]
	if mapping.AmbiguousRoleResolution != cognitotypes.AmbiguousRoleResolutionTypeDeny || *mapping.RulesConfiguration.Rules[0].Value != "yes" {
		t.Errorf("the role mapping is %+v", mapping)
	}
	tags := must(s.root.cognito.GetPrincipalTagAttributeMap(t.Context(), &cognitoidentity.GetPrincipalTagAttributeMapInput{
		IdentityPoolId: &pool, IdentityProviderName: aws.String(s.provider.name()),
	}))(t)
	if diff := cmp.Diff(map[string]string{"department": "team"}, tags.PrincipalTags); diff != "" {
		t.Errorf("the principal tags (-want +got):\n%s", diff)
	}
}
