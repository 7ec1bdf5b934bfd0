package sigv4

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// wantError compares a whole error; a nil want is no error.
func wantError(t *testing.T, err error, want *Error) {
	t.Helper()
	var got *Error
	if err != nil && !errors.As(err, &got) {
		t.Fatalf("got a %T: %v", err, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

// verify parses and verifies in one step.
func verify(r *Request, secret string, o Options) error {
	s, err := Parse(r)
	if err != nil {
		return err
	}
	return s.Verify(secret, o)
}

// clone copies a request deeply.
func clone(r *Request) *Request {
	c := *r
	c.Header = make(map[string][]string, len(r.Header))
	for k, v := range r.Header {
		c.Header[k] = append([]string(nil), v...)
	}
	c.Body = append([]byte(nil), r.Body...)
	return &c
}

var testCredentials = Credentials{
	AccessKeyID:     "ASIAIOSFODNN7EXAMPLE",
	SecretAccessKey: suiteSecret,
	SessionToken:    suiteToken,
}

func testOptions() Options {
	o := suiteOptions()
	o.Service = "cognito-identity"
	return o
}

// jsonRequest is a request as the AWS CLI sends it, before it is signed.
func jsonRequest() *Request {
	return &Request{
		Method: "POST",
		Path:   "/",
		Host:   "127.0.0.1:4600",
		Header: map[string][]string{
			"Accept-Encoding": {"identity"},
			"Content-Length":  {"18"},
			"Content-Type":    {"application/x-amz-json-1.1"},
			"User-Agent":      {"aws-cli/2.27.0 md/awscrt#0.26.1 ua/2.1 os/linux"},
			"X-Amz-Target":    {"AWSCognitoIdentityService.ListIdentityPools"},
		},
		Body: []byte(`{"MaxResults": 60}`),
	}
}
