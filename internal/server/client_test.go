package server

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
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
		"two proxies":                       {proxy, []string{"203.0.113.9, " + inner}, "203.0.113.9"},
		"two proxies, two headers":          {proxy, []string{"203.0.113.9", inner}, "203.0.113.9"},
		"what the client forged":            {proxy, []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		"what the client forged, two":       {proxy, []string{"198.51.100.1", "203.0.113.9"}, "203.0.113.9"},
		"a forged proxy address":            {proxy, []string{inner + ", 203.0.113.9"}, "203.0.113.9"},
		"proxies alone":                     {proxy, []string{"10.0.0.3, " + inner}, "10.0.0.3"},
		"an IPv6 client":                    {proxy, []string{"2001:db8::1"}, "2001:db8::1"},
		"an IPv6 client with a zone":        {proxy, []string{"fe80::1%\"level=ERROR"}, "fe80::1"},
		"an IPv4 in IPv6 client":            {proxy, []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"a proxy that another one forwards": {proxy, []string{"203.0.113.9, ::ffff:10.0.0.2"}, "203.0.113.9"},
		"a link-local peer":                 {"[fe80::1%eth0]:1234", nil, "fe80::1"},
		"a port":                            {proxy, []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"a port with a name":                {proxy, []string{"203.0.113.9:_http"}, "203.0.113.9"},
		"an IPv6 client, port":              {proxy, []string{"[2001:db8::9]:4711"}, "2001:db8::9"},
		"an IPv6 client, brackets":          {proxy, []string{"[2001:db8::9]"}, "2001:db8::9"},
		"IPv4 in IPv6, port":                {proxy, []string{"[::ffff:203.0.113.9]:4711"}, "203.0.113.9"},
		"quotes":                            {proxy, []string{`"203.0.113.9"`}, "203.0.113.9"},
		"quotes, port":                      {proxy, []string{`"203.0.113.9:4711"`}, "203.0.113.9"},
		"quotes, IPv6, port":                {proxy, []string{`"[2001:db8::9]:4711"`}, "2001:db8::9"},
		"a proxy with a port":               {proxy, []string{"203.0.113.9, 10.0.0.2:443"}, "203.0.113.9"},
		"blanks":                            {proxy, []string{" \t203.0.113.9\t "}, "203.0.113.9"},
		"unreadable behind the client":      {proxy, []string{"unknown, 203.0.113.9"}, "203.0.113.9"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Server{TrustedProxies: prefixes("10.0.0.0/8")}
			r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.forwarded}}
			if got, err := s.sourceIP(r); got != test.want || err != nil {
				t.Errorf("%q, %v, want %q", got, err, test.want)
			}
		})
	}
}

// Where a hop cannot be read nobody knows the client: the address is none, not
// that of a proxy, and the log warns.
func TestUnreadableSourceIP(t *testing.T) {
	const bad = "is not an address"
	for header, hop := range map[string]string{
		"":                               "",
		",":                              "",
		"203.0.113.9,":                   "",
		"203.0.113.9, , 10.0.0.2":        "",
		"unknown":                        "unknown",
		"_hidden":                        "_hidden",
		"203.0.113.9, unknown":           "unknown",
		"203.0.113.9, unknown, 10.0.0.2": "unknown",
		"localhost":                      "localhost",
		"203.0.113":                      "203.0.113",
		"203.0.113.09":                   "203.0.113.09",
		"203.0.113.9:":                   "203.0.113.9:",
		"203.0.113.9:65536":              "203.0.113.9:65536",
		"203.0.113.9:80:80":              "203.0.113.9:80:80",
		"203.0.113.9:-1":                 "203.0.113.9:-1",
		"203.0.113.9 10.0.0.2":           "203.0.113.9 10.0.0.2",
		"203.0.113.0/24":                 "203.0.113.0/24",
		"[203.0.113.9]":                  "[203.0.113.9]",
		"[203.0.113.9]:80":               "[203.0.113.9]:80",
		"[2001:db8::9":                   "[2001:db8::9",
		"2001:db8::9]":                   "2001:db8::9]",
		"[2001:db8::9]80":                "[2001:db8::9]80",
		"[2001:db8::9]:":                 "[2001:db8::9]:",
		`"203.0.113.9`:                   `"203.0.113.9`,
		`203.0.113.9"`:                   `203.0.113.9"`,
		`""203.0.113.9""`:                `""203.0.113.9""`,
		`"203.0.113.9, 10.0.0.2"`:        `10.0.0.2"`,
		"for=203.0.113.9":                "for=203.0.113.9",
	} {
		t.Run(header, func(t *testing.T) {
			s, log := newServer()
			s.TrustedProxies = prefixes("10.0.0.0/8")
			r := jsonCall("Hello", `{"Name":"world"}`)
			r.RemoteAddr = "10.0.0.1:9999"
			r.Header["X-Forwarded-For"] = []string{header}
			if got, err := s.sourceIP(r); got != "" || err == nil || err.Error() != strconv.Quote(hop)+" "+bad {
				t.Errorf("%q, %v", got, err)
			}
			wantAnswer(t, serve(s, r), 200, helloJSON)
			if line := log.String(); !strings.HasPrefix(line, "level=WARN msg=request ") || strings.Contains(line, "source_ip=") ||
				!strings.Contains(line, " warning=forwarded-for-unreadable warning_detail=") {
				t.Errorf("log: %s", line)
			}
		})
	}
}

// Whatever the header has: the address is one or none; where it is a proxy's,
// all hops were read and are proxies'; and what a client writes in front of what
// its proxy adds changes nothing.
func FuzzSourceIP(f *testing.F) {
	for _, seed := range []string{
		"203.0.113.9", "203.0.113.9:4711", "[2001:db8::9]:4711", `"[2001:db8::9]"`, "unknown", "", "10.0.0.2, 10.0.0.3:1", "a, 203.0.113.9", "fe80::1%x,10.0.0.1",
	} {
		f.Add(seed, "198.51.100.1")
	}
	f.Fuzz(func(t *testing.T, header, front string) {
		s := &Server{TrustedProxies: prefixes("10.0.0.0/8")}
		ask := func(header string) (string, error) {
			return s.sourceIP(&http.Request{RemoteAddr: "10.0.0.1:9999", Header: http.Header{"X-Forwarded-For": {header}}})
		}
		got, err := ask(header)
		a, parseErr := netip.ParseAddr(got)
		if err != nil && got != "" || err == nil && (parseErr != nil || a.Zone() != "" || a.Is4In6()) {
			t.Errorf("%q: %q, %v", header, got, err)
		}
		if err == nil && s.trusted(a) {
			for hop := range strings.SplitSeq(header, ",") {
				if a, ok := hopAddress(hop); !ok || !s.trusted(a) {
					t.Errorf("%q: %s, although %q is no proxy", header, got, hop)
				}
			}
			return // what is in front is then the next hop
		}
		again, againErr := ask(front + "," + header)
		if again != got || (err == nil) != (againErr == nil) {
			t.Errorf("%q: %q, behind %q %q", header, got, front, again)
		}
	})
}

func TestSecure(t *testing.T) {
	s := &Server{TrustedProxies: prefixes("10.0.0.0/8")}
	for _, test := range []struct {
		peer      string
		protocols []string
		want      bool
	}{
		{"10.0.0.1:1", []string{"https"}, true},
		{"10.0.0.1:1", []string{"HTTPS"}, true},
		{"10.0.0.1:1", []string{"https, https"}, true},
		{"10.0.0.1:1", []string{"https", "https"}, true},
		{"10.0.0.1:1", []string{"http"}, false},
		{"10.0.0.1:1", []string{"https, http"}, false},
		{"10.0.0.1:1", []string{"http, https"}, false},
		{"10.0.0.1:1", []string{"https", "http"}, false},
		{"10.0.0.1:1", []string{"https,"}, false},
		{"10.0.0.1:1", []string{"wss"}, false},
		{"10.0.0.1:1", []string{""}, false},
		{"10.0.0.1:1", nil, false},
		{"192.0.2.7:1", []string{"https"}, false},
		{"@", []string{"https"}, false},
	} {
		r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-Proto": test.protocols}}
		if got := s.secure(r); got != test.want {
			t.Errorf("%s says %q: secure %v", test.peer, test.protocols, got)
		}
	}
}
