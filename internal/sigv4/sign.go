package sigv4

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sign signs a request with an Authorization header, as of time t. It sets that
// header, X-Amz-Date and, for temporary credentials, X-Amz-Security-Token. It
// covers all headers of the request but those that proxies rewrite
// (User-Agent, Connection and such).
//
// It fails if the query is not one, or if a header is already there that it
// would contradict (an X-Amz-Content-Sha256 that is not the body's).
func Sign(r *Request, c Credentials, region, service string, t time.Time) error {
	if r.Header == nil {
		r.Header = make(map[string][]string)
	}
	delete(r.Header, "Authorization")
	delete(r.Header, "X-Amz-Security-Token")
	s := newSignature(r, c, region, service, t)
	r.Header["X-Amz-Date"] = []string{s.Time.Format(timeLayout)}
	if c.SessionToken != "" {
		r.Header["X-Amz-Security-Token"] = []string{c.SessionToken}
	}
	s.SignedHeaders = signable(r.Header)
	var err error
	if s.params, err = parseQuery(r.RawQuery); err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	sum, err := s.make(c.SecretAccessKey)
	if err != nil {
		return fmt.Errorf("sign request: %w", err)
	}
	a := authorization{s.credential(), strings.Join(s.SignedHeaders, ";"), sum}
	r.Header["Authorization"] = []string{a.String()}
	return nil
}

// Presign signs a request in its query, as of time t, so that it may be used for
// as long as expires says: whole seconds, 1 to [MaxExpires]. It covers all
// headers of the request, which then have to be sent with it, and it replaces
// the query by its canonical form.
//
// The body is covered as it is. To leave it out, where the other side takes
// that, have X-Amz-Content-Sha256=UNSIGNED-PAYLOAD in the query and no body.
func Presign(r *Request, c Credentials, region, service string, t time.Time, expires time.Duration) error {
	if expires < time.Second || expires > MaxExpires || expires%time.Second != 0 {
		return errors.New("presign request: expires must be whole seconds, at least one, at most a week")
	}
	for _, name := range [...]string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		delete(r.Header, name)
	}
	s := newSignature(r, c, region, service, t)
	s.Presigned, s.SignedHeaders = true, signable(r.Header)
	params, err := parseQuery(r.RawQuery)
	if err != nil {
		return fmt.Errorf("presign request: %w", err)
	}
	s.params = presignParams(params, [...]string{
		presignAlgorithm:     algorithm,
		presignCredential:    s.credential(),
		presignSignedHeaders: strings.Join(s.SignedHeaders, ";"),
		presignDate:          s.Time.Format(timeLayout),
		presignExpires:       strconv.FormatInt(int64(expires/time.Second), 10),
		presignToken:         c.SessionToken,
	})
	sum, err := s.make(c.SecretAccessKey)
	if err != nil {
		return fmt.Errorf("presign request: %w", err)
	}
	query := appendQuery(nil, s.params)
	r.RawQuery = string(query) + "&" + presignNames[presignSignature] + "=" + sum
	return nil
}

// presignParams puts the values that are not empty into a query, in place of
// those of an earlier signature.
func presignParams(params []param, values [presignToken + 1]string) []param {
	params = slices.DeleteFunc(params, func(p param) bool {
		i := presignIndex(p.name)
		return 0 <= i && i <= presignToken
	})
	for i, v := range values {
		if v != "" {
			params = append(params, param{presignNames[i], escape(v)})
		}
	}
	sortParams(params)
	return params
}

func newSignature(r *Request, c Credentials, region, service string, t time.Time) *Signature {
	t = t.UTC().Truncate(time.Second)
	return &Signature{
		AccessKeyID: c.AccessKeyID,
		Date:        t.Format(dateLayout),
		Region:      region,
		Service:     service,
		Time:        t,
		request:     r,
	}
}

func (s *Signature) credential() string {
	return s.AccessKeyID + "/" + string(s.appendScope(nil))
}

// make computes the signature of a request that is being signed.
func (s *Signature) make(secret string) (string, error) {
	key := deriveKey(secret, s.Date, s.Region, s.Service)
	sum, err := s.compute(&key)
	return string(sum[:]), err
}

// signable returns the names of the headers to sign, sorted.
func signable(header map[string][]string) []string {
	names := []string{"host"}
	for key, values := range header {
		if name := strings.ToLower(key); len(values) > 0 && isSignable(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isSignable reports whether a header arrives as it was sent. AWS's own clients
// leave out the same ones.
func isSignable(name string) bool {
	switch name {
	case "authorization", "connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding",
		"upgrade", "user-agent", "x-amzn-trace-id":
		return false
	}
	return !strings.HasPrefix(name, "proxy-")
}
