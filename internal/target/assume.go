package target

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/sigv4"
)

// Session is what somebody may have at a target.
type Session struct {
	// Role is the ARN of the role there; empty where the role has none.
	Role string
	// Name is the session's name there.
	Name string
	// Lasts is how long it shall last.
	Lasts time.Duration
	// Claims are what a token of the identity says, without its audience.
	Claims *openid.Claims
	// Region is that of the identity pool, whose key signs.
	Region string
	// Policy says what the session may do, in the dialect of the target.
	Policy policy.Rendering
}

// Assume gets credentials for a session at a target. The error is an *Error, except
// where daypass itself fails.
func (a *Targets) Assume(ctx context.Context, t *Target, s *Session) (*Credentials, error) {
	form, err := t.form(s)
	if err != nil {
		return nil, err
	}
	select {
	case t.slots <- struct{}{}:
		defer func() { <-t.slots }()
	default:
		return nil, &Error{Cause: causeBusy, Err: fmt.Errorf("%d requests wait for %s", maxWaiting, t.Name)}
	}
	sent := []string{s.Claims.Subject}
	if t.Key == nil {
		token, err := a.token(ctx, t, s)
		if err != nil {
			return nil, err
		}
		form.Set("WebIdentityToken", token)
		sent = append(sent, token)
	}
	r := t.request(form)
	if t.Key != nil {
		if err := t.sign(r, a.now()); err != nil {
			return nil, err
		}
	}
	answer, err := t.fetch.Send(ctx, r)
	if answer == nil && err != nil {
		return nil, unreachable(err)
	}
	if err != nil {
		return nil, refusal(answer.Status, answer.Body, sent...)
	}
	return read(answer.Body, form.Get("Action"), a.now(), s.Lasts)
}

// request is a request of the target's STS.
func (t *Target) request(form url.Values) *fetch.Request {
	return &fetch.Request{
		Method: "POST", URL: t.URL.String(), Body: encode(form),
		Header: map[string][]string{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}, "Accept": {"text/xml, application/xml"}},
	}
}

// webIdentity asks for a session by web identity, without the token.
func webIdentity(role, name string, lasts time.Duration, document string) url.Values {
	form := url.Values{
		"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"},
		"RoleSessionName": {name}, "DurationSeconds": {strconv.Itoa(int(lasts / time.Second))}, "Policy": {document},
	}
	if role != "" {
		form.Set("RoleArn", role)
	}
	return form
}

// form is what is asked for, without the proof of who asks.
func (t *Target) form(s *Session) (url.Values, error) {
	if s.Role == "" && t.Dialect != policy.MinIO { // which has no roles of its own
		return nil, misconfigured(causeRoleUnset, "target %s is of the dialect %s", t.Name, t.Dialect)
	}
	document, err := sessionPolicy(s.Policy)
	if err != nil {
		return nil, err
	}
	form := webIdentity(s.Role, s.Name, s.Lasts, document)
	if t.Key == nil {
		return form, nil
	}
	form.Set("Action", "AssumeRole")
	if t.Dialect == policy.AWS { // others know no tags in this operation
		for i, key := range slices.Sorted(maps.Keys(s.Claims.Tags)) {
			n := "Tags.member." + strconv.Itoa(i+1)
			form.Set(n+".Key", key)
			form.Set(n+".Value", s.Claims.Tags[key])
		}
	}
	return form, nil
}

// sessionPolicy is the document that holds the session to what its policies allow.
// There is always one: without it the session would have all that the role there
// has.
func sessionPolicy(r policy.Rendering) (string, error) {
	if err := r.Err(); err != nil {
		cause := causePolicy
		if len(r.Unsayable) == 1 && r.Unsayable[0].Obstacle == policy.SizeObstacle {
			cause = causePolicySize
		}
		return "", &Error{Cause: cause, Ours: true, Err: err}
	}
	if r.Document == "" {
		return "", errors.New("target: there is no session policy, and nothing in the way of one")
	}
	return r.Document, nil
}

// sign signs the request with the service key as it is now.
func (t *Target) sign(r *fetch.Request, now time.Time) error {
	key, err := t.Key()
	if err != nil {
		return &Error{Cause: causeKeyFile, Err: err}
	}
	region := key.Region
	if region == "" {
		region = t.region()
	}
	return sigv4.Sign(&sigv4.Request{Method: r.Method, Path: "/", Host: t.URL.Host, Header: r.Header, Body: r.Body}, key.Credentials, region, "sts", now)
}

// tokenLasts is how long the token for a target is good: until it has answered,
// whatever its clock says.
const tokenLasts = 5 * time.Minute

// token makes the OpenID token that a target gets.
func (a *Targets) token(ctx context.Context, t *Target, s *Session) (string, error) {
	c := *s.Claims
	now := a.now()
	c.IssuedAt, c.Expires = now.Unix(), now.Add(tokenLasts).Unix()
	switch t.Dialect {
	case policy.MinIO:
		c.Tags = nil // which it knows nothing of
	case policy.SeaweedFS:
		// Its sessions end with the token at the latest.
		c.Expires = now.Add(s.Lasts + tokenLasts).Unix()
		c.FlatTags = openid.FlatTags(c.Tags)
	}
	return a.openID.SignForTarget(ctx, s.Region, t.Name, &c)
}

// encode writes a form. Spaces are escaped, since Ceph takes a plus sign in a
// policy for one.
func encode(form url.Values) []byte {
	return []byte(strings.ReplaceAll(form.Encode(), "+", "%20"))
}
