package daypassauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// refusal is why a request does not pass, and what its client is told.
type refusal struct {
	status        int
	code, message string
	// err is the reason where it is not daypass that said no.
	err error
}

func (r *refusal) Error() string {
	if r.err != nil {
		return r.message + ": " + r.err.Error()
	}
	return r.message
}

func (r *refusal) Unwrap() error { return r.err }

// unavailable refuses a request because daypass gives no answer.
func unavailable(err error) error {
	return &refusal{http.StatusServiceUnavailable, "ServiceUnavailableException", "Service Unavailable", err}
}

const (
	// askTime is how long an answer may take.
	askTime = 5 * time.Second
	// maxAnswer is how much of a no is handed on, in bytes.
	maxAnswer = 8 << 10
	// unverified is the hash of a body that comes with a bearer token.
	unverified = "UNSIGNED-PAYLOAD"
)

var client = &http.Client{
	Timeout:       askTime,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     transport(),
}

// transport keeps connections to daypass, since every request needs one, and uses no
// proxy.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy, t.MaxIdleConns, t.MaxIdleConnsPerHost = nil, 100, 100
	return t
}

// answer asks daypass, or remembers what it has said.
func (g *Guard) answer(ctx context.Context, q *question) (Identity, error) {
	if g.Remember <= 0 {
		id, _, err := g.ask(ctx, q)
		return id, err
	}
	g.once.Do(func() { g.memory.most = g.MaxRemembered })
	key, now := q.key(), g.now()
	if id, ok := g.memory.find(key, now); ok {
		return id, nil
	}
	id, until, err := g.ask(ctx, q)
	if err == nil {
		if end := now.Add(g.Remember); end.Before(until) {
			until = end
		}
		g.memory.put(key, id, now, until)
	}
	return id, err
}

// ask asks daypass. A yes comes with the hash of the body that is signed, which tells
// it from the answer of whatever else may be at the URL, and with the moment up to
// which it is good.
func (g *Guard) ask(ctx context.Context, q *question) (Identity, time.Time, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.URL, nil)
	if err != nil {
		return Identity{}, time.Time{}, unavailable(err)
	}
	r.Host, r.Header = q.host, q.header
	if r.Header.Get("User-Agent") == "" {
		r.Header["User-Agent"] = nil // not net/http's own: policies may look at it
	}
	c := g.Client
	if c == nil {
		c = client
	}
	resp, err := c.Do(r)
	if err != nil {
		return Identity{}, time.Time{}, unavailable(err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return Identity{}, time.Time{}, no(resp)
	default:
		return Identity{}, time.Time{}, unavailable(fmt.Errorf("daypass answers %s", resp.Status))
	}
	want := q.declared
	if q.bearer {
		want = unverified
	}
	if got := resp.Header.Get(bodyHash); got != want {
		return Identity{}, time.Time{}, unavailable(errors.New("the answer is not daypass's: is the URL right?"))
	}
	until, err := time.Parse(time.RFC3339, resp.Header.Get("X-Daypass-Not-After"))
	if err != nil {
		until = time.Time{} // it is not known, so nothing is remembered
	}
	h := resp.Header
	return Identity{
		ID: h.Get(identityHeaders[0]), PoolID: h.Get(identityHeaders[1]), AuthenticationType: h.Get(identityHeaders[2]), ARN: h.Get(identityHeaders[3]),
	}, until, nil
}

// no is a refusal of daypass, in its words.
func no(resp *http.Response) error {
	r := &refusal{status: resp.StatusCode, code: resp.Header.Get("x-amzn-ErrorType"), message: http.StatusText(resp.StatusCode)}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return r
	}
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &said) == nil && said.Message != "" {
		r.message = said.Message
	}
	return r
}

// refuse answers a request that does not pass.
func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error) {
	said, ok := errors.AsType[*refusal](err)
	if !ok {
		said = &refusal{http.StatusServiceUnavailable, "ServiceUnavailableException", "Service Unavailable", err}
	}
	if said.err != nil && g.Log != nil {
		g.Log(r, said)
	}
	body, err := json.Marshal(map[string]string{"message": said.message})
	if err != nil {
		body = nil
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	if said.code != "" {
		h.Set("x-amzn-ErrorType", said.code)
	}
	if said.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	w.WriteHeader(said.status)
	_, _ = w.Write(body) // a client that has gone away needs no answer
}
