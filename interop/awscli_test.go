package interop

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
)

// awsCLI is the AWS command-line interface, version 1 or 2, called by somebody.
type awsCLI struct {
	path, endpoint string
	env            []string
}

// as gives the CLI of another caller; one without a key has no credentials.
func (c awsCLI) as(t *testing.T, id, secret, token string) awsCLI {
	t.Helper()
	c.env = environment(t)
	if id != "" {
		c.env = append(c.env, "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret)
	}
	if token != "" {
		c.env = append(c.env, "AWS_SESSION_TOKEN="+token)
	}
	return c
}

// args puts the endpoint in front of a command. AWS_ENDPOINT_URL would do, but
// older versions of the CLI do not know it, and would go to AWS.
func (c awsCLI) args(args []string) []string {
	return append([]string{"--endpoint-url", c.endpoint}, args...)
}

// run runs a command and reads its answer, unless out is nil.
func (c awsCLI) run(t *testing.T, out any, args ...string) {
	t.Helper()
	printed := run(t, c.env, c.path, c.args(args)...)
	if out == nil {
		if len(printed) > 0 {
			t.Errorf("aws %s prints %s", strings.Join(args, " "), printed)
		}
		return
	}
	if err := json.Unmarshal(printed, out); err != nil {
		t.Fatalf("aws %s: %v", strings.Join(args, " "), err)
	}
}

// refused runs a command that must fail and say why.
func (c awsCLI) refused(t *testing.T, want string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), c.path, c.args(args)...)
	command.Env = c.env
	var stderr strings.Builder
	command.Stderr = &stderr
	if printed, err := command.Output(); err == nil || len(printed) > 0 || !strings.Contains(stderr.String(), want) {
		t.Errorf("aws %s: %v\nprinted: %s%s\nwant:    %s", args[:2], err, printed, stderr.String(), want)
	}
}

// TestAWSCLI walks through the story in a shell, as it were.
func TestAWSCLI(t *testing.T) {
	t.Parallel()
	anybody := awsCLI{path: need(t, "aws"), endpoint: startProcess(t)}.as(t, "", "", "")
	root := anybody.as(t, daypasstest.AccessKeyID, daypasstest.SecretAccessKey, "")
	provider := startProvider(t)

	var made struct {
		OpenIDConnectProviderArn, IdentityPoolId string
		Role                                     struct{ Arn string }
	}
	root.run(t, &made, "iam", "create-open-id-connect-provider", "--url", provider.URL, "--client-id-list", app,
		"--thumbprint-list", strings.Repeat("0", 40)) // older versions insist on one
	root.run(t, &made, "cognito-identity", "create-identity-pool", "--identity-pool-name", "photos",
		"--allow-unauthenticated-identities", "--open-id-connect-provider-arns", made.OpenIDConnectProviderArn)
	pool := made.IdentityPoolId
	root.run(t, &made, "iam", "create-role", "--role-name", userRole, "--assume-role-policy-document", trustPolicy(pool, "authenticated"))
	root.run(t, nil, "cognito-identity", "set-identity-pool-roles", "--identity-pool-id", pool, "--roles", "authenticated="+made.Role.Arn)

	// The shorthand that people type, and the JSON that they fall back to.
	token := provider.signIn(t, app, alice)
	login := provider.name() + "=" + token
	var user, again, guest struct{ IdentityId string }
	anybody.run(t, &user, "cognito-identity", "get-id", "--identity-pool-id", pool, "--logins", login)
	root.run(t, &again, "cognito-identity", "get-id", "--no-sign-request", "--identity-pool-id", pool, "--logins", `{"`+provider.name()+`":"`+token+`"}`)
	anybody.run(t, &guest, "cognito-identity", "get-id", "--no-sign-request", "--identity-pool-id", pool)
	if user != again || guest == user {
		t.Errorf("the user is %v, then %v; the guest %v", user, again, guest)
	}

	var got struct {
		Credentials struct {
			AccessKeyId, SecretKey, SecretAccessKey, SessionToken string
		}
		Token string
	}
	var caller struct{ Account, Arn string }
	anybody.run(t, &got, "cognito-identity", "get-credentials-for-identity", "--identity-id", user.IdentityId, "--logins", login)
	c := got.Credentials
	holder := anybody.as(t, c.AccessKeyId, c.SecretKey, c.SessionToken)
	holder.run(t, &caller, "sts", "get-caller-identity")
	if caller.Arn != sessionARN(userRole, enhancedSession) || caller.Account != daypasstest.Account {
		t.Errorf("the caller is %+v", caller)
	}

	anybody.run(t, &got, "cognito-identity", "get-open-id-token", "--identity-id", user.IdentityId, "--logins", login)
	anybody.run(t, &got, "sts", "assume-role-with-web-identity", "--role-arn", made.Role.Arn, "--role-session-name", "my-app", "--web-identity-token", got.Token)
	c = got.Credentials
	anybody.as(t, c.AccessKeyId, c.SecretAccessKey, c.SessionToken).run(t, &caller, "sts", "get-caller-identity")
	if caller.Arn != sessionARN(userRole, "my-app") {
		t.Errorf("the caller is %+v", caller)
	}

	anybody.refused(t, "(NotAuthorizedException) when calling the GetId operation: "+badSignature,
		"cognito-identity", "get-id", "--identity-pool-id", pool, "--logins", provider.name()+"="+forge(t, token, bob))
	anybody.refused(t, "(NotAuthorizedException) when calling the GetId operation: Invalid login token. Token expired: ",
		"cognito-identity", "get-id", "--identity-pool-id", pool, "--logins", provider.name()+"="+provider.signInLongAgo(t, alice))
	anybody.refused(t, "(NotAuthorizedException) when calling the GetOpenIdToken operation: "+loginsDontMatch,
		"cognito-identity", "get-open-id-token", "--identity-id", user.IdentityId, "--logins", provider.name()+"="+provider.signIn(t, app, bob))
	anybody.refused(t, "(InvalidIdentityPoolConfigurationException) when calling the GetCredentialsForIdentity operation: "+checkRoles,
		"cognito-identity", "get-credentials-for-identity", "--identity-id", guest.IdentityId)
	anybody.refused(t, "(ResourceNotFoundException) when calling the GetId operation: IdentityPool '"+nobodys+"' not found.",
		"cognito-identity", "get-id", "--identity-pool-id", nobodys)
	anybody.refused(t, "(AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity",
		"sts", "assume-role-with-web-identity", "--role-arn", roleARN("nobody"), "--role-session-name", "my-app", "--web-identity-token", got.Token)
	holder.refused(t, "(AccessDeniedException) when calling the ListIdentityPools operation: User: "+sessionARN(userRole, enhancedSession)+" is not authorized to perform: cognito-identity:ListIdentityPools",
		"cognito-identity", "list-identity-pools", "--max-results", "10")
	holder.refused(t, "(AccessDenied) when calling the ListRoles operation: User: "+sessionARN(userRole, enhancedSession)+" is not authorized to perform: iam:ListRoles",
		"iam", "list-roles")
	root.refused(t, "(MissingAuthenticationTokenException) when calling the ListIdentityPools operation: Missing Authentication Token",
		"cognito-identity", "list-identity-pools", "--max-results", "10", "--no-sign-request")
	root.refused(t, "(NoSuchEntity) when calling the GetRole operation: The role with name nobody cannot be found.",
		"iam", "get-role", "--role-name", "nobody")
}

// TestAWSCLITeam has a person of the team do with the CLI what people do.
func TestAWSCLITeam(t *testing.T) {
	t.Parallel()
	anybody := awsCLI{path: need(t, "aws"), endpoint: startProcess(t)}.as(t, "", "", "")
	root := anybody.as(t, daypasstest.AccessKeyID, daypasstest.SecretAccessKey, "")

	var made struct {
		User, Role  struct{ Arn string }
		AccessKey   struct{ AccessKeyID, SecretAccessKey string }
		Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
		Arn         string

		EvaluationResults []struct{ EvalActionName, EvalDecision string }
	}
	root.run(t, &made, "iam", "create-user", "--user-name", "anna")
	user := made.User.Arn
	root.run(t, &made, "iam", "create-access-key", "--user-name", "anna")
	anna := anybody.as(t, made.AccessKey.AccessKeyID, made.AccessKey.SecretAccessKey, "")
	anna.refused(t, "AccessDeniedException", "cognito-identity", "list-identity-pools", "--max-results", "1")
	root.run(t, nil, "iam", "put-user-policy", "--user-name", "anna", "--policy-name", "look", "--policy-document",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cognito-identity:List*","Resource":"*"}}`)
	anna.run(t, &made, "cognito-identity", "list-identity-pools", "--max-results", "1")

	root.run(t, &made, "iam", "create-role", "--role-name", "deploy", "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"`+user+`"},"Action":"sts:AssumeRole"}}`)
	root.run(t, nil, "iam", "attach-role-policy", "--role-name", "deploy", "--policy-arn", "arn:aws:iam::aws:policy/AmazonCognitoPowerUser")
	anna.run(t, &made, "sts", "assume-role", "--role-arn", made.Role.Arn, "--role-session-name", "cli",
		"--policy-arns", "arn=arn:aws:iam::aws:policy/AmazonCognitoReadOnly")
	session := anybody.as(t, made.Credentials.AccessKeyID, made.Credentials.SecretAccessKey, made.Credentials.SessionToken)
	session.run(t, &made, "sts", "get-caller-identity")
	if want := "arn:aws:sts::" + daypasstest.Account + ":assumed-role/deploy/cli"; made.Arn != want {
		t.Errorf("the session is %s, want %s", made.Arn, want)
	}
	session.run(t, &made, "cognito-identity", "list-identity-pools", "--max-results", "1")
	session.refused(t, "because no session policy allows the cognito-identity:CreateIdentityPool action",
		"cognito-identity", "create-identity-pool", "--identity-pool-name", "p", "--no-allow-unauthenticated-identities")

	root.run(t, &made, "iam", "simulate-principal-policy", "--policy-source-arn", user,
		"--action-names", "cognito-identity:ListIdentityPools", "cognito-identity:CreateIdentityPool")
	if r := made.EvaluationResults; len(r) != 2 || r[0].EvalDecision != "allowed" || r[1].EvalDecision != "implicitDeny" {
		t.Errorf("simulated: %+v", r)
	}
	anna.run(t, &made, "sts", "get-session-token")
	anybody.as(t, made.Credentials.AccessKeyID, made.Credentials.SecretAccessKey, made.Credentials.SessionToken).
		refused(t, "InvalidClientTokenId", "iam", "list-users")
}
