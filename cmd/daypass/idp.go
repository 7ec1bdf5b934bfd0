package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/mint"
)

// idpCommand is the development OpenID provider.
type idpCommand struct {
	Serve    idpServeCommand    `cmd:"" default:"withargs" help:"Run the provider (the default)."`
	Token    idpTokenCommand    `cmd:"" help:"Print an ID token or a SAML response without a sign-in: a valid one, or one that must be refused."`
	Metadata idpMetadataCommand `cmd:"" help:"Print the SAML metadata, which the provider also serves under /saml/metadata."`
}

// idpFlags are what serving and making tokens have in common: tokens verify when
// both agree.
type idpFlags struct {
	KeyFile   string `env:"DAYPASS_IDP_KEY_FILE" default:"./daypass-idp.key" placeholder:"FILE" help:"Private signing key, PEM (${default}). Created if it does not exist."`
	UsersFile string `env:"DAYPASS_IDP_USERS_FILE" placeholder:"FILE" help:"Users, a JSON array such as [{\"Subject\": \"alice\", \"Password\": \"wonderland\", \"Email\": \"a@example.com\", \"Claims\": {\"department\": \"blue\"}}]. The default is alice, with the password wonderland."`
}

type idpServeCommand struct {
	idpFlags
	Listen      string   `env:"DAYPASS_IDP_LISTEN" default:"127.0.0.1:4601" placeholder:"ADDR" help:"Address to listen on (${default}). Other than loopback, it needs --allow-remote and --issuer."`
	Issuer      string   `env:"DAYPASS_IDP_ISSUER" placeholder:"URL" help:"The issuer (http://ADDR), on a loopback host unless --allow-remote is given."`
	AllowRemote bool     `env:"DAYPASS_IDP_ALLOW_REMOTE" help:"Listen on an address that is not loopback, such as that of a container. Everybody who reaches it can sign in as any of its users."`
	ClientID    []string `env:"DAYPASS_IDP_CLIENT_ID" name:"client-id" default:"app" placeholder:"ID" help:"Client IDs of the applications that use the provider (${default})."`
	RedirectURI []string `env:"DAYPASS_IDP_REDIRECT_URI" name:"redirect-uri" default:"http://127.0.0.1/callback,http://localhost/callback" placeholder:"URI" help:"Where users may be sent back to (${default}). Loopback addresses match with any port."`
}

// Run serves until the process is told to stop.
func (c *idpServeCommand) Run(p *process, parser *kong.Kong) error {
	if _, err := checkEnvironment(parser.Model.Node, os.Environ()); err != nil {
		return err
	}
	switch host, _, err := net.SplitHostPort(c.Listen); {
	case err != nil || isLoopback(host):
	case !c.AllowRemote:
		return usage("--listen %s is not loopback: give --allow-remote if everybody who reaches it may sign in as any of its users", c.Listen)
	case c.Issuer == "":
		return usage("--listen %s is not loopback: give the URL at which others reach it as --issuer, such as http://idp:4601", c.Listen)
	}
	config := idp.Config{Issuer: c.Issuer, Remote: c.AllowRemote}
	var err error
	if config.Users, err = c.users(); err != nil {
		return err
	}
	if config.Key, err = c.key(); err != nil {
		return err
	}
	for _, id := range c.ClientID {
		config.Clients = append(config.Clients, idp.Client{ID: id, RedirectURIs: c.RedirectURI})
	}
	ctx, stop := context.WithCancel(p.ctx)
	defer stop()
	outliveReaders()
	s, err := idp.Start(ctx, config, c.Listen)
	if err != nil {
		return usageError{err}
	}
	fmt.Fprintf(p.stdout, "OpenID provider for development: %s\n", s.URL)
	for _, u := range config.Users {
		fmt.Fprintf(p.stdout, "  user    %s\n", u.Subject)
	}
	for _, id := range c.ClientID {
		fmt.Fprintf(p.stdout, "  client  %s\n", id)
	}
	fmt.Fprintln(p.stdout, "Press Ctrl-C to stop.")
	<-ctx.Done()
	return s.Close()
}

type idpTokenCommand struct {
	idpFlags
	Issuer    string        `env:"DAYPASS_IDP_ISSUER" default:"http://127.0.0.1:4601" placeholder:"URL" help:"The issuer (${default})."`
	Subject   string        `env:"-" name:"sub" required:"" placeholder:"SUBJECT" help:"The sub claim, or the NameID. The claims of this user in --users-file are in the token too."`
	Audience  string        `env:"-" name:"aud" placeholder:"ID" help:"The aud claim (app), or the Audience (urn:amazon:webservices)."`
	Claim     []string      `env:"-" sep:"none" placeholder:"NAME=VALUE" help:"Further claims, or attributes. A value can be JSON, such as groups=[\"a\",\"b\"]; null removes a claim."`
	Lifetime  time.Duration `env:"-" default:"1h" help:"The time until it expires (${default})."`
	SAML      bool          `env:"-" name:"saml" help:"Print a SAML response, in base64, instead of an ID token."`
	Recipient string        `env:"-" placeholder:"URL" help:"With --saml: the Recipient (https://signin.aws.amazon.com/saml)."`
	Role      []string      `env:"-" sep:"none" placeholder:"ROLE-ARN,PROVIDER-ARN" help:"With --saml: a role that the response offers, and the SAML provider that it trusts."`
	Bad       string        `env:"-" placeholder:"KIND" help:"Make one that must be refused: ${badtokens}; with --saml: ${badresponses}."`
}

// Run prints a token or a response.
func (c *idpTokenCommand) Run(p *process) error {
	claims, err := c.claims()
	if err != nil {
		return err
	}
	key, err := c.key()
	if err != nil {
		return err
	}
	mint := c.token
	if c.SAML {
		mint = c.response
	}
	text, err := mint(key, claims)
	if err != nil {
		return err
	}
	return printToken(p.stdout, text, isTerminal(p.stdout))
}

// claims are those of the user and of the flags.
// printToken prints a token and nothing else, so that what is written to a file or
// a variable is the token; on a terminal the prompt gets a line of its own.
func printToken(w io.Writer, text string, terminal bool) error {
	if terminal {
		text += "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// isTerminal says whether a writer is a terminal, as far as a character device is
// one.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (c *idpTokenCommand) claims() (map[string]any, error) {
	users, err := c.users()
	if err != nil {
		return nil, err
	}
	claims := map[string]any{}
	for _, u := range users {
		if u.Subject == c.Subject {
			maps.Copy(claims, u.Claims)
		}
	}
	for _, text := range c.Claim {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, usage("--claim %q: give NAME=VALUE", text)
		}
		claims[name] = claimValue(value)
	}
	return claims, nil
}

func (c *idpTokenCommand) token(key *rsa.PrivateKey, claims map[string]any) (string, error) {
	switch {
	case c.Recipient != "" || len(c.Role) > 0:
		return "", usage("--recipient and --role go with --saml")
	case c.Bad != "" && !slices.Contains(mint.BadTokens(), c.Bad):
		return "", usage("--bad must be one of %s", strings.Join(mint.BadTokens(), ", "))
	}
	m := mint.Token{Issuer: c.Issuer, Audience: cmp.Or(c.Audience, "app"), Subject: c.Subject, Lifetime: c.Lifetime, Claims: claims, Key: key}
	if c.Bad != "" {
		return m.Bad(c.Bad)
	}
	return m.Good()
}

func (c *idpTokenCommand) response(key *rsa.PrivateKey, claims map[string]any) (string, error) {
	if c.Bad != "" && !slices.Contains(mint.BadResponses(), c.Bad) {
		return "", usage("--bad must be one of %s", strings.Join(mint.BadResponses(), ", "))
	}
	m := mint.SAML{
		Issuer: c.Issuer, Audience: c.Audience, Recipient: c.Recipient, Subject: c.Subject, Lifetime: c.Lifetime, Key: key,
		Attributes: map[string][]string{},
	}
	for name, value := range claims {
		if list := attributeValues(value); len(list) > 0 {
			m.Attributes[name] = list
		}
	}
	if len(c.Role) > 0 {
		m.Attributes[mint.RoleAttribute] = append(m.Attributes[mint.RoleAttribute], c.Role...)
	}
	if c.Bad != "" {
		return m.Bad(c.Bad)
	}
	return m.Response()
}

// attributeValues are the texts of a claim as the values of an attribute: text as
// it is, and anything else as JSON.
func attributeValues(claim any) []string {
	switch v := claim.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			list = append(list, attributeValues(item)...)
		}
		return list
	}
	text, err := json.Marshal(claim)
	if err != nil {
		return nil // claims were JSON
	}
	return []string{string(text)}
}

type idpMetadataCommand struct {
	KeyFile string `env:"DAYPASS_IDP_KEY_FILE" default:"./daypass-idp.key" placeholder:"FILE" help:"Private signing key, PEM (${default}). Created if it does not exist."`
	Issuer  string `env:"DAYPASS_IDP_ISSUER" default:"http://127.0.0.1:4601" placeholder:"URL" help:"The issuer (${default})."`
}

// Run prints the metadata.
func (c *idpMetadataCommand) Run(p *process) error {
	key, err := idpFlags{KeyFile: c.KeyFile}.key()
	if err != nil {
		return err
	}
	document, err := mint.SAML{Issuer: c.Issuer, Key: key}.Metadata()
	if err != nil {
		return err
	}
	_, err = p.stdout.Write(document)
	return err
}

// claimValue reads JSON as what it is and everything else as text.
func claimValue(text string) any {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		return text
	}
	return v
}

func (f idpFlags) users() ([]idp.User, error) {
	if f.UsersFile == "" {
		return []idp.User{{Subject: "alice", Password: demoPassword, Name: "Alice", Email: "alice@example.com"}}, nil
	}
	text, err := os.ReadFile(f.UsersFile)
	if err != nil {
		return nil, usage("--users-file: %w", err)
	}
	var users []idp.User
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&users); err != nil {
		return nil, usage("--users-file %s: %w", f.UsersFile, err)
	}
	return users, nil
}

// key reads the signing key, or makes it.
func (f idpFlags) key() (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(f.KeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(f.KeyFile)
	}
	if err != nil {
		return nil, usage("--key-file: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, usage("--key-file %s: no PEM in it", f.KeyFile)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, usage("--key-file %s: no private key in it (PKCS #8)", f.KeyFile)
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, usage("--key-file %s: not an RSA key", f.KeyFile)
	}
	return private, nil
}

func makeKey(path string) (*rsa.PrivateKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, usage("--key-file: %w", err)
	}
	return key, errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), f.Close())
}

// badTokens and badResponses list the kinds of bad tokens and responses.
func badTokens() string    { return strings.Join(mint.BadTokens(), ", ") }
func badResponses() string { return strings.Join(mint.BadResponses(), ", ") }
