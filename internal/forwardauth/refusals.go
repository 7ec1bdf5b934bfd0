package forwardauth

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/server"
	"github.com/daypass/daypass/internal/sigv4"
)

// refusal is an answer as API Gateway gives it ("API Gateway exceptions" in its
// developer guide): proxies hand on 401 and 403, and the message to the client.
type refusal struct {
	status        int
	code, message string
}

var (
	forbidden    = refusal{http.StatusForbidden, "ForbiddenException", "Forbidden"}
	unauthorized = refusal{http.StatusUnauthorized, "UnauthorizedException", "Unauthorized"}
	notFound     = refusal{http.StatusNotFound, "NotFoundException", "Not Found"}
)

// refusals are the answers for what turns away requests to all services.
var refusals = [...]refusal{
	awsapi.UnknownOperation:    notFound,
	awsapi.Malformed:           forbidden,
	awsapi.Invalid:             forbidden,
	awsapi.TooLarge:            forbidden,
	awsapi.Unsigned:            {http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token"},
	awsapi.IncompleteSignature: {http.StatusForbidden, "IncompleteSignatureException", ""},
	awsapi.BadSignature:        {http.StatusForbidden, "InvalidSignatureException", ""},
	awsapi.UnknownKey:          {http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid."},
	awsapi.ExpiredToken:        {http.StatusForbidden, "ExpiredTokenException", "The security token included in the request is expired"},
	awsapi.Denied:              {http.StatusForbidden, "AccessDeniedException", "Forbidden"},
	awsapi.Throttled:           {http.StatusTooManyRequests, "TooManyRequestsException", "Too Many Requests"},
	awsapi.Busy:                {http.StatusServiceUnavailable, "ServiceUnavailableException", "Service Unavailable"},
	awsapi.Unavailable:         {http.StatusServiceUnavailable, "ServiceUnavailableException", "Service Unavailable"},
	awsapi.Internal:            {http.StatusInternalServerError, "InternalServerErrorException", "Internal server error"},
}

func refusedAs(r refusal) *awsapi.Error {
	e := &awsapi.Error{Code: r.code, Message: r.message, Status: r.status}
	if r.status >= http.StatusInternalServerError {
		e.Fault = awsapi.Server
	}
	return e
}

// Refuse implements server.Side.
func (s *Side) Refuse(r awsapi.Refusal, message string) *awsapi.Error {
	e := refusedAs(refusals[r])
	if message != "" {
		e.Message = message
	}
	return e
}

// EncodeError implements server.Side.
func (s *Side) EncodeError(e *awsapi.Error, requestID string) awsapi.Answer {
	body, err := json.Marshal(struct {
		Message string `json:"message"`
	}{e.Message})
	if err != nil {
		body = []byte(`{"message":"Forbidden"}`) // a message that is not text
	}
	header := []string{"x-amzn-RequestId", requestID, "x-amzn-ErrorType", e.Code}
	if e.HTTPStatus() == http.StatusUnauthorized {
		header = append(header, "WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	return awsapi.Answer{Status: e.HTTPStatus(), ContentType: "application/json", Header: header, Body: body}
}

// explain adds to a signature that does not match what it was verified over: that
// it is not what the client signed is what most often goes wrong.
func explain(err error, q *question) error {
	if e, ok := awsapi.AsError(err); ok && e.Cause == awsapi.Cause(sigv4.CauseMismatch) {
		return e.Because(e.Cause, errors.New("verified over "+q.method+", Host: "+server.Clip(q.host)+", and the path and query as the proxy sent them"))
	}
	return err
}

// bearerRefused tells the bearer of a token that is not good to get another one,
// and the log why.
func bearerRefused(err error) error {
	e, ok := awsapi.AsError(err)
	if !ok || e.Fault == awsapi.Server {
		return err
	}
	return refusedAs(unauthorized).Because(cmp.Or(e.Cause, causeBearer), e.Err) // the message may have the ID of a guest
}
