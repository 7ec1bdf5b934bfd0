package instance_test

import (
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// someone is a caller of the matrix, and how their policies refuse them: the end
// of AWS's sentence, in which ACTION is the action. Empty for one whom they allow
// everything.
type someone struct {
	name    string
	client  *client.Client
	arn     string
	refusal string
	// session says that the credentials are those of GetSessionToken.
	session bool
}

const (
	allowAll  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	denyAll   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	allowS3   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	trustRoot = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}`
)

// matrix is a server with everybody who could call it.
type matrix struct {
	*story
	callers []someone
	// there and missing name what there is, and what there is not.
	there, missing names
}

// Every operation of every service, called by everybody: root, users, sessions,
// guests and nobody. Whoever may not is refused in AWS's words, the same whether
// what they name is there or not; whoever may is not refused, and neither is
// anybody by what needs no permission.
func TestMatrix(t *testing.T) {
	m := newMatrix(t)
	for _, service := range instance.Services() {
		for _, op := range service.Operations {
			t.Run(service.Name+"/"+op.Name, func(t *testing.T) {
				for _, who := range m.callers {
					m.try(t, service, op, who)
				}
			})
		}
	}
	// Nobody whom policies refuse has changed anything.
	for op, in := range map[string]map[string]any{
		"DescribeIdentityPool": {"IdentityPoolId": m.pool}, "DescribeIdentity": {"IdentityId": m.there["IdentityId"]},
	} {
		m.root(op, in)
	}
	m.query("GetRole", "RoleName", "there")
	m.query("GetUser", "UserName", "there")
}

// try calls an operation as somebody, who may do it, or may not.
func (m *matrix) try(t *testing.T, service awsapi.Service, op awsapi.Operation, who someone) {
	t.Helper()
	if may := m.expected(service, op, who); may != nil {
		for _, world := range []names{m.there, m.missing} {
			got := m.call(t, service, op, who, world)
			want := *may
			want.Message = strings.ReplaceAll(want.Message, "RESOURCE", m.resource(t, service, op, world, who))
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", who.name, diff)
			}
		}
		return
	}
	if e := m.call(t, service, op, who, m.missing); e != nil && refuses(e) {
		t.Errorf("%s: %v", who.name, e)
	}
}

// refuses says whether an error is about who asks. That a role cannot be assumed
// or passed is about the role.
func refuses(e *client.Error) bool {
	return strings.HasPrefix(e.Code, "AccessDenied") || strings.HasPrefix(e.Code, "MissingAuthentication") || e.Code == "InvalidClientTokenId"
}

// expected is how an operation refuses somebody; nil if it does not.
func (m *matrix) expected(service awsapi.Service, op awsapi.Operation, who someone) *client.Error {
	action := service.Name + ":" + op.Name
	json := service.Target != ""
	denied := func(message string) *client.Error {
		if json {
			return &client.Error{Status: 400, Code: "AccessDeniedException", Message: message}
		}
		return &client.Error{Status: 403, Code: "AccessDenied", Message: message}
	}
	notAuthorized := "User: " + who.arn + " is not authorized to perform: " + action + " on resource: RESOURCE"
	switch {
	case op.Auth == awsapi.Public:
		return nil
	case who.client.Credentials.AccessKeyID == "" && json:
		return &client.Error{Status: 400, Code: "MissingAuthenticationTokenException", Message: "Missing Authentication Token"}
	case who.client.Credentials.AccessKeyID == "":
		return &client.Error{Status: 403, Code: "MissingAuthenticationToken", Message: "Request is missing Authentication Token"}
	case who.session && service.Name == "iam":
		return &client.Error{Status: 403, Code: "InvalidClientTokenId", Message: "The security token included in the request is invalid."}
	case action == "sts:GetCallerIdentity":
		return nil
	case action == "sts:AssumeRole" && who.name == "root": // whose sessions are root too
		return denied("Roles may not be assumed by root accounts.")
	case action == "sts:AssumeRole": // the role trusts others
		return denied(notAuthorized)
	case service.Name == "sts" && who.session:
		return denied("Cannot call " + op.Name + " with session credentials")
	case action == "sts:GetSessionToken" && who.client.Credentials.SessionToken != "":
		return denied("Cannot call GetSessionToken with session credentials")
	case op.Auth == awsapi.Identified || who.refusal == "":
		return nil
	}
	refusal := who.refusal
	if who.name == "guest" && service.Name == "cognito-identity" { // which the limits of guests leave to their role
		refusal = " because no identity-based policy allows the ACTION action"
	}
	return denied(notAuthorized + strings.ReplaceAll(refusal, "ACTION", action))
}

// resource is what a refusal says that an operation is about.
func (m *matrix) resource(t *testing.T, service awsapi.Service, op awsapi.Operation, world names, who someone) string {
	t.Helper()
	if service.Name == "sts" {
		return world["RoleArn"].(string)
	}
	in := least(t, op, world)
	account := "arn:aws:iam::123456789012:"
	named := func(member string) (string, bool) { s, ok := in[member].(string); return s, ok }
	switch service.Name {
	case "cognito-identity":
		if arn, ok := named("ResourceArn"); ok {
			return arn
		}
		switch op.Name {
		case "CreateIdentityPool", "ListIdentityPools":
			return poolARN("")
		case "SetIdentityPoolRoles", "SetPrincipalTagAttributeMap":
			return "*"
		}
		if pool, ok := named("IdentityPoolId"); ok {
			return poolARN(pool)
		}
		return "*"
	case "daypass":
		if pool, ok := named("IdentityPoolId"); ok {
			return poolARN(pool)
		}
		return "*"
	}
	switch op.Name {
	case "CreateRole":
		return account + "role/" + in["RoleName"].(string)
	case "CreateUser":
		return account + "user/" + in["UserName"].(string)
	case "CreatePolicy":
		return account + "policy/p"
	case "CreateOpenIDConnectProvider":
		return account + "oidc-provider/idp.example"
	case "CreateSAMLProvider":
		return account + "saml-provider/idp"
	case "ListRoles":
		return account + "role/"
	case "ListUsers":
		return account + "user/"
	case "ListPolicies":
		return account + "policy/"
	case "ListOpenIDConnectProviders":
		return account + "oidc-provider/*"
	case "ListSAMLProviders":
		return account + "saml-provider/*"
	}
	for member, prefix := range map[string]string{"RoleName": "role ", "UserName": "user "} {
		if name, ok := named(member); ok {
			return prefix + name
		}
	}
	for _, member := range []string{"OpenIDConnectProviderArn", "SAMLProviderArn", "PolicySourceArn"} {
		if arn, ok := named(member); ok {
			return arn
		}
	}
	if arn, ok := named("PolicyArn"); ok {
		return "policy " + arn
	}
	return "*"
}

// call calls an operation with what it needs at least; nil if it succeeds.
func (m *matrix) call(t *testing.T, service awsapi.Service, op awsapi.Operation, who someone, world names) *client.Error {
	t.Helper()
	in := least(t, op, world)
	var err error
	switch {
	case service.Target != "":
		_, err = who.client.JSON(t.Context(), awsapi.Service{Name: service.Name, Target: service.Target}, op.Name, in)
	default:
		_, err = who.client.Query(t.Context(), awsapi.Service{Name: service.Name, Version: service.Version}, op.Name, formOf("", in)...)
	}
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Status >= 500 {
		t.Errorf("%s: %v", who.name, err)
	}
	return e
}

func newMatrix(t *testing.T) *matrix { return newMatrixOf(t, daypasstest.Config{}) }

func newMatrixOf(t *testing.T, c daypasstest.Config) *matrix {
	m := &matrix{story: newStory(t, c)}
	guest := m.mustID("")
	guestClient, err := m.credentials(guest, "")
	if err != nil {
		t.Fatal(err)
	}
	alice := m.signIn("alice")
	aliceClient, err := m.credentials(m.mustID(alice), alice)
	if err != nil {
		t.Fatal(err)
	}
	m.query("CreatePolicy", "PolicyName", "there", "PolicyDocument", allowS3)
	m.query("CreateRole", "RoleName", "there", "Path", "/some/", "AssumeRolePolicyDocument", trust(m.pool, "authenticated"))
	m.query("CreateUser", "UserName", "there", "Path", "/some/")
	const implicit, explicit = " because no LAYER allows the ACTION action", " with an explicit deny in LAYER"
	layer := func(sentence, layer string) string { return strings.ReplaceAll(sentence, "LAYER", layer) }
	allowed := m.user("allowed", allowAll, "", "")
	m.callers = []someone{
		{name: "root", client: m.clientOf("us-east-1")},
		{name: "guest", client: guestClient, arn: "arn:aws:sts::123456789012:assumed-role/guest/CognitoIdentityCredentials", refusal: layer(implicit, "session policy")},
		{name: "nobody", client: m.public()},
		{name: "somebody signed in", client: aliceClient, arn: aliceARN, refusal: layer(implicit, "identity-based policy")},
		allowed,
		m.user("denied", denyAll, "", layer(explicit, "an identity-based policy")),
		m.user("without", "", "", layer(implicit, "identity-based policy")),
		m.user("bounded", allowAll, "arn:aws:iam::123456789012:policy/there", layer(implicit, "permissions boundary")),
	}
	m.callers = append(m.callers,
		m.session(allowed),
		m.narrowed(allowed, allowS3, layer(implicit, "session policy")),
		m.narrowed(allowed, denyAll, layer(explicit, "a session policy")),
	)
	const nowhere = "us-east-1:00000000-0000-4000-8000-000000000000"
	m.there = namesOf(m.pool, guest, "there", "there", "there", allowed.client.Credentials.AccessKeyID)
	m.missing = namesOf(nowhere, nowhere, "gone", "gone", "gone", "AKIAIOSFODNN7EXAMPLE")
	return m
}

// user makes a user with a policy and a boundary, and an access key.
func (m *matrix) user(name, policy, boundary, refusal string) someone {
	m.t.Helper()
	parameters := []string{"UserName", name}
	if boundary != "" {
		parameters = append(parameters, "PermissionsBoundary", boundary)
	}
	m.query("CreateUser", parameters...)
	if policy != "" {
		m.query("PutUserPolicy", "UserName", name, "PolicyName", "p", "PolicyDocument", policy)
	}
	c := m.clientOf("us-east-1")
	c.Credentials = credentialsIn(m.t, m.query("CreateAccessKey", "UserName", name))
	return someone{name: name, client: c, arn: "arn:aws:iam::123456789012:user/" + name, refusal: refusal}
}

// session is a user's GetSessionToken.
func (m *matrix) session(of someone) someone {
	m.t.Helper()
	answer, err := of.client.Query(m.t.Context(), sts.API, "GetSessionToken")
	if err != nil {
		m.t.Fatal(err)
	}
	c := m.clientOf("us-east-1")
	c.Credentials = credentialsIn(m.t, string(answer))
	return someone{name: of.name + "'s session", client: c, arn: of.arn, session: true}
}

// narrowed is a session of a role that may do everything, with a session policy.
func (m *matrix) narrowed(by someone, policy, refusal string) someone {
	m.t.Helper()
	if _, err := m.clientOf("us-east-1").Query(m.t.Context(), iam.API, "CreateRole", "RoleName", "operator", "AssumeRolePolicyDocument", trustRoot); err == nil {
		m.query("PutRolePolicy", "RoleName", "operator", "PolicyName", "p", "PolicyDocument", allowAll)
	}
	answer, err := by.client.Query(m.t.Context(), sts.API, "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/operator", "RoleSessionName", "session", "Policy", policy)
	if err != nil {
		m.t.Fatal(err)
	}
	c := m.clientOf("us-east-1")
	c.Credentials = credentialsIn(m.t, string(answer))
	return someone{name: "a session with" + refusal, client: c, arn: "arn:aws:sts::123456789012:assumed-role/operator/session", refusal: refusal}
}

// credentialsIn reads the credentials in an answer of STS or IAM.
func credentialsIn(t *testing.T, answer string) sigv4.Credentials {
	t.Helper()
	var c sigv4.Credentials
	d := xml.NewDecoder(strings.NewReader(answer))
	for token, err := d.Token(); err == nil; token, err = d.Token() {
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		into := map[string]*string{"AccessKeyId": &c.AccessKeyID, "SecretAccessKey": &c.SecretAccessKey, "SessionToken": &c.SessionToken}[start.Name.Local]
		if into != nil {
			if err := d.DecodeElement(into, &start); err != nil {
				t.Fatal(err)
			}
		}
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		t.Fatalf("no credentials in %s", answer)
	}
	return c
}
