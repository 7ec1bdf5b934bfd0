package forwardauth

import (
	"net/url"
	"path"
	"strings"
	"testing"
)

// FuzzPath: what a path is decoded to is what net/url decodes it to, and cleaning it
// changes nothing: no proxy or service that decodes once reads another.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/", "/a%20b/", "/a/../b", "/%2e%2e/a", "/a//b", "/caf%C3%A9", "/%252f", "/a;b", "/a\\b", "/%", "/100%25", "a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		decoded, err := readPath(raw)
		if err != nil {
			return
		}
		if other, err := url.PathUnescape(raw); err != nil || other != decoded {
			t.Errorf("%q is %q, and %q (%v) elsewhere", raw, decoded, other, err)
		}
		clean := path.Clean(decoded)
		if clean != "/" && strings.HasSuffix(decoded, "/") {
			clean += "/"
		}
		if clean != decoded {
			t.Errorf("%q is %q, and %q when it is cleaned", raw, decoded, clean)
		}
		if strings.Count(raw, "/") != strings.Count(decoded, "/") || strings.ContainsAny(decoded, "\\;#\x00\r\n") {
			t.Errorf("%q is %q", raw, decoded)
		}
		if u, err := url.ParseRequestURI(raw); err != nil && !strings.ContainsAny(raw, "?") || err == nil && !strings.Contains(raw, "?") && u.Path != decoded {
			t.Errorf("%q is %q, and as a request %v (%v)", raw, decoded, u, err)
		}
	})
}

func TestParseAPI(t *testing.T) {
	for text, want := range map[string]API{
		"photos=photos.example.com":         {"photos", "$default", "photos.example.com", ""},
		"photos=Photos.Example.com/":        {"photos", "$default", "photos.example.com", ""},
		"a-b_1=localhost:8080/v1/x,prod":    {"a-b_1", "prod", "localhost:8080", "/v1/x"},
		"x=127.0.0.1,$default":              {"x", "$default", "127.0.0.1", ""},
		"x=[::1]:8080":                      {"x", "$default", "[::1]:8080", ""},
		"x=[2001:db8::1]/caf\u00e9,stage_1": {"x", "stage_1", "[2001:db8::1]", "/caf\u00e9"},
	} {
		got, err := ParseAPI(text)
		if got != want || err != nil {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	const name, host, stage = "a name has 1 to 64 letters, digits, hyphens and underscores",
		"give the host as clients send it, such as api.example.com or localhost:8080, without http://",
		"a stage has letters, digits, hyphens and underscores, or is $default"
	for text, want := range map[string]string{
		"":                             "give a name and a host, such as photos=api.example.com",
		"photos.example.com":           "give a name and a host, such as photos=api.example.com",
		"=h":                           name,
		"a/b=h":                        name,
		"a*=h":                         name,
		strings.Repeat("a", 65) + "=h": name,
		"a=":                           host,
		"a=http://h":                   host,
		"a=h:":                         host,
		"a=*.example.com":              host,
		"a=h.":                         host,
		"a=h,":                         stage,
		"a=h,a/b":                      stage,
		"a=h,$other":                   stage,
		"a=h,a,b":                      stage,
		"a=h/v1/":                      "remove the slash at the end of the path",
		"a=h/v1//x":                    `the path "/v1//x" is not one that requests can have`,
		"a=h/../x":                     `the path "/../x" is not one that requests can have`,
		"a=h/a%20b":                    `the path "/a%20b" is not one that requests can have`,
	} {
		if _, err := ParseAPI(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	same := APIs{{"a", "x", "h", "/v1"}, {"b", "x", "h", "/v2"}, {"c", "y", "h", "/v1"}}
	if err := same.Check(); err == nil || err.Error() != "a and c are both at h/v1" {
		t.Errorf("two at one place: %v", err)
	}
	if err := same[:2].Check(); err != nil {
		t.Error(err)
	}
}

// The nearest API counts: the one that names the port, then the longest path, by
// whole segments.
func TestFind(t *testing.T) {
	apis := APIs{
		{"all", "s", "h", ""}, {"v1", "s", "h", "/v1"}, {"v1x", "s", "h", "/v1/x"}, {"port", "s", "h:81", ""}, {"six", "s", "[::1]", ""}, {"below", "s", "b", "/v1"},
	}
	for _, tt := range [][4]string{
		{"h", "/", "all", ""}, {"h", "/a/b", "all", "a/b"}, {"h", "/v1", "v1", ""}, {"h", "/v1/", "v1", ""}, {"h", "/v1/a", "v1", "a"},
		{"h", "/v1x", "all", "v1x"}, {"h", "/v1/x/y/", "v1x", "y/"}, {"h", "/v1/xy", "v1", "xy"}, {"H:443", "/v1/a", "v1", "a"},
		{"h:81", "/v1/a", "port", "v1/a"}, {"[::1]:9", "/a", "six", "a"}, {"[::1]", "/a", "six", "a"}, {"b", "/v1/a", "below", "a"},
		{"b", "/v2", "", ""}, {"b", "/V1/a", "", ""}, {"h.", "/", "", ""}, {"h:81:82", "/", "", ""}, {"", "/", "", ""}, {"::1", "/", "", ""}, {"x.h", "/", "", ""},
	} {
		api, within, ok := apis.find(tt[0], tt[1])
		if ok != (tt[2] != "") || ok && (api.Name != tt[2] || within != tt[3]) {
			t.Errorf("%s %s: %+v, %q, want %s, %q", tt[0], tt[1], api, within, tt[2], tt[3])
		}
	}
}
