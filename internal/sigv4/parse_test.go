package sigv4

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

const (
	goodHex        = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	goodCredential = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
	goodAuth       = "AWS4-HMAC-SHA256 Credential=" + goodCredential + ", SignedHeaders=host;x-amz-date, Signature=" + goodHex
	goodDate       = "20150830T123600Z"
	goodQuery      = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request" +
		"&X-Amz-Date=" + goodDate + "&X-Amz-SignedHeaders=host&X-Amz-Signature=" + goodHex
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name string
		r    Request
		want Signature
	}{
		{
			name: "header",
			r: Request{Header: map[string][]string{
				"Authorization":        {strings.Replace(goodAuth, "x-amz-date", "x-amz-date;x-amz-security-token", 1)},
				"X-Amz-Date":           {goodDate},
				"X-Amz-Security-Token": {"token"},
			}},
			want: Signature{
				AccessKeyID: "AKIDEXAMPLE", Date: "20150830", Region: "us-east-1", Service: "service", Time: suiteTime,
				SignedHeaders: []string{"host", "x-amz-date", "x-amz-security-token"}, SessionToken: "token",
			},
		},
		{
			name: "header without blanks, parts in another order",
			r: Request{Header: map[string][]string{
				"Authorization": {"AWS4-HMAC-SHA256 Signature=" + goodHex + ",SignedHeaders=host;x-amz-date,Credential=" + goodCredential},
				"X-Amz-Date":    {goodDate},
			}},
			want: Signature{
				AccessKeyID: "AKIDEXAMPLE", Date: "20150830", Region: "us-east-1", Service: "service", Time: suiteTime,
				SignedHeaders: []string{"host", "x-amz-date"},
			},
		},
		{
			name: "Date header, ISO 8601",
			r: Request{Header: map[string][]string{
				"Authorization": {strings.Replace(goodAuth, "host;x-amz-date", "date;host", 1)},
				"Date":          {goodDate},
			}},
			want: Signature{
				AccessKeyID: "AKIDEXAMPLE", Date: "20150830", Region: "us-east-1", Service: "service", Time: suiteTime,
				SignedHeaders: []string{"date", "host"},
			},
		},
		{
			name: "X-Amz-Date goes before Date",
			r: Request{Header: map[string][]string{
				"Authorization": {goodAuth}, "X-Amz-Date": {goodDate}, "Date": {"Fri, 01 Jan 2016 00:00:00 GMT"},
			}},
			want: Signature{
				AccessKeyID: "AKIDEXAMPLE", Date: "20150830", Region: "us-east-1", Service: "service", Time: suiteTime,
				SignedHeaders: []string{"host", "x-amz-date"},
			},
		},
		{
			name: "query",
			r:    Request{RawQuery: goodQuery + "&X-Amz-Expires=60&X-Amz-Security-Token=a%2Bb%2F"},
			want: Signature{
				AccessKeyID: "AKIDEXAMPLE", Date: "20150830", Region: "us-east-1", Service: "service", Time: suiteTime,
				SignedHeaders: []string{"host"}, Presigned: true, Expires: time.Minute, SessionToken: "a+b/",
			},
		},
		{
			name: "query without X-Amz-Expires",
			r:    Request{RawQuery: goodQuery},
			want: Signature{
				AccessKeyID: "AKIDEXAMPLE", Date: "20150830", Region: "us-east-1", Service: "service", Time: suiteTime,
				SignedHeaders: []string{"host"}, Presigned: true, Expires: 15 * time.Minute,
			},
		},
		{
			name: "query, names escaped",
			r:    Request{RawQuery: strings.ReplaceAll(goodQuery, "X-Amz-", "X%2dAmz%2D")},
			want: Signature{
				AccessKeyID: "AKIDEXAMPLE", Date: "20150830", Region: "us-east-1", Service: "service", Time: suiteTime,
				SignedHeaders: []string{"host"}, Presigned: true, Expires: 15 * time.Minute,
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse(&test.r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got, cmpopts.IgnoreUnexported(Signature{})); diff != "" {
				t.Errorf("signature (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseHeaderErrors(t *testing.T) {
	const (
		needsCredential = "Authorization header requires 'Credential' parameter. "
		needsSignature  = "Authorization header requires 'Signature' parameter. "
		needsHeaders    = "Authorization header requires 'SignedHeaders' parameter. "
		needsDate       = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
		notFive         = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
		badNames        = "'SignedHeaders' must be names in lower case, sorted and separated by semicolons, got "
		notISO          = "Date must be in ISO-8601 'basic format'. Got "
		seeISO          = ". See http://en.wikipedia.org/wiki/ISO_8601"
		mustSign        = " must be a 'SignedHeader' in the AWS Authorization."
	)
	missing := &Error{Missing, CauseMissing, "Missing Authentication Token"}
	header := func(key string, values ...string) func(*Request) {
		return func(r *Request) { r.Header[key] = values }
	}
	auth := func(values ...string) func(*Request) { return header("Authorization", values...) }
	edit := func(old, new string) func(*Request) { return auth(strings.Replace(goodAuth, old, new, 1)) }

	for _, test := range []struct {
		name string
		edit func(*Request)
		want *Error
	}{
		{"no header", func(r *Request) { delete(r.Header, "Authorization") }, missing},
		{"empty", auth(""), missing},
		{"basic", auth("Basic YWRtaW46c2VjcmV0"), missing},
		{"bearer", auth("Bearer secret"), missing},
		{"signature version 2", auth("AWS AKIDEXAMPLE:c2ln"), missing},
		{"two headers", auth(goodAuth, goodAuth), &Error{Incomplete, CauseMalformed, "Found more than one 'Authorization' header."}},
		{"two headers, one foreign", auth("Bearer secret", goodAuth), missing},
		{"too long", auth(goodAuth + strings.Repeat("0", maxAuthorization)),
			&Error{Incomplete, CauseTooLarge, "The 'Authorization' header is too long."}},
		{"both header and query", func(r *Request) { r.RawQuery = "X-Amz-Signature=" + goodHex },
			&Error{Mismatch, CauseTwice, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."}},
		{"foreign header and query", func(r *Request) {
			r.RawQuery = goodQuery
			r.Header["Authorization"] = []string{"Bearer secret"}
		}, &Error{Mismatch, CauseTwice, "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."}},

		{"another hash", edit("SHA256", "SHA512"), &Error{Incomplete, CauseAlgorithm,
			"Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512' (only AWS4-HMAC-SHA256 for now). "}},
		{"SigV4a", edit("HMAC-SHA256", "ECDSA-P256-SHA256"), &Error{Incomplete, CauseAlgorithm,
			"Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "}},
		{"lower case", auth("aws4-hmac-sha256 Credential=a"), missing},

		{"nothing but the algorithm", func(r *Request) {
			r.Header = map[string][]string{"Authorization": {"AWS4-HMAC-SHA256"}}
		}, &Error{Incomplete, CauseMalformed, needsCredential + needsSignature + needsHeaders + needsDate + "Authorization=AWS4-HMAC-SHA256"}},
		{"no credential", auth("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0"),
			&Error{Incomplete, CauseMalformed, needsCredential + "Authorization=AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0"}},
		{"no signature", auth("AWS4-HMAC-SHA256 Credential=c, SignedHeaders=host"),
			&Error{Incomplete, CauseMalformed, needsSignature + "Authorization=AWS4-HMAC-SHA256 Credential=c, SignedHeaders=host"}},
		{"no signed headers", auth("AWS4-HMAC-SHA256 Credential=c, Signature=0"),
			&Error{Incomplete, CauseMalformed, needsHeaders + "Authorization=AWS4-HMAC-SHA256 Credential=c, Signature=0"}},
		{"empty parts", auth("AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature="), &Error{Incomplete, CauseMalformed,
			needsCredential + needsSignature + needsHeaders + "Authorization=AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature="}},
		{"no date", func(r *Request) { delete(r.Header, "X-Amz-Date") },
			&Error{Incomplete, CauseMalformed, needsDate + "Authorization=" + goodAuth}},
		{"an empty X-Amz-Date is not filled from Date", func(r *Request) {
			r.Header["X-Amz-Date"], r.Header["Date"] = []string{""}, []string{goodDate}
		}, &Error{Incomplete, CauseMalformed, needsDate + "Authorization=" + goodAuth}},
		{"long value is cut", auth("AWS4-HMAC-SHA256 Signature=" + strings.Repeat("\x07", 600)), &Error{Incomplete, CauseMalformed,
			needsCredential + needsHeaders + "Authorization=AWS4-HMAC-SHA256 Signature=" + strings.Repeat("?", 512-27) + "..."}},

		{"no equal-sign", auth("AWS4-HMAC-SHA256 Credential"), &Error{Incomplete, CauseMalformed,
			"'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Credential'."}},
		{"trailing comma", auth("AWS4-HMAC-SHA256 Signature=0,"), &Error{Incomplete, CauseMalformed,
			"'' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Signature=0,'."}},
		{"repeated", auth("AWS4-HMAC-SHA256 Signature=0, Signature=0"), &Error{Incomplete, CauseMalformed,
			"Authorization header has an unknown or repeated 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 Signature=0, Signature=0"}},
		{"repeated after an empty one", auth("AWS4-HMAC-SHA256 Signature=, Signature=0"), &Error{Incomplete, CauseMalformed,
			"Authorization header has an unknown or repeated 'Signature' parameter. Authorization=AWS4-HMAC-SHA256 Signature=, Signature=0"}},
		{"unknown", auth("AWS4-HMAC-SHA256 signature=0"), &Error{Incomplete, CauseMalformed,
			"Authorization header has an unknown or repeated 'signature' parameter. Authorization=AWS4-HMAC-SHA256 signature=0"}},

		{"four elements", edit("/aws4_request", ""), &Error{Incomplete, CauseMalformed, notFive + "'AKIDEXAMPLE/20150830/us-east-1/service'"}},
		{"six elements", edit("AKIDEXAMPLE", "A/B"), &Error{Incomplete, CauseMalformed,
			notFive + "'A/B/20150830/us-east-1/service/aws4_request'"}},
		{"no key ID", edit("AKIDEXAMPLE", ""), &Error{Incomplete, CauseMalformed, notFive + "'/20150830/us-east-1/service/aws4_request'"}},
		{"blank in the key ID", edit("AKIDEXAMPLE", "A B"), &Error{Incomplete, CauseMalformed,
			notFive + "'A B/20150830/us-east-1/service/aws4_request'"}},
		{"long key ID", edit("AKIDEXAMPLE", strings.Repeat("A", 129)), &Error{Incomplete, CauseMalformed,
			notFive + "'" + strings.Repeat("A", 129) + "/20150830/us-east-1/service/aws4_request'"}},

		{"date of another form", header("X-Amz-Date", "2015-08-30T12:36:00Z"),
			&Error{Incomplete, CauseDate, notISO + "'2015-08-30T12:36:00Z'" + seeISO}},
		{"fraction of a second", header("X-Amz-Date", "20150830T123600.5Z"),
			&Error{Incomplete, CauseDate, notISO + "'20150830T123600.5Z'" + seeISO}},
		{"no such day", header("X-Amz-Date", "20150231T123600Z"),
			&Error{Incomplete, CauseDate, notISO + "'20150231T123600Z'" + seeISO}},
		{"HTTP date in X-Amz-Date", header("X-Amz-Date", "Sun, 30 Aug 2015 12:36:00 GMT"),
			&Error{Incomplete, CauseDate, notISO + "'Sun, 30 Aug 2015 12:36:00 GMT'" + seeISO}},
		{"two dates", header("X-Amz-Date", goodDate, goodDate),
			&Error{Incomplete, CauseMalformed, "Found more than one 'X-Amz-Date' header."}},
		{"two Date headers", func(r *Request) {
			delete(r.Header, "X-Amz-Date")
			r.Header["Date"] = []string{goodDate, goodDate}
		}, &Error{Incomplete, CauseMalformed, "Found more than one 'Date' header."}},
		{"two tokens", header("X-Amz-Security-Token", "a", "b"),
			&Error{Incomplete, CauseMalformed, "Found more than one 'X-Amz-Security-Token' header."}},

		{"upper case", edit("host;x-amz-date", "Host;x-amz-date"), &Error{Incomplete, CauseMalformed, badNames + "'Host;x-amz-date'"}},
		{"unsorted", edit("host;x-amz-date", "x-amz-date;host"), &Error{Incomplete, CauseMalformed, badNames + "'x-amz-date;host'"}},
		{"header twice", edit("host;x-amz-date", "host;host;x-amz-date"),
			&Error{Incomplete, CauseMalformed, badNames + "'host;host;x-amz-date'"}},
		{"empty name", edit("host;x-amz-date", "host;x-amz-date;"), &Error{Incomplete, CauseMalformed, badNames + "'host;x-amz-date;'"}},
		{"no header name", edit("host;x-amz-date", "a b;host;x-amz-date"),
			&Error{Incomplete, CauseMalformed, badNames + "'a b;host;x-amz-date'"}},
		{"long name", edit("host;x-amz-date", strings.Repeat("a", 129)),
			&Error{Incomplete, CauseMalformed, badNames + "'" + strings.Repeat("a", 129) + "'"}},
		{"65 headers", edit("host;x-amz-date", strings.Repeat(";", 64)),
			&Error{Incomplete, CauseTooLarge, "'SignedHeaders' must name at most 64 headers."}},

		{"host not signed", edit("host;", ""), &Error{Mismatch, CauseHeaderUnsigned, "'Host' or ':authority'" + mustSign}},
		{"date not signed", edit(";x-amz-date", ""), &Error{Mismatch, CauseHeaderUnsigned, "'X-Amz-Date'" + mustSign}},
		{"Date signed in place of X-Amz-Date", func(r *Request) {
			r.Header["Date"] = []string{goodDate}
			r.Header["Authorization"] = []string{strings.Replace(goodAuth, "host;x-amz-date", "date;host", 1)}
		}, &Error{Mismatch, CauseHeaderUnsigned, "'X-Amz-Date'" + mustSign}},
		{"Date header not signed", func(r *Request) {
			delete(r.Header, "X-Amz-Date")
			r.Header["Date"] = []string{goodDate}
		}, &Error{Mismatch, CauseHeaderUnsigned, "'Date'" + mustSign}},
		{"target not signed", header("X-Amz-Target", "T.Op"), &Error{Mismatch, CauseHeaderUnsigned, "'X-Amz-Target'" + mustSign}},
		{"token not signed", header("X-Amz-Security-Token", "t"),
			&Error{Mismatch, CauseHeaderUnsigned, "'X-Amz-Security-Token'" + mustSign}},

		{"broken query", func(r *Request) { r.RawQuery = "a=%2" },
			&Error{Incomplete, CauseQuery, "Illegal hex character in escape % pattern: %"}},
		{"long query", func(r *Request) { r.RawQuery = strings.Repeat("a", maxQuery+1) },
			&Error{Incomplete, CauseTooLarge, "The query string is too long."}},
		{"many parameters", func(r *Request) { r.RawQuery = strings.Repeat("&", maxParams) },
			&Error{Incomplete, CauseTooLarge, "The query string is too long."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &Request{Header: map[string][]string{"Authorization": {goodAuth}, "X-Amz-Date": {goodDate}}}
			test.edit(r)
			_, err := Parse(r)
			wantError(t, err, test.want)
		})
	}
}

func TestParseQueryErrors(t *testing.T) {
	const must = "AWS query-string parameters must include "
	for _, test := range []struct {
		name, old, new string
		want           *Error
	}{
		{"all missing", goodQuery, "X-Amz-Signature=", &Error{Incomplete, CauseMalformed,
			must + "'X-Amz-Algorithm'. " + must + "'X-Amz-Credential'. " + must + "'X-Amz-Signature'. " +
				must + "'X-Amz-SignedHeaders'. " + must + "'X-Amz-Date'. Re-examine the query-string parameters."}},
		{"algorithm missing", "X-Amz-Algorithm", "x-amz-algorithm", &Error{Incomplete, CauseMalformed,
			must + "'X-Amz-Algorithm'. Re-examine the query-string parameters."}},
		{"credential missing", "X-Amz-Credential", "c", &Error{Incomplete, CauseMalformed,
			must + "'X-Amz-Credential'. Re-examine the query-string parameters."}},
		{"signature missing", "X-Amz-Signature", "s", &Error{Incomplete, CauseMalformed,
			must + "'X-Amz-Signature'. Re-examine the query-string parameters."}},
		{"signed headers missing", "X-Amz-SignedHeaders", "s", &Error{Incomplete, CauseMalformed,
			must + "'X-Amz-SignedHeaders'. Re-examine the query-string parameters."}},
		{"date missing", "X-Amz-Date", "d", &Error{Incomplete, CauseMalformed,
			must + "'X-Amz-Date'. Re-examine the query-string parameters."}},
		{"repeated", "X-Amz-Date=", "X-Amz-Date=&X-Amz-Date=", &Error{Incomplete, CauseMalformed,
			"Found more than one 'X-Amz-Date' query-string parameter."}},
		{"token repeated", "X-Amz-Date=", "X-Amz-Security-Token=a&X-Amz-Security-Token=a&X-Amz-Date=", &Error{Incomplete, CauseMalformed,
			"Found more than one 'X-Amz-Security-Token' query-string parameter."}},
		{"algorithm", "SHA256", "SHA1", &Error{Incomplete, CauseAlgorithm,
			"Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now). "}},
		{"credential", "%2Faws4_request", "", &Error{Incomplete, CauseMalformed,
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got " +
				"'AKIDEXAMPLE/20150830/us-east-1/service'"}},
		{"date", "20150830T123600Z", "Sun,+30+Aug+2015+12:36:00+GMT", &Error{Incomplete, CauseDate,
			"Date must be in ISO-8601 'basic format'. Got 'Sun, 30 Aug 2015 12:36:00 GMT'. See http://en.wikipedia.org/wiki/ISO_8601"}},
		{"host not signed", "=host", "=range", &Error{Mismatch, CauseHeaderUnsigned,
			"'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."}},
		{"expires zero", "X-Amz-Date=", "X-Amz-Expires=0&X-Amz-Date=", badExpires("0")},
		{"expires more than a week", "X-Amz-Date=", "X-Amz-Expires=604801&X-Amz-Date=", badExpires("604801")},
		{"expires negative", "X-Amz-Date=", "X-Amz-Expires=-1&X-Amz-Date=", badExpires("-1")},
		{"expires with a zero in front", "X-Amz-Date=", "X-Amz-Expires=060&X-Amz-Date=", badExpires("060")},
		{"expires huge", "X-Amz-Date=", "X-Amz-Expires=18446744073709551617&X-Amz-Date=", badExpires("18446744073709551617")},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(goodQuery, test.old) {
				t.Fatal("nothing to replace")
			}
			_, err := Parse(&Request{RawQuery: strings.Replace(goodQuery, test.old, test.new, 1)})
			wantError(t, err, test.want)
		})
	}
	t.Run("token in the header", func(t *testing.T) {
		_, err := Parse(&Request{RawQuery: goodQuery, Header: map[string][]string{"X-Amz-Security-Token": {"t"}}})
		wantError(t, err, &Error{Mismatch, CauseTwice,
			"'X-Amz-Security-Token' must be a query-string param of a presigned request."})
	})
	t.Run("target not signed", func(t *testing.T) {
		_, err := Parse(&Request{RawQuery: goodQuery, Header: map[string][]string{"X-Amz-Target": {"t"}}})
		wantError(t, err, &Error{Mismatch, CauseHeaderUnsigned, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."})
	})
	t.Run("an X-Amz-Date header means nothing", func(t *testing.T) {
		_, err := Parse(&Request{RawQuery: goodQuery, Header: map[string][]string{"X-Amz-Date": {"20991231T000000Z"}}})
		wantError(t, err, nil)
	})
}

func badExpires(value string) *Error {
	return &Error{Incomplete, CauseExpires, "X-Amz-Expires must be a number of seconds from 1 to 604800, got '" + value + "'"}
}

func TestKindString(t *testing.T) {
	var got []string
	for k := Kind(0); k <= Mismatch+1; k++ {
		got = append(got, k.String())
	}
	want := []string{"Kind(0)", "Missing", "Incomplete", "Expired", "NotYetCurrent", "WrongService", "WrongRegion", "Mismatch", "Kind(8)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// Times are written as the time package writes them.
func TestAppendTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-1<<36, 1<<38).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
		if got, want := string(appendTime(nil, at)), at.Format(timeLayout); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if got, want := string(appendDate(nil, at)), at.Format(dateLayout); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}
