package daypasstest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
)

// PoolConfig says what an identity pool is like.
type PoolConfig struct {
	// Name is its name; empty means "test".
	Name string
	// Providers, SAML and UserPools are whose people may sign in: by ID tokens, by SAML
	// responses, by the ID tokens of user pools.
	Providers []*Provider
	SAML      []*Provider
	UserPools []*UserPool
	// DeveloperProvider is the name of the backend's own provider.
	DeveloperProvider string
	// Guests may come as well.
	Guests bool
	// Authenticated and Unauthenticated are what the roles of people and of guests may
	// do: policy documents. Without one a role may do nothing.
	Authenticated, Unauthenticated string
	// ClassicFlow allows GetOpenIdToken, with AssumeRoleWithWebIdentity after it.
	ClassicFlow bool
}

// Pool is an identity pool with its two roles.
type Pool struct {
	// ID is the pool's.
	ID string
	// Authenticated and Unauthenticated are the ARNs of its roles.
	Authenticated, Unauthenticated string

	server *Server
}

// Pool makes an identity pool with a role for people who have signed in and one for
// guests, each trusted as AWS's console makes them.
func (s *Server) Pool(t testing.TB, c PoolConfig) *Pool {
	t.Helper()
	in := map[string]any{
		"IdentityPoolName": cmp.Or(c.Name, "test"), "AllowUnauthenticatedIdentities": c.Guests, "AllowClassicFlow": c.ClassicFlow,
	}
	var oidc, saml []string
	for _, p := range c.Providers {
		oidc = append(oidc, p.ARN)
	}
	for _, p := range c.SAML {
		saml = append(saml, p.SAML())
	}
	var userPools []map[string]any
	for _, u := range c.UserPools {
		userPools = append(userPools, map[string]any{"ProviderName": u.Name, "ClientId": ClientID})
	}
	if oidc != nil {
		in["OpenIdConnectProviderARNs"] = oidc
	}
	if saml != nil {
		in["SamlProviderARNs"] = saml
	}
	if userPools != nil {
		in["CognitoIdentityProviders"] = userPools
	}
	if c.DeveloperProvider != "" {
		in["DeveloperProviderName"] = c.DeveloperProvider
	}
	var out struct{ IdentityPoolId string }
	s.json(t, &out, "CreateIdentityPool", in)
	p := &Pool{ID: out.IdentityPoolId, server: s}
	p.Authenticated = s.role(t, p.ID, "authenticated", c.Authenticated)
	p.Unauthenticated = s.role(t, p.ID, "unauthenticated", c.Unauthenticated)
	s.json(t, nil, "SetIdentityPoolRoles", map[string]any{
		"IdentityPoolId": p.ID, "Roles": map[string]string{"authenticated": p.Authenticated, "unauthenticated": p.Unauthenticated},
	})
	return p
}

// role makes a role for the people of a pool.
func (s *Server) role(t testing.TB, pool, amr, policy string) (arn string) {
	t.Helper()
	name := pool[len(Region)+1:] + "-" + amr
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},`+
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":%q},`+
		`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":%q}}}]}`, pool, amr)
	var out struct {
		ARN string `xml:"CreateRoleResult>Role>Arn"`
	}
	s.query(t, &out, "CreateRole", "RoleName", name, "AssumeRolePolicyDocument", trust)
	if policy != "" {
		s.query(t, nil, "PutRolePolicy", "RoleName", name, "PolicyName", "test", "PolicyDocument", policy)
	}
	return out.ARN
}

// Credentials are what somebody signs requests with. They are also the credentials
// provider of an aws.Config.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	// Expiration is when they end, by the server's clock; zero for never.
	Expiration time.Time
	// IdentityID is the identity that they were given to; empty for a user's.
	IdentityID string
}

// SignIn gets credentials as an app does: an identity for the logins (none for a guest),
// and credentials for it. A refusal is the AWS error, which has a method ErrorCode.
func (p *Pool) SignIn(t testing.TB, logins map[string]string) (Credentials, error) {
	t.Helper()
	anonymous := &client.Client{Endpoint: p.server.URL, Region: Region}
	in := map[string]any{"IdentityPoolId": p.ID}
	if len(logins) > 0 {
		in["Logins"] = logins
	}
	var identity struct{ IdentityId string }
	if err := call(t, anonymous, &identity, "GetId", in); err != nil {
		return Credentials{}, err
	}
	delete(in, "IdentityPoolId")
	in["IdentityId"] = identity.IdentityId
	var out struct {
		Credentials struct {
			AccessKeyId, SecretKey, SessionToken string
			Expiration                           float64
		}
	}
	if err := call(t, anonymous, &out, "GetCredentialsForIdentity", in); err != nil {
		return Credentials{}, err
	}
	c := out.Credentials
	return Credentials{
		AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken,
		Expiration: time.UnixMilli(int64(c.Expiration * 1000)), IdentityID: identity.IdentityId,
	}, nil
}

// User makes a user of IAM with an access key, who may do what the policy document says.
func (s *Server) User(t testing.TB, policy string) Credentials {
	t.Helper()
	name := fmt.Sprintf("user-%d", s.users.Add(1))
	s.query(t, nil, "CreateUser", "UserName", name)
	if policy != "" {
		s.query(t, nil, "PutUserPolicy", "UserName", name, "PolicyName", "test", "PolicyDocument", policy)
	}
	var out struct {
		ID     string `xml:"CreateAccessKeyResult>AccessKey>AccessKeyId"`
		Secret string `xml:"CreateAccessKeyResult>AccessKey>SecretAccessKey"`
	}
	s.query(t, &out, "CreateAccessKey", "UserName", name)
	return Credentials{AccessKeyID: out.ID, SecretAccessKey: out.Secret}
}

// root calls as root.
func (s *Server) root() *client.Client {
	return &client.Client{
		Endpoint: s.URL, Region: Region, Credentials: client.Credentials{AccessKeyID: AccessKeyID, SecretAccessKey: SecretAccessKey}, Now: s.clock.Clients,
	}
}

// json calls an operation of identity pools as root.
func (s *Server) json(t testing.TB, out any, operation string, in map[string]any) {
	t.Helper()
	if err := call(t, s.root(), out, operation, in); err != nil {
		t.Fatalf("daypasstest: %s: %v", operation, err)
	}
}

func call(t testing.TB, c *client.Client, out any, operation string, in map[string]any) error {
	text, err := c.JSON(t.Context(), cognito.API, operation, in)
	if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	return err
}
