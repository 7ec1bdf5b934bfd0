package sts

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/daypass/daypass/internal/login"
)

// What the test server of an OpenID provider cannot easily be made to do.
func TestTokenRefused(t *testing.T) {
	slow := fmt.Errorf("get https://issuer.example.com: %w", context.DeadlineExceeded)
	tests := []struct {
		err  login.Error
		want string
	}{
		{login.Error{Kind: login.Unavailable, Cause: login.KeysUnavailable, Err: slow}, "IDPCommunicationError: The identity provider did not answer in time."},
		{login.Error{Kind: login.Unavailable, Cause: login.KeysUnavailable, Err: errors.New("status 503")}, "InvalidIdentityToken: " + msgNoKey},
		{login.Error{Kind: login.Misconfigured, Cause: login.CertificateUntrusted}, "InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"},
		{login.Error{Kind: login.Misconfigured, Cause: login.DiscoveryIssuerMismatch}, "InvalidIdentityToken: " + msgNoKey},
		{login.Error{Kind: login.Misconfigured, Cause: login.AddressRefused}, "InvalidIdentityToken: " + msgNoKey},
		{login.Error{Kind: login.Rejected, Cause: login.TokenTypeRefused}, "InvalidIdentityToken: " + msgNoJWT},
		{login.Error{Kind: login.Rejected, Cause: login.HeaderRefused}, "InvalidIdentityToken: " + msgNoJWT},
	}
	for _, test := range tests {
		got := tokenRefused(&test.err)
		e, ok := errors.AsType[*login.Error](got)
		if !ok || e.Cause != test.err.Cause {
			t.Errorf("%s: the log is not told why: %v", test.err.Cause, got)
		}
		if want := test.want + " (" + test.err.Error() + ")"; got.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", test.err.Cause, got, want)
		}
	}
	other := errors.New("the disk is full")
	if got := tokenRefused(other); got != other {
		t.Errorf("an error that is no verdict became %v", got)
	}
}
