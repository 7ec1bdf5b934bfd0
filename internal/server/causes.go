package server

import "github.com/daypass/daypass/internal/awsapi"

// The true causes of refusals, for the log (docs/causes.md is made from this).
const (
	// Audit records are required, and a sink of the audit log takes none (the detail says which and why), so requests that change something are refused before they begin. Once the sink takes a record again, such as that of a refused request, the server goes on by itself.
	causeAuditUnavailable awsapi.Cause = "audit-unavailable"
	// The request's body is larger than the operation takes: what its largest legal input needs, at most 1 MiB, or 32 MiB for the metadata of SAML providers.
	causeBodyTooLarge awsapi.Cause = "body-too-large"
	// The request's body ended early.
	causeBodyUnreadable awsapi.Cause = "body-unreadable"
	// All memory reserved for requests is in use, or the client's address already has its share.
	causeBusy awsapi.Cause = "busy"
	// The client went away before the answer was ready.
	causeClientGone awsapi.Cause = "client-gone"
	// The body cannot be read, and its Content-Encoding (in the detail) says that it is compressed. Send it uncompressed.
	causeContentEncoding awsapi.Cause = "content-encoding"
	// No protocol has this Content-Type (in the detail). Send application/x-amz-json-1.1, application/json with an X-Amz-Target, or application/x-www-form-urlencoded.
	causeContentType awsapi.Cause = "content-type"
	// A browser page whose origin (in the detail) is not in --cors-origin called a signed operation.
	causeCorsOrigin awsapi.Cause = "cors-origin"
	// A browser sent a signed request for a page of another site, such as an image or a link there (Sec-Fetch-Site is in the detail).
	causeFetchSite awsapi.Cause = "fetch-site"
	// A test has set this fault, with daypasstest, or with SetFault at a server that runs with --dev.
	causeFault awsapi.Cause = "fault-on-purpose"
	// A GET request with a signature in the query called an operation that makes changes. Send it with POST, or sign it in the Authorization header.
	causePresignedGet awsapi.Cause = "presigned-get"
	// A browser sent a POST request with a signature in the query (it has a Sec-Fetch-Site header). Sign it in the Authorization header.
	causePresignedPost awsapi.Cause = "presigned-post"
	// The Host header (in the detail) is neither a loopback name nor the host of --public-url. With --dev, daypass answers to no other: set --public-url to the URL that clients use.
	causeHostRefused awsapi.Cause = "host-refused"
	// The database did not answer in time, may not be asked (it is a standby), was changed by too many at once, or its disk takes no writes (full, failing, or read-only); the detail says which. The server answers again by itself once the database does.
	causeDatabase awsapi.Cause = "database-unavailable"
	// The service failed; the detail says where.
	causeInternal awsapi.Cause = "internal"
	// Too many bodies of more than 1 MiB come in at once.
	causeLargeBodies awsapi.Cause = "large-bodies"
	// The body cannot be parsed as the operation's input.
	causeMalformed awsapi.Cause = "malformed"
	// The path does not support this HTTP method (in the detail). The API supports POST and GET.
	causeMethod awsapi.Cause = "method"
	// A GET request for / has no query. Health checks should use /healthz or /readyz.
	causeNothingAsked awsapi.Cause = "nothing-asked"
	// The path (in the detail) does not exist: the API is at / only. Remove the path from the client's endpoint URL. A prefix that a proxy strips breaks signatures, which cover the path.
	causeNoSuchPath awsapi.Cause = "no-such-path"
	// The path belongs to a protocol that daypass does not speak, Smithy RPC v2. Identity pools speak AWS JSON 1.1; STS and IAM speak AWS Query.
	causeOtherProtocol awsapi.Cause = "other-protocol"
	// Parameters are in the query and in the body. The query is read only if there is no body, and no parameter may be in both.
	causeQueryAndBody awsapi.Cause = "query-and-body"
	// A sink that must record every event did not accept this one; the detail has its error. The changes that the request made remain.
	causeNotRecorded awsapi.Cause = "not-recorded"
	// The operation is called more often than --rate allows.
	causeRequestRate awsapi.Cause = "request-rate"
	// The signature is right for the host of --public-url but not for the Host header that arrived: a proxy changed it. Have the proxy pass Host on unchanged (nginx: proxy_set_header Host $http_host).
	causeSignatureHost awsapi.Cause = "signature-host"
	// This version of the API has no operation with the name in the detail.
	causeUnknownOperation awsapi.Cause = "unknown-operation"
	// A trusted proxy wrote something into X-Forwarded-For that is not an address (see warning_detail), so the request has no aws:SourceIp. This is a warning; it refuses nothing.
	warningForwardedFor awsapi.Cause = "forwarded-for-unreadable"
	// The input violates constraints of the API model.
	causeValidation awsapi.Cause = "validation"
)
