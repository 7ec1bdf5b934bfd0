package sigv4

import (
	"net/textproto"
	"testing"
)

func TestCanonicalQuery(t *testing.T) {
	for _, test := range []struct{ raw, want string }{
		{"", ""},
		{"a", "a="},
		{"=b", "=b"},
		{"a=b=c", "a=b%3Dc"},
		{"&&a=1&&", "a=1"},
		{"a=%7e%2F%c3%a9", "a=~%2F%C3%A9"},
		{"a=x+y", "a=x%20y"},
		{"a=x%20y", "a=x%20y"},
		{"a=x%2By", "a=x%2By"},
		{"a=é", "a=%C3%A9"},
		{"a=%ff", "a=%FF"},
		{"b=1&a=2&a=10&a=1", "a=1&a=10&a=2&b=1"},
		{"a-b=1&a=1", "a=1&a-b=1"},       // by name, not by the joined pair
		{"k=a-b&k=a/b", "k=a%2Fb&k=a-b"}, // after encoding
		{"a;b=c", "a%3Bb=c"},
		{"a=*'()!", "a=%2A%27%28%29%21"},
		{"X-Amz-Signature=f&X=1", "X=1"},
	} {
		params, err := parseQuery(test.raw)
		if err != nil {
			t.Errorf("%q: %v", test.raw, err)
			continue
		}
		if got := string(appendQuery(nil, params)); got != test.want {
			t.Errorf("%q: got %q, want %q", test.raw, got, test.want)
		}
	}
	for _, raw := range []string{"%", "a=%", "a=%2", "a=%2g", "%zz=1", "a=1&b=%G0"} {
		_, err := parseQuery(raw)
		wantError(t, err, &Error{Incomplete, CauseQuery, "Illegal hex character in escape % pattern: %"})
	}
}

func TestCanonicalPath(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"", "/"},
		{"/", "/"},
		{"/a", "/a"},
		{"/a/", "/a/"},
		{"//a//b//", "/a/b/"},
		{"/a/./b", "/a/b"},
		{"/a/.", "/a/"},
		{"/a/b/..", "/a/"},
		{"/a/..", "/"},
		{"/../../a", "/a"},
		{"/...", "/..."},
		{"/a%20b", "/a%2520b"},
		{"/a b", "/a%20b"},
		{"/%2E%2E/a", "/%252E%252E/a"},
		{"/documents and settings/", "/documents%20and%20settings/"},
		{"/a:b@c", "/a%3Ab%40c"},
	} {
		if got := string(appendCanonicalPath(nil, test.path)); got != test.want {
			t.Errorf("%q: got %q, want %q", test.path, got, test.want)
		}
	}
}

func TestFolding(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{"", ""},
		{" ", ""},
		{" \t ", ""},
		{"a", "a"},
		{"  a  b   c  ", "a b c"},
		{`"a   b"`, `"a b"`},
		{"a \t b", "a \t b"},
	} {
		if got := string(appendFolded(nil, test.value)); got != test.want {
			t.Errorf("%q: got %q, want %q", test.value, got, test.want)
		}
	}
}

func TestHeaderKey(t *testing.T) {
	for _, name := range []string{"host", "x-amz-date", "etag", "a--b-", "-a", "x_y-z.a", "1-a"} {
		want := textproto.CanonicalMIMEHeaderKey(name)
		if got := string(appendHeaderKey(nil, name)); got != want {
			t.Errorf("%s: got %q, net/textproto has %q", name, got, want)
		}
		if !isHeaderName(name) {
			t.Errorf("%s is no header name", name)
		}
	}
	for _, name := range []string{"", "Host", "a b", "a:", "a;b", ":authority", "ä", "a\n"} {
		if isHeaderName(name) {
			t.Errorf("%q is a header name", name)
		}
	}
}
