package target

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/openid"
	"github.com/daypass/daypass/internal/policy"
	"github.com/daypass/daypass/internal/sigv4"
)

// Verdict is what a doctor says of one thing.
type Verdict string

// The verdicts.
const (
	Good    Verdict = "ok"
	Warning Verdict = "warning"
	Wrong   Verdict = "wrong"
	Skipped Verdict = "skipped"
)

// A Finding is what was found of one thing.
type Finding struct {
	// Check names the thing: a word that stays the same.
	Check   string
	Verdict Verdict
	// Message says what was found and, unless it is good, what to change.
	Message string
}

// Patient is what is examined.
type Patient struct {
	// Role is the ARN of a role there; empty where the target has none.
	Role string
	// Region is the one whose key signs tokens.
	Region string
	// Pools are IDs of identity pools, whose tokens a target must refuse.
	Pools []string
}

// examination is one visit.
type examination struct {
	all     *Targets
	t       *Target
	p       Patient
	found   []Finding
	subject string
}

// examines bounds a visit: what is asked takes milliseconds where all is well.
const examines = 45 * time.Second

// Examine tries what a target makes of tokens that it must refuse, and whether it
// keeps sessions apart, by putting and getting objects in a bucket that it makes
// and removes. The tokens are for an identity that there is not, and live for a
// minute.
func (a *Targets) Examine(ctx context.Context, t *Target, p Patient) []Finding {
	ctx, cancel := context.WithTimeout(ctx, examines)
	defer cancel()
	x := &examination{all: a, t: t, p: p, subject: p.Region + ":00000000-0000-4000-8000-" + hex.EncodeToString(random(6))}
	if x.reach(ctx) {
		x.tokens(ctx)
		x.prefixes(ctx)
	}
	return x.found
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func (x *examination) say(check string, v Verdict, format string, args ...any) {
	x.found = append(x.found, Finding{check, v, fmt.Sprintf(format, args...)})
}

// claims are those of the identity that there is not.
func (x *examination) claims() *openid.Claims {
	now := x.all.now()
	return &openid.Claims{
		Subject: x.subject, Audience: x.p.Region + ":00000000-0000-4000-8000-000000000000", AMR: []string{"authenticated"},
		IssuedAt: now.Unix(), Expires: now.Add(time.Minute).Unix(),
	}
}

const statusOK, statusNoContent = 200, 204

// doctorSession is the name of the doctor's sessions.
const doctorSession = "daypass-doctor"

// least is the shortest time that every STS gives.
const least = 15 * time.Minute

// session asks for a session with a policy.
func (x *examination) session(ctx context.Context, statements ...string) (*Credentials, error) {
	d, err := policy.Parse(policy.Session, `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`)
	if err != nil {
		return nil, err
	}
	rendered := policy.Render(policy.Policies{Identity: []*policy.Document{d}}, nil, x.t.Dialect)
	return x.all.Assume(ctx, x.t, &Session{Role: x.p.Role, Name: doctorSession, Lasts: least, Claims: x.claims(), Region: x.p.Region, Policy: rendered})
}

// nothing is a statement that allows nothing anywhere.
const nothing = `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`

// reach says whether the target answers and gives sessions at all.
func (x *examination) reach(ctx context.Context) bool {
	if x.t.URL.Scheme == "http" {
		x.say("transport", Warning, "The target is reached by plain http: anybody on the network path can read credentials and tokens. Use https.")
	}
	answer, err := x.t.fetch.Send(ctx, &fetch.Request{Method: "GET", URL: x.t.URL.String()})
	if answer == nil {
		e, _ := errors.AsType[*Error](unreachable(err))
		advice := "Check the URL of --target, and the network."
		if e.Cause == causeUntrusted {
			advice = "Put its authority into --outbound-ca-file."
		}
		x.say("reach", Wrong, "The target cannot be reached (%s): %v. %s", e.Cause, e.Err, advice)
		return false
	}
	if date, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", answer.Header.Get("Date")); err == nil {
		if apart := x.all.now().Sub(date).Abs(); apart > time.Minute {
			x.say("clock", Wrong, "The clocks of the target and of daypass are %s apart: set both by NTP.", apart.Round(time.Second))
		} else {
			x.say("clock", Good, "The clocks agree.")
		}
	}
	c, err := x.session(ctx, nothing)
	if err != nil {
		x.say("session", Wrong, "The target gives no session by %s: %v", x.t.Way(), err)
		return true // and may still take tokens
	}
	if lasts := c.Expires.Sub(x.all.now()); (lasts - least).Abs() > 2*time.Minute {
		x.say("session", Warning, "The target gives sessions by %s, but one of %s lasts %s. Credentials say how long they last.", x.t.Way(), least, lasts.Round(time.Second))
	} else {
		x.say("session", Good, "The target gives sessions by %s, as long as asked for.", x.t.Way())
	}
	return true
}

// takes says whether the target gives a session for a token.
func (x *examination) takes(ctx context.Context, token string) (bool, error) {
	form := webIdentity(x.p.Role, doctorSession, least, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::*"}]}`)
	form.Set("WebIdentityToken", token)
	answer, err := x.t.fetch.Send(ctx, x.t.request(form))
	if answer == nil {
		return false, unreachable(err)
	}
	return answer.Status == statusOK, nil
}

// tokens shows the target tokens that it must refuse.
func (x *examination) tokens(ctx context.Context) {
	own := openid.TargetAudience + x.t.Name
	try := func(check, token, what, advice string) {
		taken, err := x.takes(ctx, token)
		switch {
		case err != nil:
			x.say(check, Skipped, "The target did not answer: %v", err)
		case taken:
			x.say(check, Wrong, "The target takes %s. %s", what, advice)
		default:
			x.say(check, Good, "The target refuses %s.", what)
		}
	}
	trySigned := func(check, token string, err error, what, advice string) {
		if err != nil {
			x.say(check, Skipped, "No token could be signed: make an identity pool first.")
			return
		}
		try(check, token, what, advice)
	}
	try("empty-client-secret", forged(x.claims(), own, "HS256"), "tokens that are signed with an empty client secret, which anybody can make",
		"Set the client secret of its OpenID provider (MINIO_IDENTITY_OPENID_CLIENT_SECRET) to something random, or use a service key.")
	try("unsigned", forged(x.claims(), own, "none"), "tokens without a signature", "Do not use this store by web identity.")
	for _, pool := range x.p.Pools {
		c := x.claims()
		c.Audience = pool
		token, err := x.all.openID.Sign(ctx, x.p.Region, c)
		trySigned("pool-audience", token, err, "tokens of the identity pool "+pool+", which clients and developers' back ends hold",
			"Configure it for the audience "+own+" alone: clients could choose role, duration and policy themselves.")
	}
	c := x.claims()
	c.IssuedAt, c.Expires = c.IssuedAt-7200, c.IssuedAt-3600
	token, err := x.all.openID.SignForTarget(ctx, x.p.Region, x.t.Name, c)
	trySigned("expired", token, err, "tokens that have expired", "Check its clock.")
	if x.t.Way() == WebIdentity && x.t.Dialect == policy.MinIO {
		x.say("client-secret", Warning, "Anybody who can read MinIO's client secret can forge tokens for every user. A service key (--target-key-file) avoids that.")
	}
	if x.t.Way() == WebIdentity && x.t.Dialect == policy.Ceph {
		if keys, err := x.all.openID.Keys(ctx, ""); err == nil && len(keys) > 1 {
			x.say("key-order", Warning, "The key set has %d keys, and Ceph before Squid takes the first one alone. Start daypass with --one-signing-key, or use a service key.", len(keys))
		}
	}
}

// forged is a token of no key at all.
func forged(c *openid.Claims, audience, algorithm string) string {
	claims := *c
	claims.Audience = audience
	payload, err := json.Marshal(claims)
	if err != nil {
		return ""
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"`+algorithm+`","kid":"`+audience+`","typ":"JWT"}`)) + "." + encode(payload)
	if algorithm == "none" {
		return text + "."
	}
	mac := hmac.New(sha256.New, nil)
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// prefixes holds two sessions apart in a bucket of their own.
func (x *examination) prefixes(ctx context.Context) {
	const check = "prefixes"
	if x.t.Dialect == policy.AWS {
		x.say(check, Skipped, "AWS serves S3 on another host than its STS, and daypass calls only the STS.")
		return
	}
	bucket := "daypass-doctor-" + hex.EncodeToString(random(8))
	arn := "arn:aws:s3:::" + bucket
	allow := func(actions, resource, condition string) string {
		return `{"Effect":"Allow","Action":[` + actions + `],"Resource":"` + resource + `"` + condition + `}`
	}
	owner, err := x.session(ctx, allow(`"s3:CreateBucket","s3:DeleteBucket","s3:ListBucket"`, arn, ""), allow(`"s3:PutObject","s3:DeleteObject"`, arn+"/*", ""))
	if err != nil {
		x.say(check, Skipped, "There is no session to try it with: %v", err)
		return
	}
	mine, err := x.session(ctx, allow(`"s3:PutObject","s3:GetObject"`, arn+"/a/*", ""),
		allow(`"s3:ListBucket"`, arn, `,"Condition":{"StringLike":{"s3:prefix":"a/*"}}`))
	if err != nil {
		x.say(check, Skipped, "There is no session to try it with: %v", err)
		return
	}
	if status, err := x.s3(ctx, owner, "PUT", "/"+bucket, "", "", ""); status != statusOK {
		x.say(check, Skipped, "The bucket %s cannot be made to try it in (status %d%s): let the service key or the role at the target make and delete daypass-doctor-*.", bucket, status, because(err))
		return
	}
	defer func() { // whatever happened
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*timeout)
		defer cancel()
		for _, key := range []string{"/a/x", "/b/x", "/b/y", ""} {
			if status, err := x.s3(ctx, owner, "DELETE", "/"+bucket+key, "", "", ""); key == "" && status != statusNoContent && status != statusOK {
				x.say("clean-up", Warning, "The bucket %s cannot be removed (status %d%s): remove it.", bucket, status, because(err))
			}
		}
	}()
	if status, err := x.s3(ctx, owner, "PUT", "/"+bucket+"/b/x", "", "secret", ""); status != statusOK {
		x.say(check, Skipped, "An object cannot be put to try it with (status %d%s).", status, because(err))
		return
	}
	var wrong []string
	for _, try := range []struct {
		what, method, path, query, body, prefix string
		allowed                                 bool
	}{
		{"put in its own prefix", "PUT", "/a/x", "", "x", "", true},
		{"get from its own prefix", "GET", "/a/x", "", "", "", true},
		{"list its own prefix", "GET", "", "list-type=2&prefix=a%2F", "", "", true},
		{"put in another's prefix", "PUT", "/b/y", "", "x", "", false},
		{"get from another's prefix", "GET", "/b/x", "", "", "", false},
		{"list another's prefix", "GET", "", "list-type=2&prefix=b%2F", "", "", false},
		{"list the bucket", "GET", "", "list-type=2", "", "", false},
		{"list another's prefix with a header that names its own", "GET", "", "list-type=2&prefix=b%2F", "", "a/", false},
	} {
		status, err := x.s3(ctx, mine, try.method, "/"+bucket+try.path, try.query, try.body, try.prefix)
		switch {
		case status == 0:
			x.say(check, Skipped, "The target did not answer: %v", err)
			return
		case status == statusOK && !try.allowed && try.prefix != "":
			x.say("prefix-header", Warning, "A session can %s: clients can list the names of all keys in a bucket that they may list at all. Put no secrets into names, or use a gateway.", try.what)
		case status == statusOK && !try.allowed:
			wrong = append(wrong, fmt.Sprintf("a session can %s (status %d)", try.what, status))
		case status != statusOK && try.allowed:
			wrong = append(wrong, fmt.Sprintf("a session cannot %s (status %d)", try.what, status))
		}
	}
	if len(wrong) > 0 {
		x.say(check, Wrong, "The target does not keep to session policies: %s. Do not let users share a bucket there.", strings.Join(wrong, "; "))
		return
	}
	x.say(check, Good, "A session reaches its own prefix and no other.")
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ", " + err.Error()
}

// s3 makes a request of S3 whose path needs no escapes, and gives the status.
func (x *examination) s3(ctx context.Context, as *Credentials, method, path, query, body, prefix string) (int, error) {
	hash := sha256.Sum256([]byte(body))
	r := &fetch.Request{Method: method, URL: strings.TrimSuffix(x.t.URL.String(), "/") + path, Body: []byte(body), Header: map[string][]string{
		"X-Amz-Content-Sha256": {hex.EncodeToString(hash[:])},
	}}
	if query != "" {
		r.URL += "?" + query
	}
	if prefix != "" {
		r.Header["Prefix"] = []string{prefix}
	}
	signed := &sigv4.Request{Method: method, Path: path, RawQuery: query, Host: x.t.URL.Host, Header: r.Header, Body: r.Body}
	key := sigv4.Credentials{AccessKeyID: as.AccessKeyID, SecretAccessKey: as.SecretAccessKey, SessionToken: as.SessionToken}
	if err := sigv4.Sign(signed, key, x.t.region(), "s3", x.all.now()); err != nil {
		return 0, err
	}
	answer, err := x.t.fetch.Send(ctx, r)
	if answer == nil {
		return 0, unreachable(err)
	}
	return answer.Status, nil
}
