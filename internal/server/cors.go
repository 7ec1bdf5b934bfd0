package server

import (
	"errors"
	"net/http"
	"slices"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/sigv4"
)

// allowedHeaders are what AWS's browser clients send. The star covers what the
// next version of theirs adds (it never covers Authorization).
const allowedHeaders = "authorization, content-type, x-amz-target, x-amz-user-agent, x-amz-date, x-amz-security-token, " +
	"x-amz-content-sha256, amz-sdk-invocation-id, amz-sdk-request, cache-control, *"

// exposedHeaders are those of an answer that a page may read.
var exposedHeaders = []string{"x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"}

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
	h["Access-Control-Expose-Headers"] = exposedHeaders
	if c.route == nil || c.row == nil || c.row.Auth == awsapi.Public {
		h["Access-Control-Allow-Origin"] = anyOrigin
		return
	}
	h.Add("Vary", "Origin")
	if origin := c.r.Header.Get("Origin"); origin != "" && s.originAllowed(c.r, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
	}
}

// refusePage refuses a signed request that a browser sends for a page which may
// not call signed operations: a signature proves who made the request, and not who
// sends it. Browsers name the page's origin, but not with all that a page can make
// them get, such as pictures; newer ones say of everything whether it is for a page
// of the same site. Server programs send Sec-Fetch-Mode and -Dest, so only the site
// counts.
func (s *Server) refusePage(c *call) error {
	named := false
	for _, origin := range c.r.Header["Origin"] {
		if origin == "" {
			continue
		}
		if !s.originAllowed(c.r, origin) {
			return c.protocol.Refuse(awsapi.Denied, "Requests from this origin are not allowed.").Because(causeCorsOrigin, errors.New(Clip(origin)))
		}
		named = true
	}
	for _, site := range c.r.Header["Sec-Fetch-Site"] {
		if !named && site != "same-origin" && site != "none" {
			return c.protocol.Refuse(awsapi.Denied, "Requests from other sites are not allowed.").Because(causeFetchSite, errors.New(Clip(site)))
		}
	}
	return nil
}

// refusePresigned refuses a signature in the query where a link or a form could
// be what sends it, which needs no script: a GET that changes something, and a POST
// of any browser that says that it is one.
func (c *call) refusePresigned(sig *sigv4.Signature) error {
	switch {
	case !sig.Presigned:
		return nil
	case c.r.Method == http.MethodGet && !c.row.ReadOnly:
		return c.protocol.Refuse(awsapi.Denied, "A GET request with a signature in the query cannot call "+c.row.Name+", which makes changes. Use POST.").
			Because(causePresignedGet, nil)
	case c.r.Method != http.MethodGet && len(c.r.Header["Sec-Fetch-Site"]) > 0:
		return c.protocol.Refuse(awsapi.Denied, "Browsers cannot send a POST request with a signature in the query.").Because(causePresignedPost, nil)
	}
	return nil
}

// originAllowed says whether pages of an origin may call signed operations:
// those that the operator named, and our own.
func (s *Server) originAllowed(r *http.Request, origin string) bool {
	scheme := "http://"
	if s.secure(r) {
		scheme = "https://"
	}
	return slices.Contains(s.CORSOrigins, origin) || s.OriginAllowed != nil && s.OriginAllowed(origin) || r.Host != "" && origin == scheme+r.Host
}
