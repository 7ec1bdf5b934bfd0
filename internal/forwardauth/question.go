package forwardauth

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/server"
	"github.com/daypass/daypass/internal/sigv4"
)

// Path is where proxies ask. They tell of the original request in one of three
// forms:
//
//   - X-Original-Method and X-Original-URI, and the original Host (nginx);
//   - X-Forwarded-Method, X-Forwarded-Uri and X-Forwarded-Host (Caddy, Traefik);
//   - the original request itself, with this path in front of its own (Envoy).
//
// A question of one form must not have the headers of another. So a client that
// sends one of them, which its proxy does not replace, is refused and not believed.
//
// In the first two forms a proxy may say for which API it asks, by [apiQuery] and
// its name. The Host is the client's choice, and a proxy that stands for one service,
// whatever the Host, would else let in whoever may call another.
const Path = "/forward-auth"

// apiQuery is the query of a question for one API. Another is of no account: Caddy
// leaves that of the original request in place where it is not told to replace it.
const apiQuery = "?daypass-api="

// The headers that tell of the original request, as net/http writes them.
const (
	originalMethod, originalURI                  = "X-Original-Method", "X-Original-Uri"
	forwardedMethod, forwardedURI, forwardedHost = "X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host"
	originalLength                               = "X-Original-Content-Length"
	bodyHash                                     = "X-Amz-Content-Sha256"
	maxHost                                      = 255
)

// overrides are headers by which services replace the method or the path of a
// request: what they would do is not what was decided about.
var overrides = [...]string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url"}

var method = regexp.MustCompile(`\A[A-Z][A-Z-]{0,31}\z`)

// question is the original request that a proxy asks about.
type question struct {
	method, host string
	// path is the path as it was sent, and decoded the path that policies see.
	path, decoded string
	query         string
	header        http.Header
	// length is that of the body, as the proxy tells it; negative where it does not.
	length int64
	// api is the name of the one API that the proxy asks for; empty for any.
	api string
	// couldName says that the form has room for that name.
	couldName bool
}

// malformed refuses a question that does not tell of one original request.
func malformed(format string, args ...any) error {
	return no(causeQuestion, fmt.Errorf(format, args...))
}

// read finds out which request a proxy asks about.
func read(r *http.Request) (*question, error) {
	rest, ok := strings.CutPrefix(r.RequestURI, Path)
	if !ok || rest != "" && rest[0] != '/' && rest[0] != '?' {
		return nil, refusedAs(notFound).Because(causeQuestionPath, nil)
	}
	if r.ContentLength != 0 {
		return nil, no(causeQuestionBody, nil)
	}
	q := &question{header: r.Header, couldName: !strings.HasPrefix(rest, "/")}
	if err := q.readForm(r, rest); err != nil {
		return nil, err
	}
	var named bool
	if q.api, named = strings.CutPrefix(rest, apiQuery); !named {
		q.api = ""
	} else if !apiName.MatchString(q.api) {
		return nil, malformed("the query is not daypass-api= and the name of an API")
	}
	return q, q.check()
}

func (q *question) readForm(r *http.Request, rest string) (err error) {
	original := count(r.Header, originalMethod, originalURI)
	forwarded := count(r.Header, forwardedMethod, forwardedURI)
	var uri string
	switch {
	case strings.HasPrefix(rest, "/"):
		if original+forwarded > 0 {
			return malformed("the path is that of the original request, and there are headers that tell of another")
		}
		q.method, q.host, uri = r.Method, r.Host, rest
	case original > 0 && forwarded > 0:
		return malformed("it has headers of the forms X-Original-… and X-Forwarded-…")
	case original > 0:
		q.host = r.Host
		if q.method, err = one(r.Header, originalMethod); err == nil {
			uri, err = one(r.Header, originalURI)
		}
	case forwarded > 0:
		if q.method, err = one(r.Header, forwardedMethod); err == nil {
			uri, err = one(r.Header, forwardedURI)
		}
		if err == nil {
			q.host, err = one(r.Header, forwardedHost)
		}
	default:
		return malformed("it has neither X-Original-Method and X-Original-URI nor X-Forwarded-Method, X-Forwarded-Uri and X-Forwarded-Host, nor a path below %s", Path)
	}
	if err != nil {
		return err
	}
	q.path, q.query, _ = strings.Cut(uri, "?")
	q.length = -1
	if count(r.Header, originalLength) > 0 {
		text, err := one(r.Header, originalLength)
		if err != nil || text == "" { // of a request without a length
			return err
		}
		if q.length, err = strconv.ParseInt(text, 10, 64); err != nil || q.length < 0 {
			return malformed("X-Original-Content-Length is not a length")
		}
	}
	return nil
}

// check refuses what a service may take for another request.
func (q *question) check() (err error) {
	if !method.MatchString(q.method) {
		return no(causeMethodMalformed, nil)
	}
	if len(q.host) > maxHost {
		return malformed("the host is longer than %d bytes", maxHost)
	}
	for _, name := range overrides {
		if len(q.header[name]) > 0 {
			return no(causeOverride, fmt.Errorf("%s", name))
		}
	}
	for name := range q.header {
		if look := strings.ReplaceAll(name, "_", "-"); look != name && mistaken(http.CanonicalHeaderKey(look)) {
			return no(causeOverride, fmt.Errorf("%s", server.Clip(name)))
		}
	}
	for _, value := range q.header["Upgrade"] {
		if strings.Contains(strings.ToLower(value), "h2c") {
			return no(causeUpgrade, nil)
		}
	}
	if strings.IndexByte(q.query, '#') >= 0 {
		return no(causePathAmbiguous, fmt.Errorf("%q", '#'))
	}
	if q.decoded, err = readPath(q.path); err != nil {
		return no(causePathAmbiguous, err)
	}
	return nil
}

// mistaken says whether a service that takes underscores for hyphens, as CGI and
// what descends from it do, would believe a client's own header: proxies replace the
// one with hyphens only.
func mistaken(name string) bool {
	switch name {
	case headerIdentity, headerPool, headerType, headerUser, bodyHash:
		return true
	}
	return slices.Contains(overrides[:], name)
}

// signed is the original request as its signature covers it, and the hash of its
// body that it declares.
func (q *question) signed() (*sigv4.Request, error) {
	r := &sigv4.Request{Method: q.method, Path: q.path, RawQuery: q.query, Host: q.host, Header: q.header}
	var err error
	if r.BodyHash, err = r.DeclaredBodyHash(); err != nil {
		return nil, err
	}
	// The length of the question is not that of the original request.
	header := maps.Clone(q.header)
	delete(header, "Content-Length")
	switch {
	case q.length >= 0:
		header["Content-Length"] = []string{strconv.FormatInt(q.length, 10)}
	case r.BodyHash == sigv4.EmptyBodyHash:
		header["Content-Length"] = []string{"0"}
	}
	r.Header = header
	return r, nil
}

// declares says whether the client says which body it has signed.
func (q *question) declares() bool {
	return len(q.header[bodyHash]) > 0 || strings.Contains(q.query, bodyHash+"=")
}

// mayHaveBody says whether the request may have a body of which nobody has said
// anything: one that is sent in chunks or over HTTP/2 has no length that a proxy could
// tell of. Methods that need no body are taken to have none.
func (q *question) mayHaveBody() bool {
	if q.length >= 0 {
		return q.length > 0
	}
	switch q.method {
	case http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodOptions:
		return false
	}
	return true
}

// bearer is the token of an Authorization header that has one.
func (q *question) bearer() (token string, ok bool) {
	values := q.header["Authorization"]
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// count is how many values headers have together.
func count(h http.Header, names ...string) (n int) {
	for _, name := range names {
		n += len(h[name])
	}
	return n
}

// one is the value of a header that there must be once.
func one(h http.Header, name string) (string, error) {
	switch values := h[name]; len(values) {
	case 0:
		return "", malformed("%s is missing", name)
	case 1:
		return values[0], nil
	}
	return "", malformed("%s is there more than once", name)
}

// no refuses a request without telling the client why.
func no(cause awsapi.Cause, err error) error { return refusedAs(forbidden).Because(cause, err) }
