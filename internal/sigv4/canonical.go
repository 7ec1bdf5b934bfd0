package sigv4

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
)

// unsignedPayload stands for the body's hash where a client leaves the body out
// of the signature.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// EmptyBodyHash is the SHA-256 of no body.
const EmptyBodyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// hexSum is a SHA-256 in hexadecimal, lower case.
type hexSum [2 * sha256.Size]byte

// isHexSum reports whether s is a SHA-256 as requests have it.
func isHexSum(s string) bool {
	if len(s) != len(hexSum{}) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// DeclaredBodyHash is the hash of the body that a request declares, in its header
// or in the query of a presigned request; that of no body where it declares none.
// Until a signature over [Request.BodyHash] has been verified it is a stranger's
// claim.
func (r *Request) DeclaredBodyHash() (string, error) {
	declared := slices.Clone(r.Header["X-Amz-Content-Sha256"])
	params, err := parseQuery(r.RawQuery)
	if err != nil {
		return "", err
	}
	if isPresigned(params) {
		for _, p := range params {
			if p.name == presignNames[presignContentHash] {
				declared = append(declared, p.value)
			}
		}
	}
	if len(declared) == 0 {
		return EmptyBodyHash, nil
	}
	hash := trimBlanks(declared[0])
	if len(declared) > 1 || !isHexSum(hash) {
		return "", mismatch(CauseBodyHash)
	}
	return hash, nil
}

// equal compares a claimed hash or signature with the true one in constant time.
// Nothing but 64 lower-case hexadecimal digits compares equal.
func equal(claimed string, want *hexSum) bool {
	var got hexSum
	copy(got[:], claimed)
	return len(claimed) == len(got) && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// payload returns the last line of the canonical request: the hash of the body,
// after comparing it with whatever the client declared. hash is where the
// result may be put.
func (s *Signature) payload(hash *hexSum) ([]byte, error) {
	seen := s.request.BodyHash == ""
	if seen {
		sum := sha256.Sum256(s.request.Body)
		hex.Encode(hash[:], sum[:])
	} else if !isHexSum(s.request.BodyHash) {
		return nil, mismatch(CauseBodyHash)
	} else {
		copy(hash[:], s.request.BodyHash)
	}
	unsigned, signed := false, false
	check := func(declared string) bool {
		if declared == unsignedPayload && s.Presigned && seen && len(s.request.Body) == 0 {
			unsigned = true
			return true
		}
		signed = true
		return equal(declared, hash)
	}
	ok := true
	for _, v := range s.request.Header["X-Amz-Content-Sha256"] {
		ok = check(trimBlanks(v)) && ok
	}
	if s.Presigned {
		for _, p := range s.params {
			if p.name == presignNames[presignContentHash] {
				ok = check(p.value) && ok // unreserved characters only, if right
			}
		}
	}
	if !ok || unsigned && signed {
		return nil, mismatch(CauseBodyHash)
	}
	if unsigned {
		return []byte(unsignedPayload), nil
	}
	return hash[:], nil
}

// appendCanonical appends the canonical request.
func (s *Signature) appendCanonical(dst, payload []byte) ([]byte, error) {
	r := s.request
	dst = append(dst, r.Method...)
	dst = append(dst, '\n')
	dst = appendCanonicalPath(dst, r.Path)
	dst = append(dst, '\n')
	dst = appendQuery(dst, s.params)
	dst = append(dst, '\n')
	for _, name := range s.SignedHeaders {
		var ok bool
		dst = append(dst, name...)
		dst = append(dst, ':')
		if dst, ok = r.appendValue(dst, name); !ok {
			return nil, mismatch(CauseHeaderAbsent)
		}
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	dst = appendJoined(dst, s.SignedHeaders)
	dst = append(dst, '\n')
	dst = append(dst, payload...)
	// A line break inside a method or a value would let two different requests
	// have one canonical request. HTTP has none; this does not rely on it.
	if bytes.Count(dst, []byte{'\n'}) != len(s.SignedHeaders)+5 {
		return nil, mismatch(CauseMismatch)
	}
	return dst, nil
}

func appendJoined(dst []byte, names []string) []byte {
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, name...)
	}
	return dst
}

// appendScope appends the credential scope.
func (s *Signature) appendScope(dst []byte) []byte {
	dst = append(dst, s.Date...)
	dst = append(dst, '/')
	dst = append(dst, s.Region...)
	dst = append(dst, '/')
	dst = append(dst, s.Service...)
	return append(dst, "/"+terminator...)
}

// appendStringToSign appends the string to sign.
func (s *Signature) appendStringToSign(dst, canonical []byte) []byte {
	dst = append(dst, algorithm+"\n"...)
	dst = appendTime(dst, s.Time)
	dst = append(dst, '\n')
	dst = s.appendScope(dst)
	dst = append(dst, '\n')
	sum := sha256.Sum256(canonical)
	return hex.AppendEncode(dst, sum[:])
}

// compute returns the signature in hexadecimal, given the signing key.
func (s *Signature) compute(key *signingKey) (hexSum, error) {
	var (
		hash    hexSum
		scratch [2048]byte
	)
	payload, err := s.payload(&hash)
	if err != nil {
		return hash, err
	}
	canonical, err := s.appendCanonical(scratch[:0], payload)
	if err != nil {
		return hash, err
	}
	var buf [256]byte
	sum := key.sign(s.appendStringToSign(buf[:0], canonical))
	hex.Encode(hash[:], sum[:])
	return hash, nil
}
