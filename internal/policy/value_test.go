package policy_test

import (
	"testing"

	"github.com/daypass/daypass/internal/policy"
)

func TestReadValue(t *testing.T) {
	for _, test := range []struct {
		kind       policy.ValueType
		text, want string // want is empty for what is refused
	}{
		{policy.StringValue, "any thing", "any thing"},
		{policy.NumericValue, "-1.50", "-1.50"},
		{policy.NumericValue, "one", ""},
		{policy.BooleanValue, "TRUE", "TRUE"},
		{policy.BooleanValue, "yes", ""},
		{policy.IPValue, "203.0.113.7", "203.0.113.7"},
		{policy.IPValue, "2001:db8::1", "2001:db8::1"},
		{policy.IPValue, "203.0.113.0/24", ""},
		{policy.DateValue, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{policy.DateValue, "1767225600", "1767225600"},
		{policy.DateValue, "yesterday", ""},
		{policy.BinaryValue, "AGh1c2g=", "\x00hush"},
		{policy.BinaryValue, "AGh1c2g", ""},
		{"stringlist", "x", ""},
	} {
		got, err := test.kind.Read(test.text)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s %q: %q, %v", test.kind, test.text, got, err)
		}
	}
}
