package fetch

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// rule is one entry of the allow list: a host name or a range of addresses.
type rule struct {
	host   string       // lower case, no trailing dot; empty when prefix is set
	prefix netip.Prefix // valid when host is empty
	port   string       // empty: any
	plain  bool         // http is permitted as well as https
}

// target is what a connection is wanted for.
type target struct {
	host, port string
	plain      bool // the URL says http
}

func (r rule) covers(t target, ip netip.Addr) bool {
	if r.port != "" && r.port != t.port {
		return false
	}
	if t.plain && !r.plain {
		return false
	}
	if r.host != "" {
		return r.host == canonicalHost(t.host)
	}
	return r.prefix.Contains(ip)
}

func parseRules(entries []string) ([]rule, error) {
	rules := make([]rule, 0, len(entries))
	for _, entry := range entries {
		r, err := parseRule(entry)
		if err != nil {
			return nil, fmt.Errorf("allow list entry %q: %w", entry, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func parseRule(entry string) (rule, error) {
	rest, plain := strings.CutPrefix(entry, "http://")
	if !plain {
		rest, _ = strings.CutPrefix(entry, "https://")
	}
	r := rule{plain: plain}
	if p, err := netip.ParsePrefix(rest); err == nil {
		if p.Addr().Is4In6() {
			return rule{}, errors.New("write an IPv4 range as IPv4")
		}
		r.prefix = p.Masked()
		return r, nil
	}
	host := rest
	if h, port, err := net.SplitHostPort(rest); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return rule{}, fmt.Errorf("%q is not a port", port)
		}
		host, r.port = h, port
	}
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		ip = ip.Unmap().WithZone("")
		if classify(ip) == never {
			return rule{}, errors.New("this address is never fetched from, listed or not")
		}
		r.prefix = netip.PrefixFrom(ip, ip.BitLen())
		return r, nil
	}
	r.host = canonicalHost(host)
	if !hostName(r.host) {
		return rule{}, errors.New("not a host name, an address or a CIDR")
	}
	return r, nil
}

// canonicalHost makes two spellings of one host equal.
func canonicalHost(host string) string {
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// hostName reports whether a name is one that a resolver could be asked for.
// Underscores are not letters of host names but occur in container networks; a
// number at the end is an address with a typing mistake.
func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, letters) != "" {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
