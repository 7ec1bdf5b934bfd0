package server

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsjson"
	"github.com/daypass/daypass/internal/awsquery"
)

// route is where a request goes.
type route struct {
	protocol awsapi.Protocol
	// service is nil where a Query request names none.
	service *awsapi.Service
	// row is nil where there is no such operation; then unknown says so.
	row     *awsapi.Row
	unknown error
	// form says that the input is a form, and inQuery that it is in the query string.
	form, inQuery bool
	r             *http.Request
}

// input gives the bytes that hold the operation's input.
func (t *route) input(body []byte) []byte {
	if t.inQuery {
		return []byte(t.r.URL.RawQuery)
	}
	return body
}

// plainJSON is the media type that the samples of the API reference of identity
// pools have. Without a target it is nobody's.
const plainJSON = "application/json"

// routeOf finds the row of a request. The body is nil where it could not be
// read: then only the protocol counts. The error says why a request speaks no
// protocol of ours.
func (s *Server) routeOf(r *http.Request, body []byte) (*route, error) {
	switch r.Method {
	case http.MethodPost:
		// Some clients send what others put into the form in the query, and no body.
		inQuery := len(body) == 0 && r.URL.RawQuery != ""
		switch t := mediaType(r); {
		case t == awsjson.ContentType, t == plainJSON && len(r.Header["X-Amz-Target"]) > 0:
			return s.jsonRoute(r), nil
		case t == awsquery.ContentType, inQuery && !hasContentType(r):
			return s.queryRoute(r, body, inQuery), nil
		}
		return nil, noRoute(causeContentType, "Content-Type: "+strings.Join(r.Header["Content-Type"], ", "))
	case http.MethodGet:
		if r.URL.RawQuery != "" {
			return s.queryRoute(r, nil, true), nil
		}
		return nil, noRoute(causeNothingAsked, "")
	}
	return nil, noRoute(causeMethod, r.Method)
}

// unknownOperation is the error of a request that speaks none of the protocols.
const unknownOperation = "UnknownOperationException"

func noRoute(cause awsapi.Cause, detail string) error {
	e := &awsapi.Error{Code: unknownOperation, Status: http.StatusNotFound, Cause: cause}
	if detail != "" {
		e.Err = errors.New(Clip(detail))
	}
	return e
}

func hasContentType(r *http.Request) bool {
	values := r.Header["Content-Type"]
	return len(values) > 1 || len(values) == 1 && strings.Trim(values[0], " \t") != ""
}

func mediaType(r *http.Request) string {
	values := r.Header["Content-Type"]
	if len(values) != 1 {
		return ""
	}
	if v := values[0]; v == awsjson.ContentType || v == awsquery.ContentType { // what most clients send
		return v
	}
	t, _, err := mime.ParseMediaType(values[0])
	if err != nil {
		return ""
	}
	return t
}

func (s *Server) jsonRoute(r *http.Request) *route {
	t := &route{protocol: awsjson.Protocol{}, r: r}
	// One target or none: whoever checked the first of two must not find us doing
	// the second.
	targets := r.Header["X-Amz-Target"]
	if len(targets) == 1 {
		i := strings.LastIndexByte(targets[0], '.')
		prefix, name := targets[0][:max(i, 0)], targets[0][i+1:]
		for _, table := range s.JSON {
			if row := table.Row(name); row != nil && table.Targeted(prefix) {
				t.service, t.row = &table.Service, row
				return t
			}
		}
	}
	t.unknown = t.protocol.Refuse(awsapi.UnknownOperation, "").Because(causeUnknownOperation, noOperation(strings.Join(targets, " ")))
	return t
}

func (s *Server) queryRoute(r *http.Request, body []byte, inQuery bool) *route {
	t := &route{protocol: queryProtocol(r.Header["Accept"]), r: r, form: true, inQuery: inQuery}
	action, version, err := awsquery.Action(t.input(body))
	if err != nil {
		t.unknown = t.protocol.Refuse(awsapi.Malformed, "").Because(t.unreadable(causeMalformed, errors.Unwrap(err)))
		return t
	}
	if action == "" {
		t.unknown = t.missingAction()
		return t
	}
	for _, table := range s.Query {
		if row := table.Row(action); row != nil && table.Version == version {
			t.service, t.row = &table.Service, row
			return t
		}
	}
	if version == "" {
		version = "NO_VERSION_SPECIFIED"
	}
	action, version = Clip(action), Clip(version)
	t.unknown = t.protocol.Refuse(awsapi.UnknownOperation, "Could not find operation "+action+" for version "+version).
		Because(causeUnknownOperation, noOperation(action+" of version "+version))
	return t
}

// sharedParameter says whether a parameter is in the query and in the body.
func (c *call) sharedParameter() bool {
	return c.form && !c.inQuery && awsquery.Share([]byte(c.r.URL.RawQuery), c.body)
}

// missingAction refuses a form without an action.
func (t *route) missingAction() error {
	e := &awsapi.Error{Code: "MissingAction", Message: "The request is missing an action or a required parameter."}
	if action, _, err := awsquery.Action([]byte(t.r.URL.RawQuery)); !t.inQuery && (action != "" || err != nil) {
		return e.Because(causeQueryAndBody, errors.New("the action is in the query, which is not read where there is a body"))
	}
	return e.Because(t.unreadable(causeUnknownOperation, nil))
}

// unreadable gives the cause and the detail of a body that cannot be read: that
// it is compressed, or else those given. Some clients name an encoding that
// means nothing (amz-1.0), so a body is refused for what it is, not for its name.
func (t *route) unreadable(cause awsapi.Cause, err error) (awsapi.Cause, error) {
	encoding := strings.Join(t.r.Header["Content-Encoding"], ", ")
	if encoding == "" || t.inQuery {
		return cause, err
	}
	return causeContentEncoding, errors.New("Content-Encoding: " + Clip(encoding))
}

// noOperation says for the log what was asked for: what a client needs and does
// not find here.
func noOperation(name string) error { return errors.New(Clip(name)) }

// Clip bounds what is quoted of a stranger's words.
func Clip(s string) string {
	if len(s) > 128 {
		return strings.ToValidUTF8(s[:128], "")
	}
	return s
}

// notAService answers a request that speaks none of the protocols, as AWS does.
func notAService(requestID string) awsapi.Answer {
	return awsapi.Answer{
		Status: http.StatusNotFound, ContentType: "text/xml", Header: []string{"x-amzn-RequestId", requestID},
		Body: []byte("<UnknownOperationException/>"),
	}
}
