package login

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/daypass/daypass/internal/fetch"
)

// providerError turns a failed question to a provider into ours: about an opaque
// token, or about a user. Answers with a status are for their readers.
func providerError(err error) *Error {
	e := fetchError(err, ProviderAnswerInvalid)
	if e.Cause == KeysUnavailable {
		e.Cause = ProviderUnavailable
	}
	return e
}

// answerInvalid is the error of an answer that cannot be read.
func answerInvalid(detail string) *Error {
	return &Error{Kind: Unavailable, Cause: ProviderAnswerInvalid, Err: errors.New(detail)}
}

// unavailable says that a provider asks to try again.
func unavailable(format string, args ...any) *Error {
	return &Error{Kind: Unavailable, Cause: ProviderUnavailable, Err: fmt.Errorf(format, args...)}
}

// refusedBy says that a provider does not stand by a token.
func refusedBy(format string, args ...any) *Error {
	return reject(ProviderRefused, fmt.Errorf(format, args...))
}

// opaqueLogin is the login that a provider told us of: it becomes claims like
// those of a token, for rules and tags. Further claims are pairs of name and
// text.
func opaqueLogin(name, audience, subject string, further ...string) (*Login, error) {
	if !usableSubject(subject) {
		return nil, answerInvalid("unusable user id")
	}
	claims := Claims{}
	further = append(further, "iss", name, "aud", audience, "sub", subject)
	for i := 0; i < len(further); i += 2 {
		text, err := jsontext.AppendQuote(nil, further[i+1])
		if err != nil {
			return nil, answerInvalid("not UTF-8")
		}
		claims[further[i]] = text
	}
	return social(name, &Login{Issuer: name, Subject: subject, Audience: audience, Claims: claims}), nil
}

// atFault says of an answer beside an error whether the provider is at fault.
func atFault(answer *fetch.Response) bool { return answer.Status >= 500 || answer.Status == 429 }
