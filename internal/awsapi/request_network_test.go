package awsapi

import "testing"

// What one client has is one network, however it is written.
func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1/32",
		"::ffff:192.0.2.1":     "192.0.2.1/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::1":      "2001:db8:1:2::/64",
		"2001:db8:1:3::1":      "2001:db8:1:3::/64",
		"fe80::1%eth0":         "fe80::/64",
		"":                     "invalid Prefix",
		"unknown":              "invalid Prefix",
		"192.0.2.1:4711":       "invalid Prefix",
	} {
		if got := (Request{SourceIP: address}).Network().String(); got != want {
			t.Errorf("%q is of %s, want %s", address, got, want)
		}
	}
}
