package server

import (
	"net/http"
	"net/netip"
	"testing"
)

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestSourceIP(t *testing.T) {
	const proxy, inner = "10.0.0.1:9999", "10.0.0.2"
	for name, test := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"a direct client":                   {"192.0.2.7:1234", nil, "192.0.2.7"},
		"IPv6":                              {"[2001:db8::1]:1234", nil, "2001:db8::1"},
		"IPv4 in IPv6":                      {"[::ffff:192.0.2.7]:1234", nil, "192.0.2.7"},
		"a direct client's own header":      {"192.0.2.7:1234", []string{"203.0.113.9"}, "192.0.2.7"},
		"no address":                        {"@", []string{"203.0.113.9"}, ""},
		"a proxy":                           {proxy, []string{"203.0.113.9"}, "203.0.113.9"},
		"a proxy as IPv4 in IPv6":           {"[::ffff:10.0.0.1]:9999", []string{"203.0.113.9"}, "203.0.113.9"},
		"a proxy without a header":          {proxy, nil, "10.0.0.1"},
		"a proxy with an empty header":      {proxy, []string{""}, "10.0.0.1"},
		"two proxies":                       {proxy, []string{"203.0.113.9, " + inner}, "203.0.113.9"},
		"two proxies, two headers":          {proxy, []string{"203.0.113.9", inner}, "203.0.113.9"},
		"what the client forged":            {proxy, []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		"what the client forged, two":       {proxy, []string{"198.51.100.1", "203.0.113.9"}, "203.0.113.9"},
		"a forged proxy address":            {proxy, []string{inner + ", 203.0.113.9"}, "203.0.113.9"},
		"proxies alone":                     {proxy, []string{"10.0.0.3, " + inner}, "10.0.0.3"},
		"no address in the header":          {proxy, []string{"unknown"}, "10.0.0.1"},
		"no address behind the proxy":       {proxy, []string{"203.0.113.9, unknown, " + inner}, inner},
		"an address with a port":            {proxy, []string{"203.0.113.9:80"}, "10.0.0.1"},
		"an IPv6 client":                    {proxy, []string{"2001:db8::1"}, "2001:db8::1"},
		"an IPv6 client with a zone":        {proxy, []string{"fe80::1%\"level=ERROR"}, "fe80::1"},
		"an IPv4 in IPv6 client":            {proxy, []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"a proxy that another one forwards": {proxy, []string{"203.0.113.9, ::ffff:10.0.0.2"}, "203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Server{TrustedProxies: prefixes("10.0.0.0/8")}
			r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.forwarded}}
			if got := s.sourceIP(r); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestSecure(t *testing.T) {
	s := &Server{TrustedProxies: prefixes("10.0.0.0/8")}
	for _, test := range []struct {
		peer, proto string
		want        bool
	}{
		{"10.0.0.1:1", "https", true},
		{"10.0.0.1:1", "http", false},
		{"10.0.0.1:1", "", false},
		{"192.0.2.7:1", "https", false},
		{"@", "https", false},
	} {
		r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-Proto": {test.proto}}}
		if got := s.secure(r); got != test.want {
			t.Errorf("%s says %q: secure %v", test.peer, test.proto, got)
		}
	}
}
