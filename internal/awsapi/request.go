package awsapi

import (
	"errors"
	"net/netip"
)

// Request says how a request came: what policies can look at that is neither in
// its input nor about its caller. It travels with the [Caller]. The zero value
// is the request of nobody, about which no policy can be asked.
type Request struct {
	// SourceIP is the client's address; empty if it cannot be told.
	SourceIP string
	// Transport says whether the client's connection is encrypted.
	Transport Transport
	// UserAgent and Referer are the headers of those names, as the client sent
	// them.
	UserAgent, Referer string
	// Region is the region that the request is for: that of the signature's
	// credential scope, or, where nothing is signed, the one that the server calls
	// its own until the operation knows better from an ID.
	Region string
}

// Transport is how a request was carried. Its zero value says that nobody has
// looked, which is neither of the others.
type Transport int

const (
	_ Transport = iota
	// Plain is a connection that anybody on the way can read.
	Plain
	// Encrypted is TLS.
	Encrypted
)

// In is the request, for a region.
func (r Request) In(region string) Request {
	r.Region = region
	return r
}

// Network is where the request comes from, where clients are counted: an IPv4
// address or an IPv6 network of 64 bits, which is what one client gets. Those whose
// address cannot be told have the zero network together.
func (r Request) Network() netip.Prefix {
	addr, err := netip.ParseAddr(r.SourceIP)
	if err != nil {
		return netip.Prefix{}
	}
	return NetworkOf(addr)
}

// NetworkOf is the network of an address, as [Request.Network] has it.
func NetworkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 32
	}
	return netip.PrefixFrom(addr, bits).Masked()
}

// Check says whether everything is known of a request that every request has.
// With a part of it conditions would see keys missing, and a statement that
// denies by one of those would deny nothing.
func (r Request) Check() error {
	switch {
	case r.Transport != Plain && r.Transport != Encrypted:
		return errors.New("awsapi: nobody said how the request was carried")
	case r.Region == "":
		return errors.New("awsapi: nobody said which region the request is for")
	}
	return nil
}
