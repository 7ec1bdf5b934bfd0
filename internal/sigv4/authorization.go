package sigv4

import "strings"

// maxAuthorization is the longest Authorization header, in bytes. One that
// covers 64 headers of ordinary names has some 2,000.
const maxAuthorization = 8 << 10

// authorization is the Authorization header taken apart.
type authorization struct{ credential, signedHeaders, signature string }

// unsupported refuses an algorithm.
func unsupported(name string) error {
	return refuse(Incomplete, CauseAlgorithm, "Unsupported AWS 'algorithm': '%s' (only %s for now). ", echo(name), algorithm)
}

// parseAuthorization reads a signature in the Authorization header:
//
//	AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...
func (s *Signature) parseAuthorization(values []string) error {
	if len(values) == 0 || !strings.HasPrefix(trimBlanks(values[0]), "AWS4-") {
		// As AWS answers to Basic and Bearer. The value is somebody's secret,
		// so no message repeats it.
		return refuse(Missing, CauseMissing, "Missing Authentication Token")
	}
	if len(values) > 1 {
		return refuse(Incomplete, CauseMalformed, "Found more than one 'Authorization' header.")
	}
	if len(values[0]) > maxAuthorization {
		return refuse(Incomplete, CauseTooLarge, "The 'Authorization' header is too long.")
	}
	a, err := splitAuthorization(values[0])
	if err != nil {
		return err
	}
	if err := s.parseAuthorizationParts(a, values[0]); err != nil {
		return err
	}
	s.SessionToken, err = s.request.single("X-Amz-Security-Token")
	return err
}

func (s *Signature) parseAuthorizationParts(a authorization, value string) error {
	date, isDateHeader, err := s.request.date()
	if err != nil {
		return err
	}
	if err := a.checkPresent(date, value); err != nil {
		return err
	}
	if err := s.parseTime(date, isDateHeader); err != nil {
		return err
	}
	if err := s.parseCredential(a.credential); err != nil {
		return err
	}
	s.hex = a.signature
	return s.parseSignedHeaders(a.signedHeaders)
}

// splitAuthorization takes the header apart, without looking into the parts.
func splitAuthorization(value string) (authorization, error) {
	var a authorization
	name, rest, _ := strings.Cut(trimBlanks(value), " ")
	if name != algorithm {
		return a, unsupported(name)
	}
	if rest = trimBlanks(rest); rest == "" {
		return a, nil
	}
	var seen [3]bool
	for pair := range strings.SplitSeq(rest, ",") {
		pair = trimBlanks(pair)
		key, v, ok := strings.Cut(pair, "=")
		if !ok {
			return a, refuse(Incomplete, CauseMalformed,
				"'%s' not a valid key=value pair (missing equal-sign) in Authorization header: '%s'.",
				echo(pair), echo(value))
		}
		part, i := a.part(key)
		if part == nil || seen[i] {
			return a, refuse(Incomplete, CauseMalformed,
				"Authorization header has an unknown or repeated '%s' parameter. Authorization=%s", echo(key), echo(value))
		}
		*part, seen[i] = v, true
	}
	return a, nil
}

// part returns where the parameter of a name is kept, and its number.
func (a *authorization) part(key string) (*string, int) {
	switch key {
	case "Credential":
		return &a.credential, 0
	case "SignedHeaders":
		return &a.signedHeaders, 1
	case "Signature":
		return &a.signature, 2
	}
	return nil, 0
}

// checkPresent lists everything that is missing in one message.
func (a *authorization) checkPresent(date, value string) error {
	var missing strings.Builder
	if a.credential == "" {
		missing.WriteString("Authorization header requires 'Credential' parameter. ")
	}
	if a.signature == "" {
		missing.WriteString("Authorization header requires 'Signature' parameter. ")
	}
	if a.signedHeaders == "" {
		missing.WriteString("Authorization header requires 'SignedHeaders' parameter. ")
	}
	if date == "" {
		missing.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if missing.Len() == 0 {
		return nil
	}
	return refuse(Incomplete, CauseMalformed, "%sAuthorization=%s", missing.String(), echo(value))
}

// String returns the header that splitAuthorization reads.
func (a authorization) String() string {
	return algorithm + " Credential=" + a.credential + ", SignedHeaders=" + a.signedHeaders + ", Signature=" + a.signature
}

// date returns the date that the signature was made with, and whether it is in
// the Date header: X-Amz-Date goes before it, even an empty one.
func (r *Request) date() (value string, isDateHeader bool, err error) {
	if len(r.Header["X-Amz-Date"]) > 0 {
		value, err = r.single("X-Amz-Date")
		return value, false, err
	}
	value, err = r.single("Date")
	return value, true, err
}

// single returns the value of a header that must not be repeated: whoever reads
// it later might pick another of the values.
func (r *Request) single(key string) (string, error) {
	v := r.Header[key]
	switch len(v) {
	case 0:
		return "", nil
	case 1:
		return trimBlanks(v[0]), nil
	}
	return "", refuse(Incomplete, CauseMalformed, "Found more than one '%s' header.", key)
}
