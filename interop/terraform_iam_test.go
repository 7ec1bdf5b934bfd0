package interop

import (
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/daypass/daypass/daypasstest"
)

// imported are the resources that Terraform forgets and finds again.
var imported = []string{
	"aws_iam_policy.objects", "aws_iam_role.user", "aws_iam_role_policy.inline", "aws_iam_role_policy_attachment.objects",
	"aws_iam_openid_connect_provider.login", "aws_iam_saml_provider.office", "aws_iam_user.deployer",
	"aws_iam_user_policy.deployer", "aws_iam_user_policy_attachment.deployer",
}

// TestTerraformIAM makes a pool with all that IAM has for it, sees that nothing
// is left to do, uses what was made, changes it in place, imports it, and
// destroys all of it.
func TestTerraformIAM(t *testing.T) {
	t.Parallel()
	need(t, "terraform")
	endpoint := startProcess(t)
	c := newTerraform(t, "testdata/terraform-iam", "TF_VAR_endpoint="+endpoint, "TF_VAR_metadata="+samlMetadata(t))

	c.apply(t, "16 added, 0 changed, 0 destroyed.")
	c.wantNothingToDo(t)
	if got := c.run(t, "output", "-raw", "account"); got != daypasstest.Account {
		t.Errorf("the account is %s", got)
	}
	deployer := connect(endpoint, credentials.NewStaticCredentialsProvider(c.run(t, "output", "-raw", "key"), c.run(t, "output", "-raw", "secret"), ""))
	if who := must(deployer.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t); *who.Arn != "arn:aws:iam::"+daypasstest.Account+":user/deployer" {
		t.Errorf("the key is that of %s", *who.Arn)
	}

	c.apply(t, "0 added, 13 changed, 0 destroyed.", "-var=second=true")
	c.wantNothingToDo(t, "-var=second=true")
	root := connect(endpoint, root())
	role := must(root.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("photos-user")}))(t).Role
	if role.PermissionsBoundary != nil || *role.MaxSessionDuration != 7200 || *role.Description != "Those who have signed in." {
		t.Errorf("the role is %+v", role)
	}
	if _, err := deployer.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err == nil {
		t.Error("the key is inactive, and can be used")
	}

	c.run(t, append([]string{"state", "rm"}, imported...)...)
	c.add(t, "import.tf")
	c.apply(t, "9 imported, 0 added, 0 changed, 0 destroyed.", "-var=second=true")
	c.run(t, "destroy", "-auto-approve", "-var=second=true")
	left := must(root.iam.ListRoles(t.Context(), &iam.ListRolesInput{}))(t)
	users := must(root.iam.ListUsers(t.Context(), &iam.ListUsersInput{}))(t)
	policies := must(root.iam.ListPolicies(t.Context(), &iam.ListPoliciesInput{Scope: "Local"}))(t)
	if n := len(left.Roles) + len(users.Users) + len(policies.Policies); n != 0 {
		t.Errorf("%d roles, users and policies are left", n)
	}
}

// samlMetadata is that of the development identity provider.
func samlMetadata(t *testing.T) string {
	t.Helper()
	path := must(binary())(t)
	printed := run(t, environment(t), path, "idp", "metadata", "--key-file", filepath.Join(t.TempDir(), "idp.key"))
	return string(printed)
}
