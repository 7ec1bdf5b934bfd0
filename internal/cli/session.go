package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/signin"
)

// refreshAhead is how long before their end credentials are fetched anew: AWS's
// SDKs ask for others a quarter of an hour before. Of credentials that last less
// than an hour it is a quarter of their time.
const refreshAhead = 15 * time.Minute

// session is what is kept for one identity: who it is, and its credentials until
// they end.
type session struct {
	IdentityID      string    `json:"identity_id"`
	AccessKeyID     string    `json:"access_key_id"`
	SecretAccessKey string    `json:"secret_access_key"`
	SessionToken    string    `json:"session_token"`
	Fetched         time.Time `json:"fetched"`
	Expiration      time.Time `json:"expiration"`
	// Shown is a hash of the tokens that the credentials were given for: those of
	// somebody else's token are not used.
	Shown string `json:"shown"`
	// Failed is why there are none. It is told to those who were waiting, so that
	// twenty processes do not ask a person twenty times.
	Failed *failure `json:"failed,omitempty"`
}

type failure struct {
	At   time.Time `json:"at"`
	Code int       `json:"code"`
	Text string    `json:"text"`
}

func (s *session) good(now time.Time, shown string) bool {
	ahead := min(refreshAhead, s.Expiration.Sub(s.Fetched)/4)
	return s.AccessKeyID != "" && s.Shown == shown && now.Add(ahead).Before(s.Expiration)
}

// identity is whose credentials are asked for, and what shows it.
type identity struct {
	cli      *CLI
	globals  *globals
	settings *settings
	pool     string
	role     string // CustomRoleArn; empty for none
	tokens   []login
	commands []login
	provider *signin.Provider // nil for no sign-in
	device   bool             // sign in by device code
	kept     drawer
}

// login is an entry of Logins and where its token is from.
type login struct{ name, source string }

func (i *identity) guest() bool { return i.tokens == nil && i.commands == nil && i.provider == nil }

// key names the file of the session: everything that changes whose credentials
// they are, and which.
func (i *identity) key() string {
	words := []string{i.settings.endpoint.url, i.pool, i.role}
	for _, kind := range [][]login{i.tokens, i.commands} {
		words = append(words, "logins")
		for _, l := range kind {
			words = append(words, l.name, l.source)
		}
	}
	if i.provider != nil {
		words = append(words, i.signInKey())
	}
	return keptName("session", words...)
}

func (i *identity) signInKey() string {
	return keptName("signin", append([]string{i.provider.Issuer, i.provider.ClientID}, i.provider.Scopes...)...)
}

// session gives the credentials that are kept, or fetches others. Of processes
// that want the same at once, one fetches.
func (i *identity) session(ctx context.Context) (*session, error) {
	if err := i.kept.open(); err != nil {
		return nil, err
	}
	logins, shown, err := i.readTokens()
	if err != nil {
		return nil, err
	}
	name, began := i.key(), time.Now()
	var s session
	if err := i.kept.read(name, &s); err != nil || s.good(began, shown) {
		return &s, err
	}
	(&caller{cli: i.cli, globals: i.globals}).debug("waiting for other processes that fetch the same credentials")
	unlock, err := i.kept.lock(ctx, name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	s = session{}
	if err := i.kept.read(name, &s); err != nil || s.good(time.Now(), shown) {
		return &s, err
	}
	if f := s.Failed; f != nil && s.Shown == shown && f.At.After(began) {
		return nil, exit(f.Code, "%s", f.Text)
	}
	next := session{IdentityID: s.IdentityID, Shown: shown}
	err = i.fetch(ctx, name, &next, logins)
	if ctx.Err() != nil {
		return nil, cmp.Or(err, ctx.Err())
	}
	if err != nil {
		next.Failed = &failure{At: time.Now(), Code: exitGeneral, Text: err.Error()}
		if e, ok := errors.AsType[*exitError](err); ok {
			next.Failed.Code = e.code
		}
		return nil, errors.Join(err, i.kept.write(name, &next))
	}
	return &next, i.kept.write(name, &next)
}

// readTokens reads the tokens of files and variables.
func (i *identity) readTokens() (logins map[string]string, shown string, err error) {
	logins = map[string]string{}
	hash := sha256.New()
	for _, l := range i.tokens {
		token, err := i.cli.secret("--login "+l.name, l.source)
		if err != nil {
			return nil, "", err
		}
		logins[l.name] = token
		_, _ = hash.Write([]byte(l.name + "\x00" + token + "\x00"))
	}
	if len(logins) == 0 {
		return logins, "", nil
	}
	return logins, hex.EncodeToString(hash.Sum(nil)), nil
}

// maxToken is the longest token that is read, in bytes; services take 50,000.
const maxToken = 64 << 10

// secret reads what an option says is in a file or a variable.
func (c *CLI) secret(option, source string) (string, error) {
	var value string
	if name, ok := strings.CutPrefix(source, "env:"); ok {
		if value = c.getenv(name); value == "" {
			return "", exit(exitConfig, "%s: the environment variable %s is not set", option, name)
		}
	} else {
		data, err := readFile(c.expand(strings.TrimPrefix(source, "file://")))
		if err != nil {
			return "", exit(exitConfig, "%s: %v", option, err)
		}
		value = string(data)
	}
	return loginToken(option, value)
}

// loginToken is a token without the white space around it.
func loginToken(option, value string) (string, error) {
	value = strings.TrimSpace(value)
	switch {
	case value == "":
		return "", exit(exitConfig, "%s: the token is empty", option)
	case len(value) > maxToken:
		return "", exit(exitConfig, "%s: the token is longer than %d bytes", option, maxToken)
	}
	return value, nil
}

// fetch gets credentials: for the tokens that are there, for those that a program
// or a person gives, or for the guest who was here before.
func (i *identity) fetch(ctx context.Context, name string, s *session, logins map[string]string) error {
	for _, l := range i.commands {
		out, err := i.cli.Machine.Shell(ctx, l.source)
		if err != nil {
			return exit(exitConfig, "--login-command %s: %v", l.name, err)
		}
		if logins[l.name], err = loginToken("--login-command "+l.name, string(out)); err != nil {
			return err
		}
	}
	if i.provider != nil {
		token, err := i.signIn(ctx)
		if err != nil {
			return err
		}
		logins[providerName(i.provider.Issuer)] = token
	}
	shown := loginsNode(logins)
	known := i.guest() && s.IdentityID != ""
	if !known {
		if err := i.identify(ctx, name, s, shown); err != nil {
			return err
		}
	}
	err := i.credentials(ctx, s, shown)
	if refused, ok := errors.AsType[*serviceError](err); known && ok && refused.Code == "ResourceNotFoundException" {
		i.cli.Machine.Tell("The guest identity of this machine was deleted; it gets a new one.")
		if err := i.identify(ctx, name, s, shown); err != nil {
			return err
		}
		err = i.credentials(ctx, s, shown)
	}
	return err
}

// identify finds out the identity. A guest's is kept at once: it is all that the
// guest has to show.
func (i *identity) identify(ctx context.Context, name string, s *session, logins *awsapi.Node) error {
	in := object("IdentityPoolId", text(i.pool))
	if logins != nil {
		in.Members = append(in.Members, awsapi.Member{Name: "Logins", Value: *logins})
	}
	out, err := i.call(ctx, "get-id", in)
	if err != nil {
		return err
	}
	s.IdentityID = textAt(out, "IdentityId")
	if s.IdentityID == "" {
		return i.unexpected()
	}
	if i.guest() {
		return i.kept.write(name, s)
	}
	return nil
}

func (i *identity) credentials(ctx context.Context, s *session, logins *awsapi.Node) error {
	in := object("IdentityId", text(s.IdentityID))
	if logins != nil {
		in.Members = append(in.Members, awsapi.Member{Name: "Logins", Value: *logins})
	}
	if i.role != "" {
		in.Members = append(in.Members, awsapi.Member{Name: "CustomRoleArn", Value: text(i.role)})
	}
	out, err := i.call(ctx, "get-credentials-for-identity", in)
	if err != nil {
		return err
	}
	c := out.Member("Credentials")
	if c == nil {
		return i.unexpected()
	}
	s.AccessKeyID, s.SecretAccessKey, s.SessionToken = textAt(*c, "AccessKeyId"), textAt(*c, "SecretKey"), textAt(*c, "SessionToken")
	for _, v := range []string{s.AccessKeyID, s.SecretAccessKey, s.SessionToken} {
		if v == "" || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return i.unexpected()
		}
	}
	s.Fetched = time.Now()
	if s.Expiration, err = time.Parse(time.RFC3339Nano, textAt(*c, "Expiration")); err != nil {
		return i.unexpected()
	}
	s.Expiration = s.Expiration.UTC()
	return nil
}

func (i *identity) unexpected() error {
	return exit(exitGeneral, "%s answers without an identity or its credentials; check the endpoint", i.settings.endpoint)
}

// call calls a public operation of identity pools.
func (i *identity) call(ctx context.Context, word string, in awsapi.Node) (awsapi.Node, error) {
	op := i.cli.service(identityPools).operation(word, true)
	c := &caller{cli: i.cli, globals: i.globals, settings: i.settings, op: op}
	defer c.close()
	return c.call(ctx, in)
}

// loginsNode is Logins as an operation takes it; nil for a guest.
func loginsNode(logins map[string]string) *awsapi.Node {
	if len(logins) == 0 {
		return nil
	}
	n := &awsapi.Node{Kind: awsapi.Map}
	for name, token := range logins {
		n.Members = append(n.Members, awsapi.Member{Name: name, Value: text(token)})
	}
	slices.SortFunc(n.Members, func(a, b awsapi.Member) int { return cmp.Compare(a.Name, b.Name) })
	return n
}

func textAt(n awsapi.Node, name string) string {
	if m := n.Member(name); m != nil && m.Kind == awsapi.Text {
		return m.Text
	}
	return ""
}

// providerName is what Logins calls an OpenID provider.
func providerName(issuer string) string {
	_, name, _ := strings.Cut(issuer, "://")
	return name
}

// signIn gives the ID token of the person: the one that is kept while it is good,
// the next by refresh token, and otherwise by asking the person.
func (i *identity) signIn(ctx context.Context) (string, error) {
	name := i.signInKey()
	unlock, err := i.kept.lock(ctx, name)
	if err != nil {
		return "", err
	}
	defer unlock()
	var t signin.Tokens
	if err := i.kept.read(name, &t); err != nil || t.Good(time.Now()) {
		return t.ID, err
	}
	var next *signin.Tokens
	if t.Refresh != "" {
		next, err = i.provider.Refresh(ctx, &t)
	}
	if _, again := errors.AsType[*signin.Refusal](err); t.Refresh == "" || again {
		ask := i.provider.Browser
		if i.device {
			ask = i.provider.Device
		}
		next, err = ask(ctx)
	}
	if err != nil {
		if _, refused := errors.AsType[*signin.Refusal](err); refused {
			return "", &exitError{exitConfig, err}
		}
		return "", err
	}
	return next.ID, i.kept.write(name, next)
}
