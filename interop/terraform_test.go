package interop

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	"github.com/google/go-cmp/cmp"
)

// TestTerraform makes a pool with its roles, sees that nothing is left to do,
// changes the pool and its tags in place, and destroys all of it.
func TestTerraform(t *testing.T) {
	t.Parallel()
	path := need(t, "terraform")
	s := openShop(t, startProcess(t))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), must(os.ReadFile("testdata/terraform/main.tf"))(t), 0o600); err != nil {
		t.Fatal(err)
	}
	// Terraform and its provider live for seconds: GOGC spares them the clean-up.
	env := environment(t, "TF_CLI_CONFIG_FILE=/dev/null", "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "GOGC=400",
		"TF_VAR_endpoint="+s.endpoint, "TF_VAR_provider_arn="+s.provider.arn(), "TF_VAR_role_arn="+roleARN(userRole))
	terraform := func(args ...string) string {
		t.Helper()
		return string(run(t, env, path, append([]string{"-chdir=" + dir}, args...)...))
	}

	terraform("init", "-plugin-dir="+os.Getenv("TF_TEST_PLUGIN_DIR"))
	terraform("apply", "-auto-approve", "-var=guests=true")
	terraform("plan", "-detailed-exitcode", "-var=guests=true") // fails if there is anything to do
	pool := terraform("output", "-raw", "pool")
	terraform("apply", "-auto-approve", "-var=guests=false")
	made := must(s.root.cognito.DescribeIdentityPool(t.Context(), &cognitoidentity.DescribeIdentityPoolInput{IdentityPoolId: &pool}))(t)
	got := []any{made.AllowUnauthenticatedIdentities, *made.AllowClassicFlow, made.OpenIdConnectProviderARNs, made.IdentityPoolTags}
	want := []any{false, true, []string{s.provider.arn()}, map[string]string{"guests": "false"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pool (-want +got):\n%s", diff)
	}
	terraform("destroy", "-auto-approve", "-var=guests=false")
	left := must(s.root.cognito.ListIdentityPools(t.Context(), &cognitoidentity.ListIdentityPoolsInput{MaxResults: aws.Int32(60)}))(t)
	if len(left.IdentityPools) != 1 || *left.IdentityPools[0].IdentityPoolId != s.pool {
		t.Errorf("pools left: %d", len(left.IdentityPools))
	}
}
