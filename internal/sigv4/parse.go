package sigv4

import (
	"slices"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"

	// timeLayout is ISO 8601's basic format, the only one of X-Amz-Date.
	timeLayout = "20060102T150405Z"
	dateLayout = "20060102"
)

// maxSignedHeaders is how many headers a signature may cover.
const maxSignedHeaders = 64

// Signature is the signature of a request, read and not yet verified. Until
// [Signature.Verify] has returned nil everything here is a stranger's claim.
type Signature struct {
	// AccessKeyID says whose secret the signature was made with: 1 to 128
	// characters of visible ASCII.
	AccessKeyID string
	// Date, Region and Service are the credential scope. Date is YYYYMMDD.
	Date, Region, Service string
	// Time is when the request was signed, in whole seconds, UTC.
	Time time.Time
	// SignedHeaders are the names of the headers that are covered, in lower case
	// and sorted.
	SignedHeaders []string
	// SessionToken is the token of temporary credentials, or empty. It is
	// covered by the signature.
	SessionToken string
	// Presigned tells a signature in the query from one in the Authorization
	// header.
	Presigned bool
	// Expires is how long after Time a presigned request may be used; zero in
	// the Authorization header.
	Expires time.Duration

	request    *Request
	terminator string
	hex        string  // the signature itself
	params     []param // the query
}

// Parse reads the signature of a request and checks its form: that all parts are
// there, that it is AWS4-HMAC-SHA256 and that it covers the host, the date, the
// session token and the target. It needs no secret and verifies nothing.
//
// The signature keeps r, so that what is verified is what was parsed. Only the
// body may still be put into r, before [Signature.Verify].
//
// Its errors are of type [*Error] and of the kinds [Missing], [Incomplete] and
// [Mismatch].
func Parse(r *Request) (*Signature, error) {
	params, err := parseQuery(r.RawQuery)
	if err != nil {
		return nil, err
	}
	s := &Signature{request: r, params: params}
	authorization, presigned := r.Header["Authorization"], isPresigned(params)
	switch {
	case len(authorization) > 0 && presigned:
		return nil, refuse(Mismatch, CauseTwice,
			"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	case presigned:
		err = s.parsePresigned(params)
	default:
		err = s.parseAuthorization(authorization)
	}
	if err != nil {
		return nil, err
	}
	if err := s.checkCovered(); err != nil {
		return nil, err
	}
	return s, nil
}

// appendDate appends a time in dateLayout, and appendTime in timeLayout. Every
// signature has both in what it signs, and the time package would read the layout
// each time.
func appendDate(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, dateLayout)
	}
	return append(dst, digit(year/1000), digit(year/100), digit(year/10), digit(year), digit(int(month)/10), digit(int(month)), digit(day/10), digit(day))
}

func appendTime(dst []byte, t time.Time) []byte {
	hour, minute, second := t.Clock()
	return append(appendDate(dst, t), 'T', digit(hour/10), digit(hour), digit(minute/10), digit(minute), digit(second/10), digit(second), 'Z')
}

// digit is the last digit of a number.
func digit(n int) byte { return byte('0' + n%10) }

// parseTime reads the time of a request: X-Amz-Date has one form, and a Date
// header may also be the IMF-fixdate of RFC 9110.
func (s *Signature) parseTime(value string, isDateHeader bool) error {
	layout := timeLayout
	if isDateHeader && len(value) != len(timeLayout) {
		layout = "Mon, 02 Jan 2006 15:04:05 GMT"
	}
	t, err := time.Parse(layout, value)
	if err != nil || len(value) != len(layout) { // time.Parse lets fractions of a second through
		return badDate(value)
	}
	s.Time = t.UTC()
	return nil
}

func badDate(value string) error {
	return refuse(Incomplete, CauseDate,
		"Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", echo(value))
}

// parseCredential reads keyid/date/region/service/term.
func (s *Signature) parseCredential(credential string) error {
	part := strings.SplitN(credential, "/", 6)
	if len(part) != 5 || !isAccessKeyID(part[0]) {
		return refuse(Incomplete, CauseMalformed,
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'",
			echo(credential))
	}
	s.AccessKeyID, s.Date, s.Region, s.Service, s.terminator = part[0], part[1], part[2], part[3], part[4]
	return nil
}

func isAccessKeyID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// parseSignedHeaders reads the names of the signed headers: lower case, sorted,
// each once.
func (s *Signature) parseSignedHeaders(list string) error {
	if strings.Count(list, ";") >= maxSignedHeaders {
		return refuse(Incomplete, CauseTooLarge, "'SignedHeaders' must name at most %d headers.", maxSignedHeaders)
	}
	s.SignedHeaders = strings.Split(list, ";")
	for i, name := range s.SignedHeaders {
		if !isHeaderName(name) || i > 0 && name <= s.SignedHeaders[i-1] {
			return refuse(Incomplete, CauseMalformed,
				"'SignedHeaders' must be names in lower case, sorted and separated by semicolons, got '%s'", echo(list))
		}
	}
	return nil
}

// checkCovered checks that the signature covers every header that says where the
// request goes, when it was made, what it asks for or who asks. AWS documents
// that the host and all x-amz-* headers are to be signed; the others have no
// meaning here, and X-Amz-Content-Sha256 is covered without being listed,
// because the body's hash is part of every canonical request.
func (s *Signature) checkCovered() error {
	if !s.covers("host") {
		return unsigned("'Host' or ':authority'")
	}
	if !s.Presigned {
		if err := s.checkDateCovered(); err != nil {
			return err
		}
	}
	if len(s.request.Header["X-Amz-Security-Token"]) > 0 && !s.covers("x-amz-security-token") {
		return unsigned("'X-Amz-Security-Token'")
	}
	if len(s.request.Header["X-Amz-Target"]) > 0 && !s.covers("x-amz-target") {
		return unsigned("'X-Amz-Target'")
	}
	return nil
}

func (s *Signature) checkDateCovered() error {
	if len(s.request.Header["X-Amz-Date"]) > 0 {
		if !s.covers("x-amz-date") {
			return unsigned("'X-Amz-Date'")
		}
	} else if !s.covers("date") {
		return unsigned("'Date'")
	}
	return nil
}

func (s *Signature) covers(name string) bool {
	_, ok := slices.BinarySearch(s.SignedHeaders, name)
	return ok
}

func unsigned(header string) error {
	return refuse(Mismatch, CauseHeaderUnsigned, "%s must be a 'SignedHeader' in the AWS Authorization.", header)
}
