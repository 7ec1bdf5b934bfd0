package main

import (
	"net"
	"net/http"

	"github.com/daypass/daypass/internal/instance"
)

// ForwardAuthConfig says who asks whether requests to other services may pass.
type ForwardAuthConfig struct {
	ForwardAuthListen string   `placeholder:"ADDR" help:"Address at which reverse proxies (nginx, Caddy, Traefik, Envoy) ask at /forward-auth whether a request to your own service may pass. Only loopback and --trusted-proxies may ask. Other than loopback, it needs --trusted-proxies, and TLS or --allow-plain-http."`
	ForwardAuthAPI    []string `name:"forward-auth-api" sep:" " placeholder:"NAME=HOST[/PATH][,STAGE]" help:"A service that proxies ask about: its name in ARNs, and the host and path at which clients reach it. The stage is $$default unless given. Repeatable; separated by spaces in the environment."`
}

// check finds the mistakes that show in the flags alone.
func (c *Config) checkForwardAuth() error {
	if _, err := instance.ParseForwardAuthAPIs(c.ForwardAuthAPI); err != nil {
		return usage("--forward-auth-api %w", err)
	}
	if c.ForwardAuthListen == "" {
		if len(c.ForwardAuthAPI) > 0 {
			return usage("--forward-auth-api needs --forward-auth-listen")
		}
		return nil
	}
	host, _, err := net.SplitHostPort(c.ForwardAuthListen)
	switch {
	case err != nil:
		return usage("--forward-auth-listen %q: give an address and a port, such as 127.0.0.1:4611", c.ForwardAuthListen)
	case len(c.ForwardAuthAPI) == 0:
		return usage("--forward-auth-listen needs --forward-auth-api, such as photos=photos.example.com")
	case !isLoopback(host) && len(c.TrustedProxies) == 0:
		return usage("--forward-auth-listen %s is not loopback: give the addresses of the proxies that may ask with --trusted-proxies", c.ForwardAuthListen)
	case !isLoopback(host) && !c.speaksTLS() && !c.AllowPlainHTTP:
		return usage("--forward-auth-listen %s is not loopback: give --tls-cert-file and --tls-key-file, or --acme-host, or --allow-plain-http", c.ForwardAuthListen)
	}
	return nil
}

// forwardAuthSide is the listener for the questions of proxies; nil where none is
// asked for. On loopback it speaks no TLS.
func (c *Config) forwardAuthSide() (*side, error) {
	if c.ForwardAuthListen == "" {
		return nil, nil
	}
	s := &side{
		name: "proxies", flag: "--forward-auth-listen", at: c.ForwardAuthListen,
		handler: func(i *instance.Instance) http.Handler { return i.Handler.Beside(i.ForwardAuth) },
	}
	if host, _, err := net.SplitHostPort(c.ForwardAuthListen); err != nil || isLoopback(host) {
		return s, nil
	}
	var err error
	s.tls, err = c.tls()
	return s, err
}
