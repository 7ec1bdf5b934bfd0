package server

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

// A request that is handled again is answered, and recorded, as it was the last time.
func TestHandledAgain(t *testing.T) {
	s, log := newServer()
	runs := 0
	s.Attend = func(ctx context.Context, do func(context.Context) error) error {
		runs = 1
		_ = do(ctx)
		runs = 2
		return do(ctx)
	}
	credentials := s.Credentials
	s.Credentials = func(ctx context.Context, key, token string) (awsapi.Caller, seal.Secret, error) {
		if runs == 1 {
			return awsapi.Caller{}, seal.Secret{}, &awsapi.Refused{Refusal: awsapi.UnknownKey, Cause: "test-outdated"}
		}
		return credentials(ctx, key, token)
	}
	root := sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, sign(t, request("POST", "/", amzForm, "Action=Who&Version=2011-06-15"), root, "box", testNow))
	if w.Code != 200 || !strings.Contains(w.Body.String(), rootARN) || strings.Contains(log.String(), "outdated") {
		t.Errorf("%d %s\n%s", w.Code, w.Body, log)
	}
	// The other way round: what was good is not any more.
	s.Credentials = func(ctx context.Context, key, token string) (awsapi.Caller, seal.Secret, error) {
		if runs == 2 {
			return awsapi.Caller{}, seal.Secret{}, &awsapi.Refused{Refusal: awsapi.UnknownKey, Cause: "test-outdated"}
		}
		return credentials(ctx, key, token)
	}
	w = httptest.NewRecorder()
	s.ServeHTTP(w, sign(t, request("POST", "/", amzForm, "Action=Who&Version=2011-06-15"), root, "box", testNow))
	if w.Code != 403 || strings.Contains(w.Body.String(), rootARN) || strings.Contains(log.String(), "cause=test-outdated caller=") {
		t.Errorf("%d %s\n%s", w.Code, w.Body, log)
	}
	// A side reads its body once, and has it both times.
	s.Credentials = credentials
	w = httptest.NewRecorder()
	s.Beside(echoing{}).ServeHTTP(w, sign(t, request("POST", "/", "application/json", "hi"), root, "iam", testNow))
	if w.Code != 200 || !strings.HasSuffix(w.Body.String(), ": hi") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A request that is handled again is one request to its operation's rate.
func TestHandledAgainIsRatedOnce(t *testing.T) {
	s, _ := newServer()
	s.Attend = func(ctx context.Context, do func(context.Context) error) error {
		_ = do(ctx)
		return do(ctx)
	}
	s.Rates.PerSecond = map[string]float64{"Hello": 2}
	for n, want := range []int{200, 200, 400} {
		if w := serve(s, jsonCall("Hello", `{"Name":"world"}`)); w.Code != want {
			t.Errorf("request %d: %d %s, want %d", n, w.Code, w.Body, want)
		}
	}
}
