package server

import (
	"net/http"
	"slices"

	"github.com/daypass/daypass/internal/awsapi"
)

// allowedHeaders are what AWS's browser clients send. The star covers what the
// next version of theirs adds (it never covers Authorization).
const allowedHeaders = "authorization, content-type, x-amz-target, x-amz-user-agent, x-amz-date, x-amz-security-token, " +
	"x-amz-content-sha256, amz-sdk-invocation-id, amz-sdk-request, cache-control, *"

// preflight answers a browser's question before a call. It cannot see which
// operation is meant, so it says yes; the call itself is refused where the
// operation is a signed one and the origin is not allowed.
func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Methods", "POST, GET")
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", "172800")
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

// allowOrigin tells a browser whether its page may read the answer.
func (s *Server) allowOrigin(h http.Header, c *call) {
	h.Set("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
	if c.route == nil || c.row == nil || c.row.Auth == awsapi.Public {
		h.Set("Access-Control-Allow-Origin", "*")
		return
	}
	h.Add("Vary", "Origin")
	if origin := c.r.Header.Get("Origin"); origin != "" && s.originAllowed(c.r, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
	}
}

// originAllowed says whether pages of an origin may call signed operations:
// those that the operator named, and our own.
func (s *Server) originAllowed(r *http.Request, origin string) bool {
	scheme := "http://"
	if s.secure(r) {
		scheme = "https://"
	}
	return slices.Contains(s.CORSOrigins, origin) || r.Host != "" && origin == scheme+r.Host
}
