package cli

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/signin"
)

// Machine is what the command "credentials" needs of the machine that it runs
// on.
type Machine struct {
	// ConfigDir is the user's directory for configuration; empty where there is
	// none.
	ConfigDir string
	// Environ is the environment that programs get.
	Environ []string
	// Shell runs a command line and gives what it prints.
	Shell func(ctx context.Context, line string) ([]byte, error)
	// Browse opens a page in the user's browser.
	Browse func(url string) error
	// Tell shows a line to the person, beside the output.
	Tell func(text string)
	// Find finds a program, and Exec runs it in place of this process. Where that
	// cannot be, Exec says why and gives the exit code.
	Find func(program string) (path string, err error)
	Exec func(ctx context.Context, path string, args, env []string) int
}

// The words of the command.
const (
	credentialsWord = "credentials"
	execWord        = "exec"
	identityPools   = "cognito-identity"
)

const credentialsDoc = "Get credentials from an identity pool: as a credential_process of AWS profiles, for a shell, or for one command."

var credentialsOptions = []*option{
	{name: "identity-pool-id", takes: one, required: true, doc: "The identity pool. Without a login, the credentials are a guest's, who has the same identity each time."},
	{name: "login", takes: many, repeats: true, doc: "A login, as NAME=file://PATH or NAME=env:VARIABLE. NAME is what Logins calls the provider; the file or the variable holds its token."},
	{name: "login-command", takes: one, repeats: true, doc: "A login, as NAME=COMMAND: the shell runs the command, which prints the token."},
	{name: "oidc-issuer", takes: one, doc: "Sign in at this OpenID provider with the browser. The command asks again only when it must."},
	{name: "oidc-client-id", takes: one, doc: "The ID of the client that is registered at the provider."},
	{name: "oidc-client-secret", takes: one, doc: "The secret of the client, if it has one, as file://PATH or env:VARIABLE."},
	{name: "oidc-scope", takes: many, repeats: true, doc: "Scopes to ask for besides openid and, if the provider has it, offline_access."},
	{name: "oidc-redirect-uri", takes: one, doc: "The URL that the browser returns to (" + signin.DefaultRedirectURI + "), for a provider that wants another path or a fixed port."},
	{name: "device", doc: "Sign in with a code that you enter on another machine, for machines without a browser."},
	{name: "custom-role-arn", takes: one, doc: "The role to take, one that the login's token offers."},
	{name: "format", takes: one, choices: []string{"process", "env", "json"}, doc: "What to print: what credential_process of AWS profiles reads (the default), export lines for a shell, or the API's answer, for --output and --query."},
}

// credentials does the command, or "credentials exec" with the command that
// stands behind "--"; that is nil without "--".
func (c *CLI) credentials(ctx context.Context, g *globals, args, command []string) error {
	got, left, err := parse(args, byName(credentialsOptions))
	if err != nil {
		return err
	}
	exec := len(left) > 0 && left[0] == execWord
	if exec {
		left = left[1:]
	}
	if slices.Equal(left, []string{"help"}) {
		return c.helpCredentials(g)
	}
	if len(left) > 0 {
		return unknownWithoutValues(left, exec)
	}
	if err := missing(credentialsOptions, got, nil); err != nil {
		return err
	}
	switch {
	case exec && len(command) == 0:
		return usageError("credentials exec: name a command behind --, such as: %s credentials exec --identity-pool-id ID -- aws sts get-caller-identity", c.Name)
	case exec && got.has("format"):
		return usageError("--format does not go with exec, which prints nothing")
	case !exec && command != nil:
		return usageError("a command behind -- goes with credentials exec")
	case got.word("format") != "json" && g.query != nil:
		return usageError("--query goes with --format json")
	}
	i, err := c.identity(ctx, g, got)
	if err != nil {
		return err
	}
	var program string
	if exec {
		if program, err = c.Machine.Find(command[0]); err != nil {
			return exit(exitGeneral, "the command %s cannot be run: %v", command[0], err)
		}
	}
	s, err := i.session(ctx)
	if err != nil {
		return err
	}
	if exec {
		return exit(c.Machine.Exec(ctx, program, command, i.environment(s)), "")
	}
	return i.print(got.word("format"), s)
}

// unknownWithoutValues refuses what no option took. It does not repeat values,
// which may be tokens.
func unknownWithoutValues(left []string, exec bool) error {
	names := make([]string, len(credentialsOptions))
	for i, o := range credentialsOptions {
		names[i] = "--" + o.name
	}
	var unknown []string
	for _, word := range left {
		name, _, _ := strings.Cut(word, "=")
		if !strings.HasPrefix(name, "--") {
			continue
		}
		if words := alike(name, names); words != nil {
			name += " (maybe you meant " + strings.Join(words, " or ") + ")"
		}
		unknown = append(unknown, name)
	}
	switch {
	case unknown != nil:
		return usageError("Unknown options: %s", strings.Join(unknown, ", "))
	case exec:
		return usageError("credentials exec: the command stands behind --")
	}
	return usageError("credentials takes options and the words exec and help, and no other word")
}

var poolID = regexp.MustCompile(`^([\w-]+):[0-9a-fA-F-]+$`)

// identity reads whose credentials are asked for.
func (c *CLI) identity(ctx context.Context, g *globals, got given) (*identity, error) {
	i := &identity{cli: c, globals: g, pool: got.word("identity-pool-id"), role: got.word("custom-role-arn"), device: got.has("device")}
	m := poolID.FindStringSubmatch(i.pool)
	if m == nil {
		return nil, usageError("--identity-pool-id %q: the ID of an identity pool looks like us-east-1:1a2b3c4d-0000-4000-8000-000000000000", i.pool)
	}
	if !g.has("region") { // the pool's, whatever the environment says
		g.given["region"] = []string{m[1]}
	}
	if err := i.readLogins(got); err != nil {
		return nil, err
	}
	if err := i.readProvider(got); err != nil {
		return nil, err
	}
	if i.role != "" && i.guest() {
		return nil, usageError("--custom-role-arn goes with a login: guests have the role that the pool has for them")
	}
	var err error
	if i.settings, err = c.settings(ctx, g, c.service(identityPools)); err != nil {
		return nil, err
	}
	if c.Machine.ConfigDir != "" {
		i.kept = drawer(c.Machine.ConfigDir + "/daypass/credentials")
	}
	if i.provider != nil {
		// The connection options are those of every command.
		calls := &caller{cli: c, globals: g, settings: i.settings}
		i.provider.HTTP, i.provider.Browse, i.provider.Tell = calls.client(), c.Machine.Browse, c.Machine.Tell
		if source := got.word("oidc-client-secret"); source != "" {
			if i.provider.ClientSecret, err = c.secret("--oidc-client-secret", source); err != nil {
				return nil, err
			}
		}
	}
	return i, nil
}

// readLogins reads the options of logins. What is refused is not repeated: it may
// be a token.
func (i *identity) readLogins(got given) error {
	named := map[string]bool{}
	split := func(option, form, word string) (login, error) {
		name, source, ok := strings.Cut(word, "=")
		if !ok || name == "" || source == "" || looksLikeToken(name) {
			return login{}, usageError("%s: give %s", option, form)
		}
		if named[name] {
			return login{}, usageError("%s: there are two logins of %s", option, name)
		}
		named[name] = true
		return login{name, source}, nil
	}
	for _, word := range got["login"] {
		const form = "NAME=file://PATH or NAME=env:VARIABLE"
		l, err := split("--login", form, word)
		if err != nil {
			return err
		}
		if !isSource(l.source) {
			return usageError("--login %s: give %s. A token is never an argument, because others on this machine can read arguments", l.name, form)
		}
		i.tokens = append(i.tokens, l)
	}
	for _, word := range got["login-command"] {
		l, err := split("--login-command", "NAME=COMMAND", word)
		if err != nil {
			return err
		}
		if looksLikeToken(l.source) {
			return usageError("--login-command %s: give a command. A token is never an argument, because others on this machine can read arguments", l.name)
		}
		i.commands = append(i.commands, l)
	}
	if issuer := got.word("oidc-issuer"); issuer != "" && named[providerName(issuer)] {
		return usageError("--oidc-issuer: there are two logins of %s", providerName(issuer))
	}
	byName := func(a, b login) int { return cmp.Compare(a.name, b.name) }
	slices.SortFunc(i.tokens, byName)
	slices.SortFunc(i.commands, byName)
	return nil
}

// isSource says that a text names a file or a variable.
func isSource(text string) bool {
	file, isFile := strings.CutPrefix(text, "file://")
	variable, isVariable := strings.CutPrefix(text, "env:")
	return isFile && file != "" || isVariable && variable != ""
}

// looksLikeToken says that a text may be a JSON Web Token.
func looksLikeToken(text string) bool { return strings.HasPrefix(text, "eyJ") }

// readProvider reads the options of a sign-in.
func (i *identity) readProvider(got given) error {
	if !got.has("oidc-issuer") {
		for _, name := range []string{"oidc-client-id", "oidc-client-secret", "oidc-scope", "oidc-redirect-uri", "device"} {
			if got.has(name) {
				return usageError("--%s goes with --oidc-issuer", name)
			}
		}
		return nil
	}
	p := &signin.Provider{
		Issuer: got.word("oidc-issuer"), ClientID: got.word("oidc-client-id"), Scopes: got["oidc-scope"], RedirectURI: got.word("oidc-redirect-uri"),
	}
	switch source := got.word("oidc-client-secret"); {
	case p.ClientID == "":
		return usageError("--oidc-issuer goes with --oidc-client-id")
	case got.has("oidc-client-secret") && !isSource(source):
		return usageError("--oidc-client-secret: give file://PATH or env:VARIABLE. A secret is never an argument, because others on this machine can read arguments")
	}
	if err := p.Check(); err != nil {
		return usageError("--oidc-issuer: %v", err)
	}
	i.provider = p
	return nil
}

// print prints credentials.
func (i *identity) print(format string, s *session) error {
	end := s.Expiration.Format(time.RFC3339)
	switch format {
	case "json":
		n := object("IdentityId", text(s.IdentityID), "Credentials", object("AccessKeyId", text(s.AccessKeyID), "SecretKey", text(s.SecretAccessKey),
			"SessionToken", text(s.SessionToken), "Expiration", text(isoformat(s.Expiration.Local()))))
		op := i.cli.service(identityPools).operation("get-credentials-for-identity", true)
		return i.cli.print(i.globals, i.settings, op, iter.Seq2[*answer, error](func(yield func(*answer, error) bool) { yield(&answer{page: n, shown: n}, nil) }))
	case "env":
		for _, v := range s.variables() {
			if _, err := fmt.Fprintf(i.cli.Stdout, "export %s='%s'\n", v[0], strings.ReplaceAll(v[1], "'", `'\''`)); err != nil {
				return err
			}
		}
		return nil
	}
	w := bufio.NewWriter(i.cli.Stdout)
	writeJSON(w, object("Version", awsapi.Node{Kind: awsapi.Number, Text: "1"}, "AccessKeyId", text(s.AccessKeyID), "SecretAccessKey", text(s.SecretAccessKey),
		"SessionToken", text(s.SessionToken), "Expiration", text(end)), "")
	_ = w.WriteByte('\n')
	return w.Flush()
}

// object is an object of names and values in turn.
func object(pairs ...any) awsapi.Node {
	n := awsapi.Node{Kind: awsapi.Map}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.Members = append(n.Members, awsapi.Member{Name: pairs[i].(string), Value: pairs[i+1].(awsapi.Node)})
	}
	return n
}

func (s *session) variables() [][2]string {
	return [][2]string{
		{"AWS_ACCESS_KEY_ID", s.AccessKeyID}, {"AWS_SECRET_ACCESS_KEY", s.SecretAccessKey}, {"AWS_SESSION_TOKEN", s.SessionToken},
		{"AWS_CREDENTIAL_EXPIRATION", s.Expiration.Format(time.RFC3339)},
	}
}

// environment is that of a command: with the credentials and nothing that goes
// before them, and where the server is not AWS, with its address for the services
// that it has.
func (i *identity) environment(s *session) []string {
	var env []string
	for _, v := range i.cli.Machine.Environ {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains([]string{
			"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		}, name) {
			env = append(env, v)
		}
	}
	for _, v := range s.variables() {
		env = append(env, v[0]+"="+v[1])
	}
	if i.cli.getenv("AWS_REGION") == "" && i.cli.getenv("AWS_DEFAULT_REGION") == "" {
		env = append(env, "AWS_REGION="+i.settings.region)
	}
	for _, service := range i.cli.Services {
		name := "AWS_ENDPOINT_URL_" + service.Variable
		if !i.settings.endpoint.aws && i.cli.getenv(name) == "" && i.cli.getenv("AWS_ENDPOINT_URL") == "" {
			env = append(env, name+"="+i.settings.endpoint.url)
		}
	}
	return env
}

func (c *CLI) helpCredentials(g *globals) error {
	name := c.Name + " " + credentialsWord
	return c.helpCommand(g, &commandPage{
		name: name,
		doc: []string{
			credentialsDoc,
			"The command keeps credentials in your configuration directory until shortly before they expire, together with a guest's identity and the refresh token. Nobody else can read these files. When several processes want the same credentials at once, one fetches them and the others wait.",
		},
		synopsis: []string{
			name + " --identity-pool-id <value> [options]",
			name + " " + execWord + " --identity-pool-id <value> [options] -- <command> [<argument> ...]",
		},
		options: credentialsOptions,
		example: []string{
			"# in ~/.aws/config",
			"[profile photos]",
			"region = us-east-1",
			"credential_process = " + name + " --identity-pool-id us-east-1:1a2b3c4d-0000-4000-8000-000000000000",
		},
	})
}
