package sigv4

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSignAgain holds that signing replaces an earlier signature whole.
func TestSignAgain(t *testing.T) {
	r := signedRequest(t)
	permanent := Credentials{AccessKeyID: suiteKeyID, SecretAccessKey: "other"}
	if err := Sign(r, permanent, "eu-west-1", "cognito-identity", suiteTime.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if token, ok := r.Header["X-Amz-Security-Token"]; ok {
		t.Errorf("the earlier session token is still there: %q", token)
	}
	o := Options{Service: "cognito-identity", Now: suiteTime.Add(time.Hour)}
	if err := verify(r, "other", o); err != nil {
		t.Error(err)
	}
}

func TestPresignAgain(t *testing.T) {
	r := presignedRequest(t)
	permanent := Credentials{AccessKeyID: suiteKeyID, SecretAccessKey: "other"}
	if err := Presign(r, permanent, "us-east-1", "sts", suiteTime, MaxExpires); err != nil {
		t.Fatal(err)
	}
	want := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fsts%2Faws4_request" +
		"&X-Amz-Date=20150830T123600Z&X-Amz-Expires=604800" +
		"&X-Amz-SignedHeaders=accept-encoding%3Bcontent-length%3Bcontent-type%3Bhost%3Bx-amz-target" +
		"&a=0&a=1&b=2&X-Amz-Signature="
	got, signature, _ := strings.Cut(r.RawQuery, "Signature=")
	if got += "Signature="; got != want || len(signature) != 64 {
		t.Errorf("query:\ngot  %s\nwant %s", r.RawQuery, want)
	}
	if err := verify(r, "other", Options{Service: "sts", Now: suiteTime.Add(MaxExpires)}); err != nil {
		t.Error(err)
	}
}

func TestSignErrors(t *testing.T) {
	broken := &Request{Method: "GET", RawQuery: "a=%"}
	const illegal = "Illegal hex character in escape % pattern: %"
	if err := Sign(broken, testCredentials, "r", "s", suiteTime); err == nil || err.Error() != "sign request: "+illegal {
		t.Errorf("sign a broken query: %v", err)
	}
	if err := Presign(broken, testCredentials, "r", "s", suiteTime, time.Minute); err == nil || err.Error() != "presign request: "+illegal {
		t.Errorf("presign a broken query: %v", err)
	}
	for _, expires := range []time.Duration{0, -time.Second, 1500 * time.Millisecond, MaxExpires + time.Second} {
		err := Presign(&Request{}, testCredentials, "r", "s", suiteTime, expires)
		if err == nil || err.Error() != "presign request: expires must be whole seconds, at least one, at most a week" {
			t.Errorf("presign for %s: %v", expires, err)
		}
	}
}

// TestLineBreaks holds that nothing with a line break is signed or verified.
// These two requests would have the same canonical request.
func TestLineBreaks(t *testing.T) {
	for _, header := range []map[string][]string{
		{"My-A": {"x\nmy-b:y"}, "My-B": {"z"}},
		{"My-A": {"x"}, "My-B": {"y\nmy-b:z"}},
	} {
		r := &Request{Method: "GET", Host: suiteHost, Header: header}
		err := Sign(r, testCredentials, "us-east-1", "sts", suiteTime)
		if err == nil || err.Error() != "sign request: "+mismatchText {
			t.Errorf("signed %q: %v", header, err)
		}
	}
}

// TestSignedHeaders holds which headers are left out.
func TestSignedHeaders(t *testing.T) {
	got := signable(map[string][]string{
		"Authorization": {"a"}, "User-Agent": {"a"}, "X-Amzn-Trace-Id": {"a"}, "Connection": {"a"}, "Expect": {"a"},
		"Keep-Alive": {"a"}, "Te": {"a"}, "Trailer": {"a"}, "Transfer-Encoding": {"a"}, "Upgrade": {"a"},
		"Proxy-Authorization": {"a"}, "Nothing": {},
		"X-Amz-Target": {"a"}, "X-Amz-User-Agent": {"a"}, "Content-Type": {"a"}, "Amz-Sdk-Request": {"a"},
	})
	want := []string{"amz-sdk-request", "content-type", "host", "x-amz-target", "x-amz-user-agent"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signed headers (-want +got):\n%s", diff)
	}
}

func TestCredentialsDoNotPrint(t *testing.T) {
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "credentials", testCredentials)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "credentials", testCredentials)
	fmt.Fprintf(&log, "%v %+v %#v %s %q", testCredentials, testCredentials, testCredentials, testCredentials, testCredentials)
	if strings.Contains(log.String(), suiteSecret) || strings.Contains(log.String(), suiteToken) {
		t.Errorf("a secret was printed: %s", &log)
	}
	if !strings.Contains(log.String(), testCredentials.AccessKeyID) {
		t.Errorf("the key ID was not printed: %s", &log)
	}
}
