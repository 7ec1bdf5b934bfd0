package instance_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/idp"
)

func (s *story) unlink(id, provider, login, remove string) error {
	_, err := call(s.public(), "UnlinkIdentity", map[string]any{
		"IdentityId": id, "Logins": map[string]string{provider: login}, "LoginsToRemove": []string{remove},
	})
	return err
}

// countIdentities counts the identities of the pool, dead ones too.
func (s *story) countIdentities() int {
	s.t.Helper()
	return len(s.root("ListIdentities", map[string]any{"IdentityPoolId": s.pool, "MaxResults": 60})["Identities"].([]any))
}

// Somebody who is signed in cannot grow the database by linking and unlinking in a
// loop. They are not locked out by it either, nor is anybody else.
func TestLoopsOfLinking(t *testing.T) {
	for name, loop := range map[string]struct {
		once func(s *story, other *idp.Server) error
		most int // identities
	}{
		"making and unlinking": {func(s *story, _ *idp.Server) error {
			login := s.signIn("alice")
			id, err := s.getID(login)
			if err != nil {
				return err
			}
			return s.unlink(id, s.providerName(), login, s.providerName())
		}, 6},
		"merging and unlinking": {func(s *story, other *idp.Server) error {
			login := s.signIn("alice")
			id, err := s.getID(login)
			if err != nil {
				return err
			}
			name, second := strings.TrimPrefix(other.URL, "http://"), signIn(s.t, other.URL, "app", "alice")
			if _, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": s.pool, "Logins": map[string]string{name: second}}); err != nil {
				return err
			}
			if _, err := call(s.public(), "GetCredentialsForIdentity", map[string]any{"IdentityId": id, "Logins": map[string]string{s.providerName(): login, name: second}}); err != nil {
				return err
			}
			return s.unlink(id, s.providerName(), login, name)
		}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := newStory(t, daypasstest.Config{Now: c.now, LoginChangesPerSecond: 1. / 60, LoginChangeBurst: 10})
			other := s.startProvider(idp.Config{Now: c.now})
			s.query("CreateOpenIDConnectProvider", "Url", other.URL, "ClientIDList.member.1", "app")
			s.root("UpdateIdentityPool", map[string]any{
				"IdentityPoolId": s.pool, "IdentityPoolName": "story", "AllowUnauthenticatedIdentities": true,
				"OpenIdConnectProviderARNs": []string{s.providerARN(), "arn:aws:iam::123456789012:oidc-provider/" + strings.TrimPrefix(other.URL, "http://")},
			})
			bob := s.mustID(s.signIn("bob"))
			refused := 0
			for range 30 {
				if err := loop.once(s, other); err != nil {
					wantError(t, err, "TooManyRequestsException", "Rate exceeded")
					refused++
				}
			}
			if n := s.countIdentities(); n > loop.most || refused < 20 {
				t.Errorf("%d identities after %d refusals, want at most %d", n, refused, loop.most)
			}
			if got := s.mustID(s.signIn("bob")); got != bob {
				t.Errorf("bob is %s and was %s", got, bob)
			}
			c.pass(20 * time.Minute)
			alice := s.mustID(s.signIn("alice"))
			for range 30 { // to come back is free
				if got := s.mustID(s.signIn("alice")); got != alice {
					t.Fatalf("alice is %s and was %s", got, alice)
				}
			}
		})
	}
}

// All that an application sends at once when somebody signs in for the first time
// is one change.
func TestFirstSignInTogether(t *testing.T) {
	s := newStory(t, daypasstest.Config{LoginChangesPerSecond: 1e-9, LoginChangeBurst: 1})
	login := s.signIn("alice")
	var together sync.WaitGroup
	ids := make([]string, 20)
	for n := range ids {
		together.Go(func() {
			id, err := s.getID(login)
			if err != nil {
				t.Error(err)
			}
			ids[n] = id
		})
	}
	together.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("alice is %s and %s", id, ids[0])
		}
	}
}

// A start that was killed may leave a file with a secret in it. The next one
// removes it.
func TestLeftoversGo(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	left := filepath.Join(s.server.DataDir, ".daypass-123456")
	if err := os.WriteFile(left, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.server.Restart()
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// logged is a log that may be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// One stranger who makes guests as fast as can be leaves some for others.
func TestGuestsByAddress(t *testing.T) {
	var log logged
	c := newClock()
	s := newStory(t, daypasstest.Config{
		Now: c.now, GuestsPerSecond: 2, GuestBurst: 10, AddressGuestsPerSecond: 1, AddressGuestBurst: 4,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Log:            slog.New(slog.NewTextHandler(&log, nil)),
	})
	guests := func(address string, want int) {
		t.Helper()
		got := 0
		for range 8 {
			if err := s.guestFrom(address); err == nil {
				got++
			} else {
				wantError(t, err, "TooManyRequestsException", "Rate exceeded")
			}
		}
		if got != want {
			t.Errorf("%q makes %d guests, want %d", address, got, want)
		}
	}
	guests("192.0.2.1", 4)
	guests("2001:db8::1", 4)
	guests("2001:db8::2", 0)    // the same network
	guests("2001:db8:0:1::", 2) // what is left of the pool's
	for _, cause := range []string{"cause=guest-address-rate", "cause=guest-rate"} {
		if !strings.Contains(log.String(), cause) {
			t.Errorf("the log does not say %s", cause)
		}
	}
	c.pass(4 * time.Second)
	guests("192.0.2.1", 4)
	c.pass(10 * time.Second)
	guests("unknown", 4)
	guests("hidden", 0) // those who cannot be told apart share one budget
}

// guestFrom makes a guest for a client behind a proxy.
func (s *story) guestFrom(address string) error {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", s.server.URL, strings.NewReader(fmt.Sprintf(`{"IdentityPoolId":%q}`, s.pool)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService.GetId")
	r.Header.Set("X-Forwarded-For", address)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	if !bytes.Contains(text, []byte("Rate exceeded")) {
		return errors.New(string(text))
	}
	return &client.Error{Code: answer.Header.Get("X-Amzn-Errortype")[:len("TooManyRequestsException")], Message: "Rate exceeded", Status: answer.StatusCode}
}
