package interop

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/daypass/daypass/internal/sigv4"
)

// rounds is how many random requests each test makes. The seeds are their
// numbers, so that a failure names the request that it is about.
const rounds = 2000

// sample is a random request and all that is needed to sign it.
type sample struct {
	rand            *rand.Rand
	method          string
	url             *url.URL
	header          http.Header
	body            []byte
	credentials     sigv4.Credentials
	region, service string
	time            time.Time
}

func newSample(seed uint64) *sample {
	r := rand.New(rand.NewPCG(seed, 4))
	s := &sample{
		rand:    r,
		method:  pick(r, "GET", "POST", "PUT", "DELETE"),
		region:  pick(r, "us-east-1", "eu-central-1", "us-gov-west-1"),
		service: pick(r, "cognito-identity", "sts", "iam"),
		time:    time.Unix(r.Int64N(1<<32), r.Int64N(1e9)),
		credentials: sigv4.Credentials{
			AccessKeyID:     pick(r, "AKIDEXAMPLE", "ASIAIOSFODNN7EXAMPLE", "test"),
			SecretAccessKey: text(r, 40),
		},
	}
	if r.IntN(2) == 0 {
		s.credentials.SessionToken = word(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", 500)
	}
	if s.method != "GET" {
		s.body = []byte(text(r, 200))
	}
	s.url = s.randomURL()
	s.header = s.randomHeader()
	return s
}

// randomURL makes a URL of which the path has no empty or dot segments: AWS's
// rules remove them before signing, the SDK leaves them.
func (s *sample) randomURL() *url.URL {
	r := s.rand
	u := &url.URL{Scheme: "http", Host: pick(r, "127.0.0.1:4600", "sts.us-east-1.amazonaws.com"), Path: "/"}
	if r.IntN(2) == 0 {
		for range r.IntN(4) {
			u.Path += "s" + strings.ReplaceAll(text(r, 8), "/", "") + "/"
		}
	}
	query := url.Values{}
	for range r.IntN(6) {
		query.Add(pick(r, "Action", "a", "a-b", "A", text(r, 5)), text(r, 20))
	}
	u.RawQuery = query.Encode()
	return u
}

func (s *sample) randomHeader() http.Header {
	r := s.rand
	h := http.Header{"User-Agent": {"aws-sdk-go-v2"}}
	if r.IntN(2) == 0 {
		h.Set("Content-Type", pick(r, "application/x-amz-json-1.1", "application/x-www-form-urlencoded; charset=utf-8"))
	}
	for range r.IntN(3) {
		key := pick(r, "My-Header", "Accept", "Amz-Sdk-Invocation-Id", "X")
		h.Add(key, strings.TrimSpace(word(r, "ab  ,;\"", 12)))
	}
	return h
}

func pick(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func word(r *rand.Rand, alphabet string, most int) string {
	letters := []rune(alphabet)
	w := make([]rune, r.IntN(most+1))
	for i := range w {
		w[i] = letters[r.IntN(len(letters))]
	}
	return string(w)
}

// text is a word with much in it that has to be escaped.
func text(r *rand.Rand, most int) string {
	return word(r, "abcXYZ019-_.~ +%&=/?:;@!$'()*,#[]<>\"\\^`{|}éሴ😀", most)
}

// request returns the sample as net/http has it.
func (s *sample) request(t *testing.T) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), s.method, s.url.String(), bytes.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = s.header.Clone()
	return r
}

// parts returns the sample as we have it. The SDK signs the length of a body
// that is not empty; net/http writes it.
func (s *sample) parts() *sigv4.Request {
	h := s.header.Clone()
	if len(s.body) > 0 {
		h.Set("Content-Length", strconv.Itoa(len(s.body)))
	}
	return &sigv4.Request{
		Method: s.method, Path: s.url.EscapedPath(), RawQuery: s.url.RawQuery, Host: s.url.Host, Header: h, Body: s.body,
	}
}

func (s *sample) awsCredentials() aws.Credentials {
	return aws.Credentials{
		AccessKeyID:     s.credentials.AccessKeyID,
		SecretAccessKey: s.credentials.SecretAccessKey,
		SessionToken:    s.credentials.SessionToken,
	}
}

func (s *sample) bodyHash() string {
	sum := sha256.Sum256(s.body)
	return hex.EncodeToString(sum[:])
}

func (s *sample) options() sigv4.Options {
	return sigv4.Options{Service: s.service, Now: s.time}
}

// overTheWire writes a request and reads it as a server does.
func overTheWire(t *testing.T, r *http.Request) *sigv4.Request {
	t.Helper()
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(got.RequestURI, "?")
	return &sigv4.Request{Method: got.Method, Path: path, RawQuery: query, Host: got.Host, Header: got.Header, Body: body}
}

// wantVerified holds that a request verifies, and not when it was changed.
func (s *sample) wantVerified(t *testing.T, r *sigv4.Request) {
	t.Helper()
	sig, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	if sig.AccessKeyID != s.credentials.AccessKeyID || sig.SessionToken != s.credentials.SessionToken {
		t.Errorf("signed by %q with token %q, want %q, %q", sig.AccessKeyID, sig.SessionToken,
			s.credentials.AccessKeyID, s.credentials.SessionToken)
	}
	if err := sig.Verify(s.credentials.SecretAccessKey, s.options()); err != nil {
		t.Fatal(err)
	}
	r.Body = append([]byte("x"), r.Body...)
	err = sig.Verify(s.credentials.SecretAccessKey, s.options())
	if e, ok := errors.AsType[*sigv4.Error](err); !ok || e.Kind != sigv4.Mismatch {
		t.Errorf("with another body: %v", err)
	}
}

// forEachSample runs a test for every random request whose secret is not empty.
func forEachSample(t *testing.T, test func(*testing.T, *sample)) {
	for seed := range uint64(rounds) {
		s := newSample(seed)
		if s.credentials.SecretAccessKey == "" {
			s.credentials.SecretAccessKey = "secret"
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) { test(t, s) })
	}
}

// TestSign compares our Authorization header with the SDK's, and verifies the
// SDK's request as it arrives.
func TestSign(t *testing.T) {
	forEachSample(t, func(t *testing.T, s *sample) {
		theirs := s.request(t)
		declared := s.rand.IntN(2) == 0
		if declared {
			theirs.Header.Set("X-Amz-Content-Sha256", s.bodyHash())
			theirs.Header.Set("X-Amz-Target", "AWSCognitoIdentityService.GetId")
		}
		err := v4.NewSigner().SignHTTP(t.Context(), s.awsCredentials(), theirs, s.bodyHash(), s.service, s.region, s.time)
		if err != nil {
			t.Fatal(err)
		}

		ours := s.parts()
		if declared {
			ours.Header["X-Amz-Content-Sha256"] = []string{s.bodyHash()}
			ours.Header["X-Amz-Target"] = []string{"AWSCognitoIdentityService.GetId"}
		}
		if err := sigv4.Sign(ours, s.credentials, s.region, s.service, s.time); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
			if got, want := http.Header(ours.Header).Get(key), theirs.Header.Get(key); got != want {
				t.Errorf("%s:\nours   %s\ntheirs %s", key, got, want)
			}
		}
		s.wantVerified(t, overTheWire(t, theirs))
	})
}

// TestPresign compares our presigned query with the SDK's, and verifies the
// SDK's request as it arrives.
func TestPresign(t *testing.T) {
	forEachSample(t, func(t *testing.T, s *sample) {
		expires := time.Duration(1+s.rand.IntN(604800)) * time.Second
		theirs := s.request(t)
		query := theirs.URL.Query()
		query.Set("X-Amz-Expires", strconv.Itoa(int(expires/time.Second)))
		theirs.URL.RawQuery = query.Encode()
		signed, header := s.presign(t, theirs)

		ours := s.parts()
		if err := sigv4.Presign(ours, s.credentials, s.region, s.service, s.time, expires); err != nil {
			t.Fatal(err)
		}
		if ours.RawQuery != signed.RawQuery {
			t.Errorf("query:\nours   %s\ntheirs %s", ours.RawQuery, signed.RawQuery)
		}
		s.wantVerified(t, overTheWire(t, s.sent(t, signed, header)))
	})
}

// TestPresignAsSDK verifies what the SDK's clients presign: without
// X-Amz-Expires, and with x-amz-* headers moved to the query.
func TestPresignAsSDK(t *testing.T) {
	forEachSample(t, func(t *testing.T, s *sample) {
		theirs := s.request(t)
		theirs.Header.Set("X-Amz-Target", "AWSCognitoIdentityService.GetId")
		signed, header := s.presign(t, theirs)
		s.wantVerified(t, overTheWire(t, s.sent(t, signed, header)))
	})
}

// presign has the SDK presign a request.
func (s *sample) presign(t *testing.T, r *http.Request) (*url.URL, http.Header) {
	t.Helper()
	uri, header, err := v4.NewSigner().PresignHTTP(t.Context(), s.awsCredentials(), r, s.bodyHash(), s.service, s.region, s.time)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	return signed, header
}

// sent is the request that somebody makes who was given a presigned URL and the
// headers to send with it.
func (s *sample) sent(t *testing.T, signed *url.URL, header http.Header) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), s.method, signed.String(), bytes.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	return r
}
