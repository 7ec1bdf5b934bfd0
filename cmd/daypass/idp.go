package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/idp"
)

// idpCommand is the development OpenID provider.
type idpCommand struct {
	Serve idpServeCommand `cmd:"" default:"withargs" help:"Run the provider (the default)."`
	Token idpTokenCommand `cmd:"" help:"Print an ID token without a sign-in: a good one, or one that has to be refused."`
}

// idpFlags are what serving and making tokens have in common: tokens verify when
// both agree.
type idpFlags struct {
	KeyFile   string `env:"DAYPASS_IDP_KEY_FILE" default:"./daypass-idp.key" placeholder:"FILE" help:"Private key that signs, PEM (${default}). Made if it is not there."`
	UsersFile string `env:"DAYPASS_IDP_USERS_FILE" placeholder:"FILE" help:"Users, a JSON array such as [{\"Subject\": \"alice\", \"Password\": \"wonderland\", \"Email\": \"a@example.com\", \"Claims\": {\"department\": \"blue\"}}]. Without it there is alice, with the password wonderland."`
}

type idpServeCommand struct {
	idpFlags
	Listen      string   `env:"DAYPASS_IDP_LISTEN" default:"127.0.0.1:4601" placeholder:"ADDR" help:"Loopback address to listen on (${default})."`
	Issuer      string   `env:"DAYPASS_IDP_ISSUER" placeholder:"URL" help:"The issuer (http://ADDR), on a loopback host."`
	ClientID    []string `env:"DAYPASS_IDP_CLIENT_ID" name:"client-id" default:"app" placeholder:"ID" help:"Applications that may send people here (${default})."`
	RedirectURI []string `env:"DAYPASS_IDP_REDIRECT_URI" name:"redirect-uri" default:"http://127.0.0.1/callback,http://localhost/callback" placeholder:"URI" help:"Where they may be sent back to (${default}); loopback addresses on any port."`
}

// Run serves until the process is told to stop.
func (c *idpServeCommand) Run(p *process) error {
	config := idp.Config{Issuer: c.Issuer}
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
	Issuer   string        `env:"DAYPASS_IDP_ISSUER" default:"http://127.0.0.1:4601" placeholder:"URL" help:"The issuer (${default})."`
	Subject  string        `env:"-" name:"sub" required:"" placeholder:"SUBJECT" help:"The sub claim. The claims of this user in --users-file are in the token too."`
	Audience string        `env:"-" name:"aud" default:"app" placeholder:"ID" help:"The aud claim (${default})."`
	Claim    []string      `env:"-" sep:"none" placeholder:"NAME=VALUE" help:"Further claims. A value that is JSON counts as what it is, such as groups=[\"a\",\"b\"]; null takes a claim away."`
	Lifetime time.Duration `env:"-" default:"1h" help:"The time until it expires (${default})."`
	Bad      string        `env:"-" enum:",${badtokens}" default:"" placeholder:"KIND" help:"What is wrong with it: ${badtokens}."`
}

// Run prints a token.
func (c *idpTokenCommand) Run(p *process) error {
	users, err := c.users()
	if err != nil {
		return err
	}
	m := idp.Mint{Issuer: c.Issuer, Audience: c.Audience, Subject: c.Subject, Lifetime: c.Lifetime, Claims: map[string]any{}}
	for _, u := range users {
		if u.Subject == c.Subject {
			maps.Copy(m.Claims, u.Claims)
		}
	}
	for _, text := range c.Claim {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return usage("--claim %q: give NAME=VALUE", text)
		}
		m.Claims[name] = claimValue(value)
	}
	if m.Key, err = c.key(); err != nil {
		return err
	}
	token, err := m.Token()
	if c.Bad != "" {
		token, err = m.Bad(c.Bad)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, token)
	return nil
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

// badTokens lists the kinds of bad tokens.
func badTokens() string { return strings.Join(idp.BadKinds(), ",") }
