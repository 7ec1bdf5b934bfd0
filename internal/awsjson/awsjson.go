// Package awsjson speaks the AWS JSON 1.1 protocol: a POST whose X-Amz-Target
// names the operation and whose body is a JSON object
// (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
//
// The decoder is strict where it costs no real client anything: names that
// occur twice in an object and text that is not UTF-8 are refused, as is
// anything after the object.
package awsjson

import (
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// ContentType is the media type of requests and answers.
const ContentType = "application/x-amz-json-1.1"

// Protocol is AWS JSON 1.1. The zero value is ready.
type Protocol struct{}

var _ awsapi.Protocol = Protocol{}

// MaxSkew is 15 minutes for the JSON services.
func (Protocol) MaxSkew() time.Duration { return 15 * time.Minute }

type refusal struct {
	code, message string
	status        int
	fault         awsapi.Fault
}

const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// refusals are the framework's errors as AWS's JSON services word them. They
// are all 400, access denied too.
var refusals = map[awsapi.Refusal]refusal{
	awsapi.UnknownOperation:    {code: "UnknownOperationException"},
	awsapi.Malformed:           {code: "SerializationException"},
	awsapi.Invalid:             {code: "ValidationException"},
	awsapi.TooLarge:            {code: "RequestEntityTooLargeException", message: "Request size exceeded the limit of 1048576 bytes", status: 413},
	awsapi.Unsigned:            {code: "MissingAuthenticationTokenException", message: "Missing Authentication Token"},
	awsapi.IncompleteSignature: {code: "IncompleteSignatureException"},
	awsapi.BadSignature:        {code: "InvalidSignatureException", message: mismatch},
	awsapi.UnknownKey:          {code: "UnrecognizedClientException", message: "The security token included in the request is invalid."},
	awsapi.ExpiredToken:        {code: "ExpiredTokenException", message: "The security token included in the request is expired"},
	awsapi.Denied:              {code: "AccessDeniedException"},
	awsapi.Throttled:           {code: "TooManyRequestsException", message: "Rate exceeded"},
	awsapi.Busy:                {code: "TooManyRequestsException", message: "The service is busy. Try again later.", status: 503, fault: awsapi.Server},
	awsapi.Unavailable:         {code: "InternalErrorException", message: "The service is unable to process the request. Try again later.", status: 503, fault: awsapi.Server},
	awsapi.Internal:            {code: "InternalErrorException", message: "The service is unable to process the request. Try again later.", status: 500, fault: awsapi.Server},
}

// Refuse makes the JSON services' error for a refusal.
func (Protocol) Refuse(r awsapi.Refusal, message string) *awsapi.Error {
	f := refusals[r]
	if message == "" {
		message = f.message
	}
	return &awsapi.Error{Code: f.code, Message: message, Status: f.status, Fault: f.fault}
}
