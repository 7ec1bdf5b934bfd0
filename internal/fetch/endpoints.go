package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
)

func parseEndpoints(bases map[string]string) (map[string]*url.URL, error) {
	endpoints := make(map[string]*url.URL, len(bases))
	for host, base := range bases {
		if host != canonicalHost(host) || !hostName(host) {
			return nil, fmt.Errorf("endpoint of %q: not a host name in lower case", host)
		}
		u, err := parseEndpoint(base)
		if err != nil {
			return nil, fmt.Errorf("endpoint of %q: %w", host, err)
		}
		endpoints[host] = u
	}
	return endpoints, nil
}

func parseEndpoint(base string) (*url.URL, error) {
	u, err := parseURL(base)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("a base URL has no query and no fragment")
	}
	if u.Scheme == "http" && !loopbackHost(u.Hostname()) {
		return nil, errors.New("http is for loopback only")
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	return u, nil
}

func loopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || canonicalHost(host) == "localhost"
}

// endpoint is the base URL that a URL's host is reached by; nil if the host has
// none of its own.
func (c *Client) endpoint(u *url.URL) *url.URL {
	if u.Scheme != "https" {
		return nil
	}
	return c.endpoints[u.Host]
}

// rebase is a URL with its host's base URL in place of scheme and host.
func rebase(base, u *url.URL) *url.URL {
	moved := *u
	moved.Scheme, moved.Host = base.Scheme, base.Host
	moved.Path, moved.RawPath = base.Path+u.Path, ""
	if base.RawPath != "" || u.RawPath != "" {
		moved.RawPath = base.EscapedPath() + u.EscapedPath()
	}
	return &moved
}

// dialEndpoint connects to endpoints. They are the operator's own choice, so a
// private address is fine; one that metadata services live at is not.
func dialEndpoint(r *net.Resolver) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		d := net.Dialer{Resolver: r, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return refusal("not an IP address")
			}
			kind := classify(to.Addr())
			if kind == never || loopbackHost(host) && kind != loopback {
				return refusal(fmt.Sprintf("%s is no address for a provider endpoint", to.Addr()))
			}
			return nil
		}}
		return d.DialContext(ctx, network, address)
	}
}
