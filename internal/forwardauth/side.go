package forwardauth

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/server"
	"github.com/daypass/daypass/internal/sigv4"
)

const (
	service = "execute-api"
	action  = service + ":Invoke"
	// maxSkew is how far the time of a signature may be off.
	maxSkew = 5 * time.Minute
	// cognitoProvider is what sessions of identities began with.
	cognitoProvider = "cognito-identity.amazonaws.com"
	// unverified stands for the hash of a body that nobody has signed.
	unverified = "UNSIGNED-PAYLOAD"
)

// Side answers the questions of proxies. Set the fields, then give it to
// [server.Server.Beside].
type Side struct {
	// APIs are the services that proxies ask about.
	APIs APIs
	// Account and Region are those in the ARNs. What is signed must be signed for the
	// region: one service is not several, of which policies could mean but one.
	Account, Region string
	// Allow says whether a caller may do an action on a resource; no is an
	// *awsapi.Refused.
	Allow func(ctx context.Context, c awsapi.Caller, action, resource string, facts policy.Context) error
	// Bearer is who bears an OpenID token of daypass. The request says where it comes
	// from.
	Bearer func(ctx context.Context, r awsapi.Request, token string) (awsapi.Caller, error)

	warned atomic.Bool // of a proxy that does not say for which API it asks
}

// Name implements server.Side.
func (s *Side) Name() string { return service }

// Answer implements server.Side.
func (s *Side) Answer(ctx context.Context, v *server.Visit) (awsapi.Answer, error) {
	v.Operation("Invoke")
	if !v.Trusted() {
		return awsapi.Answer{}, no(causeAskerUntrusted, nil)
	}
	q, err := read(v.Request)
	if err != nil {
		return awsapi.Answer{}, err
	}
	api, path, ok := s.APIs.find(q.host, q.decoded)
	if !ok {
		return awsapi.Answer{}, no(causeAPIUnknown, errors.New(server.Clip(q.host)))
	}
	if q.api != "" && q.api != api.Name {
		return awsapi.Answer{}, no(causeAPIOther, errors.New(api.Name))
	}
	audit.From(ctx).Set("api", api.Name+"/"+api.Stage+"/"+q.method)
	p, err := s.prove(ctx, v, q)
	if err != nil {
		return awsapi.Answer{}, err
	}
	if len(s.APIs) > 1 && q.couldName && q.api == "" && !s.warned.Swap(true) {
		v.Warn(warningAPIUnnamed, errors.New("name the API in the question: "+Path+apiQuery+api.Name))
	}
	resource := "arn:aws:execute-api:" + s.Region + ":" + s.Account + ":" + api.Name + "/" + api.Stage + "/" + q.method + "/" + path
	if err := s.Allow(ctx, p.caller, action, resource, iam.NewFacts()); err != nil {
		return awsapi.Answer{}, err
	}
	return p.answer(), nil
}

// proof is who makes the original request.
type proof struct {
	caller awsapi.Caller
	// hash is that of the body, which was signed, or says that nobody has signed it.
	hash string
	// until is when what was shown is no longer good.
	until time.Time
}

// prove finds out who makes the original request.
func (s *Side) prove(ctx context.Context, v *server.Visit, q *question) (*proof, error) {
	facts := v.Forwarded().In(s.Region)
	if token, ok := q.bearer(); ok {
		caller, err := s.Bearer(ctx, facts, token)
		if err != nil {
			return nil, bearerRefused(err)
		}
		caller.Request = facts
		v.Proven(caller)
		return &proof{caller, unverified, caller.Session.Expires}, nil
	}
	r, err := q.signed()
	if err != nil {
		return nil, v.RefuseSignature(err)
	}
	sig, err := sigv4.Parse(r)
	if err != nil {
		return nil, v.RefuseSignature(err)
	}
	if q.length > 0 && r.BodyHash == sigv4.EmptyBodyHash {
		return nil, no(causeBodyUnsigned, nil)
	}
	if sig.Region != s.Region {
		return nil, s.Refuse(awsapi.BadSignature, "Credential should be scoped to a valid region. ").Because(causeRegion, errors.New(server.Clip(sig.Region)))
	}
	caller, err := v.Signer(ctx, sig, service, maxSkew, nil)
	if err != nil {
		return nil, explain(err, q)
	}
	if !q.declares() && q.mayHaveBody() {
		return nil, no(causeBodyUnsigned, nil)
	}
	caller.Request = facts
	until := sig.Time.Add(maxSkew)
	if sig.Presigned {
		until = sig.Time.Add(sig.Expires)
	}
	if caller.Session != nil && caller.Session.Expires.Before(until) {
		until = caller.Session.Expires
	}
	return &proof{caller, r.BodyHash, until}, nil
}

// The headers of an answer. A service can rely on them: each is in every yes, and
// empty where there is nothing to say, so that a client's own is replaced.
const (
	headerIdentity = "X-Cognito-Identity-Id"
	headerPool     = "X-Cognito-Identity-Pool-Id"
	headerType     = "X-Cognito-Authentication-Type"
	headerUser     = "X-User-Arn"
	headerNotAfter = "X-Daypass-Not-After"
)

// answer is a yes, with what API Gateway tells a service of who calls.
func (p *proof) answer() awsapi.Answer {
	id := identityOf(p.caller)
	return awsapi.Answer{Status: http.StatusOK, Header: []string{
		headerIdentity, id.identity, headerPool, id.pool, headerType, id.authentication, headerUser, p.caller.ARN,
		bodyHash, p.hash, headerNotAfter, p.until.UTC().Format(time.RFC3339),
	}}
}

// identity is that of an identity pool; empty for other callers.
type identity struct{ identity, pool, authentication string }

func identityOf(c awsapi.Caller) identity {
	if c.Session == nil || c.Session.Provider != cognitoProvider {
		return identity{}
	}
	key := func(name string) string {
		if values := c.Session.Keys[cognitoProvider+":"+name]; len(values) > 0 {
			return values[0]
		}
		return ""
	}
	return identity{key("sub"), key("aud"), key("amr")}
}
