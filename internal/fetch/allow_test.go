package fetch

import (
	"net"
	"net/url"
	"testing"
)

func TestPermit(t *testing.T) {
	const (
		https = false
		http  = true

		needsLeave = " is a private address that the allow list does not name"
		plainHTTP  = "plain http, which the allow list does not permit here"
		neverTail  = " is an address that is never fetched from"
	)
	for _, tt := range []struct {
		name    string
		allow   []string
		dev     bool
		host    string
		port    string
		address string
		plain   bool
		want    string // the refusal; empty: permitted
	}{
		{"public https", nil, false, "issuer.example", "443", "8.8.8.8", https, ""},
		{"public http", nil, false, "issuer.example", "80", "8.8.8.8", http, plainHTTP},
		{"public http in development", nil, true, "issuer.example", "80", "8.8.8.8", http, plainHTTP},
		{"private", nil, false, "issuer.example", "443", "10.1.2.3", https, "10.1.2.3" + needsLeave},
		{"private in development", nil, true, "issuer.example", "443", "10.1.2.3", https, "10.1.2.3" + needsLeave},
		{"mapped private", nil, false, "issuer.example", "443", "::ffff:10.1.2.3", https, "10.1.2.3" + needsLeave},
		{"loopback", nil, false, "localhost", "443", "127.0.0.1", https, "127.0.0.1" + needsLeave},
		{"loopback in development", nil, true, "localhost", "8080", "127.0.0.1", http, ""},
		{"loopback v6 in development", nil, true, "localhost", "8080", "::1", http, ""},
		{"host listed", []string{"idp.internal"}, false, "idp.internal", "443", "10.1.2.3", https, ""},
		{"host listed, other case and dot", []string{"IdP.internal."}, false, "idp.INTERNAL.", "443", "10.1.2.3", https, ""},
		{"host listed, on loopback", []string{"idp.internal"}, false, "idp.internal", "443", "127.0.0.1", https, ""},
		{"host listed, http", []string{"idp.internal"}, false, "idp.internal", "80", "10.1.2.3", http, plainHTTP},
		{"host listed with http", []string{"http://idp.internal"}, false, "idp.internal", "80", "10.1.2.3", http, ""},
		{"host listed with http, https used", []string{"http://idp.internal"}, false, "idp.internal", "443", "10.1.2.3", https, ""},
		{"host listed with port", []string{"http://idp.internal:8080"}, false, "idp.internal", "8080", "10.1.2.3", http, ""},
		{"host listed with another port", []string{"http://idp.internal:8080"}, false, "idp.internal", "22", "10.1.2.3", http, plainHTTP},
		{"subdomain of a listed host", []string{"internal"}, false, "idp.internal", "443", "10.1.2.3", https, "10.1.2.3" + needsLeave},
		{"host listed, metadata", []string{"idp.internal"}, false, "idp.internal", "443", "169.254.169.254", https, "169.254.169.254" + neverTail},
		{"range listed", []string{"10.0.0.0/8"}, false, "idp.internal", "443", "10.1.2.3", https, ""},
		{"range listed, mapped", []string{"10.0.0.0/8"}, false, "idp.internal", "443", "::ffff:10.1.2.3", https, ""},
		{"range listed, outside", []string{"10.0.0.0/16"}, false, "idp.internal", "443", "10.1.2.3", https, "10.1.2.3" + needsLeave},
		{"range listed, http", []string{"10.0.0.0/8"}, false, "idp.internal", "80", "10.1.2.3", http, plainHTTP},
		{"range listed with http", []string{"http://10.0.0.0/8"}, false, "idp.internal", "80", "10.1.2.3", http, ""},
		{"address with port listed", []string{"[fd12::7]:8443"}, false, "idp.internal", "8443", "fd12::7", https, ""},
		{"address with another port", []string{"[fd12::7]:8443"}, false, "idp.internal", "443", "fd12::7", https, "fd12::7" + needsLeave},
		{"everything listed, Alibaba metadata", []string{"0.0.0.0/0", "::/0"}, true, "idp.internal", "443", "100.100.100.200", https, "100.100.100.200" + neverTail},
		{"everything listed, AWS metadata over IPv6", []string{"0.0.0.0/0", "::/0"}, true, "idp.internal", "443", "fd00:ec2::254", https, "fd00:ec2::254" + neverTail},
		{"everything listed, AWS task metadata", []string{"http://0.0.0.0/0"}, true, "idp.internal", "80", "169.254.170.2", http, "169.254.170.2" + neverTail},
		{"everything listed, metadata mapped", []string{"::/0"}, true, "idp.internal", "443", "::ffff:169.254.169.254", https, "169.254.169.254" + neverTail},
		{"everything listed, zone", []string{"::/0"}, true, "idp.internal", "443", "fe80::1%eth0", https, "fe80::1" + neverTail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &Client{Allow: tt.allow, AllowLoopback: tt.dev}
			if err := c.Check(); err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := c.permit(target{tt.host, tt.port, tt.plain}, net.JoinHostPort(tt.address, tt.port)); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCheckRefusesBadEntries(t *testing.T) {
	for entry, want := range map[string]string{
		"":                          `allow list entry "": not a host name, an address or a CIDR`,
		"*.internal":                `allow list entry "*.internal": not a host name, an address or a CIDR`,
		"idp.internal/path":         `allow list entry "idp.internal/path": not a host name, an address or a CIDR`,
		"ftp://idp.internal":        `allow list entry "ftp://idp.internal": "//idp.internal" is not a port`,
		"user@idp.internal":         `allow list entry "user@idp.internal": not a host name, an address or a CIDR`,
		"idp..internal":             `allow list entry "idp..internal": not a host name, an address or a CIDR`,
		"10.0.0.256":                `allow list entry "10.0.0.256": not a host name, an address or a CIDR`,
		"10.0.0.0/33":               `allow list entry "10.0.0.0/33": not a host name, an address or a CIDR`,
		"::ffff:10.0.0.0/104":       `allow list entry "::ffff:10.0.0.0/104": write an IPv4 range as IPv4`,
		"idp.internal:https":        `allow list entry "idp.internal:https": "https" is not a port`,
		"idp.internal:0":            `allow list entry "idp.internal:0": "0" is not a port`,
		"idp.internal:65536":        `allow list entry "idp.internal:65536": "65536" is not a port`,
		"169.254.169.254":           `allow list entry "169.254.169.254": this address is never fetched from, listed or not`,
		"http://[fd00:ec2::254]:80": `allow list entry "http://[fd00:ec2::254]:80": this address is never fetched from, listed or not`,
	} {
		err := (&Client{Allow: []string{"good.example", entry}}).Check()
		if err == nil || err.Error() != want {
			t.Errorf("Check with %q: %v, want %s", entry, err, want)
		}
	}
}

// FuzzParseRule checks that an entry which is understood names either a host or
// a range, and never one that the guard would not honour.
func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"idp.internal", "http://idp.internal:8080", "10.0.0.0/8", "[fd12::7]:8443", "https://[::1]", "1.2.3.4:5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		r, err := parseRule(entry)
		if err != nil {
			return
		}
		if (r.host != "") == r.prefix.IsValid() {
			t.Fatalf("parseRule(%q) = %+v: want a host or a range", entry, r)
		}
		if r.host != "" && !r.covers(target{r.host, r.port, r.plain}, r.prefix.Addr()) {
			t.Errorf("parseRule(%q) = %+v does not cover its own host", entry, r)
		}
		if r.host == "" && !r.covers(target{"other.example", r.port, r.plain}, r.prefix.Addr()) {
			t.Errorf("parseRule(%q) = %+v does not cover its own range", entry, r)
		}
		if !r.plain && r.covers(target{r.host, r.port, true}, r.prefix.Addr()) {
			t.Errorf("parseRule(%q) = %+v permits plain http", entry, r)
		}
	})
}

// Plain http is permitted by name alone: a range of addresses names nobody.
func TestNamesPlain(t *testing.T) {
	for _, test := range []struct {
		allow    []string
		loopback bool
		url      string
		want     bool
	}{
		{nil, true, "http://127.0.0.1:1", true},
		{nil, true, "http://localhost", true},
		{nil, false, "http://127.0.0.1:1", false},
		{nil, true, "http://idp:4601", false},
		{[]string{"http://idp"}, false, "http://idp:4601", true},
		{[]string{"http://idp"}, false, "http://IDP.:4601", true},
		{[]string{"http://idp:4601"}, false, "http://idp:4601", true},
		{[]string{"http://idp:4601"}, false, "http://idp", false},
		{[]string{"idp"}, false, "http://idp:4601", false},
		{[]string{"http://idp"}, false, "http://other", false},
		{[]string{"http://10.1.2.3"}, false, "http://10.1.2.3:80", true},
		{[]string{"http://10.0.0.0/8"}, false, "http://10.1.2.3:80", false},
		{[]string{"http://0.0.0.0/0"}, false, "http://idp", false},
		{[]string{"nonsense/"}, true, "http://127.0.0.1:1", false},
	} {
		u, err := url.Parse(test.url)
		if err != nil {
			t.Fatal(err)
		}
		c := &Client{Allow: test.allow, AllowLoopback: test.loopback}
		if got := c.NamesPlain(u); got != test.want {
			t.Errorf("%q, loopback %v: %s is %v", test.allow, test.loopback, test.url, got)
		}
	}
}
