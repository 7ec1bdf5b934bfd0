package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/daypass/daypass/internal/cli"
	"github.com/daypass/daypass/internal/idp"
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

// administrator are the root credentials of the server, as variables.
var administrator = []string{"AWS_ACCESS_KEY_ID=" + devKey, "AWS_SECRET_ACCESS_KEY=" + devKey}

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
	d := &demo{w: p.stdout, endpoint: r.url}
	if d.dir, err = os.MkdirTemp("", "daypass-demo-"); err == nil {
		defer func() { _ = os.RemoveAll(d.dir) }() // a temporary directory; nothing is lost if it stays
		err = d.walk(ctx, r)
	}
	if err == nil && !c.Exit {
		d.invite()
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
	l, err := listenTCP("--listen", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "127.0.0.1:0", nil
	case err != nil:
		return "", err
	}
	return addr, l.Close() // it was only asked whether it is free
}

// demo is the walk: each step prints a command of daypass, runs it, and shows
// what it prints.
type demo struct {
	w        io.Writer
	endpoint string
	dir      string // where the commands run, and their documents are
	provider *idp.Server
	step     int

	issuer, pool, roleARN, identity string
	token, forged, openID           string   // shown as $TOKEN, $FORGED and $OPENID_TOKEN
	caller                          []string // the credentials, as variables
}

func (d *demo) walk(ctx context.Context, r *running) error {
	for _, step := range []func(context.Context) error{
		d.startProvider, d.createProvider, d.createPool, d.createRole, d.signIn, d.getID, d.credentials, d.limits, d.forge, d.openIDToken, d.basicFlow,
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

// widest is how long a line of the walk is at most.
const widest = 100

// show prints lines at a margin; long words are cut, and long lines folded.
func (d *demo) show(text string) {
	const margin = "   "
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		column := 0
		for i, word := range strings.Split(line, " ") {
			if room := widest - column - 1; strings.HasPrefix(word, `"`) && i > 0 && len(word) > room && room > 20 {
				end := len(strings.TrimRight(word, `",`)) // a string in JSON
				word = word[:room-3-(len(word)-end)] + "..." + word[end:]
			}
			if longest := widest - len(margin) - 2; len(strings.TrimLeft(word, " ")) > longest {
				word = word[:longest-3] + "..."
			}
			switch {
			case i == 0:
				fmt.Fprint(d.w, margin, word)
				column = len(margin) + len(word)
				continue
			case column+1+len(word) > widest:
				fmt.Fprint(d.w, "\n", margin, "  ", word)
				column = len(margin) + 2 + len(word)
				continue
			}
			fmt.Fprint(d.w, " ", word)
			column += 1 + len(word)
		}
		fmt.Fprintln(d.w)
	}
}

// run prints a command of daypass, runs it, and prints what that prints. A
// refusal is an error, which is printed too.
func (d *demo) run(ctx context.Context, args ...string) (string, error) {
	shown := make([]string, len(args))
	for i, arg := range args {
		for name, value := range map[string]string{"$TOKEN": d.token, "$FORGED": d.forged, "$OPENID_TOKEN": d.openID} {
			if value != "" {
				arg = strings.ReplaceAll(arg, value, name)
			}
		}
		shown[i] = arg
	}
	for i, line := range strings.Split(cli.Wrap("daypass "+strings.Join(shown, " "), widest-len("   $ ")), "\n") {
		fmt.Fprintf(d.w, "   %s%s\n", []string{"$ ", "  "}[min(i, 1)], line)
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	c := exec.CommandContext(ctx, self)
	c.Args = append([]string{"daypass"}, args...)
	c.Dir = d.dir
	// Nothing of the environment counts: no profile, no variable of serve.
	c.Env = append([]string{"HOME=" + d.dir, "AWS_ENDPOINT_URL=" + d.endpoint, "AWS_REGION=" + demoRegion, "SYSTEMROOT=" + os.Getenv("SYSTEMROOT")}, d.caller...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err = c.Run()
	for _, text := range []string{out.String(), errs.String()} {
		if text != "" {
			d.show(text)
		}
	}
	return out.String(), err
}

// answer runs a command and gives a member of the JSON that it prints.
func (d *demo) answer(ctx context.Context, member string, args ...string) (string, error) {
	out, err := d.run(ctx, args...)
	if err != nil {
		return "", err
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(out), &members); err != nil {
		return "", err
	}
	text, _ := members[member].(string)
	return text, nil
}

// refused runs a command that is to be refused.
func (d *demo) refused(ctx context.Context, args ...string) error {
	_, err := d.run(ctx, args...)
	if e, ok := errors.AsType[*exec.ExitError](err); ok && e.ExitCode() == 254 {
		return nil
	}
	return fmt.Errorf("%s was not refused: %w", strings.Join(args[:2], " "), err)
}

// document writes a file that a command reads, and shows it.
func (d *demo) document(name, text string) error {
	fmt.Fprintf(d.w, "   $ cat %s\n", name)
	d.show(text)
	return os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600)
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
	d.show("daypass            " + d.endpoint + "\nOpenID provider    " + d.issuer + "   (user alice, password " + demoPassword + ")")
	return nil
}

func (d *demo) createProvider(ctx context.Context) error {
	d.title("The administrator trusts the OpenID provider")
	d.caller = administrator
	fmt.Fprintf(d.w, "   $ export AWS_ENDPOINT_URL=%s\n   $ export %s\n", d.endpoint, strings.Join(d.caller, " "))
	_, err := d.run(ctx, "iam", "create-open-id-connect-provider", "--url", d.issuer, "--client-id-list", demoClientID)
	return err
}

// providerName is the provider as Logins name it: the issuer without scheme.
func (d *demo) providerName() string {
	_, name, _ := strings.Cut(d.issuer, "://")
	return name
}

func (d *demo) providerARN() string {
	return "arn:aws:iam::" + demoAccount + ":oidc-provider/" + d.providerName()
}

func (d *demo) createPool(ctx context.Context) (err error) {
	d.title("... makes an identity pool that accepts it")
	d.pool, err = d.answer(ctx, "IdentityPoolId", "cognito-identity", "create-identity-pool", "--identity-pool-name", "photos",
		"--allow-unauthenticated-identities", "--open-id-connect-provider-arns", d.providerARN())
	return err
}

func (d *demo) createRole(ctx context.Context) error {
	d.title("... and a role for its signed-in users")
	d.roleARN = "arn:aws:iam::" + demoAccount + ":role/" + demoRole
	err := d.document("trust.json", `{"Version": "2012-10-17", "Statement": [{
  "Effect": "Allow",
  "Principal": {"Federated": "cognito-identity.amazonaws.com"},
  "Action": "sts:AssumeRoleWithWebIdentity",
  "Condition": {
    "StringEquals": {
      "cognito-identity.amazonaws.com:aud": "`+d.pool+`"},
    "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "authenticated"}}}]}
`)
	if err != nil {
		return err
	}
	if _, err := d.run(ctx, "iam", "create-role", "--role-name", demoRole, "--assume-role-policy-document", "file://trust.json", "--query", "Role.Arn"); err != nil {
		return err
	}
	_, err = d.run(ctx, "cognito-identity", "set-identity-pool-roles", "--identity-pool-id", d.pool, "--roles", "authenticated="+d.roleARN)
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

func (d *demo) logins(token string) string { return d.providerName() + "=" + token }

func (d *demo) getID(ctx context.Context) (err error) {
	d.title("Her app asks for her identity: no credentials, only the token; the same each time")
	for range 2 {
		d.identity, err = d.answer(ctx, "IdentityId", "cognito-identity", "get-id", "--identity-pool-id", d.pool, "--logins", d.logins(d.token))
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) credentials(ctx context.Context) error {
	d.title("... and for credentials, which are good for an hour and for one role")
	out, err := d.run(ctx, "cognito-identity", "get-credentials-for-identity", "--identity-id", d.identity, "--logins", d.logins(d.token))
	if err != nil {
		return err
	}
	var got struct {
		Credentials struct{ AccessKeyId, SecretKey, SessionToken string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		return err
	}
	c := got.Credentials
	d.caller = []string{"AWS_ACCESS_KEY_ID=" + c.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + c.SecretKey, "AWS_SESSION_TOKEN=" + c.SessionToken}
	d.title("With them, she is a session of the role")
	fmt.Fprintf(d.w, "   $ export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=... AWS_SESSION_TOKEN=...\n", c.AccessKeyId)
	_, err = d.run(ctx, "sts", "get-caller-identity")
	return err
}

// limits gives the role a policy, and shows that the credentials are held to it.
func (d *demo) limits(ctx context.Context) error {
	d.title("She may do what the policies of the role allow: to look at pools, and nothing else")
	look := []string{"cognito-identity", "describe-identity-pool", "--identity-pool-id", d.pool, "--query", "IdentityPoolName"}
	if err := d.refused(ctx, look...); err != nil {
		return err
	}
	hers := d.caller
	d.caller = administrator
	fmt.Fprintf(d.w, "\n   The administrator:\n\n")
	if err := d.document("look.json", fmt.Sprintf(`{"Version": "2012-10-17", "Statement": {
  "Effect": "Allow",
  "Action": "cognito-identity:Describe*",
  "Resource": "arn:aws:cognito-identity:%s:%s:identitypool/*"}}
`, demoRegion, demoAccount)); err != nil {
		return err
	}
	if _, err := d.run(ctx, "iam", "put-role-policy", "--role-name", demoRole, "--policy-name", "look", "--policy-document", "file://look.json"); err != nil {
		return err
	}
	d.caller = hers
	fmt.Fprintf(d.w, "\n   Alice:\n\n")
	if _, err := d.run(ctx, look...); err != nil {
		return err
	}
	return d.refused(ctx, "cognito-identity", "delete-identity-pool", "--identity-pool-id", d.pool)
}

func (d *demo) forge(ctx context.Context) error {
	d.title("daypass refuses a forged token that differs only in its subject")
	parts := strings.Split(d.token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(payload, []byte(`"sub":"alice"`), []byte(`"sub":"mallory"`), 1))
	d.forged = strings.Join(parts, ".")
	return d.refused(ctx, "cognito-identity", "get-id", "--identity-pool-id", d.pool, "--logins", d.logins(d.forged))
}

func (d *demo) openIDToken(ctx context.Context) (err error) {
	d.title("The basic flow: an OpenID token of daypass's own, which any STS can verify; it says")
	d.openID, err = d.answer(ctx, "Token", "cognito-identity", "get-open-id-token", "--identity-id", d.identity, "--logins", d.logins(d.token))
	if err == nil {
		d.showClaims(d.openID)
	}
	return err
}

func (d *demo) basicFlow(ctx context.Context) error {
	d.title("... and daypass's STS does")
	_, err := d.run(ctx, "sts", "assume-role-with-web-identity", "--role-arn", d.roleARN, "--role-session-name", "demo", "--web-identity-token", d.openID)
	return err
}

func (d *demo) showClaims(token string) {
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var pretty bytes.Buffer
	if err == nil && json.Indent(&pretty, payload, "", "    ") == nil {
		d.show(pretty.String())
	}
}

// invite says how to go on by hand.
func (d *demo) invite() {
	fmt.Fprintf(d.w, `
The servers go on running until you press Ctrl-C. In another terminal:

   export AWS_ENDPOINT_URL=%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%[2]s
   daypass cognito-identity list-identities --identity-pool-id %s \
       --max-results 10
   daypass cognito-identity get-id --identity-pool-id %[3]s
   daypass iam get-role --role-name %s

`, d.endpoint, devKey, d.pool, demoRole)
}
