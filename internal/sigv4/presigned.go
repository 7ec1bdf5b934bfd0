package sigv4

import (
	"strconv"
	"strings"
	"time"
)

// MaxExpires is the longest time that a presigned request may be used for.
const MaxExpires = 7 * 24 * time.Hour

// defaultExpires is for how long a presigned request may be used that does not
// say. SDKs leave X-Amz-Expires out for services other than Amazon S3, and AWS
// STS honours their requests for this long.
const defaultExpires = 15 * time.Minute

// The query parameters of a presigned request.
const (
	presignAlgorithm = iota
	presignCredential
	presignSignature
	presignSignedHeaders
	presignDate
	presignExpires
	presignToken
	presignContentHash
)

var presignNames = [...]string{
	presignAlgorithm:     "X-Amz-Algorithm",
	presignCredential:    "X-Amz-Credential",
	presignSignature:     "X-Amz-Signature",
	presignSignedHeaders: "X-Amz-SignedHeaders",
	presignDate:          "X-Amz-Date",
	presignExpires:       "X-Amz-Expires",
	presignToken:         "X-Amz-Security-Token",
	presignContentHash:   "X-Amz-Content-Sha256",
}

// presignRequired are the first so many of presignNames.
const presignRequired = presignDate + 1

// presignIndex returns which of the parameters a name is, or -1.
func presignIndex(name string) int {
	if strings.HasPrefix(name, "X-Amz-") {
		for i, n := range presignNames {
			if name == n {
				return i
			}
		}
	}
	return -1
}

// isPresigned reports whether a query means to be signed.
func isPresigned(params []param) bool {
	for _, p := range params {
		switch presignIndex(p.name) {
		case presignAlgorithm, presignCredential, presignSignature:
			return true
		}
	}
	return false
}

// parsePresigned reads a signature in the query.
func (s *Signature) parsePresigned(params []param) error {
	s.Presigned = true
	v, err := presignValues(params)
	if err != nil {
		return err
	}
	if v[presignAlgorithm] != algorithm {
		return unsupported(v[presignAlgorithm])
	}
	if len(s.request.Header["X-Amz-Security-Token"]) > 0 {
		return refuse(Mismatch, CauseTwice, "'X-Amz-Security-Token' must be a query-string param of a presigned request.")
	}
	if err := s.parseTime(v[presignDate], false); err != nil {
		return err
	}
	if err := s.parseCredential(v[presignCredential]); err != nil {
		return err
	}
	if err := s.parseExpires(v[presignExpires]); err != nil {
		return err
	}
	s.hex, s.SessionToken = v[presignSignature], v[presignToken]
	return s.parseSignedHeaders(v[presignSignedHeaders])
}

// presignValues returns the decoded values of a presigned request, all those
// present that are required and none of them twice.
func presignValues(params []param) (v [len(presignNames)]string, err error) {
	var seen [len(presignNames)]bool
	for _, p := range params {
		i := presignIndex(p.name)
		if i < 0 {
			continue
		}
		if seen[i] {
			return v, refuse(Incomplete, CauseMalformed, "Found more than one '%s' query-string parameter.", p.name)
		}
		v[i], _ = unescape(p.value) // canonical, hence well-formed
		seen[i] = true
	}
	var missing strings.Builder
	for i, name := range presignNames[:presignRequired] {
		if v[i] == "" {
			missing.WriteString("AWS query-string parameters must include '" + name + "'. ")
		}
	}
	if missing.Len() > 0 {
		return v, refuse(Incomplete, CauseMalformed, "%sRe-examine the query-string parameters.", missing.String())
	}
	return v, nil
}

func (s *Signature) parseExpires(value string) error {
	if value == "" {
		s.Expires = defaultExpires
		return nil
	}
	n, err := strconv.ParseUint(value, 10, 32)
	s.Expires = time.Duration(n) * time.Second
	if err != nil || value[0] == '0' || s.Expires > MaxExpires {
		return refuse(Incomplete, CauseExpires, "X-Amz-Expires must be a number of seconds from 1 to %d, got '%s'",
			MaxExpires/time.Second, echo(value))
	}
	return nil
}
