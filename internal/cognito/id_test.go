package cognito

import (
	"crypto/rand"
	"strings"
	"testing"
)

func TestParseID(t *testing.T) {
	const good = "us-east-1:12345678-90ab-4def-8123-456789abcdef"
	region, g, ok := parseID(good)
	if !ok || region != "us-east-1" || g.String() != "12345678-90ab-4def-8123-456789abcdef" {
		t.Errorf("parseID(%q) = %q, %v, %v", good, region, g, ok)
	}
	for _, bad := range []string{
		"", "us-east-1", "us-east-1:", strings.ToUpper(good), good + "0", good[:len(good)-1],
		strings.Replace(good, "-4def", "+4def", 1), strings.Replace(good, "90ab-", "90ab0", 1), good[:len(good)-1] + "g",
	} {
		if _, _, ok := parseID(bad); ok {
			t.Errorf("parseID(%q) is an ID", bad)
		}
	}
}

func TestNewGUIDIsRandomVersion4(t *testing.T) {
	g, err := newGUID(rand.Reader)
	if err != nil || g[6]>>4 != 4 || g[8]>>6 != 2 {
		t.Errorf("newGUID() = %v, %v", g, err)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("us-east-1:12345678-90ab-4def-8123-456789abcdef")
	f.Fuzz(func(t *testing.T, id string) {
		region, g, ok := parseID(id)
		if ok && region+":"+g.String() != id {
			t.Errorf("%q is an ID but is written %s:%s", id, region, g)
		}
	})
}
