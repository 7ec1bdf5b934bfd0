package sigv4

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const mismatchText = "The request signature we calculated does not match the signature you provided. Check your AWS " +
	"Secret Access Key and signing method. Consult the service documentation for details."

// signedRequest is a request with something in every place that a signature
// covers, signed with its header.
func signedRequest(t testing.TB) *Request {
	t.Helper()
	r := jsonRequest()
	r.Path, r.RawQuery = "/a%20path", "b=2&a=1&a=0"
	r.Header["X-Amz-Content-Sha256"] = []string{bodyHash(r)}
	if err := Sign(r, testCredentials, "us-east-1", "cognito-identity", suiteTime); err != nil {
		t.Fatal(err)
	}
	return r
}

// presignedRequest is the same with its signature in the query.
func presignedRequest(t testing.TB) *Request {
	t.Helper()
	r := jsonRequest()
	r.Path, r.RawQuery = "/a%20path", "b=2&a=1&a=0"
	if err := Presign(r, testCredentials, "us-east-1", "cognito-identity", suiteTime, time.Minute); err != nil {
		t.Fatal(err)
	}
	return r
}

func bodyHash(r *Request) string {
	sum := sha256.Sum256(r.Body)
	return hexOf(sum[:])
}

// mutation changes one thing in a request that verifies.
type mutation struct {
	name string
	edit func(*Request)
	want *Error
}

func TestEveryFieldIsCovered(t *testing.T) {
	other := &Error{Mismatch, CauseMismatch, mismatchText}
	common := []mutation{
		{"method", func(r *Request) { r.Method = "PUT" }, other},
		{"method in lower case", func(r *Request) { r.Method = "post" }, other},
		{"path", func(r *Request) { r.Path += "s" }, other},
		{"path escaped otherwise", func(r *Request) { r.Path = "/a+path" }, other},
		{"host", func(r *Request) { r.Host = "127.0.0.1:4601" }, other},
		{"query value", func(r *Request) { r.RawQuery = strings.Replace(r.RawQuery, "b=2", "b=3", 1) }, other},
		{"query name", func(r *Request) { r.RawQuery = strings.Replace(r.RawQuery, "b=2", "B=2", 1) }, other},
		{"query parameter added", func(r *Request) { r.RawQuery += "&c=" }, other},
		{"query parameter repeated", func(r *Request) { r.RawQuery += "&a=1" }, other},
		{"target", func(r *Request) { r.Header["X-Amz-Target"][0] += "s" }, other},
		{"target removed", func(r *Request) { delete(r.Header, "X-Amz-Target") }, &Error{Mismatch, CauseHeaderAbsent, mismatchText}},
		{"target repeated", func(r *Request) { r.Header["X-Amz-Target"] = []string{"x", "x"} }, other},
		{"content type", func(r *Request) { r.Header["Content-Type"][0] = "application/x-amz-json-1.0" }, other},
		{"content length", func(r *Request) { r.Header["Content-Length"][0] = "19" }, other},
		{"line break in a value", func(r *Request) {
			r.Header["Accept-Encoding"], r.Header["Content-Length"] = []string{"identity\ncontent-length:18"}, []string{"18"}
		}, other},
	}
	header := append([]mutation{
		{"query parameter removed", func(r *Request) { r.RawQuery = "a=1&a=0" }, other},
		{"date", func(r *Request) { r.Header["X-Amz-Date"][0] = "20150830T123601Z" }, other},
		{"token", func(r *Request) { r.Header["X-Amz-Security-Token"][0] += "=" }, other},
		{"token removed", func(r *Request) { delete(r.Header, "X-Amz-Security-Token") }, &Error{Mismatch, CauseHeaderAbsent, mismatchText}},
		{"key ID", inAuthorization("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLF"), nil}, // another key has another secret
		{"body", func(r *Request) { r.Body[0] ^= 1 }, &Error{Mismatch, CauseBodyHash, mismatchText}},
		{"body and its hash", func(r *Request) {
			r.Body[0] ^= 1
			r.Header["X-Amz-Content-Sha256"][0] = bodyHash(r)
		}, other},
		{"body shorter", func(r *Request) { r.Body = r.Body[1:] }, &Error{Mismatch, CauseBodyHash, mismatchText}},
		{"body hash", func(r *Request) { r.Header["X-Amz-Content-Sha256"][0] = emptyHash },
			&Error{Mismatch, CauseBodyHash, mismatchText}},
		{"body hash in upper case", func(r *Request) {
			r.Header["X-Amz-Content-Sha256"][0] = strings.ToUpper(bodyHash(r))
		}, &Error{Mismatch, CauseBodyHash, mismatchText}},
		{"second body hash", func(r *Request) {
			r.Header["X-Amz-Content-Sha256"] = []string{bodyHash(r), emptyHash}
		}, &Error{Mismatch, CauseBodyHash, mismatchText}},
		{"unsigned payload", func(r *Request) { r.Header["X-Amz-Content-Sha256"][0] = "UNSIGNED-PAYLOAD" },
			&Error{Mismatch, CauseBodyHash, mismatchText}},
		{"streaming payload", func(r *Request) { r.Header["X-Amz-Content-Sha256"][0] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" },
			&Error{Mismatch, CauseBodyHash, mismatchText}},
		{"scope date", inAuthorization("/20150830/", "/20150829/"), &Error{Mismatch, CauseScopeDate,
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
				"'20150829' != '20150830', from '20150830T123600Z'."}},
		{"scope region", inAuthorization("/us-east-1/", "/us-east-2/"),
			&Error{WrongRegion, CauseScopeRegion, "Credential should be scoped to a valid region. "}},
		{"scope service", inAuthorization("/cognito-identity/", "/sts/"), &Error{WrongService, CauseScopeService,
			"Credential should be scoped to correct service: 'cognito-identity'. "}},
		{"scope terminator", inAuthorization("/aws4_request", "/aws5_request"), &Error{Mismatch, CauseScopeTerminator,
			"Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "}},
		{"signed header dropped", inAuthorization("accept-encoding;", ""), other},
		{"signed header added", inAuthorization("host;", "host;user-agent;"), other},
		{"signature in upper case", func(r *Request) {
			i := strings.Index(r.Header["Authorization"][0], "Signature=") + len("Signature=")
			a := r.Header["Authorization"][0]
			r.Header["Authorization"][0] = a[:i] + strings.ToUpper(a[i:])
		}, other},
		{"signature shorter", func(r *Request) {
			r.Header["Authorization"][0] = strings.TrimRight(r.Header["Authorization"][0], "0123456789abcdef") + "0"
		}, other},
		{"signature longer", func(r *Request) { r.Header["Authorization"][0] += "0" }, other},
	}, common...)
	query := append([]mutation{
		{"query parameter removed", inQuery("&b=2", ""), other},
		{"date", inQuery("123600Z", "123601Z"), other},
		{"token", inQuery("X-Amz-Security-Token=AQo", "X-Amz-Security-Token=AQp"), other},
		{"token removed", inQuery("X-Amz-Security-Token=", "x="), other},
		{"key ID", inQuery("ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLF"), other}, // the query covers it
		{"expires", inQuery("X-Amz-Expires=60", "X-Amz-Expires=61"), other},
		{"expires removed", inQuery("X-Amz-Expires=60", ""), other},
		{"body", func(r *Request) { r.Body[0] ^= 1 }, other},
		{"body removed", func(r *Request) { r.Body = nil }, other},
		{"unsigned payload in a header", func(r *Request) { r.Header["X-Amz-Content-Sha256"] = []string{"UNSIGNED-PAYLOAD"} },
			&Error{Mismatch, CauseBodyHash, mismatchText}},
		{"unsigned payload in the query", func(r *Request) { r.RawQuery += "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD" },
			&Error{Mismatch, CauseBodyHash, mismatchText}},
		{"unsigned payload, no body", func(r *Request) {
			r.Body, r.RawQuery = nil, r.RawQuery+"&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"
		}, other},
		{"unsigned payload and the hash of no body", func(r *Request) {
			r.Body, r.RawQuery = nil, r.RawQuery+"&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"
			r.Header["X-Amz-Content-Sha256"] = []string{emptyHash}
		}, &Error{Mismatch, CauseBodyHash, mismatchText}},
		{"scope date", inQuery("%2F20150830%2F", "%2F20150829%2F"), &Error{Mismatch, CauseScopeDate,
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
				"'20150829' != '20150830', from '20150830T123600Z'."}},
		{"scope region", inQuery("us-east-1", "us-east-2"),
			&Error{WrongRegion, CauseScopeRegion, "Credential should be scoped to a valid region. "}},
		{"scope service", inQuery("cognito-identity", "sts"), &Error{WrongService, CauseScopeService,
			"Credential should be scoped to correct service: 'cognito-identity'. "}},
		{"signed header dropped", inQuery("content-type%3B", ""), other},
	}, common...)

	for _, group := range []struct {
		name      string
		request   func(testing.TB) *Request
		mutations []mutation
	}{{"header", signedRequest, header}, {"query", presignedRequest, query}} {
		good := group.request(t)
		if err := verify(good, suiteSecret, testOptions()); err != nil {
			t.Fatalf("%s: the request to change does not verify: %v", group.name, err)
		}
		for _, m := range group.mutations {
			t.Run(group.name+"/"+m.name, func(t *testing.T) {
				r, secret := clone(good), suiteSecret
				m.edit(r)
				if cmp.Equal(good, r) {
					t.Fatal("nothing was changed")
				}
				want := m.want
				if want == nil {
					secret, want = "another secret", other
				}
				wantError(t, verify(r, secret, testOptions()), want)
			})
		}
		t.Run(group.name+"/every digit of the signature", func(t *testing.T) { everyDigit(t, good) })
		t.Run(group.name+"/every byte of the body", func(t *testing.T) { everyBodyByte(t, good) })
	}
}

func inAuthorization(old, new string) func(*Request) {
	return func(r *Request) {
		r.Header["Authorization"][0] = strings.Replace(r.Header["Authorization"][0], old, new, 1)
	}
}

func inQuery(old, new string) func(*Request) {
	return func(r *Request) { r.RawQuery = strings.Replace(r.RawQuery, old, new, 1) }
}

func everyDigit(t *testing.T, good *Request) {
	s, err := Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(s.hex) {
		digit := "0"
		if s.hex[i] == '0' {
			digit = "1"
		}
		changed := s.hex[:i] + digit + s.hex[i+1:]
		r := clone(good)
		r.RawQuery = strings.Replace(r.RawQuery, s.hex, changed, 1)
		for j, a := range r.Header["Authorization"] {
			r.Header["Authorization"][j] = strings.Replace(a, s.hex, changed, 1)
		}
		wantError(t, verify(r, suiteSecret, testOptions()), &Error{Mismatch, CauseMismatch, mismatchText})
	}
}

func everyBodyByte(t *testing.T, good *Request) {
	for i := range good.Body {
		r := clone(good)
		r.Body[i] ^= 0x20
		var cause Cause = CauseMismatch
		if r.Header["X-Amz-Content-Sha256"] != nil {
			cause = CauseBodyHash
		}
		wantError(t, verify(r, suiteSecret, testOptions()), &Error{Mismatch, cause, mismatchText})
	}
}

// TestSameRequest lists what may change on the way without becoming another
// request.
func TestSameRequest(t *testing.T) {
	for _, group := range []func(testing.TB) *Request{signedRequest, presignedRequest} {
		good := group(t)
		for name, edit := range map[string]func(*Request){
			"user agent":             func(r *Request) { r.Header["User-Agent"] = []string{"proxy"} },
			"headers of a proxy":     func(r *Request) { r.Header["X-Forwarded-For"] = []string{"192.0.2.1"} },
			"length known otherwise": func(r *Request) { delete(r.Header, "Content-Length") },
			"blanks around a value":  func(r *Request) { r.Header["Content-Type"][0] = "  application/x-amz-json-1.1\t" },
			"order of the query": func(r *Request) {
				pairs := strings.Split(r.RawQuery, "&")
				for i, j := 0, len(pairs)-1; i < j; i, j = i+1, j-1 {
					pairs[i], pairs[j] = pairs[j], pairs[i]
				}
				r.RawQuery = strings.Join(pairs, "&")
			},
			"escapes in the query":     inQuery("b=2", "%62=%32"),
			"hash of an unlisted body": func(r *Request) { r.Header["X-Amz-Content-Sha256"] = []string{bodyHash(r)} },
			"empty parameter":          func(r *Request) { r.RawQuery = "&" + r.RawQuery + "&&" },
		} {
			r := clone(good)
			edit(r)
			if err := verify(r, suiteSecret, testOptions()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestScopeErrorsAreListed(t *testing.T) {
	r := signedRequest(t)
	inAuthorization("/20150830/us-east-1/cognito-identity/aws4_request", "/b/c/d/e")(r)
	wantError(t, verify(r, suiteSecret, testOptions()), &Error{WrongRegion, CauseScopeRegion,
		"Credential should be scoped to a valid region. " +
			"Credential should be scoped to correct service: 'cognito-identity'. " +
			"Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. " +
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
			"'b' != '20150830', from '20150830T123600Z'."})
}

func TestRegions(t *testing.T) {
	for _, test := range []struct {
		region string
		valid  func(string) bool
		ok     bool
	}{
		{"us-east-1", nil, true},
		{"anything-9", nil, true},
		{"", nil, false},
		{"US-EAST-1", nil, false},
		{"us_east_1", nil, false},
		{"us-east-1\n", nil, false},
		{strings.Repeat("a", 32), nil, true},
		{strings.Repeat("a", 33), nil, false},
		{"us-east-1", func(string) bool { return false }, false},
		{"", func(string) bool { return true }, false},
	} {
		r := jsonRequest()
		if err := Sign(r, testCredentials, test.region, "cognito-identity", suiteTime); err != nil {
			t.Fatal(err)
		}
		o := testOptions()
		o.ValidRegion = test.valid
		var want *Error
		if !test.ok {
			want = &Error{WrongRegion, CauseScopeRegion, "Credential should be scoped to a valid region. "}
		}
		wantError(t, verify(r, suiteSecret, o), want)
	}
}

// TestNoServiceAndNoSecret holds the two values that a caller may leave out: they
// verify nothing.
func TestNoServiceAndNoSecret(t *testing.T) {
	r := jsonRequest()
	if err := Sign(r, Credentials{AccessKeyID: "A"}, "us-east-1", "cognito-identity", suiteTime); err != nil {
		t.Fatal(err)
	}
	wantError(t, verify(r, "", testOptions()), &Error{Mismatch, CauseMismatch, mismatchText})

	r = jsonRequest()
	if err := Sign(r, testCredentials, "us-east-1", "", suiteTime); err != nil {
		t.Fatal(err)
	}
	o := testOptions()
	o.Service = ""
	wantError(t, verify(r, suiteSecret, o),
		&Error{WrongService, CauseScopeService, "Credential should be scoped to correct service: ''. "})
}

func TestTime(t *testing.T) {
	const minute = time.Minute
	// As in AWS's own example of the message.
	now := time.Date(2014, 3, 25, 14, 52, 51, 0, time.UTC)
	for _, test := range []struct {
		signed  time.Duration // from now
		fine    time.Duration // fraction of a second that the clock is ahead
		skew    time.Duration
		expires time.Duration // presigned, if not zero
		want    *Error
	}{
		{signed: 0},
		{signed: -15 * minute},
		{signed: -15 * minute, fine: 999 * time.Millisecond},
		{signed: -15*minute - time.Second, want: &Error{Expired, CauseExpired,
			"Signature expired: 20140325T143750Z is now earlier than 20140325T143751Z (20140325T145251Z - 15 min.)"}},
		{signed: -17*minute - 58*time.Second, want: &Error{Expired, CauseExpired,
			"Signature expired: 20140325T143453Z is now earlier than 20140325T143751Z (20140325T145251Z - 15 min.)"}},
		{signed: 15 * minute},
		{signed: 15*minute + time.Second, want: &Error{NotYetCurrent, CauseNotYetCurrent,
			"Signature not yet current: 20140325T150752Z is still later than 20140325T150751Z (20140325T145251Z + 15 min.)"}},
		{skew: 5 * minute, signed: -5 * minute},
		{skew: 5 * minute, signed: -5*minute - time.Second, want: &Error{Expired, CauseExpired,
			"Signature expired: 20140325T144750Z is now earlier than 20140325T144751Z (20140325T145251Z - 5 min.)"}},
		{skew: 5 * minute, signed: 5*minute + time.Second, want: &Error{NotYetCurrent, CauseNotYetCurrent,
			"Signature not yet current: 20140325T145752Z is still later than 20140325T145751Z (20140325T145251Z + 5 min.)"}},

		{expires: time.Hour, signed: -time.Hour},
		{expires: time.Hour, signed: -time.Hour - time.Second, want: &Error{Expired, CauseExpired,
			"Signature expired: 20140325T135250Z is now earlier than 20140325T135251Z (20140325T145251Z - 60 min.)"}},
		{expires: 90 * time.Second, signed: -2 * minute, want: &Error{Expired, CauseExpired,
			"Signature expired: 20140325T145051Z is now earlier than 20140325T145121Z (20140325T145251Z - 90 sec.)"}},
		{expires: time.Second, signed: 15 * minute},
		{expires: time.Hour, signed: 16 * minute, want: &Error{NotYetCurrent, CauseNotYetCurrent,
			"Signature not yet current: 20140325T150851Z is still later than 20140325T150751Z (20140325T145251Z + 15 min.)"}},
	} {
		name := fmt.Sprintf("signed %s, skew %s, expires %s", test.signed, test.skew, test.expires)
		t.Run(name, func(t *testing.T) {
			r := jsonRequest()
			err := Sign(r, testCredentials, "us-east-1", "cognito-identity", now.Add(test.signed))
			if test.expires > 0 {
				r = jsonRequest()
				err = Presign(r, testCredentials, "us-east-1", "cognito-identity", now.Add(test.signed), test.expires)
			}
			if err != nil {
				t.Fatal(err)
			}
			o := testOptions()
			// Any zone: the messages are UTC.
			o.Now, o.Skew = now.Add(test.fine).In(time.FixedZone("", 3600)), test.skew
			wantError(t, verify(r, suiteSecret, o), test.want)
		})
	}
}

// TestUnsignedPayload holds the one case in which the body's hash is not in the
// signature, and that it is refused in a header.
func TestUnsignedPayload(t *testing.T) {
	r := &Request{Method: "GET", Path: "/", Host: suiteHost, RawQuery: "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"}
	if err := Presign(r, testCredentials, "us-east-1", "cognito-identity", suiteTime, time.Minute); err != nil {
		t.Fatal(err)
	}
	wantError(t, verify(r, suiteSecret, testOptions()), nil)

	r.Body = []byte("x")
	wantError(t, verify(r, suiteSecret, testOptions()), &Error{Mismatch, CauseBodyHash, mismatchText})
	err := Presign(r, testCredentials, "us-east-1", "cognito-identity", suiteTime, time.Minute)
	if err == nil || err.Error() != "presign request: "+mismatchText {
		t.Errorf("presigned a body as UNSIGNED-PAYLOAD: %v", err)
	}

	h := &Request{Method: "GET", Path: "/", Host: suiteHost, Header: map[string][]string{"X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"}}}
	err = Sign(h, testCredentials, "us-east-1", "cognito-identity", suiteTime)
	if err == nil || err.Error() != "sign request: "+mismatchText {
		t.Errorf("signed UNSIGNED-PAYLOAD in a header: %v", err)
	}
}

// TestBodyAfterParse holds that a server may parse before it reads the body.
func TestBodyAfterParse(t *testing.T) {
	r := signedRequest(t)
	body := r.Body
	r.Body = nil
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, s.Check(testOptions()), nil)
	wantError(t, s.Verify(suiteSecret, testOptions()), &Error{Mismatch, CauseBodyHash, mismatchText})
	r.Body = body
	wantError(t, s.Verify(suiteSecret, testOptions()), nil)
}

// TestBodyElsewhere holds that a signature is verified by the hash of a body that is
// not here, and that what is verified is the hash that the client declared.
func TestBodyElsewhere(t *testing.T) {
	const none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	bodyless := func(r *Request) *Request {
		r.Body = nil
		r.Header["Content-Length"] = []string{"0"}
		return r
	}
	unsignedHash := jsonRequest() // the hash is signed, and no header says what it is
	if err := Sign(unsignedHash, testCredentials, "us-east-1", "cognito-identity", suiteTime); err != nil {
		t.Fatal(err)
	}
	empty := bodyless(jsonRequest())
	if err := Sign(empty, testCredentials, "us-east-1", "cognito-identity", suiteTime); err != nil {
		t.Fatal(err)
	}
	full := signedRequest(t)
	link := &Request{Method: "GET", Path: "/", Host: suiteHost}
	if err := Presign(link, testCredentials, "us-east-1", "cognito-identity", suiteTime, time.Minute); err != nil {
		t.Fatal(err)
	}
	linkWithHash := &Request{Method: "GET", Path: "/", Host: suiteHost, RawQuery: "X-Amz-Content-Sha256=" + none}
	if err := Presign(linkWithHash, testCredentials, "us-east-1", "cognito-identity", suiteTime, time.Minute); err != nil {
		t.Fatal(err)
	}
	linkUnsigned := &Request{Method: "GET", Path: "/", Host: suiteHost, RawQuery: "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"}
	if err := Presign(linkUnsigned, testCredentials, "us-east-1", "cognito-identity", suiteTime, time.Minute); err != nil {
		t.Fatal(err)
	}
	badHash := &Error{Mismatch, CauseBodyHash, mismatchText}
	for name, tt := range map[string]struct {
		request  *Request
		edit     func(*Request)
		declared string
		want     *Error
	}{
		"a declared hash":             {full, nil, bodyHash(full), nil},
		"another hash":                {full, func(r *Request) { r.Header["X-Amz-Content-Sha256"] = []string{none} }, none, &Error{Mismatch, CauseMismatch, mismatchText}},
		"two hashes":                  {full, func(r *Request) { r.Header["X-Amz-Content-Sha256"] = []string{none, bodyHash(full)} }, "", badHash},
		"a body without its hash":     {unsignedHash, nil, none, &Error{Mismatch, CauseMismatch, mismatchText}},
		"no body, no hash":            {empty, nil, none, nil},
		"no length":                   {empty, func(r *Request) { delete(r.Header, "Content-Length") }, none, &Error{Mismatch, CauseHeaderAbsent, mismatchText}},
		"another length":              {empty, func(r *Request) { r.Header["Content-Length"] = []string{"1"} }, none, &Error{Mismatch, CauseMismatch, mismatchText}},
		"upper case":                  {full, func(r *Request) { r.Header["X-Amz-Content-Sha256"] = []string{strings.ToUpper(bodyHash(full))} }, "", badHash},
		"not a hash":                  {full, func(r *Request) { r.Header["X-Amz-Content-Sha256"] = []string{"UNSIGNED-PAYLOAD"} }, "", badHash},
		"a link":                      {link, nil, none, nil},
		"a link with its hash":        {linkWithHash, nil, none, nil},
		"a link with a hash besides":  {linkWithHash, func(r *Request) { r.Header = map[string][]string{"X-Amz-Content-Sha256": {none}} }, "", badHash},
		"a link that leaves it out":   {linkUnsigned, nil, "", badHash},
		"a link with another's hash":  {link, func(r *Request) { r.Header = map[string][]string{"X-Amz-Content-Sha256": {bodyHash(full)}} }, bodyHash(full), &Error{Mismatch, CauseMismatch, mismatchText}},
		"a link with a broken escape": {link, func(r *Request) { r.RawQuery += "&%zz" }, "", &Error{Incomplete, CauseQuery, "Illegal hex character in escape % pattern: %"}},
	} {
		r := clone(tt.request)
		r.Body = nil
		if tt.edit != nil {
			tt.edit(r)
		}
		declared, err := r.DeclaredBodyHash()
		if declared != tt.declared {
			t.Errorf("%s: declares %q, want %q", name, declared, tt.declared)
		}
		if err == nil {
			r.BodyHash = declared
			err = verify(r, suiteSecret, testOptions())
		}
		t.Run(name, func(t *testing.T) { wantError(t, err, tt.want) })
	}
	full = clone(full)
	full.Body, full.BodyHash = nil, "x"
	wantError(t, verify(full, suiteSecret, testOptions()), badHash)
	full.BodyHash = none // not what the request declares
	wantError(t, verify(full, suiteSecret, testOptions()), badHash)
}
