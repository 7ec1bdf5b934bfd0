package interop

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/daypasstest"
)

// TestAWSCLISlash has providers whose issuers end in a slash, and the same issuers
// without, as people have them for Auth0.
func TestAWSCLISlash(t *testing.T) {
	t.Parallel()
	anybody := awsCLI{path: need(t, "aws"), endpoint: startProcess(t)}.as(t, "", "", "")
	root := anybody.as(t, daypasstest.AccessKeyID, daypasstest.SecretAccessKey, "")
	provider := startProviderAt(t, "/")
	without := "arn:aws:iam::" + daypasstest.Account + ":oidc-provider/" + strings.TrimSuffix(provider.name(), "/")
	with := without + "/"
	token := provider.signIn(t, app, alice)

	var made struct {
		OpenIDConnectProviderArn, IdentityPoolId, Url string
		Role                                          struct{ Arn string }
		OpenIDConnectProviderList                     []struct{ Arn string }
	}
	for url, want := range map[string]string{provider.URL: with, strings.TrimSuffix(provider.URL, "/"): without} {
		root.run(t, &made, "iam", "create-open-id-connect-provider", "--url", url, "--client-id-list", app, "--thumbprint-list", strings.Repeat("0", 40))
		if made.OpenIDConnectProviderArn != want {
			t.Errorf("the provider of %s is %s", url, made.OpenIDConnectProviderArn)
		}
	}
	root.run(t, &made, "iam", "list-open-id-connect-providers")
	root.run(t, &made, "iam", "get-open-id-connect-provider", "--open-id-connect-provider-arn", with)
	if len(made.OpenIDConnectProviderList) != 2 || made.Url != provider.URL {
		t.Errorf("the providers are %+v", made)
	}

	// At STS every character counts.
	trust := func(arn, key string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + arn + `"},"Action":"sts:AssumeRoleWithWebIdentity",` +
			`"Condition":{"StringEquals":{"` + key + `:aud":"` + app + `"}}}}`
	}
	root.run(t, &made, "iam", "create-role", "--role-name", "with", "--assume-role-policy-document", trust(with, provider.name()))
	root.run(t, &made, "iam", "create-role", "--role-name", "without", "--assume-role-policy-document", trust(without, strings.TrimSuffix(provider.name(), "/")))
	var assumed struct{ Provider string }
	anybody.run(t, &assumed, "sts", "assume-role-with-web-identity", "--role-arn", roleARN("with"), "--role-session-name", "cli", "--web-identity-token", token)
	if assumed.Provider != with {
		t.Errorf("Provider is %s", assumed.Provider)
	}
	anybody.refused(t, "(AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity",
		"sts", "assume-role-with-web-identity", "--role-arn", roleARN("without"), "--role-session-name", "cli", "--web-identity-token", token)

	// In a pool as Auth0's guide has it: provider and key without the slash.
	var user struct{ IdentityId string }
	root.run(t, &made, "cognito-identity", "create-identity-pool", "--identity-pool-name", "p", "--no-allow-unauthenticated-identities", "--open-id-connect-provider-arns", without)
	anybody.run(t, &user, "cognito-identity", "get-id", "--identity-pool-id", made.IdentityPoolId, "--logins", strings.TrimSuffix(provider.name(), "/")+"="+token)
	root.refused(t, "(InvalidParameterException) when calling the CreateIdentityPool operation: Invalid OpenID Connect provider ARN",
		"cognito-identity", "create-identity-pool", "--identity-pool-name", "p", "--no-allow-unauthenticated-identities", "--open-id-connect-provider-arns", without, with)
}

// TestTerraformSlash finds such providers by their URLs, as people's modules do.
func TestTerraformSlash(t *testing.T) {
	t.Parallel()
	need(t, "terraform")
	c := newTerraform(t, "testdata/terraform-slash", "TF_VAR_endpoint="+startProcess(t))
	c.apply(t, "3 added, 0 changed, 0 destroyed.")
	c.wantNothingToDo(t)
	type found struct {
		ARN       string   `json:"arn"`
		URL       string   `json:"url"`
		ClientIDs []string `json:"client_ids"`
	}
	var providers map[string]found
	if err := json.Unmarshal([]byte(c.run(t, "output", "-json", "providers")), &providers); err != nil {
		t.Fatal(err)
	}
	const arn = "arn:aws:iam::" + daypasstest.Account + ":oidc-provider/acme.eu.auth0.com"
	want := map[string]found{
		"with":    {arn + "/", "acme.eu.auth0.com/", []string{"with"}},
		"without": {arn, "acme.eu.auth0.com", []string{"without"}},
	}
	if diff := cmp.Diff(want, providers); diff != "" {
		t.Errorf("the data sources (-want +got):\n%s", diff)
	}
	if trust := c.run(t, "output", "-raw", "trust"); !strings.Contains(trust, `"acme.eu.auth0.com/:aud":"with"`) || !strings.Contains(trust, `"`+arn+`/"`) {
		t.Errorf("the trust policy is %s", trust)
	}
	c.run(t, "destroy", "-auto-approve")
}
