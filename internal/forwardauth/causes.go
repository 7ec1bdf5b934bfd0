package forwardauth

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The host and path of the original request (the host is in the detail) belong to no API of --forward-auth-api.
	causeAPIUnknown awsapi.Cause = "api-unknown"
	// The host and path of the original request belong to an API (in the detail) other than the one that the proxy asks for (?daypass-api=NAME).
	causeAPIOther awsapi.Cause = "api-other"
	// A proxy does not say which of several --forward-auth-api it asks for (?daypass-api=NAME), so its clients may choose one by their Host. Have it say so in its question, unless it accepts one Host only. This is a warning, in the first such line after a start; it refuses nothing.
	warningAPIUnnamed awsapi.Cause = "api-unnamed"
	// The question came neither from loopback nor from --trusted-proxies.
	causeAskerUntrusted awsapi.Cause = "asker-untrusted"
	// The bearer's OpenID token was not accepted; the detail says why.
	causeBearer awsapi.Cause = "bearer-refused"
	// The original request has a body (X-Original-Content-Length), or with its method may have one of unknown length, whose hash is not signed. Have the client send X-Amz-Content-Sha256.
	causeBodyUnsigned awsapi.Cause = "body-unsigned"
	// The original request asks to upgrade to HTTP/2, after which a proxy would no longer ask about requests.
	causeUpgrade awsapi.Cause = "upgrade-refused"
	// The original request has a header (in the detail) with which some services override its method or path, or one with underscores that they can mistake for what daypass says of the caller.
	causeOverride awsapi.Cause = "override-header"
	// The path of the original request is one that a proxy and a service may read differently; the detail says why.
	causePathAmbiguous awsapi.Cause = "path-ambiguous"
	// The method of the original request is not one in upper-case letters.
	causeMethodMalformed awsapi.Cause = "method-malformed"
	// The question does not describe exactly one original request: a header is missing, appears twice or belongs to another form; the detail says which.
	causeQuestion awsapi.Cause = "question-malformed"
	// The question has a body or a Content-Length. Have the proxy leave both out (nginx: proxy_pass_request_body off; proxy_set_header Content-Length "").
	causeQuestionBody awsapi.Cause = "question-body"
	// The path does not exist: forward authentication is at /forward-auth only.
	causeQuestionPath awsapi.Cause = "question-path"
	// The original request is signed for another region (in the detail) than that of --region.
	causeRegion awsapi.Cause = "api-region"
)
