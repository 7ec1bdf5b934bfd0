package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"gopkg.in/ini.v1"
)

// DefaultEndpoint is where a local server is.
const DefaultEndpoint = "http://127.0.0.1:4600"

// defaultRegion signs where nobody names a region.
const defaultRegion = "us-east-1"

// endpoint is where calls go, and what says so.
type endpoint struct {
	url, from string
	// server is the local one that announced itself there; nil for what was named.
	server *Server
	aws    bool // it is AWS itself
}

// fromDefault is what says where calls go where nothing else does.
const fromDefault = "the default"

// named says whether somebody named the endpoint.
func (e endpoint) named() bool { return e.server == nil && e.from != fromDefault }

func (e endpoint) String() string { return e.url + " (" + e.from + ")" }

// settings are what a command has from options, environment and files.
type settings struct {
	endpoint endpoint
	region   string
	output   string
	pager    string
	roots    *x509.CertPool

	config   aws.Config
	loadErr  error
	maxTries int
	adaptive bool
	profile  *ini.Section // of the shared configuration file; may be nil
	getenv   func(string) string
	askedFor string // the profile that was named, empty for none
}

// settings reads what a command needs to know. Credentials are not asked for
// before a call is signed with them.
func (c *CLI) settings(ctx context.Context, g *globals, service *Service) (*settings, error) {
	s := &settings{getenv: c.getenv}
	s.askedFor = first(g.word("profile"), c.getenv("AWS_PROFILE"), c.getenv("AWS_DEFAULT_PROFILE"))
	var err error
	if s.profile, err = c.profile(s.askedFor); err != nil {
		return nil, err
	}
	s.config, s.loadErr = loadConfig(ctx, g.word("profile"))
	if _, missing := errors.AsType[config.SharedConfigProfileNotExistError](s.loadErr); missing {
		return nil, fmt.Errorf("The config profile (%s) could not be found", s.askedFor) //nolint:staticcheck // the sentence of the AWS CLI
	}
	if s.loadErr != nil {
		return nil, exit(exitConfig, "the configuration cannot be used: %v", s.loadErr)
	}
	s.region = first(g.word("region"), c.getenv("AWS_REGION"), c.getenv("AWS_DEFAULT_REGION"), s.key("region"))
	s.output = c.outputFormat(g)
	if !slices.Contains([]string{"json", "text", "table", "yaml", "yaml-stream"}, s.output) {
		return nil, exit(exitGeneral, "Unknown output type: %s", s.output)
	}
	s.pager = s.key("cli_pager")
	if err := s.findEndpoint(ctx, c, g, service); err != nil {
		return nil, err
	}
	if err := s.authorities(c, g); err != nil {
		return nil, err
	}
	return s, s.retries(c)
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// key is a setting of the profile.
func (s *settings) key(name string) string {
	if s.profile == nil {
		return ""
	}
	return s.profile.Key(name).String()
}

// outputFormat is the format that options, environment and profile ask for.
func (c *CLI) outputFormat(g *globals) string {
	out := first(g.word("output"), c.getenv("AWS_DEFAULT_OUTPUT"))
	if out == "" {
		if p, err := c.profile(first(g.word("profile"), c.getenv("AWS_PROFILE"), c.getenv("AWS_DEFAULT_PROFILE"))); err == nil && p != nil {
			out = p.Key("output").String()
		}
	}
	return first(out, "json")
}

// configFile is the shared configuration file.
func (c *CLI) configFile() string {
	if path := c.getenv("AWS_CONFIG_FILE"); path != "" {
		return c.expand(path)
	}
	return c.expand("~/.aws/config")
}

// profile is a profile of the shared configuration file, for the settings of the
// command line that AWS's SDK does not know; nil where there is none.
func (c *CLI) profile(name string) (*ini.Section, error) {
	f, err := ini.LoadSources(ini.LoadOptions{Loose: true, SkipUnrecognizableLines: true, AllowNestedValues: true}, c.configFile())
	if err != nil {
		return nil, exit(exitConfig, "Unable to parse config file: %s", c.configFile())
	}
	for _, section := range []string{"profile " + first(name, "default"), first(name, "default")} {
		if f.HasSection(section) {
			return f.Section(section), nil
		}
	}
	return nil, nil
}

// services is the section of a profile that has settings by service.
func (c *CLI) services(name string) *ini.Section {
	f, err := ini.LoadSources(ini.LoadOptions{Loose: true, SkipUnrecognizableLines: true, AllowNestedValues: true}, c.configFile())
	if err != nil || name == "" || !f.HasSection("services "+name) {
		return nil
	}
	return f.Section("services " + name)
}

// loadConfig reads the environment and the shared files as AWS's SDK does. A
// profile that is named by an option goes before the keys of the environment.
func loadConfig(ctx context.Context, profile string) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(defaultRegion)}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	return config.LoadDefaultConfig(ctx, options...)
}

// findEndpoint finds out where calls go: what the option says, the variables, the
// profile, and otherwise a local server: the one that has announced itself, or
// what is at the default address. It settles the region too.
func (s *settings) findEndpoint(ctx context.Context, c *CLI, g *globals, service *Service) error {
	specific := "AWS_ENDPOINT_URL_" + service.Variable
	ignored := c.getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true"
	var nested string
	if section := c.services(s.key("services")); section != nil {
		nested = nestedValue(section.Key(strings.ToLower(service.Variable)).NestedValues(), "endpoint_url")
	}
	for _, e := range []endpoint{
		{url: g.word("endpoint-url"), from: "--endpoint-url"},
		{url: c.getenv(specific), from: specific},
		{url: c.getenv("AWS_ENDPOINT_URL"), from: "AWS_ENDPOINT_URL"},
		{url: nested, from: "the services of the profile"},
		{url: s.key("endpoint_url"), from: "endpoint_url of the profile"},
	} {
		if e.url == "" || ignored && e.from != "--endpoint-url" {
			continue
		}
		s.region = first(s.region, defaultRegion)
		if e.url == AWSEndpoint {
			if service.Host == nil {
				return exit(exitConfig, "AWS has no service %s: name another endpoint", service.Word)
			}
			e.url, e.aws = "https://"+service.Host(s.region), true
		}
		if at, err := url.Parse(e.url); err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
			return exit(exitConfig, "Bad value for %s %q: Must be of the form http://<hostname>/ or https://<hostname>/", e.from, e.url)
		}
		s.endpoint = e
		return nil
	}
	return s.findServer(ctx, c)
}

// findServer finds the server that has announced itself. Which of several is
// meant, nobody can guess.
func (s *settings) findServer(ctx context.Context, c *CLI) error {
	var servers []Server
	if c.Servers != nil {
		servers = c.Servers(ctx)
	}
	switch len(servers) {
	case 0:
		s.endpoint = endpoint{url: DefaultEndpoint, from: fromDefault}
	case 1:
		s.endpoint = endpoint{url: servers[0].Endpoint, from: fmt.Sprintf("announced by process %d", servers[0].Process), server: &servers[0]}
		s.region = first(s.region, servers[0].Region)
	default:
		var list strings.Builder
		for _, at := range servers {
			fmt.Fprintf(&list, "\n  %s  (process %d, data in %s)", at.Endpoint, at.Process, at.Data)
		}
		return exit(exitConfig, "Several servers run here. Name one with --endpoint-url or AWS_ENDPOINT_URL, and give its credentials, such as\nAWS_SHARED_CREDENTIALS_FILE=DIR/root-credentials, where DIR is its data directory:\n%s", list.String())
	}
	s.region = first(s.region, defaultRegion)
	return nil
}

// nestedValue finds a setting among the indented lines below a service.
func nestedValue(lines []string, name string) string {
	for _, line := range lines {
		key, value, ok := strings.Cut(line, "=")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// authorities reads the certificate authorities that servers are verified by.
func (s *settings) authorities(c *CLI, g *globals) error {
	path := first(g.word("ca-bundle"), c.getenv("AWS_CA_BUNDLE"), s.key("ca_bundle"))
	if path == "" {
		return nil
	}
	pem, err := os.ReadFile(filepath.Clean(c.expand(path)))
	if err != nil {
		return exit(exitConfig, "the CA bundle cannot be read: %v", err)
	}
	s.roots = x509.NewCertPool()
	if !s.roots.AppendCertsFromPEM(pem) {
		return exit(exitConfig, "%s holds no certificate (PEM)", path)
	}
	return nil
}

// retries reads how often a call is tried.
func (s *settings) retries(c *CLI) error {
	s.maxTries = 3
	if n := first(c.getenv("AWS_MAX_ATTEMPTS"), s.key("max_attempts")); n != "" {
		var err error
		if s.maxTries, err = strconv.Atoi(n); err != nil || s.maxTries < 1 {
			return exit(exitConfig, "AWS_MAX_ATTEMPTS (max_attempts): %q is no number above 0", n)
		}
	}
	switch mode := first(c.getenv("AWS_RETRY_MODE"), s.key("retry_mode"), "standard"); mode {
	case "standard", "legacy":
	case "adaptive":
		s.adaptive = true
	default:
		return exit(exitConfig, "AWS_RETRY_MODE (retry_mode): %q is none of standard, legacy and adaptive", mode)
	}
	return nil
}

// retryer is the AWS SDK's.
func (s *settings) retryer() aws.Retryer {
	standard := func(o *retry.StandardOptions) {
		o.MaxAttempts = s.maxTries
		o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if _, ok := errors.AsType[*connectionError](err); ok {
				return aws.TrueTernary
			}
			return aws.UnknownTernary
		}), retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{500: {}, 502: {}, 503: {}, 504: {}, 429: {}}})
	}
	if s.adaptive {
		return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.StandardOptions = append(o.StandardOptions, standard) })
	}
	return retry.NewStandard(standard)
}

// credentials are those that calls are signed with: of options and environment,
// then of a profile or file that is named, then of the root of the server that has
// announced itself; and of the default profile only where the endpoint was named,
// so that nobody's real keys sign calls to a local server unasked.
func (s *settings) credentials(ctx context.Context) (aws.Credentials, error) {
	named := s.askedFor != "" || s.getenv("AWS_ACCESS_KEY_ID") != "" || s.getenv("AWS_SHARED_CREDENTIALS_FILE") != "" ||
		s.getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "" || s.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI") != "" || s.getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != ""
	if at := s.endpoint.server; !named && at != nil {
		id, secret, err := at.Credentials()
		if err != nil {
			return aws.Credentials{}, exit(exitConfig, "Unable to locate credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile; those of the server's root cannot be read: %v", err)
		}
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: secret, Source: "the root of " + s.endpoint.String()}, nil
	}
	if !named && !s.endpoint.named() {
		return aws.Credentials{}, exit(exitConfig, "Unable to locate credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile; the default profile is used only with an endpoint that is named")
	}
	// The SDK ends with the metadata service of EC2, which is asked only where a
	// profile names it.
	unnamed := aws.IsCredentialsProvider(s.config.Credentials, (*ec2rolecreds.Provider)(nil)) && s.key("credential_source") == ""
	if s.config.Credentials == nil || unnamed {
		return aws.Credentials{}, exit(exitConfig, "Unable to locate credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile")
	}
	v, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		if s.askedFor == "" && s.getenv("AWS_ACCESS_KEY_ID") == "" {
			return v, exit(exitConfig, "Unable to locate credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile")
		}
		return v, exit(exitConfig, "the credentials cannot be used: %v", err)
	}
	return v, nil
}
