package sigv4

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzAuthorization: whatever is read from an Authorization header can be
// written and reads the same again, and what is refused is refused with an
// *Error that repeats only a bounded part of it.
func FuzzAuthorization(f *testing.F) {
	f.Add(goodAuth)
	f.Add("AWS4-HMAC-SHA256 Signature=a=b,Credential=c,\tSignedHeaders=host")
	f.Add("AWS4-HMAC-SHA256   Credential")
	f.Add("AWS4-HMAC-SHA256")
	f.Add("Bearer x")
	f.Fuzz(func(t *testing.T, value string) {
		r := &Request{Header: map[string][]string{"Authorization": {value}, "X-Amz-Date": {goodDate}}}
		s, err := Parse(r)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		a := authorization{
			credential:    strings.Join([]string{s.AccessKeyID, s.Date, s.Region, s.Service, s.terminator}, "/"),
			signedHeaders: strings.Join(s.SignedHeaders, ";"),
			signature:     s.hex,
		}
		read, err := splitAuthorization(value)
		if err != nil {
			t.Fatal(err)
		}
		if read != a {
			t.Fatalf("read %+v, the signature has %+v", read, a)
		}
		again, err := splitAuthorization(a.String())
		if err != nil || again != a {
			t.Fatalf("%q read again: %+v, %v; want %+v", a, again, err, a)
		}
		if !slices.IsSorted(s.SignedHeaders) || !s.covers("host") || !s.covers("x-amz-date") {
			t.Fatalf("signed headers %q", s.SignedHeaders)
		}
	})
}

func checkRefusal(t *testing.T, err error) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("a %T: %v", err, err)
	}
	if len(e.Message) > 3*maxEcho || strings.ContainsFunc(e.Message, func(c rune) bool { return c < ' ' || c > '~' }) {
		t.Fatalf("message %q", e.Message)
	}
	if e.Cause == "" || e.Kind < Missing || e.Kind > Mismatch {
		t.Fatalf("error %#v", e)
	}
}

// FuzzQuery: the canonical query is one for all orders, canonical itself, and
// means to net/url what the raw query meant, so that nothing unsigned is read.
func FuzzQuery(f *testing.F) {
	f.Add("Param-3=Value3&Param=Value2&%E1%88%B4=Value1")
	f.Add("a=x+y&a=x%2By&&=&b")
	f.Add("X%2DAmz-Signature=1&X-Amz-Signature=2")
	f.Fuzz(func(t *testing.T, raw string) {
		params, err := parseQuery(raw)
		if err != nil {
			checkRefusal(t, err)
			return
		}
		canonical := string(appendQuery(nil, params))
		again, err := parseQuery(canonical)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendQuery(nil, again)); got != canonical {
			t.Fatalf("%q is not canonical: %q", canonical, got)
		}
		pairs := strings.Split(raw, "&")
		slices.Reverse(pairs)
		reversed, err := parseQuery(strings.Join(pairs, "&"))
		if got := string(appendQuery(nil, reversed)); err != nil || got != canonical {
			t.Fatalf("reversed: %q, %v; want %q", got, err, canonical)
		}
		meant, err := url.ParseQuery(raw)
		if err != nil {
			return // net/url also refuses semicolons
		}
		delete(meant, "X-Amz-Signature")
		signed, err := url.ParseQuery(canonical)
		if err != nil {
			t.Fatal(err)
		}
		for _, values := range []url.Values{meant, signed} {
			for _, v := range values {
				slices.Sort(v)
			}
		}
		if diff := cmp.Diff(meant, signed); diff != "" {
			t.Fatalf("query means (-raw +canonical):\n%s", diff)
		}
	})
}

// FuzzPath: a normalized path stays as it is, begins with a slash and has no
// empty or dot segments.
func FuzzPath(f *testing.F) {
	f.Add("/a/../b/./c//")
	f.Add("..")
	f.Fuzz(func(t *testing.T, path string) {
		p := normalizePath(path)
		if again := normalizePath(p); again != p {
			t.Fatalf("%q becomes %q", p, again)
		}
		if !strings.HasPrefix(p, "/") || strings.Contains(p, "//") ||
			strings.Contains(p+"/", "/./") || strings.Contains(p+"/", "/../") {
			t.Fatalf("%q is not normal", p)
		}
	})
}

// FuzzSignVerify: what was signed verifies, and what was changed afterwards, in a
// place that the fuzzer chooses, does not, unless the change means nothing (an
// escape spelled otherwise, a header that is not signed).
func FuzzSignVerify(f *testing.F) {
	f.Add("POST", "/", "", "localhost", "X-Amz-Target", "A.B", []byte("{}"), "token", uint16(0), false)
	f.Add("GET", "/a b", "x=1&y=%20", "h:1", "My-Header", "  a   b ", []byte(nil), "", uint16(77), true)
	f.Fuzz(func(t *testing.T, method, path, query, host, name, value string, body []byte, token string, place uint16, presigned bool) {
		name = strings.ToLower(name)
		if !isHeaderName(name) || name == "host" { // net/http keeps Host apart
			return
		}
		good := &Request{
			Method: method, Path: path, RawQuery: query, Host: host, Body: body,
			Header: map[string][]string{string(appendHeaderKey(nil, name)): {value}},
		}
		c := Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: token}
		var err error
		if presigned {
			err = Presign(good, c, "us-east-1", "cognito-identity", suiteTime, time.Minute)
		} else {
			err = Sign(good, c, "us-east-1", "cognito-identity", suiteTime)
		}
		if err != nil {
			return // a broken query, a line break, a header that contradicts the body
		}
		s, err := Parse(good)
		if err != nil {
			checkRefusal(t, err)
			if ownsPresignName(query) {
				return // those that signing does not replace
			}
			t.Fatalf("%#v: %v", good, err)
		}
		if err := s.Verify("secret", testOptions()); err != nil {
			t.Fatalf("%#v: %v", good, err)
		}
		bad := clone(good)
		tamper(bad, s, int(place))
		if covered(bad) == covered(good) {
			return
		}
		if err = verify(bad, "secret", testOptions()); err == nil {
			t.Fatalf("still verifies:\n%#v\n%#v", good, bad)
		}
		checkRefusal(t, err)
	})
}

// ownsPresignName reports whether a query has parameters of a presigned request
// before it is signed.
func ownsPresignName(query string) bool {
	params, _ := parseQuery(query)
	return slices.ContainsFunc(params, func(p param) bool { return presignIndex(p.name) >= 0 })
}

// covered returns all that a signature covers, and the signature. The access key
// ID is not in what is signed: another one means another secret, which here is
// always the same.
func covered(r *Request) string {
	s, err := Parse(r)
	if err != nil {
		return err.Error()
	}
	var hash hexSum
	payload, err := s.payload(&hash)
	if err != nil {
		return err.Error()
	}
	canonical, err := s.appendCanonical(nil, payload)
	if err != nil {
		return err.Error()
	}
	return string(canonical) + string(s.appendStringToSign(nil, canonical)) + s.hex + s.terminator
}

// tamper flips a bit of a request.
func tamper(r *Request, s *Signature, place int) {
	flip := func(text string) string {
		if text == "" {
			return "x"
		}
		b := []byte(text)
		b[place/8%len(b)] ^= 1
		return string(b)
	}
	switch place % 8 {
	case 0:
		r.Method = flip(r.Method)
	case 1:
		r.Path = flip(r.Path)
	case 2:
		r.RawQuery = flip(r.RawQuery)
	case 3:
		r.Host = flip(r.Host)
	case 4:
		r.Body = []byte(flip(string(r.Body)))
	case 5:
		changed := flip(s.hex)
		r.RawQuery = strings.Replace(r.RawQuery, s.hex, changed, 1)
		for i, v := range r.Header["Authorization"] {
			r.Header["Authorization"][i] = strings.Replace(v, s.hex, changed, 1)
		}
	default:
		for _, key := range slices.Sorted(maps.Keys(r.Header)) {
			r.Header[key][0] = flip(r.Header[key][0])
			if place%8 == 6 {
				return // the first header only
			}
		}
	}
}
