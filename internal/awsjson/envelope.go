package awsjson

import (
	"reflect"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/awsapi"
)

// Envelope gives the answers of another protocol, AWS Query, in JSON to clients
// that ask for it: the same members in the same envelope, in place of XML, and
// times as seconds. Requests and refusals are the other protocol's.
//
//	{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{...},"ResponseMetadata":{"RequestId":"..."}}}
type Envelope struct{ awsapi.Protocol }

// envelopeType is the media type of such answers.
const envelopeType = "application/json"

// Encode writes an output. What the other protocol writes as an empty element,
// members that are required and empty, is there too.
func (Envelope) Encode(row *awsapi.Row, out any, requestID string) (awsapi.Answer, error) {
	b := append(make([]byte, 0, 1024), `{"`+row.Name+`Response":{`...)
	if row.HasOutput() {
		b = append(b, `"`+row.Name+`Result":`...)
		var err error
		if b, err = (encoder{row: row, envelope: true}).value(b, reflect.ValueOf(out).Elem()); err != nil {
			return awsapi.Answer{}, err
		}
		b = append(b, ',')
	}
	b = append(b, `"ResponseMetadata":{"RequestId":`...)
	b, _ = jsontext.AppendQuote(b, requestID)
	return enveloped(200, append(b, "}}}"...), requestID), nil
}

// EncodeError writes an error, whose form AWS does not publish.
func (Envelope) EncodeError(_ *awsapi.Service, e *awsapi.Error, requestID string) awsapi.Answer {
	kind := "Sender"
	if e.HTTPStatus() >= 500 {
		kind = "Receiver"
	}
	b := append([]byte(nil), `{"Error":{"Type":"`+kind+`","Code":`...)
	b, _ = jsontext.AppendQuote(b, e.Code)
	b = append(b, `,"Message":`...)
	b, _ = jsontext.AppendQuote(b, strings.ToValidUTF8(e.Message, "\uFFFD"))
	b = append(b, `},"RequestId":`...)
	b, _ = jsontext.AppendQuote(b, requestID)
	return enveloped(e.HTTPStatus(), append(b, '}'), requestID)
}

func enveloped(status int, body []byte, requestID string) awsapi.Answer {
	return awsapi.Answer{Status: status, ContentType: envelopeType, Header: []string{"x-amzn-RequestId", requestID}, Body: body}
}
