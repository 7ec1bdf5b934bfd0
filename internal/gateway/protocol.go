package gateway

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
)

const (
	// protocolHeader has the version of the protocol, in requests and answers.
	protocolHeader = "X-Vgw-Private-Protocol"
	// protocolVersion is the one version that is spoken. Another may say or ask for
	// something that this one does not know, and not knowing it would let somebody
	// in.
	protocolVersion = 1
)

// The largest questions. Deleting objects asks about up to 1000 keys of 1024 bytes,
// each of which JSON can make six times as long.
const (
	maxBody      = 8 << 20
	maxList      = 1000
	maxActions   = 16
	maxQuestions = 4000
	maxText      = 2048
	maxKeys      = 64
	maxValues    = 16
	maxValue     = 8192 // a header; policies see the beginning
	maxToken     = 8192
)

// texts are a list of bounded length, of bounded texts.
type texts []string

// conditions are the condition keys that a gateway states.
type conditions map[string][]string

// UnmarshalJSONFrom reads no more than there may be.
func (t *texts) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return readTexts(d, (*[]string)(t), maxList, maxText)
}

// UnmarshalJSONFrom reads no more than there may be. Condition keys are the same in
// any case of their letters, so none may come twice in different ones.
func (c *conditions) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if err := begin(d, '{'); err != nil {
		return err
	}
	*c = conditions{}
	for d.PeekKind() != '}' {
		key, err := readText(d, maxText)
		if err != nil {
			return err
		}
		key = strings.ToLower(key)
		if _, twice := (*c)[key]; twice {
			return fmt.Errorf("a condition key comes twice")
		}
		if len(*c) == maxKeys {
			return errTooMuch("condition keys", maxKeys)
		}
		var values []string
		if err := readTexts(d, &values, maxValues, maxValue); err != nil {
			return err
		}
		(*c)[key] = values
	}
	_, err := d.ReadToken()
	return err
}

// readTexts reads a list of so many texts at most, of so many bytes each.
func readTexts(d *jsontext.Decoder, list *[]string, most, bytes int) error {
	if err := begin(d, '['); err != nil {
		return err
	}
	*list = []string{}
	for d.PeekKind() != ']' {
		if len(*list) == most {
			return errTooMuch("entries in a list", most)
		}
		text, err := readText(d, bytes)
		if err != nil {
			return err
		}
		*list = append(*list, text)
	}
	_, err := d.ReadToken()
	return err
}

func begin(d *jsontext.Decoder, kind jsontext.Kind) error {
	if got := d.PeekKind(); got != kind && got != 0 {
		return fmt.Errorf("a %v in place of a %v", got, kind)
	}
	_, err := d.ReadToken()
	return err
}

func readText(d *jsontext.Decoder, bytes int) (string, error) {
	if got := d.PeekKind(); got != '"' && got != 0 {
		return "", fmt.Errorf("a %v in place of a string", got)
	}
	token, err := d.ReadToken()
	if err != nil {
		return "", err
	}
	text := token.String()
	if len(text) > bytes {
		return "", errTooMuch("bytes in a string", bytes)
	}
	return text, nil
}

// tooMuch is more of something than any S3 request leads to.
type tooMuch struct {
	what string
	most int
}

func errTooMuch(what string, most int) error { return &tooMuch{what, most} }

func (e *tooMuch) Error() string { return fmt.Sprintf("more than %d %s", e.most, e.what) }

// decode reads the body of a question. A member that is not known may be one that
// narrows what is asked, so it is refused; what a question quotes goes into no log.
func decode(body []byte, in any) error {
	err := json.Unmarshal(body, in, json.RejectUnknownMembers(true))
	var much *tooMuch
	var where *jsontext.SyntacticError
	var what *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &much):
		return badRequest(causeTooMuch, much)
	case errors.As(err, &where):
		return badRequest(causeMalformed, fmt.Errorf("not JSON at byte %d", where.ByteOffset))
	case errors.As(err, &what):
		return badRequest(causeMalformed, fmt.Errorf("cannot be read at byte %d", what.ByteOffset))
	}
	return badRequest(causeMalformed, errors.New("cannot be read"))
}

// The codes that a gateway tells apart. NoSuchIdentity and InvalidToken are about
// the subject, and clients of the gateway see S3's error for them; all others mean
// that the question failed, and clients see that the gateway did.
const (
	codeNoSuchIdentity   = "NoSuchIdentity"
	codeInvalidToken     = "InvalidToken"
	codeBadRequest       = "BadRequest"
	codeProtocolMismatch = "ProtocolMismatch"
)

func noSuchIdentity(r *awsapi.Refused) error {
	return (&awsapi.Error{
		Code: codeNoSuchIdentity, Message: "no identity for the given access key id", Status: 403,
	}).Because(r.Cause, r.Err)
}

func invalidToken(cause awsapi.Cause, err error) error {
	return (&awsapi.Error{
		Code: codeInvalidToken, Message: "the given session token is missing, invalid, or does not belong to the given access key id", Status: 403,
	}).Because(cause, err)
}

// badRequest says to the gateway what it says to the log: whoever runs the one runs
// the other.
func badRequest(cause awsapi.Cause, err error) error {
	return (&awsapi.Error{Code: codeBadRequest, Message: err.Error(), Status: 400}).Because(cause, err)
}

// refusals are the refusals of gateways themselves.
var refusals = map[awsapi.Refusal]awsapi.Error{
	awsapi.Malformed:           {Code: codeBadRequest, Message: "malformed request body", Status: 400},
	awsapi.TooLarge:            {Code: codeBadRequest, Message: "the request body is too large", Status: 413},
	awsapi.Unsigned:            {Code: "MissingAuthenticationToken", Message: "the gateway did not sign its request"},
	awsapi.IncompleteSignature: {Code: "IncompleteSignature", Message: "the gateway's signature is incomplete"},
	awsapi.BadSignature:        {Code: "SignatureDoesNotMatch", Message: "the gateway's signature is not valid"},
	awsapi.UnknownKey:          {Code: "InvalidClientTokenId", Message: "the gateway's access key is not valid"},
	awsapi.ExpiredToken:        {Code: "ExpiredToken", Message: "the gateway's credentials are not valid"},
	awsapi.Denied:              {Code: "AccessDenied", Message: "the gateway is not authorized"},
	awsapi.Busy:                {Code: "ServiceUnavailable", Message: "the service is busy", Status: 503},
	awsapi.Unavailable:         {Code: "ServiceUnavailable", Message: "the service is unavailable", Status: 503},
	awsapi.Internal:            {Code: "InternalFailure", Message: "the service failed", Status: 500},
}

// Refuse implements server.Side.
func (s *Service) Refuse(r awsapi.Refusal, message string) *awsapi.Error {
	e, ok := refusals[r]
	if !ok {
		e = refusals[awsapi.Internal]
	}
	if message != "" {
		e.Message = message
	}
	if e.Status == 0 {
		e.Status = 403
	}
	return &e
}

// EncodeError implements server.Side.
func (s *Service) EncodeError(e *awsapi.Error, _ string) awsapi.Answer {
	a, err := encode(struct {
		Error string `json:"error"`
		Code  string `json:"code"`
	}{strings.ToValidUTF8(e.Message, "\uFFFD"), e.Code})
	if err != nil {
		a.ContentType, a.Header = contentType, answerHeader()
	}
	a.Status = e.HTTPStatus()
	return a
}

const contentType = "application/json"

func encode(out any) (awsapi.Answer, error) {
	body, err := json.Marshal(out)
	if err != nil {
		return awsapi.Answer{}, err
	}
	return awsapi.Answer{Status: 200, ContentType: contentType, Header: answerHeader(), Body: body}, nil
}

func answerHeader() []string { return []string{protocolHeader, strconv.Itoa(protocolVersion)} }
