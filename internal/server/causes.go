package server

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// The request's body is larger than the operation takes: 1 MiB, or 32 MiB for the metadata of SAML providers.
	causeBodyTooLarge awsapi.Cause = "body-too-large"
	// The request's body ended early.
	causeBodyUnreadable awsapi.Cause = "body-unreadable"
	// The client went away before the answer was ready.
	causeClientGone awsapi.Cause = "client-gone"
	// The body cannot be read, and Content-Encoding, which is in the detail, says that it is compressed. Send it as it is.
	causeContentEncoding awsapi.Cause = "content-encoding"
	// The Content-Type, which is in the detail, is that of no protocol: application/x-amz-json-1.1, or application/json with an X-Amz-Target, and application/x-www-form-urlencoded are.
	causeContentType awsapi.Cause = "content-type"
	// A browser page of an origin, which the detail has, that is not in --cors-origin called a signed operation.
	causeCorsOrigin awsapi.Cause = "cors-origin"
	// A browser sent a signed request without an origin for a page of another site, as an image or a link there makes it do (Sec-Fetch-Site, which the detail has).
	causeFetchSite awsapi.Cause = "fetch-site"
	// A GET with a signature in the query called an operation that makes changes. Send it with POST, or sign it in the Authorization header.
	causePresignedGet awsapi.Cause = "presigned-get"
	// A browser sent a POST with a signature in the query, as a form on any page makes it do (it has a Sec-Fetch-Site). Sign it in the Authorization header.
	causePresignedPost awsapi.Cause = "presigned-post"
	// The Host header, which is in the detail, is neither a loopback name nor that of --public-url. A server with --dev answers to these alone: set --public-url to the URL that clients have.
	causeHostRefused awsapi.Cause = "host-refused"
	// The service failed; the detail says where.
	causeInternal awsapi.Cause = "internal"
	// Too many bodies of more than 1 MiB come in at once.
	causeLargeBodies awsapi.Cause = "large-bodies"
	// The body cannot be read as the operation's input.
	causeMalformed awsapi.Cause = "malformed"
	// The HTTP method, which is in the detail, is one that the path does not have: the API has POST and GET.
	causeMethod awsapi.Cause = "method"
	// A GET of / without a query, which no AWS client sends. Health checks ask for /healthz or /readyz.
	causeNothingAsked awsapi.Cause = "nothing-asked"
	// There is nothing at the path, which is in the detail: the API is at / alone. Leave the path out of the client's endpoint URL; a prefix that a proxy removes breaks signatures, which cover the path.
	causeNoSuchPath awsapi.Cause = "no-such-path"
	// The path is that of a protocol which daypass does not speak (Smithy RPC v2, REST). The SDK may have a setting for it; identity pools have AWS JSON 1.1, STS and IAM have AWS Query.
	causeOtherProtocol awsapi.Cause = "other-protocol"
	// Parameters are in the query and in the body. They are read from the query only where there is no body, and none may be in both.
	causeQueryAndBody awsapi.Cause = "query-and-body"
	// A sink that must have every event did not accept this one; the detail has its error. What the request changed stays changed.
	causeNotRecorded awsapi.Cause = "not-recorded"
	// The operation is called more often than --rate allows.
	causeRequestRate awsapi.Cause = "request-rate"
	// The signature is right for the host of --public-url and not for the Host header that came, so a proxy in between changed the header. It must pass Host on unchanged (nginx: proxy_set_header Host $http_host).
	causeSignatureHost awsapi.Cause = "signature-host"
	// No operation has this name, which the detail has, in this version of the API.
	causeUnknownOperation awsapi.Cause = "unknown-operation"
	// A trusted proxy named its peer in X-Forwarded-For in a way that cannot be read (warning_detail has it), so the request has no aws:SourceIp. It is a warning, not a cause.
	warningForwardedFor awsapi.Cause = "forwarded-for-unreadable"
	// The input violates constraints of the API model.
	causeValidation awsapi.Cause = "validation"
)
