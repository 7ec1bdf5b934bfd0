package cli

import (
	"net/url"
	"time"

	"github.com/daypass/daypass/internal/jmespath"
)

// globalOptions are those that every command takes ("Command line options" in
// the User Guide of the AWS CLI).
var globalOptions = []*option{
	{name: "debug", doc: "Turn on debug logging. Secrets and tokens are left out."},
	{name: "endpoint-url", alias: "endpoint", takes: one, doc: "The URL of the server. The word aws means AWS itself."},
	{name: "no-verify-ssl", doc: "Do not verify the server's certificate."},
	{name: "no-paginate", doc: "Disable automatic pagination."},
	{name: "output", takes: one, choices: []string{"json", "text", "table", "yaml", "yaml-stream"}, doc: "The formatting style for command output."},
	{name: "query", takes: one, doc: "A JMESPath query to use in filtering the response data."},
	{name: "profile", takes: one, doc: "Use a specific profile from your credential file."},
	{name: "region", takes: one, doc: "The region to use. Overrides config/env settings."},
	{name: "version", doc: "Display the version of this tool."},
	{name: "color", takes: one, choices: []string{"on", "off", "auto"}, doc: "Turn on/off color output."},
	{name: "no-sign-request", doc: "Do not sign requests. Credentials will not be loaded if this argument is provided."},
	{name: "ca-bundle", takes: one, doc: "The CA certificate bundle to use when verifying SSL certificates. Overrides config/env settings."},
	{name: "cli-read-timeout", takes: one, doc: "The maximum socket read time in seconds. If the value is set to 0, the socket read will be blocking and not timeout. The default value is 60 seconds."},
	{name: "cli-connect-timeout", takes: one, doc: "The maximum socket connect time in seconds. If the value is set to 0, the socket connect will be blocking and not timeout. The default value is 60 seconds."},
	{name: "cli-binary-format", takes: one, choices: []string{"base64", "raw-in-base64-out"}, doc: "The formatting style to be used for binary blobs. No operation of this server has any."},
	{name: "no-cli-pager", doc: "Disable cli pager for output."},
	{name: "cli-auto-prompt", doc: "Automatically prompt for CLI input parameters."},
	{name: "no-cli-auto-prompt", doc: "Disable automatically prompt for CLI input parameters."},
}

// globals are the values of the global options.
type globals struct {
	given
	query                       *jmespath.Expression
	readTimeout, connectTimeout time.Duration // zero for none
}

// globalsOf reads the values of the global options.
func globalsOf(g given) (*globals, error) {
	out := &globals{given: g}
	if text := g.word("query"); g.has("query") {
		var err error
		if out.query, err = jmespath.Parse(text); err != nil {
			return nil, usageError("Bad value for --query %s: %v", text, err)
		}
	}
	if at := g.word("endpoint-url"); g.has("endpoint-url") && at != AWSEndpoint {
		if u, err := url.Parse(at); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, usageError("Bad value for --endpoint-url %q: scheme is missing.  Must be of the form http://<hostname>/ or https://<hostname>/", at)
		}
	}
	var err error
	if out.readTimeout, err = seconds(g, "cli-read-timeout"); err != nil {
		return nil, err
	}
	out.connectTimeout, err = seconds(g, "cli-connect-timeout")
	return out, err
}

// seconds is a timeout; a minute where none was given.
func seconds(g given, name string) (time.Duration, error) {
	if !g.has(name) {
		return time.Minute, nil
	}
	n, err := integer(g.word(name))
	if err != nil {
		return 0, err
	}
	return time.Duration(min(max(number(n), 0), 1<<20)) * time.Second, nil
}

func byName(options []*option) map[string]*option {
	m := make(map[string]*option, len(options))
	for _, o := range options {
		m["--"+o.name] = o
		if o.alias != "" {
			m["--"+o.alias] = o
		}
	}
	return m
}
