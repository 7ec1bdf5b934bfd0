package daypassauth

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const bodyHash = "X-Amz-Content-Sha256"

// told are the headers that daypass is told besides the signed ones: those that a
// decision may rest on.
var told = [...]string{
	"Authorization", bodyHash, "X-Amz-Date", "Date", "X-Amz-Security-Token", "User-Agent", "Referer", "Upgrade",
}

// ours are the headers of the question itself, which a client must not write.
var ours = [...]string{
	"X-Original-Method", "X-Original-Uri", "X-Original-Content-Length", "X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host",
	"X-Forwarded-For", "X-Forwarded-Proto", "Connection", "Transfer-Encoding", "Te", "Trailer", "Host",
}

// question is what daypass is asked about a request: nothing else of it can change
// the decision.
type question struct {
	host   string
	header http.Header
	// bearer says that the request has a token in place of a signature, and signed that
	// it claims to have one. It may have neither.
	bearer, signed bool
	// declared is the hash of the body that the client says it has signed; empty where
	// it says nothing.
	declared string
	// body is what has been read, and hash what it has.
	body []byte
	hash string
}

func (g *Guard) question(r *http.Request) (*question, error) {
	q := &question{host: r.Host, header: http.Header{}}
	for _, name := range slices.Concat(signedHeaders(r), told[:], overrides[:]) {
		name = http.CanonicalHeaderKey(name)
		if values := r.Header[name]; len(values) > 0 && !slices.Contains(ours[:], name) {
			q.header[name] = values
		}
	}
	q.header["X-Original-Method"], q.header["X-Original-Uri"] = []string{r.Method}, []string{r.RequestURI}
	// net/http keeps the length apart from the headers. A client may have signed it.
	if length := r.Header.Get("Content-Length"); length != "" {
		q.header["X-Original-Content-Length"] = []string{length}
	}
	g.tellOfClient(r, q.header)
	if values := r.Header["Authorization"]; len(values) == 1 {
		scheme, token, ok := strings.Cut(values[0], " ")
		q.bearer = ok && strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
	}
	q.signed = !q.bearer && len(q.header["Authorization"]) > 0 || strings.Contains(r.URL.RawQuery, "X-Amz-Signature=")
	var err error
	q.declared, err = declaredHash(r)
	return q, err
}

// tellOfClient says from where and how the request came.
func (g *Guard) tellOfClient(r *http.Request, h http.Header) {
	h["X-Forwarded-Proto"] = []string{"http"}
	if r.TLS != nil {
		h["X-Forwarded-Proto"] = []string{"https"}
	}
	if g.Behind {
		h["X-Forwarded-For"] = slices.Clone(r.Header["X-Forwarded-For"])
		if protocols := r.Header["X-Forwarded-Proto"]; len(protocols) > 0 {
			h["X-Forwarded-Proto"] = protocols
		}
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		h["X-Forwarded-For"] = append(h["X-Forwarded-For"], host)
	}
}

// signedHeaders are the headers that a client says its signature covers.
func signedHeaders(r *http.Request) (names []string) {
	for _, value := range r.Header["Authorization"] {
		if _, rest, ok := strings.Cut(value, "SignedHeaders="); ok {
			list, _, _ := strings.Cut(rest, ",")
			names = append(names, strings.Split(strings.TrimSpace(list), ";")...)
		}
	}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if list, ok := strings.CutPrefix(pair, "X-Amz-SignedHeaders="); ok {
			if list, err := url.QueryUnescape(list); err == nil {
				names = append(names, strings.Split(list, ";")...)
			}
		}
	}
	const most = 64 // as many as daypass takes
	return names[:min(len(names), most)]
}

// errHash and errBody say what is wrong with a body that a client has signed.
var (
	errHash error = &refusal{http.StatusForbidden, "InvalidSignatureException", "The request declares the hash of its body more than once.", nil}
	errBody error = &refusal{http.StatusForbidden, "InvalidSignatureException", "The body is not the one that was signed.", nil}
)

// declaredHash is the hash that a client declares, in a header or, in a presigned
// request, in the query. daypass judges what is not a hash, and more than one.
func declaredHash(r *http.Request) (string, error) {
	declared := r.Header[bodyHash]
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if hash, ok := strings.CutPrefix(pair, bodyHash+"="); ok {
			declared = append(slices.Clone(declared), hash)
		}
	}
	switch len(declared) {
	case 0:
		return "", nil
	case 1:
		return strings.TrimSpace(declared[0]), nil
	}
	return "", errHash
}

// declare tells daypass the hash of a body whose client does not say which it has
// signed: every signature covers it.
func (q *question) declare(hash string) {
	q.declared = hash
	q.header[bodyHash] = []string{hash}
}

// readBody reads and hashes the whole body, of at most so many bytes.
func (q *question) readBody(w http.ResponseWriter, r *http.Request, limit int64) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &refusal{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "Request Too Long", tooLarge}
	}
	if err != nil {
		return &refusal{http.StatusBadRequest, "BadRequestException", "Bad Request", err}
	}
	sum := sha256.Sum256(body)
	q.body, q.hash = body, hex.EncodeToString(sum[:])
	return nil
}

// restore gives the handler the body that was read.
func (q *question) restore(r *http.Request) {
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(q.body)), int64(len(q.body)), nil
	r.Header.Set(bodyHash, q.hash)
}
