package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/instance"
)

// What the demonstration is about.
const (
	demoRegion   = "us-east-1"
	demoAccount  = "000000000000"
	demoClientID = "photos-app"
	demoRedirect = "http://127.0.0.1/callback"
	demoRole     = "photos-user"
	demoPassword = "wonderland"
)

type demoCommand struct {
	Listen string `default:"127.0.0.1:4600" placeholder:"ADDR" help:"Address to listen on (${default}, or a free port where that is taken)."`
	Exit   bool   `help:"Stop after the walk instead of leaving the server running."`
}

// Run starts a server as "daypass serve --dev" does, and a development OpenID
// provider, and walks from a sign-in to scoped credentials over HTTP.
func (c *demoCommand) Run(p *process) error {
	ctx, stop := context.WithCancel(p.ctx)
	defer stop()
	p = &process{ctx, p.stdout, p.stderr, func(string) string { return "" }}
	address, err := freeAddress(c.Listen)
	if err != nil {
		return err
	}
	r, err := start(p, Config{
		Listen: address, AccountID: demoAccount, Region: demoRegion,
		Dev: true, GuestBurst: 1, LogLevel: "error", LogFormat: "text",
	})
	if err != nil {
		return err
	}
	d := &demo{w: p.stdout, root: client.Client{Endpoint: r.url, Region: demoRegion, Credentials: client.Credentials{AccessKeyID: devKey, SecretAccessKey: devKey}}}
	err = d.walk(ctx, r)
	if err == nil && !c.Exit {
		d.invite(r.url)
		<-ctx.Done()
	}
	r.stop()
	if d.provider != nil {
		err = errors.Join(err, d.provider.Close())
	}
	return errors.Join(err, r.wait())
}

// freeAddress is the address, or a free port on loopback where it is taken.
func freeAddress(addr string) (string, error) {
	l, err := listen(addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "127.0.0.1:0", nil
	case err != nil:
		return "", err
	}
	return addr, l.Close() // it was only asked whether it is free
}

// demo is the walk: each step prints what it does, as a line for the AWS CLI
// where there is one, and the answer.
type demo struct {
	w        io.Writer
	root     client.Client
	provider *idp.Server
	step     int
	hers     *client.Client // with the credentials of Alice's identity

	issuer, pool, roleARN, token, identity, openID string
}

func (d *demo) walk(ctx context.Context, r *running) error {
	for _, step := range []func(context.Context) error{
		d.startProvider, d.createProvider, d.createPool, d.createRole, d.signIn, d.getID, d.credentials, d.limits, d.forged, d.openIDToken, d.basicFlow,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("step %d: %w", d.step, err)
		}
	}
	return nil
}

func (d *demo) title(format string, args ...any) {
	d.step++
	fmt.Fprintf(d.w, "\n%d. %s\n\n", d.step, fmt.Sprintf(format, args...))
}

func (d *demo) command(format string, args ...any) {
	fmt.Fprintf(d.w, "   $ %s\n", fmt.Sprintf(format, args...))
}

func (d *demo) show(text string) {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		fmt.Fprintf(d.w, "   %s\n", line)
	}
}

func (d *demo) startProvider(ctx context.Context) (err error) {
	fmt.Fprintf(d.w, "daypass demo: a sign-in at a real OpenID provider becomes scoped temporary credentials.\n")
	d.provider, err = idp.Start(ctx, idp.Config{
		Users:   []idp.User{{Subject: "alice", Password: demoPassword, Name: "Alice", Email: "alice@example.com"}},
		Clients: []idp.Client{{ID: demoClientID, RedirectURIs: []string{demoRedirect}}},
	}, "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.issuer = d.provider.URL
	d.title("Two servers on this machine")
	d.show("daypass            " + d.root.Endpoint + "\nOpenID provider    " + d.issuer + "   (user alice, password " + demoPassword + ")")
	return nil
}

func (d *demo) createProvider(ctx context.Context) error {
	d.title("The administrator trusts the OpenID provider")
	d.command("aws iam create-open-id-connect-provider --url %s --client-id-list %s", d.issuer, demoClientID)
	return d.query(ctx, "iam", "CreateOpenIDConnectProvider", "Url", d.issuer, "ClientIDList.member.1", demoClientID)
}

// providerName is the provider as Logins name it: the issuer without scheme.
func (d *demo) providerName() string {
	_, name, _ := strings.Cut(d.issuer, "://")
	return name
}

func (d *demo) providerARN() string {
	return "arn:aws:iam::" + demoAccount + ":oidc-provider/" + d.providerName()
}

func (d *demo) createPool(ctx context.Context) error {
	d.title("... makes an identity pool that accepts it")
	d.command("aws cognito-identity create-identity-pool --identity-pool-name photos --allow-unauthenticated-identities \\\n       --open-id-connect-provider-arns %s", d.providerARN())
	var out struct{ IdentityPoolId string }
	err := d.call(ctx, &d.root, "CreateIdentityPool", map[string]any{
		"IdentityPoolName": "photos", "AllowUnauthenticatedIdentities": true,
		"OpenIdConnectProviderARNs": []string{d.providerARN()},
	}, &out)
	d.pool = out.IdentityPoolId
	return err
}

func (d *demo) createRole(ctx context.Context) error {
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},`+
		`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":%q},`+
		`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`, d.pool)
	d.roleARN = "arn:aws:iam::" + demoAccount + ":role/" + demoRole
	d.title("... and a role for its signed-in users")
	d.command("aws iam create-role --role-name %s --assume-role-policy-document '%s'", demoRole, trust)
	if _, err := d.root.Query(ctx, instance.API("iam"), "CreateRole", "RoleName", demoRole, "AssumeRolePolicyDocument", trust); err != nil {
		return err
	}
	d.command("aws cognito-identity set-identity-pool-roles --identity-pool-id %s --roles authenticated=%s", d.pool, d.roleARN)
	_, err := d.root.JSON(ctx, instance.API("cognito-identity"), "SetIdentityPoolRoles", map[string]any{"IdentityPoolId": d.pool, "Roles": map[string]string{"authenticated": d.roleARN}})
	return err
}

func (d *demo) signIn(ctx context.Context) error {
	d.title("Alice signs in at her provider (authorization code flow with PKCE, over HTTP); her ID token says")
	tokens, err := idp.RelyingParty{Issuer: d.issuer, ClientID: demoClientID, RedirectURI: demoRedirect}.SignIn(ctx, "alice", demoPassword)
	if err != nil {
		return err
	}
	d.token = tokens.IDToken
	d.showClaims(d.token)
	return nil
}

func (d *demo) logins(token string) map[string]string {
	return map[string]string{d.providerName(): token}
}

// public is a client without credentials, as an app is.
func (d *demo) public() *client.Client { return &client.Client{Endpoint: d.root.Endpoint} }

func (d *demo) getID(ctx context.Context) error {
	d.title("Her app asks for her identity: no credentials, only the token; the same each time")
	in := map[string]any{"IdentityPoolId": d.pool, "Logins": d.logins(d.token)}
	for range 2 {
		d.command("aws cognito-identity get-id --identity-pool-id %s --logins %s=$TOKEN", d.pool, d.providerName())
		var out struct{ IdentityId string }
		if err := d.call(ctx, d.public(), "GetId", in, &out); err != nil {
			return err
		}
		d.identity = out.IdentityId
	}
	return nil
}

func (d *demo) credentials(ctx context.Context) error {
	d.title("... and for credentials, which are good for an hour and for one role")
	d.command("aws cognito-identity get-credentials-for-identity --identity-id %s --logins %s=$TOKEN", d.identity, d.providerName())
	var out struct {
		Credentials struct{ AccessKeyId, SecretKey, SessionToken string }
	}
	err := d.call(ctx, d.public(), "GetCredentialsForIdentity", map[string]any{"IdentityId": d.identity, "Logins": d.logins(d.token)}, &out)
	if err != nil {
		return err
	}
	c := out.Credentials
	d.command("aws sts get-caller-identity     # with these credentials")
	d.hers = &client.Client{Endpoint: d.root.Endpoint, Region: demoRegion, Credentials: client.Credentials{AccessKeyID: c.AccessKeyId, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken}}
	return d.queryAs(ctx, d.hers, "sts", "GetCallerIdentity")
}

// limits gives the role a policy, and shows that the credentials are held to it.
func (d *demo) limits(ctx context.Context) error {
	d.title("They may do what the policies of the role allow, from now on to look at the pool, and nothing else")
	look := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cognito-identity:Describe*",`+
		`"Resource":"arn:aws:cognito-identity:%s:%s:identitypool/%s"}}`, demoRegion, demoAccount, d.pool)
	d.command("aws iam put-role-policy --role-name %s --policy-name look --policy-document '%s'", demoRole, look)
	if _, err := d.root.Query(ctx, instance.API("iam"), "PutRolePolicy", "RoleName", demoRole, "PolicyName", "look", "PolicyDocument", look); err != nil {
		return err
	}
	pool := map[string]any{"IdentityPoolId": d.pool}
	d.command("aws cognito-identity describe-identity-pool --identity-pool-id %s     # with her credentials", d.pool)
	if err := d.call(ctx, d.hers, "DescribeIdentityPool", pool, nil); err != nil {
		return err
	}
	d.command("aws cognito-identity delete-identity-pool --identity-pool-id %s       # likewise", d.pool)
	var refused *client.Error
	if err := d.call(ctx, d.hers, "DeleteIdentityPool", pool, nil); !errors.As(err, &refused) {
		return fmt.Errorf("to delete the pool was not refused: %w", err)
	}
	return nil
}

func (d *demo) forged(ctx context.Context) error {
	d.title("A forged token, the same but for its subject, is refused")
	parts := strings.Split(d.token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(payload, []byte(`"sub":"alice"`), []byte(`"sub":"mallory"`), 1))
	d.command("aws cognito-identity get-id --identity-pool-id %s --logins %s=$FORGED", d.pool, d.providerName())
	err = d.call(ctx, d.public(), "GetId", map[string]any{"IdentityPoolId": d.pool, "Logins": d.logins(strings.Join(parts, "."))}, nil)
	var refused *client.Error
	if !errors.As(err, &refused) {
		return fmt.Errorf("the forged token was not refused: %w", err)
	}
	return nil
}

func (d *demo) openIDToken(ctx context.Context) error {
	d.title("The basic flow: an OpenID token of daypass's own, which any STS can verify")
	d.command("aws cognito-identity get-open-id-token --identity-id %s --logins %s=$TOKEN", d.identity, d.providerName())
	answer, err := d.public().JSON(ctx, instance.API("cognito-identity"), "GetOpenIdToken", map[string]any{"IdentityId": d.identity, "Logins": d.logins(d.token)})
	if err != nil {
		return err
	}
	var out struct{ Token string }
	if err := json.Unmarshal(answer, &out); err != nil {
		return err
	}
	d.openID = out.Token
	d.showClaims(out.Token)
	return nil
}

func (d *demo) basicFlow(ctx context.Context) error {
	d.title("... and daypass's STS does")
	d.command("aws sts assume-role-with-web-identity --role-arn %s --role-session-name demo --web-identity-token $OPENID_TOKEN", d.roleARN)
	return d.queryAs(ctx, d.public(), "sts", "AssumeRoleWithWebIdentity", "RoleArn", d.roleARN, "RoleSessionName", "demo", "WebIdentityToken", d.openID)
}

// call does an operation of cognito-identity and shows the answer, be it an
// error.
func (d *demo) call(ctx context.Context, c *client.Client, operation string, in, out any) error {
	answer, err := c.JSON(ctx, instance.API("cognito-identity"), operation, in)
	var pretty bytes.Buffer
	if json.Indent(&pretty, shorten(answer), "", "    ") == nil {
		d.show(pretty.String())
	}
	if err == nil && out != nil {
		err = json.Unmarshal(answer, out)
	}
	return err
}

func (d *demo) query(ctx context.Context, service, action string, parameters ...string) error {
	return d.queryAs(ctx, &d.root, service, action, parameters...)
}

// queryAs does an operation of STS or IAM and shows what the answer says.
func (d *demo) queryAs(ctx context.Context, c *client.Client, service, action string, parameters ...string) error {
	answer, err := c.Query(ctx, instance.API(service), action, parameters...)
	if err != nil {
		return err
	}
	x := xml.NewDecoder(bytes.NewReader(answer))
	name := ""
	for t, err := x.Token(); err == nil; t, err = x.Token() {
		switch t := t.(type) {
		case xml.StartElement:
			name = t.Name.Local
		case xml.CharData:
			if name != "RequestId" {
				d.show(fmt.Sprintf("%-28s %s", name, shorten(t)))
			}
		}
	}
	return nil
}

func (d *demo) showClaims(token string) {
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var pretty bytes.Buffer
	if err == nil && json.Indent(&pretty, payload, "", "    ") == nil {
		d.show(pretty.String())
	}
}

// shorten cuts the longest words of an answer, so that it fits a screen.
func shorten(b []byte) []byte {
	var out []byte
	for i, word := range bytes.Split(b, []byte(`"`)) {
		if i > 0 {
			out = append(out, '"')
		}
		if len(word) > 120 && !bytes.ContainsAny(word, " ") {
			word = append(append([]byte{}, word[:60]...), "..."...)
		}
		out = append(out, word...)
	}
	return out
}

// invite says how to go on by hand.
func (d *demo) invite(endpoint string) {
	fmt.Fprintf(d.w, `
The servers go on running until you press Ctrl-C. In another terminal:

   export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s
   aws cognito-identity list-identities --identity-pool-id %s --max-results 10
   aws cognito-identity get-id --identity-pool-id %s --no-sign-request
   aws iam get-role --role-name %s

`, endpoint, demoRegion, devKey, devKey, d.pool, d.pool, demoRole)
}
