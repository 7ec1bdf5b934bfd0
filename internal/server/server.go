// Package server is the front door: every request of every service comes in
// here and takes the same way (api.go): it is routed to a row of a table,
// authenticated, decoded, authorized, done, encoded and recorded.
//
// The server knows no service and no operation by name. It is handed tables
// with their protocols, and two functions: one finds the credentials behind an
// access key, the other says whether a caller may do something.
package server

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

// statusClientGone is the status of a request that nobody waits for any longer.
// No client sees it; it keeps such requests apart from failures of the service
// in the log (nginx introduced the number).
const statusClientGone = 499

// Server answers requests. Set the fields, then use it as a http.Handler.
type Server struct {
	// JSON are the services of the AWS JSON protocol.
	JSON []*awsapi.Table
	// Query are the services of the AWS Query protocol.
	Query []*awsapi.Table
	// Credentials finds who has an access key, and the key's secret. The session
	// token is empty for long-term keys. No is an *awsapi.Refused.
	Credentials func(ctx context.Context, accessKeyID, sessionToken string) (awsapi.Caller, seal.Secret, error)
	// Authorize says whether a caller may do an operation; nil means yes. It is
	// asked about Signed rows, and about Identified ones, where the answer does not
	// depend on policies. No is an *awsapi.Refused.
	Authorize func(ctx context.Context, row *awsapi.Row, caller awsapi.Caller, in any) error
	// Attend handles a request as a whole, so that it goes by one state of what is kept in
	// memory, which has all that was acknowledged before it came. It may call do again,
	// when it turns out that the state was an older one; the last call counts. nil calls
	// it once.
	Attend func(ctx context.Context, do func(context.Context) error) error
	// Used is told who has signed a request to a service, once the signature is
	// found valid; nil means nobody is told.
	Used func(caller awsapi.Caller, service string)
	// Begin makes the context of a request to the API or to a side: what is asked in
	// its course belongs together. Nil makes none.
	Begin func(ctx context.Context) context.Context
	// Region is the region of requests that neither a signature nor an ID says it
	// of; empty means us-east-1.
	Region string
	// ValidRegion says whether a name can be a region.
	ValidRegion func(string) bool
	// Paths are the pages beside the API, which is at "/".
	Paths Paths
	// HostAllowed says whether a Host header may be served; nil allows all. A
	// development server uses it against DNS rebinding.
	HostAllowed func(host string) bool
	// PublicHost is the host of the public URL as clients send it, with the port if
	// it has one. It is for the log alone, which says where a proxy changed it.
	PublicHost string
	// CORSOrigins are the browser origins that may call signed operations. The
	// public ones answer every origin.
	CORSOrigins []string
	// OriginAllowed says whether another origin may call them too; nil means none. A
	// development server allows pages of the same machine.
	OriginAllowed func(origin string) bool
	// TrustedProxies are the addresses whose X-Forwarded-For and -Proto count.
	TrustedProxies []netip.Prefix
	// Budget bounds the memory that strangers hold; nil for no bound.
	Budget *Budget
	// Rates limit how often operations are done.
	Rates Rates
	// Undeclared is told of an exception that its row does not declare; tests
	// set it to fail.
	Undeclared func(row *awsapi.Row, e *awsapi.Error)
	// Unavailable says of an error that the database could not be asked; nil for never.
	Unavailable func(error) bool
	// Sinks are told of each request to the API before it is answered, in this
	// order. One that refuses turns the answer into a failure, of which those behind
	// it are told: the ones that may refuse come first, and the log last.
	Sinks []audit.Sink
	// Faults are failures that a test asks for; nil where none can.
	Faults *Faults
	// MayChange says whether a request that changes something may begin: not where it
	// could not be recorded, which is then the error. Nil means yes.
	MayChange func() error
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// SignatureNow is the clock that signatures are judged by; nil means Now. The two
	// differ where a test moves the server's time and not that of its clients.
	SignatureNow func() time.Time
	// Rand makes request IDs; nil means crypto/rand.
	Rand io.Reader

	signingKeys sigv4.KeyCache
	large       atomic.Int32 // bodies beyond MaxBody
}

// SigningKeys is how many keys were derived to verify signatures, since the start.
func (s *Server) SigningKeys() uint64 { return s.signingKeys.Derived() }

// context is the context of a request, with the event that records it.
func (s *Server) context(r *http.Request, e *audit.Event) context.Context {
	ctx := audit.NewContext(r.Context(), e)
	if s.Begin != nil {
		ctx = s.Begin(ctx)
	}
	return ctx
}

func (s *Server) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// ServeHTTP sends a request to its part of the house.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r, leave := s.enter(w, r)
	if r == nil {
		panic(http.ErrAbortHandler) // an answer would take memory, for as long as the client likes
	}
	defer leave()
	if len(r.TransferEncoding) > 0 {
		// net/http passes over a Content-Length beside the chunks and does not say so.
		// A proxy in front may have gone by it, so nothing that follows on such a
		// connection is trusted (RFC 9112, section 6.3).
		w.Header().Set("Connection", "close")
	}
	if s.HostAllowed != nil && !s.HostAllowed(r.Host) {
		s.turnAway(w, r, http.StatusMisdirectedRequest, hostRefused, causeHostRefused, cmp.Or(Clip(r.Host), "none")+" is not a loopback host, nor that of --public-url")
		return
	}
	path := r.URL.Path
	if path == "/" || path == "" && r.Method != http.MethodConnect { // POST http://host HTTP/1.1
		s.api(w, r)
		return
	}
	page := s.Paths.at(path)
	switch {
	case page == nil && rpcPath.MatchString(path):
		s.turnAway(w, r, http.StatusNotFound, "not found\n", causeOtherProtocol, Clip(path))
	case page == nil:
		s.turnAway(w, r, http.StatusNotFound, "not found\n", causeNoSuchPath, Clip(path))
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		s.turnAway(w, r, http.StatusMethodNotAllowed, "method not allowed\n", causeMethod, Clip(r.Method))
	default:
		page.ServeHTTP(w, r)
	}
}

const hostRefused = "With --dev, daypass answers only to loopback host names and to the host of --public-url.\n"

// rpcPath is the path of Smithy's RPC v2 protocols.
var rpcPath = regexp.MustCompile(`(?i)/service/[^/]+/operation/[^/]+$`)

// turnAway answers a request that does not get as far as the API, and records
// why. The detail may have the path and the host, cut short, but not the query:
// there may be a token in it.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, status int, text string, cause awsapi.Cause, detail string) {
	c := s.call(r)
	c.event.Cause, c.event.Err = string(cause), errors.New(detail)
	a := s.recorded(audit.NewContext(r.Context(), c.event), c, awsapi.Answer{Status: status})
	if a.Status != status {
		s.send(w, c, a)
		return
	}
	w.Header().Set("x-amzn-RequestId", c.event.RequestID)
	plain(w, status, text)
}

// Paths are pages, by their paths. One that ends in a slash is also that of
// everything below it.
type Paths map[string]http.Handler

// at finds the page at a path, or the nearest above it that is for all below; nil
// if there is none. It asks the pages and not the path, which is a stranger's and
// may be long.
func (p Paths) at(path string) http.Handler {
	if h := p[path]; h != nil {
		return h
	}
	nearest := ""
	for dir := range p {
		if strings.HasSuffix(dir, "/") && strings.HasPrefix(path, dir) && len(dir) > len(nearest) {
			nearest = dir
		}
	}
	return p[nearest]
}

// Healthy is the page that says that the process answers.
func Healthy() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
}

// readyTimeout is how long it may take to find out whether the server is ready.
const readyTimeout = 5 * time.Second

// Ready is the page that says whether the server can do its work. Why it cannot
// is for the log: once, until it can again.
func Ready(check func(context.Context) error, log *slog.Logger) http.Handler {
	var away atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := check(ctx); err != nil {
			// A client that does not wait for the answer says nothing of the server.
			if r.Context().Err() == nil && !away.Swap(true) {
				log.LogAttrs(r.Context(), slog.LevelError, "not ready", slog.Any("error", err))
			}
			plain(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
		if away.Swap(false) {
			log.LogAttrs(r.Context(), slog.LevelInfo, "ready again")
		}
		plain(w, http.StatusOK, "ready\n")
	})
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a client that has gone away needs no answer
}
