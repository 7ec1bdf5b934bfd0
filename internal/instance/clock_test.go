package instance_test

import (
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
)

// A clock that steps an hour, in either direction, keeps nobody out who may come in,
// and lets nobody in whom a revocation after the step has shut out.
func TestClockSteps(t *testing.T) {
	for name, step := range map[string]struct {
		by   time.Duration
		held string // what becomes of credentials from before
	}{"ahead": {time.Hour, "ExpiredToken"}, "back": {-time.Hour, ""}} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := newStory(t, daypasstest.Config{Now: c.now, GuestsPerSecond: 0.01, GuestBurst: 2, LoginChangesPerSecond: 1. / 60, LoginChangeBurst: 2})
			alice := s.mustID(s.signIn("alice"))
			held, err := s.credentials(alice, s.signIn("alice"))
			if err != nil {
				t.Fatal(err)
			}
			root := s.clientOf("us-east-1")
			guest := func() string {
				_, err := call(s.public(), "GetId", map[string]any{"IdentityPoolId": s.pool})
				return codeOf(t, err)
			}
			for guest() == "" { // until the burst is used up
			}
			page, err := call(root, "ListIdentities", map[string]any{"IdentityPoolId": s.pool, "MaxResults": 1})
			if err != nil {
				t.Fatal(err)
			}

			c.pass(step.by)
			if got := whoami(t, held); got != step.held {
				t.Errorf("credentials from before: %q, want %q", got, step.held)
			}
			if got := s.mustID(s.signIn("alice")); got != alice {
				t.Errorf("alice is %s, and was %s", got, alice)
			}
			s.mustID(s.signIn("bob")) // for the first time
			if got := guest(); got != "" {
				t.Errorf("a guest: %s", got)
			}
			if _, err := call(root, "ListIdentities", map[string]any{"IdentityPoolId": s.pool, "MaxResults": 1, "NextToken": page["NextToken"]}); err != nil {
				t.Errorf("the next page: %v", err)
			}
			after, err := s.credentials(alice, s.signIn("alice"))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.assume(s.openIDToken(alice, s.signIn("alice"))); err != nil {
				t.Errorf("the basic flow: %v", err)
			}
			if got := whoami(t, after); got != "" {
				t.Errorf("credentials from after: %s", got)
			}
			s.revoke(map[string]any{"IdentityId": alice})
			for name, k := range map[string]string{"before": whoami(t, held), "after": whoami(t, after)} {
				if k != "ExpiredToken" {
					t.Errorf("credentials from %s the step, revoked: %q", name, k)
				}
			}
			c.pass(time.Second)
			again, err := s.credentials(alice, s.signIn("alice"))
			if err != nil {
				t.Fatal(err)
			}
			if got := whoami(t, again); got != "" {
				t.Errorf("credentials from after the revocation: %s", got)
			}
			c.pass(-step.by) // it is set right
			if got := whoami(t, after); got != "ExpiredToken" {
				t.Errorf("revoked credentials after it was set right: %q", got)
			}
		})
	}
}
