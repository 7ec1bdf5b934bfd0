package server

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// sourceIP is the client's address: the peer's, or, behind proxies that the
// operator trusts, the last address that none of them has. Where one of them
// names its peer in a way that cannot be read, nobody knows the address: it is
// empty, and not that of a proxy, whose networks policies may trust. The error
// says so.
func (s *Server) sourceIP(r *http.Request) (string, error) {
	peer, ok := s.peer(r)
	if !ok {
		return "", nil
	}
	return s.before(peer, s.trusted(peer), r)
}

// before is the address that a peer forwards for, if its word counts: its own where
// it forwards for nobody.
func (s *Server) before(peer netip.Addr, trusted bool, r *http.Request) (string, error) {
	headers := r.Header["X-Forwarded-For"]
	list := strings.Join(headers, ",")
	for more := len(headers) > 0; more && trusted; trusted = s.trusted(peer) {
		hop := list
		if i := strings.LastIndexByte(list, ','); i >= 0 {
			hop, list = list[i+1:], list[:i]
		} else {
			more = false
		}
		var ok bool
		if peer, ok = hopAddress(hop); !ok {
			return "", fmt.Errorf("%q is not an address", Clip(strings.Trim(hop, " \t")))
		}
	}
	return peer.String(), nil
}

// clientOf is the client whose request a proxy asks about: the proxy's own
// connection says nothing of it. Where the proxy tells no address there is none.
func (s *Server) clientOf(r *http.Request) (string, error) {
	peer, ok := s.peer(r)
	if !ok || len(r.Header["X-Forwarded-For"]) == 0 {
		return "", nil
	}
	return s.before(peer, true, r)
}

// hopAddress reads an element of X-Forwarded-For. Most proxies write an address
// alone, some with a port behind it, and those that think of RFC 7239 (section
// 6) put an IPv6 address in brackets and what has colons in quotes. What that
// RFC has for an address that is not known or not told is none.
func hopAddress(hop string) (netip.Addr, bool) {
	hop = strings.Trim(hop, " \t")
	if rest, quoted := strings.CutPrefix(hop, `"`); quoted {
		if hop, quoted = strings.CutSuffix(rest, `"`); !quoted {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(hop)
	if err != nil {
		var ok bool
		if a, ok = addressWithPort(hop); !ok {
			return netip.Addr{}, false
		}
	}
	return a.Unmap().WithZone(""), true // a zone is any text, and means nothing here
}

// addressWithPort reads 203.0.113.9:4711, [2001:db8::9] and [2001:db8::9]:4711.
func addressWithPort(hop string) (netip.Addr, bool) {
	host, port, hasPort := strings.Cut(hop, ":")
	rest, bracketed := strings.CutPrefix(hop, "[")
	if bracketed {
		var closed bool
		if host, rest, closed = strings.Cut(rest, "]"); !closed {
			return netip.Addr{}, false
		}
		if port, hasPort = strings.CutPrefix(rest, ":"); !hasPort && rest != "" {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(host)
	return a, err == nil && a.Is6() == bracketed && (!hasPort || isPort(port))
}

// isPort says whether a text is the number of a port, or a name in its place
// that begins with an underscore (RFC 7239, section 6.3).
func isPort(s string) bool {
	if s == "" || s[0] == '_' {
		return len(s) > 1
	}
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// secure says whether the client's connection is encrypted. Of several that
// forwarded the request, all must say so: a proxy that adds to what the client
// sent leaves the client's own word in front.
func (s *Server) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !forwardedSecurely(r) {
		return false
	}
	peer, ok := s.peer(r)
	return ok && s.trusted(peer)
}

// forwardedSecurely says whether all that forwarded a request say that it came to
// them encrypted.
func forwardedSecurely(r *http.Request) bool {
	protocols := r.Header["X-Forwarded-Proto"]
	for protocol := range strings.SplitSeq(strings.Join(protocols, ","), ",") {
		if !strings.EqualFold(strings.Trim(protocol, " \t"), "https") {
			return false
		}
	}
	return true
}

func (s *Server) peer(r *http.Request) (netip.Addr, bool) {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap().WithZone(""), err == nil
}

func (s *Server) trusted(a netip.Addr) bool {
	return slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
