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
	// get says that the input is in the query string.
	get bool
	r   *http.Request
}

// input gives the bytes that hold the operation's input.
func (t *route) input(body []byte) []byte {
	if t.get {
		return []byte(t.r.URL.RawQuery)
	}
	return body
}

// routeOf finds the row of a request; nil if the request speaks no protocol of
// ours. The body is nil where it could not be read: then only the protocol
// counts.
func (s *Server) routeOf(r *http.Request, body []byte) *route {
	switch r.Method {
	case http.MethodPost:
		switch mediaType(r) {
		case awsjson.ContentType:
			return s.jsonRoute(r)
		case awsquery.ContentType:
			return s.queryRoute(r, body, false)
		}
	case http.MethodGet:
		if r.URL.RawQuery != "" {
			return s.queryRoute(r, []byte(r.URL.RawQuery), true)
		}
	}
	return nil
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
		prefix, name, _ := strings.Cut(targets[0], ".")
		for _, table := range s.JSON {
			if row := table.Row(name); row != nil && table.Target == prefix {
				t.service, t.row = &table.Service, row
				return t
			}
		}
	}
	t.unknown = t.protocol.Refuse(awsapi.UnknownOperation, "").Because(causeUnknownOperation, noOperation(strings.Join(targets, " ")))
	return t
}

func (s *Server) queryRoute(r *http.Request, form []byte, get bool) *route {
	t := &route{protocol: awsquery.Protocol{}, r: r, get: get}
	action, version, err := awsquery.Action(form)
	if err != nil {
		t.unknown = t.protocol.Refuse(awsapi.Malformed, "").Because(causeMalformed, errors.Unwrap(err))
		return t
	}
	if action == "" {
		t.unknown = &awsapi.Error{Code: "MissingAction", Message: "The request is missing an action or a required parameter.", Cause: causeUnknownOperation}
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
	action, version = clip(action), clip(version)
	t.unknown = t.protocol.Refuse(awsapi.UnknownOperation, "Could not find operation "+action+" for version "+version).
		Because(causeUnknownOperation, noOperation(action+" of version "+version))
	return t
}

// noOperation says for the log what was asked for: what a client needs and does
// not find here.
func noOperation(name string) error { return errors.New(clip(name)) }

// clip bounds what is quoted of a stranger's words.
func clip(s string) string {
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
