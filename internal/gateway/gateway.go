package gateway

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/server"
	"github.com/daypass/daypass/internal/sigv4"
)

// Action is the permission that a gateway needs.
const Action = "daypass:ServeGateway"

const (
	// gatewayService is the service that gateways sign for. The path, which is
	// signed too, keeps their requests apart from those of IAM.
	gatewayService = "iam"
	// gatewaySkew is how far a gateway's clock may be off, as for IAM. A request may
	// be repeated for as long.
	gatewaySkew = 5 * time.Minute
	// evaluateTime is how long one question may take: a thousand objects take two
	// milliseconds by usual policies, and gateways wait for ten seconds.
	evaluateTime = 2 * time.Second
)

// Service answers gateways. It is a side of the server.
type Service struct {
	// Account is the account whose subjects there are.
	Account string
	// Credentials finds who has an access key, and its secret, as for a signed call:
	// who is revoked, gone or over is refused with an *awsapi.Refused.
	Credentials func(ctx context.Context, accessKeyID, sessionToken string) (awsapi.Caller, seal.Secret, error)
	// IAM decides.
	IAM *iam.Service
	// Region is that of requests whose gateway does not say it.
	Region string
	// ValidRegion says whether a name can be a region.
	ValidRegion func(string) bool
	// Used is told of a subject whose request a gateway has found signed; nil means
	// nobody is told.
	Used func(caller awsapi.Caller, service string)
}

var _ server.Side = (*Service)(nil)

// Name implements server.Side.
func (s *Service) Name() string { return "gateway" }

// question is a kind of question: its name in the log, and what answers it.
type question struct {
	name   string
	answer func(s *Service, ctx context.Context, v *server.Visit, body []byte) (any, error)
}

// versionPath answers gateways of other versions too, so that they learn which one
// is spoken here.
const versionPath = "/private/version"

var questions = map[string]question{
	versionPath:                   {"Version", (*Service).version},
	"/private/derive-signing-key": {"DeriveSigningKey", (*Service).deriveSigningKey},
	"/private/evaluate-policy":    {"EvaluatePolicy", (*Service).evaluatePolicy},
	"/private/resolve-identity":   {"ResolveIdentity", (*Service).resolveIdentity},
	"/private/resolve-principals": {"ResolvePrincipals", (*Service).resolvePrincipals},
}

// Answer implements server.Side. Nothing is read of a question before it is clear
// that a gateway may ask it.
func (s *Service) Answer(ctx context.Context, v *server.Visit) (awsapi.Answer, error) {
	r := v.Request
	q, ok := questions[r.URL.Path]
	if !ok || r.Method != "POST" || r.URL.RawQuery != "" || r.URL.RawPath != "" {
		return awsapi.Answer{}, badRequest(causePath, errors.New("there is no such question"))
	}
	v.Operation(q.name)
	if err := checkVersion(r.Header[protocolHeader]); err != nil {
		if r.URL.Path != versionPath {
			e := &awsapi.Error{Code: codeProtocolMismatch, Message: err.Error()}
			return awsapi.Answer{}, e.Because(causeProtocol, err)
		}
		v.Warn(causeProtocol, err)
	}
	body, err := s.admit(ctx, v)
	if err != nil {
		return awsapi.Answer{}, err
	}
	out, err := q.answer(s, ctx, v, body)
	if err != nil {
		return awsapi.Answer{}, err
	}
	return encode(out)
}

// checkVersion wants one version, the one that is known.
func checkVersion(values []string) error {
	if len(values) == 1 && values[0] == strconv.Itoa(protocolVersion) {
		return nil
	}
	says := "no version"
	if len(values) > 0 {
		says = fmt.Sprintf("version %.32q", strings.Join(values, ", "))
	}
	return fmt.Errorf("the gateway speaks %s of the private protocol, and daypass speaks version %d", says, protocolVersion)
}

// admit lets a gateway in that has signed its request with a key of a user who may
// serve one, and gives the body.
func (s *Service) admit(ctx context.Context, v *server.Visit) ([]byte, error) {
	r := v.Signed()
	sig, err := sigv4.Parse(r)
	if err != nil {
		return nil, v.RefuseSignature(err)
	}
	caller, err := v.Signer(ctx, sig, gatewayService, gatewaySkew, func(caller awsapi.Caller) (err error) {
		switch {
		case caller.Session != nil:
			return s.Refuse(awsapi.Denied, "a gateway needs the access key of a user, not temporary credentials").Because(causeSession, nil)
		case caller.Root:
			return s.Refuse(awsapi.Denied, "a gateway needs the access key of a user, not that of root").Because(causeRoot, nil)
		}
		r.Body, err = v.Body(maxBody)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r.Body, s.IAM.Allow(ctx, caller, Action, "*", iam.NewFacts())
}

// subject finds whom a gateway asks about, and the secret access key.
func (s *Service) subject(ctx context.Context, accessKeyID, sessionToken string) (awsapi.Caller, seal.Secret, error) {
	if accessKeyID == "" || len(accessKeyID) > 128 || len(sessionToken) > maxToken {
		return awsapi.Caller{}, seal.Secret{}, badRequest(causeMalformed, errors.New("no access key ID, or one or a session token that is too long"))
	}
	audit.From(ctx).Set("subject_access_key_id", visible(accessKeyID))
	caller, secret, err := s.Credentials(ctx, accessKeyID, sessionToken)
	r, refused := awsapi.AsRefused(err)
	switch {
	case refused && (sessionToken != "" || strings.HasPrefix(accessKeyID, string(iam.TemporaryKeyPrefix))):
		return awsapi.Caller{}, seal.Secret{}, invalidToken(r.Cause, r.Err)
	case refused:
		return awsapi.Caller{}, seal.Secret{}, noSuchIdentity(r)
	case err != nil:
		return awsapi.Caller{}, seal.Secret{}, err
	}
	caller.AccessKeyID = accessKeyID
	audit.From(ctx).Set("subject", caller.ARN)
	return caller, secret, nil
}

// visible is a name as a client claims it, fit for a log.
func visible(name string) string {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' {
			return "unreadable"
		}
	}
	return name
}

// version answers which protocol is spoken, and whose account this is.
func (s *Service) version(_ context.Context, _ *server.Visit, body []byte) (any, error) {
	var in struct{}
	if err := decode(body, &in); err != nil {
		return nil, err
	}
	return struct {
		Protocol      int    `json:"protocol"`
		MinClient     int    `json:"minClient"`
		ServerVersion string `json:"serverVersion"`
		AccountID     string `json:"accountId"`
	}{protocolVersion, protocolVersion, "daypass", s.Account}, nil
}
