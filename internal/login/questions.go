package login

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/daypass/daypass/internal/limit"
)

const (
	// maxQuestions is how many tokens one provider is asked about at a time. A
	// provider that does not answer holds that many connections, and nobody else's.
	maxQuestions = 64
	// maxQuestionsOfClient is how many tokens of one client providers are asked
	// about at a time.
	maxQuestionsOfClient = 16
	// maxQuestionsOfSite is the same of one customer: who has IPv6 has many networks
	// that count as clients, and with few of them would hold all that a provider has.
	maxQuestionsOfSite = maxQuestions / 2
	// maxFailures is how many questions of one client may come to nothing at once,
	// and failuresPerSecond in the long run: made-up tokens must not make us ask as
	// fast as they arrive.
	maxFailures       = 100
	failuresPerSecond = 5
	// refusalLasts is how long a provider's refusal of a token is remembered.
	refusalLasts = 10 * time.Second
	// maxRefusals is about half of how many refusals are remembered at most.
	maxRefusals = 4096
)

// questions bounds what providers are asked about tokens that only they can read:
// how many questions are under way for a provider, a client and a site, and how many
// of a client's may come to nothing. A token that a provider refused is refused for
// a few seconds without asking again. That it took a token is never remembered,
// since it may withdraw the token at any time.
type questions struct {
	once     sync.Once
	refusals limit.Recent[[sha256.Size]byte, refusal]
	failures limit.Keyed[string]

	mu       sync.Mutex
	underWay map[asked]int
}

// asked is a provider, a client or a site, whichever is not empty.
type asked struct{ provider, client, site string }

// countedFor are those that a question counts for, in the order in which they are
// asked for room.
func countedFor(provider, client string) []asked {
	var all []asked
	if client != "" {
		all = append(all, asked{client: client})
	}
	all = append(all, asked{provider: provider})
	if site := siteOf(client); site != "" {
		all = append(all, asked{site: site})
	}
	return all
}

// room refuses one more question beside those under way, if there are too many.
func (a asked) room(underWay int) error {
	switch {
	case a.client != "" && underWay >= maxQuestionsOfClient:
		return busy(ClientBusy, "%d questions are under way", maxQuestionsOfClient)
	case a.provider != "" && underWay >= maxQuestions:
		return busy(ProviderBusy, "%d questions are under way", maxQuestions)
	case a.site != "" && underWay >= maxQuestionsOfSite:
		return busy(ClientBusy, "%d questions of %s are under way", maxQuestionsOfSite, a.site)
	}
	return nil
}

// siteOf is the network of 48 bits, the most that one customer gets, that a client
// of IPv6 is in; empty for others.
func siteOf(client string) string {
	network, err := netip.ParsePrefix(client)
	if err != nil || !network.Addr().Is6() || network.Bits() < 48 {
		return ""
	}
	return netip.PrefixFrom(network.Addr(), 48).Masked().String()
}

type refusal struct {
	err   error
	until time.Time
}

// askAboutToken asks a provider about a token that only it can read, unless it
// refused the same lately or too much is asked already. The error is an *Error.
func (o *OIDC) askAboutToken(p Provider, v Presented, question func() (*Login, error)) (*Login, error) {
	now, key := o.now(), questionKey(p, v)
	refusals := &o.bounds().refusals
	if r, ok := refusals.Get(key); ok && now.Before(r.until) && r.until.Sub(now) <= refusalLasts { // which is longer after the clock was set back
		return nil, r.err
	}
	l, err := o.ask(p, v, question)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == Rejected {
		refusals.Put(key, refusal{err, now.Add(refusalLasts)})
	}
	return l, err
}

// ask asks a provider something about what was presented, unless too much is asked
// already. The error is an *Error.
func (o *OIDC) ask(p Provider, v Presented, question func() (*Login, error)) (*Login, error) {
	q, now := o.bounds(), o.now()
	if err := q.begin(p.Name, v.client, now); err != nil {
		return nil, err
	}
	defer q.end(p.Name, v.client)
	l, err := question()
	if err != nil {
		if v.client != "" {
			q.failures.Owe(v.client, now)
		}
		return nil, err
	}
	return l, nil
}

func (o *OIDC) bounds() *questions {
	q := &o.questions
	q.once.Do(func() {
		q.refusals.Most = maxRefusals
		q.failures.Burst, q.failures.PerSecond = maxFailures, failuresPerSecond
		q.underWay = map[asked]int{}
	})
	return q
}

func (q *questions) begin(provider, client string, now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if client != "" && !q.failures.Has(client, now) {
		return busy(ClientBusy, "more than %d questions a second came to nothing", failuresPerSecond)
	}
	counted := countedFor(provider, client)
	for _, a := range counted {
		if err := a.room(q.underWay[a]); err != nil {
			return err
		}
	}
	for _, a := range counted {
		q.underWay[a]++
	}
	return nil
}

func (q *questions) end(provider, client string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, a := range countedFor(provider, client) {
		if q.underWay[a]--; q.underWay[a] == 0 {
			delete(q.underWay, a)
		}
	}
}

func busy(cause Cause, format string, args ...any) error {
	return &Error{Kind: Unavailable, Cause: cause, Err: fmt.Errorf(format, args...)}
}

// questionKey stands for a question: the same token, to the same provider, for the
// same apps. It keeps no secret that it is made of.
func questionKey(p Provider, v Presented) [sha256.Size]byte {
	h := sha256.New()
	part := func(s string) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(s)))
		h.Write(size[:])
		h.Write([]byte(s))
	}
	part(v.text)
	part(p.Name)
	part(p.Secret.Reveal())
	part(fmt.Sprint(p.AnyClient))
	for _, id := range p.ClientIDs {
		part(id)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
