package fetch

import (
	"net/netip"
	"testing"
)

func TestClassify(t *testing.T) {
	for text, want := range map[string]class{
		"8.8.8.8":                  public,
		"100.63.255.255":           public,
		"100.128.0.0":              public,
		"172.15.255.255":           public,
		"172.32.0.0":               public,
		"2606:4700:4700::1111":     public,
		"::ffff:8.8.8.8":           public,
		"64:ff9b::8.8.8.8":         public, // NAT64 of a public address: an IPv6-only network's way out
		"2002:808:808::1":          public,
		"10.0.0.1":                 private,
		"172.16.0.1":               private,
		"172.31.255.255":           private,
		"192.168.255.255":          private,
		"100.64.0.1":               private,
		"100.127.255.255":          private,
		"198.18.0.1":               private,
		"203.0.113.9":              private,
		"fc00::1":                  private,
		"fd12:3456::1":             private,
		"::ffff:10.0.0.1":          private,
		"64:ff9b::10.0.0.1":        private,
		"2002:a00:1::1":            private, // 6to4 of 10.0.0.1
		"127.0.0.1":                loopback,
		"127.255.255.254":          loopback,
		"::1":                      loopback,
		"::ffff:127.0.0.1":         loopback,
		"64:ff9b::127.0.0.1":       never, // not our loopback
		"2002:7f00:1::":            never,
		"0.0.0.0":                  never,
		"0.1.2.3":                  never,
		"::":                       never,
		"169.254.169.254":          never,
		"169.254.170.2":            never,
		"169.254.1.1":              never,
		"::ffff:169.254.169.254":   never,
		"64:ff9b::169.254.169.254": never,
		"2002:a9fe:a9fe::":         never,
		"::169.254.169.254":        never, // IPv4-compatible, deprecated
		"100.100.100.200":          never,
		"168.63.129.16":            never,
		"192.0.0.192":              never,
		"fd00:ec2::254":            never,
		"fd00:ec2::23":             never,
		"fd20:ce::254":             never,
		"fe80::1":                  never,
		"fe80::1%eth0":             never,
		"fec0::1":                  never,
		"ff02::1":                  never,
		"224.0.0.1":                never,
		"255.255.255.255":          never,
		"240.0.0.1":                never,
		"2001::1":                  never, // Teredo
		"2001:db8::1":              never,
		"64:ff9b:1::a9fe:a9fe":     never,
		"100::1":                   never,
		"4000::1":                  never,
	} {
		if got := classify(netip.MustParseAddr(text)); got != want {
			t.Errorf("classify(%s) = %d, want %d", text, got, want)
		}
	}
	if got := classify(netip.Addr{}); got != never {
		t.Errorf("classify(no address) = %d, want never", got)
	}
}

// FuzzClassify holds the classes to the definitions in net/netip, which were
// written by others.
func FuzzClassify(f *testing.F) {
	for _, text := range []string{"8.8.8.8", "10.1.2.3", "127.0.0.1", "::1", "fe80::1", "ff02::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"} {
		f.Add(netip.MustParseAddr(text).AsSlice())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ip, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		got := classify(ip)
		if mapped := classify(netip.AddrFrom16(ip.As16())); mapped != got {
			t.Errorf("%s is class %d, but %d when written as IPv6", ip, got, mapped)
		}
		plain := ip.Unmap()
		switch {
		case plain.IsLoopback():
			if got != loopback {
				t.Errorf("loopback %s is class %d", ip, got)
			}
		case plain.IsPrivate():
			if got != private && got != never {
				t.Errorf("private %s is class %d", ip, got)
			}
		case plain.IsUnspecified(), plain.IsMulticast(), plain.IsLinkLocalUnicast():
			if got != never {
				t.Errorf("%s is class %d, want never", ip, got)
			}
		}
	})
}
