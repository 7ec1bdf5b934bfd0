package adopt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/fetch"
)

const (
	// Timeout is how long a question may take, from the look-up of the name to the last
	// byte: somebody waits to sign in.
	Timeout = 5 * time.Second
	// MaxAnswer is the longest answer, in bytes. One of GetId has some 70, an error some
	// hundreds.
	MaxAnswer = 16 << 10
	// maxWord is the most characters of an answer's words that are shown.
	maxWord = 200
)

// Error is why a question has no answer.
type Error struct {
	Cause awsapi.Cause
	Err   error
}

func (e *Error) Error() string { return "ask for an identity: " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Question is about the identity of a login.
type Question struct {
	// Host is who is asked, with a port or without.
	Host string
	// Pool is the ID of the identity pool there.
	Pool string
	// Provider and Token are the login, an entry of Logins.
	Provider, Token string
}

// Client asks. The zero value reaches public servers only.
type Client struct {
	// Fetch is the way out, with Timeout and MaxAnswer.
	Fetch *fetch.Client
}

// GetID asks for the identity ID of a login, over TLS, and follows nobody elsewhere. The
// error is an *Error.
func (c *Client) GetID(ctx context.Context, q Question) (string, error) {
	text := func(s string) awsapi.Node { return awsapi.Node{Kind: awsapi.Text, Text: s} }
	body := awsapi.Node{Kind: awsapi.Map, Members: []awsapi.Member{
		{Name: "IdentityPoolId", Value: text(q.Pool)},
		{Name: "Logins", Value: awsapi.Node{Kind: awsapi.Map, Members: []awsapi.Member{{Name: q.Provider, Value: text(q.Token)}}}},
	}}
	answer, err := c.Fetch.Send(ctx, &fetch.Request{
		Method: "POST", URL: "https://" + q.Host + "/", Body: body.AppendJSON(nil),
		Header: map[string][]string{
			"Content-Type": {"application/x-amz-json-1.1"},
			"X-Amz-Target": {"AWSCognitoIdentityService.GetId"},
		},
	})
	if answer == nil && err != nil {
		return "", unreachable(err)
	}
	if err != nil {
		return "", refusal(answer.Status, answer.Header.Get("X-Amzn-Errortype"), answer.Body, q.Token)
	}
	n, err := awsapi.ParseJSON(answer.Body)
	if err != nil {
		return "", &Error{causeAnswer, errors.New("not JSON")}
	}
	id := n.Member("IdentityId")
	if id == nil || id.Kind != awsapi.Text {
		return "", &Error{causeAnswer, errors.New("no IdentityId")}
	}
	return id.Text, nil
}

// Misplaced is the error of an answer whose identity ID cannot be one of the pool's.
func Misplaced(why string) error { return &Error{causeAnswer, errors.New(why)} }

// unreachable says why there is no answer.
func unreachable(err error) error {
	var e *fetch.Error
	if !errors.As(err, &e) {
		return &Error{causeUnreachable, err}
	}
	switch e.Kind {
	case fetch.Refused, fetch.Untrusted:
		return &Error{causeForbidden, err}
	case fetch.TooLarge:
		return &Error{causeAnswer, err}
	}
	return &Error{causeUnreachable, err}
}

// refusal reads an answer that is an error: its type is in the body, and in a header as
// well.
func refusal(status int, header string, body []byte, token string) error {
	kind, message := header, ""
	if n, err := awsapi.ParseJSON(body); err == nil {
		kind = textOf(n, "__type", kind)
		message = textOf(n, "message", textOf(n, "Message", ""))
	}
	kind, _, _ = strings.Cut(kind[strings.LastIndexByte(kind, '#')+1:], ":")
	said := fmt.Errorf("status %d, %s: %s", status, shown(kind, token), shown(message, token))
	switch {
	case status == 429 || kind == "TooManyRequestsException" || kind == "ThrottlingException" || kind == "LimitExceededException":
		return &Error{causeThrottled, said}
	case status >= 500 || kind == "ExternalServiceException" || kind == "":
		return &Error{causeUnreachable, said}
	}
	return &Error{causeRefused, said}
}

func textOf(n awsapi.Node, name, otherwise string) string {
	if m := n.Member(name); m != nil && m.Kind == awsapi.Text {
		return m.Text
	}
	return otherwise
}

// shown is a text of an answer as a log may have it: short, quoted, and without a word
// that could be a token or an identity ID.
func shown(s, token string) string {
	if token != "" {
		s = strings.ReplaceAll(s, token, "[...]")
	}
	s = s[:min(len(s), 4*maxWord)]
	words := strings.Split(s, " ")
	for i, w := range words {
		if len(w) > 31 {
			words[i] = "[...]"
		}
	}
	return fmt.Sprintf("%.*q", maxWord, strings.Join(words, " "))
}
