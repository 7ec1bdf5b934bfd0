package sigv4

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The published Signature Version 4 test suite: its requests, and the signatures
// that it says they have.

const (
	suiteKeyID  = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	suiteScope  = "20150830/us-east-1/service/aws4_request"
	suiteHost   = "example.amazonaws.com"
	suiteToken  = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
	emptyHash   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	paramHash   = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e" // of Param1=value1
	unreserved  = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

var suiteTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

func suiteOptions() Options {
	return Options{
		Service:     "service",
		ValidRegion: func(region string) bool { return region == "us-east-1" },
		Now:         suiteTime,
	}
}

// vector is a request of the suite; its X-Amz-Date is that of suiteTime.
type vector struct {
	name    string
	method  string
	path    string
	query   string
	header  map[string][]string
	body    string
	signed  string // SignedHeaders
	payload string // last line of the canonical request
	// headers is the canonical headers, where they are not just host and date.
	headers string
	// canonicalPath and canonicalQuery where they are not path and query.
	canonicalPath, canonicalQuery string
	signature                     string
}

const vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"

var vectors = []vector{
	{name: "get-vanilla", method: "GET", path: "/", signature: vanilla},
	{
		name: "get-header-key-duplicate", method: "GET", path: "/",
		header:    map[string][]string{"My-Header1": {"value2", "value2", "value1"}},
		signed:    "host;my-header1;x-amz-date",
		headers:   "host:example.amazonaws.com\nmy-header1:value2,value2,value1\nx-amz-date:20150830T123600Z\n",
		signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
	},
	{
		name: "get-header-value-multiline", method: "GET", path: "/",
		// Obsolete line folding (RFC 7230): the suite takes the lines as values.
		header:    map[string][]string{"My-Header1": {"value1", "  value2", "     value3"}},
		signed:    "host;my-header1;x-amz-date",
		headers:   "host:example.amazonaws.com\nmy-header1:value1,value2,value3\nx-amz-date:20150830T123600Z\n",
		signature: "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790",
	},
	{
		name: "get-header-value-order", method: "GET", path: "/",
		header:    map[string][]string{"My-Header1": {"value4", "value1", "value3", "value2"}},
		signed:    "host;my-header1;x-amz-date",
		headers:   "host:example.amazonaws.com\nmy-header1:value4,value1,value3,value2\nx-amz-date:20150830T123600Z\n",
		signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
	},
	{
		name: "get-header-value-trim", method: "GET", path: "/",
		header:    map[string][]string{"My-Header1": {" value1"}, "My-Header2": {` "a   b   c"`}},
		signed:    "host;my-header1;my-header2;x-amz-date",
		headers:   "host:example.amazonaws.com\nmy-header1:value1\nmy-header2:\"a b c\"\nx-amz-date:20150830T123600Z\n",
		signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
	},
	{
		name: "get-unreserved", method: "GET", path: "/" + unreserved,
		signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
	},
	{
		name: "get-utf8", method: "GET", path: "/ሴ", canonicalPath: "/%E1%88%B4",
		signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
	},
	{
		name: "get-vanilla-empty-query-key", method: "GET", path: "/", query: "Param1=value1",
		signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
	},
	{
		name: "get-vanilla-query-order-key", method: "GET", path: "/",
		query: "Param1=value2&Param1=Value1", canonicalQuery: "Param1=Value1&Param1=value2",
		signature: "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
	},
	{
		name: "get-vanilla-query-order-key-case", method: "GET", path: "/",
		query: "Param2=value2&Param1=value1", canonicalQuery: "Param1=value1&Param2=value2",
		signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
	},
	{
		name: "get-vanilla-query-order-value", method: "GET", path: "/",
		query: "Param1=value2&Param1=value1", canonicalQuery: "Param1=value1&Param1=value2",
		signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
	},
	{
		name: "get-vanilla-query-order-encoded", method: "GET", path: "/",
		query:          "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
		canonicalQuery: "%E1%88%B4=Value1&Param=Value2&Param-3=Value3",
		signature:      "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
	},
	{
		name: "get-vanilla-query-unreserved", method: "GET", path: "/", query: unreserved + "=" + unreserved,
		signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
	},
	{
		name: "get-vanilla-utf8-query", method: "GET", path: "/", query: "ሴ=bar", canonicalQuery: "%E1%88%B4=bar",
		signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
	},
	{
		name: "get-vanilla-with-session-token", method: "GET", path: "/",
		header: map[string][]string{
			"X-Amz-Security-Token": {"6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"},
		},
		signed: "host;x-amz-date;x-amz-security-token",
		headers: "host:example.amazonaws.com\nx-amz-date:20150830T123600Z\n" +
			"x-amz-security-token:6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267\n",
		signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
	},
	{
		name: "post-header-key-case", method: "POST", path: "/",
		signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	},
	{
		name: "post-header-key-sort", method: "POST", path: "/",
		header:    map[string][]string{"My-Header1": {"value1"}},
		signed:    "host;my-header1;x-amz-date",
		headers:   "host:example.amazonaws.com\nmy-header1:value1\nx-amz-date:20150830T123600Z\n",
		signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
	},
	{
		name: "post-header-value-case", method: "POST", path: "/",
		header:    map[string][]string{"My-Header1": {"VALUE1"}},
		signed:    "host;my-header1;x-amz-date",
		headers:   "host:example.amazonaws.com\nmy-header1:VALUE1\nx-amz-date:20150830T123600Z\n",
		signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
	},
	{
		name: "post-sts-header-before", method: "POST", path: "/",
		header:    map[string][]string{"X-Amz-Security-Token": {suiteToken}},
		signed:    "host;x-amz-date;x-amz-security-token",
		headers:   "host:example.amazonaws.com\nx-amz-date:20150830T123600Z\nx-amz-security-token:" + suiteToken + "\n",
		signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
	},
	{
		name: "post-vanilla-query", method: "POST", path: "/", query: "Param1=value1",
		signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
	},
	{
		name: "post-x-www-form-urlencoded", method: "POST", path: "/",
		header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded"}},
		body:   "Param1=value1", payload: paramHash,
		signed: "content-type;host;x-amz-date",
		headers: "content-type:application/x-www-form-urlencoded\nhost:example.amazonaws.com\n" +
			"x-amz-date:20150830T123600Z\n",
		signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
	},
	{
		name: "post-x-www-form-urlencoded, newer suite", method: "POST", path: "/",
		header: map[string][]string{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Content-Length": {"13"},
			"X-Amz-Content-Sha256": {paramHash},
		},
		body: "Param1=value1", payload: paramHash,
		signed: "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
		headers: "content-length:13\ncontent-type:application/x-www-form-urlencoded\nhost:example.amazonaws.com\n" +
			"x-amz-content-sha256:" + paramHash + "\nx-amz-date:20150830T123600Z\n",
		signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
	},
	{
		name: "post-x-www-form-urlencoded-parameters", method: "POST", path: "/",
		header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded; charset=utf8"}},
		body:   "Param1=value1", payload: paramHash,
		signed: "content-type;host;x-amz-date",
		headers: "content-type:application/x-www-form-urlencoded; charset=utf8\nhost:example.amazonaws.com\n" +
			"x-amz-date:20150830T123600Z\n",
		signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
	},
	{name: "get-relative", method: "GET", path: "/example/..", canonicalPath: "/", signature: vanilla},
	{name: "get-relative-relative", method: "GET", path: "/example1/example2/../..", canonicalPath: "/", signature: vanilla},
	{name: "get-slash", method: "GET", path: "//", canonicalPath: "/", signature: vanilla},
	{name: "get-slash-dot-slash", method: "GET", path: "/./", canonicalPath: "/", signature: vanilla},
	{
		name: "get-slash-pointless-dot", method: "GET", path: "/./example", canonicalPath: "/example",
		signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5",
	},
	{
		name: "get-slashes", method: "GET", path: "//example//", canonicalPath: "/example/",
		signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
	},
	{
		name: "get-space", method: "GET", path: "/example space/", canonicalPath: "/example%20space/",
		signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
	},
}

func (v vector) request() *Request {
	r := &Request{
		Method: v.method, Path: v.path, RawQuery: v.query, Host: suiteHost, Body: []byte(v.body),
		Header: map[string][]string{"X-Amz-Date": {"20150830T123600Z"}},
	}
	for k, values := range v.header {
		r.Header[k] = append([]string(nil), values...)
	}
	return r
}

func (v vector) signedHeaders() string { return or(v.signed, "host;x-amz-date") }

func (v vector) authorization() string {
	return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + suiteScope + ", SignedHeaders=" + v.signedHeaders() +
		", Signature=" + v.signature
}

func (v vector) canonicalRequest() string {
	return strings.Join([]string{
		v.method, or(v.canonicalPath, v.path), or(v.canonicalQuery, v.query),
		or(v.headers, "host:example.amazonaws.com\nx-amz-date:20150830T123600Z\n"),
		v.signedHeaders(), or(v.payload, emptyHash),
	}, "\n")
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func TestSuiteVerify(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			r := v.request()
			r.Header["Authorization"] = []string{v.authorization()}
			s, err := Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			if got := canonicalRequest(t, s); got != v.canonicalRequest() {
				t.Errorf("canonical request:\n%s", cmp.Diff(v.canonicalRequest(), got))
			}
			if err := s.Verify(suiteSecret, suiteOptions()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSuiteSign(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			r := v.request()
			c := Credentials{AccessKeyID: suiteKeyID, SecretAccessKey: suiteSecret}
			if token := r.Header["X-Amz-Security-Token"]; token != nil {
				c.SessionToken = token[0]
			}
			delete(r.Header, "X-Amz-Date")
			if err := Sign(r, c, "us-east-1", "service", suiteTime); err != nil {
				t.Fatal(err)
			}
			want := v.request()
			want.Header["Authorization"] = []string{v.authorization()}
			if diff := cmp.Diff(want, r); diff != "" {
				t.Errorf("signed request (-published +ours):\n%s", diff)
			}
		})
	}
}

func canonicalRequest(t *testing.T, s *Signature) string {
	t.Helper()
	var hash hexSum
	payload, err := s.payload(&hash)
	if err != nil {
		t.Fatal(err)
	}
	canonical, err := s.appendCanonical(nil, payload)
	if err != nil {
		t.Fatal(err)
	}
	return string(canonical)
}

// TestSuiteUnsignedToken is the suite's post-sts-header-after, a session token
// added to a request after it was signed: refused here, because whoever can
// change a request could then change whom it is from.
func TestSuiteUnsignedToken(t *testing.T) {
	v := vector{
		method: "POST", path: "/", header: map[string][]string{"X-Amz-Security-Token": {suiteToken}},
		signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
	}
	r := v.request()
	r.Header["Authorization"] = []string{v.authorization()}
	_, err := Parse(r)
	wantError(t, err, &Error{Mismatch, CauseHeaderUnsigned, "'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization."})
}

// TestSuiteStringToSign holds the step between the canonical request and the
// signature.
func TestSuiteStringToSign(t *testing.T) {
	r := vectors[0].request()
	r.Header["Authorization"] = []string{vectors[0].authorization()}
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	got := string(s.appendStringToSign(nil, []byte(canonicalRequest(t, s))))
	want := "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n" +
		"bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("string to sign (-want +got):\n%s", diff)
	}
}

// TestSuitePresign holds the presigned requests of the suite: one hour, signed
// headers host and those given.
func TestSuitePresign(t *testing.T) {
	const token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
	for _, v := range []struct {
		name, path, query, token string
		header                   map[string][]string
		signature                string
	}{
		{name: "get-vanilla", path: "/", signature: "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
		{
			name: "get-vanilla-with-session-token", path: "/", token: token,
			signature: "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c",
		},
		{
			name: "get-vanilla-query-order-encoded", path: "/", query: "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
			signature: "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787",
		},
		{
			name: "get-vanilla-query-order-key-case", path: "/", query: "Param2=value2&Param1=value1",
			signature: "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5",
		},
		{
			name: "get-vanilla-utf8-query", path: "/", query: "ሴ=bar",
			signature: "0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600",
		},
		{name: "get-utf8", path: "/ሴ", signature: "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44"},
		{
			name: "get-slashes-normalized", path: "//example//",
			signature: "c1834e8fb0307243711f0f907f6ab7311ed300d87f13792d7ee4da89ab93e082",
		},
		{
			name: "get-header-value-trim", path: "/",
			header:    map[string][]string{"My-Header1": {"value1"}, "My-Header2": {`"a   b   c"`}},
			signature: "e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4",
		},
	} {
		t.Run(v.name, func(t *testing.T) {
			r := &Request{Method: "GET", Path: v.path, RawQuery: v.query, Host: suiteHost, Header: v.header}
			c := Credentials{AccessKeyID: suiteKeyID, SecretAccessKey: suiteSecret, SessionToken: v.token}
			if err := Presign(r, c, "us-east-1", "service", suiteTime, time.Hour); err != nil {
				t.Fatal(err)
			}
			_, signature, _ := strings.Cut(r.RawQuery, "&X-Amz-Signature=")
			if signature != v.signature {
				t.Errorf("got signature %s, published is %s", signature, v.signature)
			}
			s, err := Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			o := suiteOptions()
			o.Now = suiteTime.Add(time.Hour)
			if err := s.Verify(suiteSecret, o); err != nil {
				t.Error(err)
			}
			if s.SessionToken != v.token {
				t.Errorf("session token %q, want %q", s.SessionToken, v.token)
			}
		})
	}
}

// TestDocumentedExamples are the examples of the AWS documentation: deriving the
// signing key, and signing a ListUsers request.
func TestDocumentedExamples(t *testing.T) {
	for _, e := range []struct{ date, want string }{
		{"20120215", "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"},
		{"20150830", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"},
	} {
		key := deriveKey(suiteSecret, e.date, "us-east-1", "iam")
		if got := hexOf(key[:]); got != e.want {
			t.Errorf("signing key of %s: got %s, want %s", e.date, got, e.want)
		}
	}
	r := &Request{
		Method: "GET", Path: "/", RawQuery: "Action=ListUsers&Version=2010-05-08", Host: "iam.amazonaws.com",
		Header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}},
	}
	c := Credentials{AccessKeyID: suiteKeyID, SecretAccessKey: suiteSecret}
	if err := Sign(r, c, "us-east-1", "iam", suiteTime); err != nil {
		t.Fatal(err)
	}
	want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, " +
		"SignedHeaders=content-type;host;x-amz-date, " +
		"Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
	if got := r.Header["Authorization"][0]; got != want {
		t.Errorf("ListUsers:\ngot  %s\nwant %s", got, want)
	}
}

// TestDateHeader is get-vanilla of the suite's first edition, which has a Date
// header and no X-Amz-Date.
func TestDateHeader(t *testing.T) {
	r := &Request{
		Method: "GET", Path: "/", Host: "host.foo.com",
		Header: map[string][]string{
			"Date": {"Mon, 09 Sep 2011 23:36:00 GMT"},
			"Authorization": {"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20110909/us-east-1/host/aws4_request, " +
				"SignedHeaders=date;host, Signature=b27ccfbfa7df52a200ff74193ca6e32d4b48b8856fab7ebf1c595d0670a7e470"},
		},
	}
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2011, 9, 9, 23, 36, 0, 0, time.UTC)
	if err := s.Verify(suiteSecret, Options{Service: "host", Now: now}); err != nil {
		t.Error(err)
	}
}
