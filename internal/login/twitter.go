package login

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/seal"
)

// The keys of Twitter's and Digits' logins.
const (
	TwitterName = "api.twitter.com"
	DigitsName  = "www.digits.com"
)

// Twitter checks access tokens of Twitter, or of Digits, by asking whose they
// are in a request signed with them and with the pool's consumer key (OAuth
// 1.0a). A login's value is the token and its secret with a semicolon between.
type Twitter struct {
	Tokens *OIDC
	// Digits asks Digits, whose service is closed but may be emulated.
	Digits bool
	// Rand makes nonces; nil means crypto/rand.
	Rand io.Reader
}

// Verify implements Verifier.
func (w Twitter) Verify(ctx context.Context, p Provider, v Presented) (*Login, error) {
	name, address := TwitterName, "https://api.twitter.com/1.1/account/verify_credentials.json"
	if w.Digits {
		name, address = DigitsName, "https://api.digits.com/1.1/sdk/account.json"
	}
	pair, err := v.opaque()
	if err != nil {
		return nil, err
	}
	token, tokenSecret, ok := strings.Cut(pair, ";")
	if !ok || token == "" || tokenSecret == "" {
		return nil, reject(NotAToken, errors.New("want TOKEN;SECRET"))
	}
	if len(p.ClientIDs) != 1 || p.ClientIDs[0] == "" || p.Secret.Reveal() == "" {
		return nil, misconfigured(ConsumerUnusable, nil)
	}
	nonce := make([]byte, 16)
	random := w.Rand
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, &Error{Kind: Unavailable, Cause: ProviderUnavailable, Err: err}
	}
	return w.Tokens.askAboutToken(p, v, func() (*Login, error) {
		user, err := w.ask(ctx, address, oauth1{
			consumerKey: p.ClientIDs[0], consumerSecret: p.Secret, token: token, tokenSecret: seal.NewSecret(tokenSecret),
			nonce: hex.EncodeToString(nonce), timestamp: strconv.FormatInt(w.Tokens.now().Unix(), 10),
		}.header("GET", address))
		if err != nil {
			return nil, err
		}
		return opaqueLogin(name, p.ClientIDs[0], user)
	})
}

// ask asks who the user of the tokens behind an Authorization header is. The
// number is read as text (id_str): as a number it is longer than many readers
// can hold.
func (w Twitter) ask(ctx context.Context, address, authorization string) (string, error) {
	answer, err := w.Tokens.client().Send(ctx, &fetch.Request{Method: "GET", URL: address, Header: http.Header{"Authorization": {authorization}}})
	if err != nil {
		return "", twitterError(answer, err)
	}
	var user struct {
		ID string `json:"id_str"`
	}
	if err := json.Unmarshal(answer.Body, &user); err != nil {
		return "", answerInvalid("malformed JSON")
	}
	if user.ID == "" {
		return "", answerInvalid("no id_str")
	}
	return user.ID, nil
}

// twitterError reads an error of the API: 88 is a rate limit and 453 a plan that
// does not include the call, which are no fault of the user's.
func twitterError(answer *fetch.Response, err error) *Error {
	if answer == nil {
		return providerError(err)
	}
	var body struct {
		Errors []struct {
			Code int `json:"code"`
		} `json:"errors"`
	}
	code := 0
	if json.Unmarshal(answer.Body, &body) == nil && len(body.Errors) > 0 {
		code = body.Errors[0].Code
	}
	switch {
	case atFault(answer), code == 88, code == 453:
		return unavailable("status %d, code %d", answer.Status, code)
	case answer.Status == http.StatusUnauthorized, answer.Status == http.StatusForbidden, answer.Status == http.StatusBadRequest:
		return refusedBy("status %d, code %d", answer.Status, code)
	}
	return unavailable("status %d, code %d", answer.Status, code)
}
