package interop

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/mint"
	daypasssts "github.com/daypass/daypass/internal/sts"
)

const (
	stsUser     = "arn:aws:iam::" + daypasstest.Account + ":user/worker"
	staffIdP    = "arn:aws:iam::" + daypasstest.Account + ":saml-provider/staff"
	mayAssume   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}`
	mayAnything = "arn:aws:iam::aws:policy/AdministratorAccess"
)

// trustIn is a trust policy of one statement.
func trustIn(principalType, principal, actions string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"` + principalType + `":"` + principal + `"},"Action":` + actions + `}]}`)
}

// stsAccount is an account with a user and a chain of roles: the user may assume
// first, which may assume second; staff may assume staff with SAML.
type stsAccount struct {
	*shop
	key  *string
	user aws.CredentialsProvider
	saml mint.SAML
}

func openSTS(t *testing.T, endpoint string) *stsAccount {
	t.Helper()
	a := &stsAccount{shop: openShop(t, endpoint)}
	i, ctx := a.root.iam, t.Context()
	must(i.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("worker")}))(t)
	must(i.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("worker"), PolicyName: aws.String("p"), PolicyDocument: aws.String(mayAssume)}))(t)
	key := must(i.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("worker")}))(t).AccessKey
	a.key, a.user = key.AccessKeyId, static(*key.AccessKeyId, *key.SecretAccessKey, "")
	const actions = `["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`
	a.role(t, "first", trustIn("AWS", daypasstest.Account, actions))
	a.role(t, "second", trustIn("AWS", roleARN("first"), actions))
	signing, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a.saml = mint.SAML{Issuer: "https://staff.example.com", Subject: "anna", Key: signing, Attributes: map[string][]string{
		mint.RoleAttribute: {roleARN("staff") + "," + staffIdP},
		"https://aws.amazon.com/SAML/Attributes/RoleSessionName":   {"anna"},
		"https://aws.amazon.com/SAML/Attributes/PrincipalTag:team": {"red"},
	}}
	metadata := must(a.saml.Metadata())(t)
	must(i.CreateSAMLProvider(ctx, &iam.CreateSAMLProviderInput{Name: aws.String("staff"), SAMLMetadataDocument: aws.String(string(metadata))}))(t)
	a.role(t, "staff", trustIn("Federated", staffIdP, `["sts:AssumeRoleWithSAML","sts:TagSession"]`))
	return a
}

func (a *stsAccount) role(t *testing.T, name string, trust *string) {
	t.Helper()
	must(a.root.iam.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: trust}))(t)
	must(a.root.iam.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(mayAssume)}))(t)
}

func (a *stsAccount) response(t *testing.T) string {
	t.Helper()
	return must(a.saml.Response())(t)
}

// sessionOf are the credentials that STS gives.
func sessionOf(c *ststypes.Credentials) aws.CredentialsProvider {
	return static(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
}

func callerOf(t *testing.T, endpoint string, c aws.CredentialsProvider) string {
	t.Helper()
	return *must(connect(endpoint, c).sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t).Arn
}

func assumedARN(role, session string) string {
	return "arn:aws:sts::" + daypasstest.Account + ":assumed-role/" + role + "/" + session
}

// TestSTSOperations calls each operation of STS with the SDK's own types, and
// uses what it gets.
func TestSTSOperations(t *testing.T) {
	t.Parallel()
	a := openSTS(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	called := map[string]bool{}
	count := sts.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("count", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			called[awsmiddleware.GetOperationName(ctx)] = err == nil
			return out, metadata, err
		}), middleware.Before)
	})
	as := func(c aws.CredentialsProvider) *sts.Client {
		return sts.New(connect(a.endpoint, c).sts.Options(), count)
	}
	ctx := t.Context()

	// A chain of roles, tags and a source identity through it.
	first := must(as(a.user).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(roleARN("first")), RoleSessionName: aws.String("w1"), DurationSeconds: aws.Int32(900), SourceIdentity: aws.String("anna"),
		Tags: []ststypes.Tag{{Key: aws.String("team"), Value: aws.String("red")}}, TransitiveTagKeys: []string{"team"},
		PolicyArns: []ststypes.PolicyDescriptorType{{Arn: aws.String(mayAnything)}}, Policy: aws.String(mayAssume),
	}))(t)
	size := aws.ToInt32(first.PackedPolicySize) //lint:ignore SA1019 many clients still read it
	if left := time.Until(*first.Credentials.Expiration); left > 15*time.Minute || left < 14*time.Minute || *first.SourceIdentity != "anna" || size < 1 {
		t.Errorf("the first session lasts %s, is of %s and takes %d%%", left, *first.SourceIdentity, size)
	}
	second := must(as(sessionOf(first.Credentials)).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(roleARN("second")), RoleSessionName: aws.String("w2")}))(t)
	if got := *second.SourceIdentity; got != "anna" {
		t.Errorf("the second session is of %s", got)
	}
	got := must(as(sessionOf(second.Credentials)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))(t)
	if *got.Arn != assumedARN("second", "w2") || *got.UserId != *second.AssumedRoleUser.AssumedRoleId || *got.Account != daypasstest.Account {
		t.Errorf("caller %s, %s of %s", *got.Arn, *got.UserId, *got.Account)
	}

	// What the SDK itself does with a role in its configuration.
	provider := stscreds.NewAssumeRoleProvider(connect(a.endpoint, a.user).sts, roleARN("first"), func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "profile" })
	if got := callerOf(t, a.endpoint, aws.NewCredentialsCache(provider)); got != assumedARN("first", "profile") {
		t.Errorf("with a profile's role: %s", got)
	}

	// A user's own session.
	session := must(as(a.user).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(3600)}))(t)
	if got := callerOf(t, a.endpoint, sessionOf(session.Credentials)); got != stsUser {
		t.Errorf("with a session token: %s", got)
	}
	must(as(sessionOf(session.Credentials)).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(roleARN("first")), RoleSessionName: aws.String("w3")}))(t)
	for _, key := range []*string{a.key, first.Credentials.AccessKeyId} {
		if got := *must(as(a.user).GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: key}))(t).Account; got != daypasstest.Account {
			t.Errorf("%s is a key of %s", *key, got)
		}
	}

	// SAML and OpenID tokens.
	staff := must(as(nil).AssumeRoleWithSAML(ctx, &sts.AssumeRoleWithSAMLInput{
		RoleArn: aws.String(roleARN("staff")), PrincipalArn: aws.String(staffIdP), SAMLAssertion: aws.String(a.response(t)),
	}))(t)
	if *staff.Subject != "anna" || *staff.SubjectType != "persistent" || *staff.Audience != "https://signin.aws.amazon.com/saml" || *staff.Issuer != "https://staff.example.com/saml/metadata" {
		t.Errorf("of %s (%s), for %s, by %s", *staff.Subject, *staff.SubjectType, *staff.Audience, *staff.Issuer)
	}
	if got := callerOf(t, a.endpoint, sessionOf(staff.Credentials)); got != assumedARN("staff", "anna") {
		t.Errorf("with SAML: %s", got)
	}
	logins := a.provider.logins(a.provider.signIn(t, app, alice))
	token := a.getOpenIDToken(t, a.getID(t, a.pool, logins), logins)
	web := must(as(nil).AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(roleARN(userRole)), RoleSessionName: aws.String("app"), WebIdentityToken: &token,
	}))(t)
	if got := callerOf(t, a.endpoint, sessionOf(web.Credentials)); got != assumedARN(userRole, "app") {
		t.Errorf("with an OpenID token: %s", got)
	}

	for _, op := range daypasssts.Operations(nil).Operations {
		if !called[op.Name] {
			t.Errorf("the story has no %s", op.Name)
		}
	}
}

// TestSTSRefusals has the SDK catch each exception by its type, where the API
// declares one.
func TestSTSRefusals(t *testing.T) {
	t.Parallel()
	a := openSTS(t, daypasstest.Start(t, daypasstest.Config{}).URL)
	first := &sts.AssumeRoleInput{RoleArn: aws.String(roleARN("first")), RoleSessionName: aws.String("w1")}
	assume := func(change func(*sts.AssumeRoleInput)) func(c *sts.Client) error {
		return func(c *sts.Client) error {
			in := *first
			change(&in)
			_, err := c.AssumeRole(t.Context(), &in)
			return err
		}
	}
	withSAML := func(response string) func(*sts.Client) error {
		return func(c *sts.Client) error {
			_, err := c.AssumeRoleWithSAML(t.Context(), &sts.AssumeRoleWithSAMLInput{RoleArn: aws.String(roleARN("staff")), PrincipalArn: aws.String(staffIdP), SAMLAssertion: &response})
			return err
		}
	}
	bad := func(kind string) string { return must(a.saml.Bad(kind))(t) }
	long := a.saml
	long.Attributes = map[string][]string{"x": {strings.Repeat("x", 60_000)}}
	for name, test := range map[string]struct {
		as            aws.CredentialsProvider
		call          func(*sts.Client) error
		code, message string
		typed         func(error) bool
	}{
		"not allowed by the role": {
			a.user, assume(func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String(roleARN("second")) }), "AccessDenied",
			"User: " + stsUser + " is not authorized to perform: sts:AssumeRole on resource: " + roleARN("second"), nil,
		},
		"root":                  {root(), assume(func(*sts.AssumeRoleInput) {}), "AccessDenied", "Roles may not be assumed by root accounts.", nil},
		"a policy that is none": {a.user, assume(func(in *sts.AssumeRoleInput) { in.Policy = aws.String("{") }), "MalformedPolicyDocument", "Syntax errors in policy.", is[*ststypes.MalformedPolicyDocumentException]},
		"too long a policy": {
			a.user, assume(func(in *sts.AssumeRoleInput) { in.Policy = aws.String(strings.Repeat(" ", 4000)) }), "PackedPolicyTooLarge",
			"Packed policy consumes 196% of allotted space, please use smaller policy.", is[*ststypes.PackedPolicyTooLargeException],
		},
		"no such managed policy": {
			a.user, assume(func(in *sts.AssumeRoleInput) {
				in.PolicyArns = []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/None")}}
			}), "ValidationError", "Policy arn:aws:iam::aws:policy/None does not exist.", nil,
		},
		"too long a session": {a.user, assume(func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(43200) }), "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", nil},
		"SAML of a stranger": {nil, withSAML(bad("key")), "InvalidIdentityToken", "Response signature invalid", is[*ststypes.InvalidIdentityTokenException]},
		"SAML of long ago":   {nil, withSAML(bad("expired")), "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", is[*ststypes.ExpiredTokenException]},
		"SAML of a failure":  {nil, withSAML(bad("status")), "IDPRejectedClaim", "The identity provider reported that authentication failed.", is[*ststypes.IDPRejectedClaimException]},
		"SAML without roles": {nil, withSAML(must(long.Response())(t)), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.call(connect(a.endpoint, test.as).sts)
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorCode() != test.code || api.ErrorMessage() != test.message {
				t.Errorf("error %v, want %s: %s", err, test.code, test.message)
			}
			if test.typed != nil && !test.typed(err) {
				t.Errorf("the SDK does not know %T", err)
			}
		})
	}
}

func is[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// TestBoto3STS and TestAWSCLISTS are the story of TestSTSOperations with other
// clients.
func TestBoto3STS(t *testing.T) {
	t.Parallel()
	python := need(t, "boto3")
	endpoint := startProcess(t)
	a := openSTS(t, endpoint)
	c := must(a.user.Retrieve(t.Context()))(t)
	given := must(json.Marshal(map[string]string{
		"endpoint": endpoint, "region": daypasstest.Region, "account": daypasstest.Account,
		"access_key_id": c.AccessKeyID, "secret_access_key": c.SecretAccessKey, "saml": a.response(t),
	}))(t)
	run(t, environment(t, "PYTHONDONTWRITEBYTECODE=1", "DAYPASS_INTEROP="+string(given)), python, "testdata/boto3/sts.py")
}

func TestAWSCLISTS(t *testing.T) {
	t.Parallel()
	anybody := awsCLI{path: need(t, "aws"), endpoint: startProcess(t)}.as(t, "", "", "")
	a := openSTS(t, anybody.endpoint)
	c := must(a.user.Retrieve(t.Context()))(t)
	user := anybody.as(t, c.AccessKeyID, c.SecretAccessKey, "")
	type made struct {
		Credentials    struct{ AccessKeyId, SecretAccessKey, SessionToken string }
		Arn, Account   string
		SourceIdentity string
	}
	session := func(m made) awsCLI {
		return anybody.as(t, m.Credentials.AccessKeyId, m.Credentials.SecretAccessKey, m.Credentials.SessionToken)
	}
	is := func(c awsCLI, want string) {
		t.Helper()
		var m made
		if c.run(t, &m, "sts", "get-caller-identity"); m.Arn != want {
			t.Errorf("caller %s, want %s", m.Arn, want)
		}
	}
	var first, second, own, staff, key made
	user.run(t, &first, "sts", "assume-role", "--role-arn", roleARN("first"), "--role-session-name", "w1", "--source-identity", "anna",
		"--tags", "Key=team,Value=red", "--transitive-tag-keys", "team", "--policy-arns", "arn="+mayAnything, "--duration-seconds", "900")
	is(session(first), assumedARN("first", "w1"))
	session(first).run(t, &second, "sts", "assume-role", "--role-arn", roleARN("second"), "--role-session-name", "w2")
	is(session(second), assumedARN("second", "w2"))
	if second.SourceIdentity != "anna" {
		t.Errorf("the second session is of %q", second.SourceIdentity)
	}
	session(first).refused(t, "(InvalidParameterValue) when calling the AssumeRole operation: One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
		"sts", "assume-role", "--role-arn", roleARN("second"), "--role-session-name", "w2", "--tags", "Key=Team,Value=blue")
	session(first).refused(t, "(ValidationError) when calling the AssumeRole operation: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
		"sts", "assume-role", "--role-arn", roleARN("second"), "--role-session-name", "w2", "--duration-seconds", "3601")
	user.run(t, &own, "sts", "get-session-token")
	is(session(own), stsUser)
	session(own).refused(t, "(AccessDenied) when calling the GetSessionToken operation: Cannot call GetSessionToken with session credentials", "sts", "get-session-token")
	if user.run(t, &key, "sts", "get-access-key-info", "--access-key-id", own.Credentials.AccessKeyId); key.Account != daypasstest.Account {
		t.Errorf("a key of %s", key.Account)
	}
	anybody.run(t, &staff, "sts", "assume-role-with-saml", "--role-arn", roleARN("staff"), "--principal-arn", staffIdP, "--saml-assertion", a.response(t))
	is(session(staff), assumedARN("staff", "anna"))
}
