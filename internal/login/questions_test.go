package login

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/fetch"
	"github.com/daypass/daypass/internal/login/logintest"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

const testApp = "100000000000001"

// asks verifies what a client presents and compares the cause; "" means that it
// verifies.
func asks(t *testing.T, v Verifier, p Provider, token, client string, want Cause) {
	t.Helper()
	if _, err := v.Verify(t.Context(), p, Present(token, maxTest).By(client)); causeOf(err) != want || (err != nil) != (want != "") {
		t.Errorf("%s of %s: got %v, want cause %q", token, client, err, want)
	}
}

// called checks how many requests the providers got since last asked.
func called(t *testing.T, d *logintest.Doubles, want int) {
	t.Helper()
	if calls := d.Calls(); len(calls) != want {
		t.Errorf("%d requests, want %d: %q", len(calls), want, calls)
	}
}

// A refused token is not asked about again for a few seconds, whoever presents it
// and however often; a token that the provider takes is asked about each time.
func TestRefusalsAreRemembered(t *testing.T) {
	d, o, c := doubles(t)
	d.AddFacebook("EAAgood", logintest.FacebookToken{App: testApp, User: "2"})
	d.AddFacebook("EAAother", logintest.FacebookToken{App: "3", User: "2"})
	f, p := Facebook{Tokens: o}, Provider{Name: FacebookName, ClientIDs: []string{testApp}}
	for _, tt := range []struct {
		token string
		cause Cause
		asked int // requests for each question
	}{{"EAAunknown", ProviderRefused, 1}, {"EAAother", AudienceMismatch, 1}} {
		for n := range 5 {
			asks(t, f, p, tt.token, fmt.Sprint("client-", n), tt.cause)
		}
		called(t, d, tt.asked)
		c.advance(refusalLasts - time.Second)
		asks(t, f, p, tt.token, "client", tt.cause)
		called(t, d, 0)
		c.advance(time.Second)
		asks(t, f, p, tt.token, "client", tt.cause)
		called(t, d, tt.asked)
	}
	for range 3 {
		asks(t, f, p, "EAAgood", "client", "")
		called(t, d, 2)
	}
	// A clock that is set back does not make it longer.
	c.advance(-time.Hour)
	asks(t, f, p, "EAAunknown", "client", ProviderRefused)
	called(t, d, 1)
	// It is withdrawn: no earlier yes counts.
	d.AddFacebook("EAAgood", logintest.FacebookToken{Code: 190})
	asks(t, f, p, "EAAgood", "client", ProviderRefused)
	called(t, d, 1)
}

// A refusal is one of a token by a provider for an app. It is not one of another
// token, by another provider, or for the app that the token is of.
func TestRefusalsAreKeptApart(t *testing.T) {
	d, o, _ := doubles(t)
	d.AddFacebook("EAAother", logintest.FacebookToken{App: "3", User: "2"})
	d.AddAmazon("EAAother", logintest.AmazonToken{ClientID: "3", User: "u", Left: 3600})
	d.AddTwitter("alice", logintest.TwitterToken{Secret: "right", ID: "1"})
	f, a := Facebook{Tokens: o}, Amazon{Tokens: o}
	asks(t, f, Provider{Name: FacebookName, ClientIDs: []string{testApp}}, "EAAother", "client", AudienceMismatch)
	asks(t, f, Provider{Name: FacebookName, ClientIDs: []string{"3"}}, "EAAother", "client", "")
	asks(t, f, Provider{Name: FacebookName, AnyClient: true}, "EAAother", "client", "")
	asks(t, a, Provider{Name: AmazonName, ClientIDs: []string{testApp}}, "EAAother", "client", AudienceMismatch)
	asks(t, a, Provider{Name: AmazonName, ClientIDs: []string{"3"}}, "EAAother", "client", "")
	w := Twitter{Tokens: o}
	wrong := Provider{Name: TwitterName, ClientIDs: []string{logintest.ConsumerKey}, Secret: seal.NewSecret("wrong")}
	right := Provider{Name: TwitterName, ClientIDs: []string{logintest.ConsumerKey}, Secret: seal.NewSecret(logintest.ConsumerSecret)}
	asks(t, w, wrong, "alice;right", "client", ProviderRefused)
	asks(t, w, right, "alice;right", "client", "")
	asks(t, w, right, "alice;wrong", "client", ProviderRefused)
}

// That a provider could not answer is no refusal, and is not remembered.
func TestOutagesAreNotRemembered(t *testing.T) {
	d, o, _ := doubles(t)
	d.AddFacebook("EAAgood", logintest.FacebookToken{App: testApp, User: "2"})
	f, p := Facebook{Tokens: o}, Provider{Name: FacebookName, ClientIDs: []string{testApp}}
	d.Fail("graph.facebook.com", http.StatusServiceUnavailable)
	asks(t, f, p, "EAAgood", "client", ProviderUnavailable)
	d.Fail("graph.facebook.com", 0)
	asks(t, f, p, "EAAgood", "client", "")
}

// A client whose tokens come to nothing is asked about less and less; others, and
// callers who are trusted with any number of users, are not.
func TestFailuresOfAClient(t *testing.T) {
	d, o, c := doubles(t)
	d.AddFacebook("EAAgood", logintest.FacebookToken{App: testApp, User: "2"})
	f, p := Facebook{Tokens: o}, Provider{Name: FacebookName, ClientIDs: []string{testApp}}
	n := 0
	garbage := func(client string, want Cause) {
		t.Helper()
		n++
		asks(t, f, p, fmt.Sprint("EAAgarbage", n), client, want)
	}
	for range maxFailures {
		garbage("mallory", ProviderRefused)
	}
	called(t, d, maxFailures)
	garbage("mallory", ClientBusy)
	asks(t, f, p, "EAAgood", "mallory", ClientBusy)
	called(t, d, 0)
	asks(t, f, p, "EAAgood", "alice", "")
	for range 2 * maxFailures {
		garbage("", ProviderRefused)
	}
	d.Calls()
	c.advance(time.Second)
	for range failuresPerSecond {
		garbage("mallory", ProviderRefused)
	}
	garbage("mallory", ClientBusy)
	called(t, d, failuresPerSecond)
	c.advance(time.Second)
	asks(t, f, p, "EAAgood", "mallory", "")
}

// hanging is a provider that does not answer until it is released.
type hanging struct {
	*httptest.Server
	arrived  chan struct{}
	released chan struct{}
}

func newHanging(t *testing.T) *hanging {
	h := &hanging{arrived: make(chan struct{}, 1000), released: make(chan struct{})}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.arrived <- struct{}{}
		select {
		case <-h.released:
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(h.Close)
	return h
}

// present has tokens presented and waits until the provider has been asked about
// each. It returns what waits for the answers.
func (h *hanging) present(t *testing.T, ctx context.Context, v Verifier, p Provider, number int, client func(n int) string) func() {
	var wg sync.WaitGroup
	for n := range number {
		wg.Go(func() {
			_, err := v.Verify(ctx, p, Present(fmt.Sprintf("EAA%s%d", client(n), n), maxTest).By(client(n)))
			if causeOf(err) != ProviderUnavailable {
				t.Errorf("got %v", err)
			}
		})
	}
	for range number {
		<-h.arrived
	}
	return wg.Wait
}

// A provider that hangs is asked a bounded number of questions, by each client a
// smaller one, and costs users of other providers nothing.
func TestQuestionsAreBounded(t *testing.T) {
	h := newHanging(t)
	d, o, _ := doubles(t)
	endpoints := d.Endpoints()
	endpoints["graph.facebook.com"] = h.URL
	o.Fetch = &fetch.Client{Endpoints: endpoints, Timeout: time.Minute}
	d.AddAmazon("Atza|alice", logintest.AmazonToken{ClientID: "c", User: "u", Left: 3600})
	f, p := Facebook{Tokens: o}, Provider{Name: FacebookName, ClientIDs: []string{testApp}}
	a, lwa := Amazon{Tokens: o}, Provider{Name: AmazonName, ClientIDs: []string{"c"}}
	ctx, cancel := context.WithCancel(t.Context())

	wait := h.present(t, ctx, f, p, maxQuestionsOfClient, func(int) string { return "mallory" })
	asks(t, f, p, "EAAmore", "mallory", ClientBusy)
	asks(t, a, lwa, "Atza|alice", "mallory", ClientBusy)
	asks(t, a, lwa, "Atza|alice", "alice", "")

	wait2 := h.present(t, ctx, f, p, maxQuestions-maxQuestionsOfClient, func(n int) string { return fmt.Sprint("client", n) })
	asks(t, f, p, "EAAmore", "alice", ProviderBusy)
	asks(t, f, p, "EAAmore", "", ProviderBusy)
	asks(t, a, lwa, "Atza|alice", "alice", "")
	asks(t, a, lwa, "Atza|alice", "", "")

	// Clients that give up give their places back.
	cancel()
	wait()
	wait2()
	if n := len(o.questions.underWay); n != 0 {
		t.Errorf("%d are still counted", n)
	}
	close(h.released)
	asks(t, f, p, "EAAmore", "mallory", ProviderUnavailable)
}

// One customer of IPv6 has many networks of 64 bits, and does not get all of a
// provider's questions with them: half are left to others.
func TestQuestionsOfASite(t *testing.T) {
	h := newHanging(t)
	d, o, _ := doubles(t)
	endpoints := d.Endpoints()
	endpoints["graph.facebook.com"] = h.URL
	o.Fetch = &fetch.Client{Endpoints: endpoints, Timeout: time.Minute}
	f, p := Facebook{Tokens: o}, Provider{Name: FacebookName, ClientIDs: []string{testApp}}
	ctx, cancel := context.WithCancel(t.Context())
	mallory := func(n int) string { return fmt.Sprintf("2001:db8:1:%x::/64", n) }
	wait := h.present(t, ctx, f, p, maxQuestionsOfSite, mallory)
	asks(t, f, p, "EAAmore", mallory(4711), ClientBusy)
	wait2 := h.present(t, ctx, f, p, maxQuestions-maxQuestionsOfSite, func(n int) string {
		return []string{fmt.Sprintf("203.0.113.%d/32", n), fmt.Sprintf("2001:db8:%x::/64", n+2), "unknown", ""}[n%4]
	})
	asks(t, f, p, "EAAmore", "203.0.113.99/32", ProviderBusy)
	cancel()
	wait()
	wait2()
	if n := len(o.questions.underWay); n != 0 {
		t.Errorf("%d are still counted", n)
	}
}

// Questions to a user pool about its users are bounded like those about tokens.
// What it says counts for one login only: its administrator may enable a user again.
func TestQuestionsToUserPools(t *testing.T) {
	d, o, _ := doubles(t)
	u := UserPool{Tokens: o, Credentials: sigv4.Credentials{AccessKeyID: logintest.PoolAccessKeyID, SecretAccessKey: logintest.PoolSecretAccessKey}}
	client := "3n4b5urk1ft4fl3mg5e62d9ado"
	p := Provider{Name: logintest.Pool, ClientIDs: []string{client}, Vouched: []string{client}}
	token := d.PoolToken()
	d.SetUser("jane", logintest.PoolUser{Sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", Disabled: true})
	for range maxFailures {
		asks(t, u, p, token, "mallory", UserGone)
	}
	d.Calls()
	asks(t, u, p, token, "mallory", ClientBusy)
	called(t, d, 0)
	d.SetUser("jane", logintest.PoolUser{Sub: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"})
	for range 2 {
		asks(t, u, p, token, "jane", "")
		called(t, d, 1)
	}
}

// The memory of refusals is bounded, however many tokens are refused.
func TestRefusalsAreBounded(t *testing.T) {
	o := &OIDC{Now: func() time.Time { return testNow }}
	for n := range 5 * maxRefusals {
		_, err := o.askAboutToken(Provider{Name: "p"}, Presented{text: fmt.Sprint(n)}, func() (*Login, error) { return nil, refusedBy("no") })
		if causeOf(err) != ProviderRefused {
			t.Fatal(err)
		}
	}
	if n := o.questions.refusals.Weight(); n > 2*maxRefusals {
		t.Errorf("%d are remembered", n)
	}
}
