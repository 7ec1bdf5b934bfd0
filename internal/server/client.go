package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// sourceIP is the client's address: the peer's, or, behind proxies that the
// operator trusts, the last address that none of them has.
func (s *Server) sourceIP(r *http.Request) string {
	peer, ok := s.peer(r)
	if !ok {
		return ""
	}
	if !s.trusted(peer) {
		return peer.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		a, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		peer = a.Unmap().WithZone("") // a zone is any text, and means nothing here
		if !s.trusted(peer) {
			break
		}
	}
	return peer.String()
}

// secure says whether the client's connection is encrypted.
func (s *Server) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if r.Header.Get("X-Forwarded-Proto") != "https" {
		return false
	}
	peer, ok := s.peer(r)
	return ok && s.trusted(peer)
}

func (s *Server) peer(r *http.Request) (netip.Addr, bool) {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap(), err == nil
}

func (s *Server) trusted(a netip.Addr) bool {
	return slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
