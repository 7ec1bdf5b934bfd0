package fetch

import "net/netip"

// class says what kind of address a connection would reach.
type class int

const (
	public class = iota
	private
	loopback
	never
)

// neverRanges are refused whatever the allow list says. The single addresses
// are metadata services and their siblings, which answer any process on the
// machine with credentials: 100.100.100.200 (Alibaba), 168.63.129.16 (Azure),
// 192.0.0.192 (Oracle), fd00:ec2::/32 (AWS, every local service), fd20:ce::254
// (Google), fd00:42::42 (Scaleway). All others live in the link-local ranges.
var neverRanges = prefixes(
	"0.0.0.0/8",      // "this network", RFC 791
	"169.254.0.0/16", // link-local, RFC 3927
	"224.0.0.0/4",    // multicast
	"240.0.0.0/4",    // reserved, and the broadcast address
	"100.100.100.200/32",
	"168.63.129.16/32",
	"192.0.0.192/32",

	"::/128",         // unspecified
	"fe80::/10",      // link-local
	"fec0::/10",      // site-local, deprecated by RFC 3879
	"ff00::/8",       // multicast
	"64:ff9b:1::/48", // local NAT64, RFC 8215: where the IPv4 address sits is a local secret
	"100::/64",       // discard, RFC 6666
	"2001::/23",      // protocol assignments, Teredo among them
	"2001:db8::/32",  // documentation
	"3fff::/20",      // documentation, RFC 9637
	"fd00:ec2::/32",
	"fd20:ce::254/128",
	"fd00:42::42/128",
)

// privateRanges are reached only with leave from the allow list.
var privateRanges = prefixes(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
	"100.64.0.0/10",                                     // carrier-grade NAT, RFC 6598
	"192.0.0.0/24",                                      // protocol assignments, RFC 6890
	"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // documentation, RFC 5737
	"198.18.0.0/15",  // benchmarks, RFC 2544
	"192.88.99.0/24", // 6to4 relays, deprecated by RFC 7526
	"fc00::/7",       // unique local, RFC 4193
)

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixToFour  = netip.MustParsePrefix("2002::/16")    // RFC 3056
	globalIPv6 = netip.MustParsePrefix("2000::/3")     // the only range that is handed out
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

func within(list []netip.Prefix, ip netip.Addr) bool {
	for _, p := range list {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// classify judges an address.
func classify(ip netip.Addr) class {
	// A zone names an interface; only link-local and multicast addresses have
	// one, and a prefix contains no address that still carries it.
	ip = ip.Unmap().WithZone("")
	switch {
	case !ip.IsValid() || within(neverRanges, ip):
		return never
	case ip.IsLoopback():
		return loopback
	case within(privateRanges, ip):
		return private
	case ip.Is4():
		return public
	}
	if inner, ok := embedded(ip); ok {
		if c := classify(inner); c != loopback {
			return c
		}
		return never // somebody else's loopback, through a translator
	}
	if !globalIPv6.Contains(ip) {
		return never
	}
	return public
}

// embedded returns the IPv4 address that a translator would make of an IPv6
// address.
func embedded(ip netip.Addr) (netip.Addr, bool) {
	b := ip.As16()
	switch {
	case nat64.Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
