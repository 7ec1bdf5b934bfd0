// Package awsquery speaks the AWS Query protocol of STS and IAM: a form in,
// with the operation in the parameter Action, and XML out
// (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
package awsquery

import (
	"time"

	"github.com/daypass/daypass/internal/awsapi"
)

// ContentType is the media type of a request's body.
const ContentType = "application/x-www-form-urlencoded"

// Protocol is AWS Query. The zero value is ready.
type Protocol struct{}

var _ awsapi.Protocol = Protocol{}

// MaxSkew is 5 minutes for STS and IAM.
func (Protocol) MaxSkew() time.Duration { return 5 * time.Minute }

type refusal struct {
	code, message string
	status        int
	fault         awsapi.Fault
}

const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// refusals are the framework's errors as STS and IAM word them.
var refusals = map[awsapi.Refusal]refusal{
	awsapi.UnknownOperation:    {code: "InvalidAction", status: 400},
	awsapi.Malformed:           {code: "MalformedInput", message: "The request could not be read.", status: 400},
	awsapi.Invalid:             {code: "ValidationError", status: 400},
	awsapi.TooLarge:            {code: "RequestEntityTooLarge", message: "Request size exceeded the limit of 1048576 bytes", status: 413},
	awsapi.Unsigned:            {code: "MissingAuthenticationToken", message: "Request is missing Authentication Token", status: 403},
	awsapi.IncompleteSignature: {code: "IncompleteSignature", status: 400},
	awsapi.BadSignature:        {code: "SignatureDoesNotMatch", message: mismatch, status: 403},
	awsapi.UnknownKey:          {code: "InvalidClientTokenId", message: "The security token included in the request is invalid.", status: 403},
	awsapi.ExpiredToken:        {code: "ExpiredToken", message: "The security token included in the request is expired", status: 403},
	awsapi.Denied:              {code: "AccessDenied", status: 403},
	awsapi.Throttled:           {code: "Throttling", message: "Rate exceeded", status: 400},
	awsapi.Busy:                {code: "ServiceUnavailable", message: "The service is busy. Try again later.", status: 503, fault: awsapi.Server},
	awsapi.Unavailable:         {code: "ServiceUnavailable", message: "The request has failed due to a temporary failure of the server.", status: 503, fault: awsapi.Server},
	awsapi.Internal:            {code: "InternalFailure", message: "The service is unable to process the request. Try again later.", status: 500, fault: awsapi.Server},
}

// Refuse makes the error of STS and IAM for a refusal.
func (Protocol) Refuse(r awsapi.Refusal, message string) *awsapi.Error {
	f := refusals[r]
	if message == "" {
		message = f.message
	}
	return &awsapi.Error{Code: f.code, Message: message, Status: f.status, Fault: f.fault}
}
