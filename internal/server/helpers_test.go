package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/audit"
	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

// The shapes of a small service, which the tests serve over both protocols.
type (
	name   string
	secret string

	helloInput struct {
		Name   name `aws:"required"`
		Token  secret
		Number int32
		Note   string
	}
	briefInput  struct{ Name name }
	helloOutput struct{ Greeting string }

	whoOutput struct{ Arn, Account, Region, AccessKeyId string }

	failInput struct{ How string }
	// unencodable is what no protocol can write: text that is not UTF-8, for JSON.
	failOutput struct {
		Text string
		At   *helloOutput
	}
	nothing struct{}
)

var testShapes = awsapi.Shapes(
	awsapi.String[name](1, 8, `[a-z]+`),
	awsapi.String[secret](2, 12, "").Sensitive(),
)

func hello(_ context.Context, _ awsapi.Caller, in *helloInput) (*helloOutput, error) {
	return &helloOutput{"hello " + string(in.Name)}, nil
}

func who(_ context.Context, c awsapi.Caller, _ *nothing) (*whoOutput, error) {
	return &whoOutput{c.ARN, c.Account, c.Region, c.AccessKeyID}, nil
}

var errDatabase = errors.New("the database does not answer")

var errDisk = errors.New("the disk /var/lib is full")

func fail(ctx context.Context, _ awsapi.Caller, in *failInput) (*failOutput, error) {
	switch in.How {
	case "typed":
		return nil, &awsapi.Error{Code: "ResourceNotFoundException", Message: "There is no such thing.", Cause: "no-thing", Err: errDisk}
	case "wrapped":
		return nil, fmt.Errorf("look up: %w", &awsapi.Error{Code: "ResourceNotFoundException", Message: "There is no such thing."})
	case "untyped":
		return nil, fmt.Errorf("look up: %w", errDisk)
	case "unavailable":
		return nil, fmt.Errorf("look up: %w", errDatabase)
	case "mistaken":
		return nil, &awsapi.Error{Code: "ResourceNotFoundException", Message: "There is no such thing.", Cause: "no-thing", Err: errDatabase}
	case "panic":
		panic("the moon is blue")
	case "nil pointer":
		var out *failOutput
		out.Text = "x"
	case "nothing":
		return nil, nil
	case "text":
		return &failOutput{Text: "\xff"}, nil
	case "wait":
		<-ctx.Done()
		return nil, ctx.Err()
	case "cancelled":
		return nil, context.Canceled
	}
	return &failOutput{}, nil
}

type longInput struct{ Text string }

const longBody = 3 << 20

func long(_ context.Context, _ awsapi.Caller, in *longInput) (*helloOutput, error) {
	return &helloOutput{fmt.Sprintf("%d characters", len(in.Text))}, nil
}

func quiet(context.Context, awsapi.Caller, *nothing) (*awsapi.None, error) { return nil, nil }

func operations() []awsapi.Operation {
	return []awsapi.Operation{
		awsapi.Op("Hello", awsapi.Public, awsapi.Unasked, "", hello),
		awsapi.Op("Guarded", awsapi.Signed, awsapi.OnNothing(), "", hello),
		awsapi.Op("Who", awsapi.Identified, awsapi.Unasked, "", who).WithChanges(false),
		awsapi.Op("Fail", awsapi.Public, awsapi.Unasked, "", fail, "ResourceNotFoundException"),
		awsapi.Op("GuardedFail", awsapi.Signed, awsapi.OnNothing(), "", fail, "ResourceNotFoundException"),
		awsapi.Op("Long", awsapi.Signed, awsapi.OnNothing(), "", long).WithBody(longBody),
		awsapi.Op("Brief", awsapi.Public, awsapi.Unasked, "", func(context.Context, awsapi.Caller, *briefInput) (*awsapi.None, error) { return nil, nil }),
		awsapi.Op("Quiet", awsapi.Public, awsapi.Unasked, "", quiet),
	}
}

const (
	rootKey, rootSecret      = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	guestKey, guestSecret    = "ASIAGUEST", "guest-secret"
	guestToken, expiredToken = "good-session-token", "old-session-token"
	testHost, requestID      = "127.0.0.1:4600", "01010101-0101-4101-8101-010101010101"
	amzJSON                  = "application/x-amz-json-1.1"
	amzForm                  = "application/x-www-form-urlencoded"
	rootARN, guestARN        = "arn:aws:iam::123456789012:root", "arn:aws:sts::123456789012:assumed-role/Guest/CognitoIdentityCredentials"
	internalError            = "The service is unable to process the request. Try again later."
	mismatchText             = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

var testNow = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// ones is a source of random bytes that are all 1.
type ones struct{}

func (ones) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 1
	}
	return len(b), nil
}

// logBuffer keeps the lines of a log.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// logger writes lines without their time.
func logger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// newServer is a server with the small service on both protocols. Root may do
// everything, a guest nothing that needs permission.
func newServer() (*Server, *logBuffer) {
	log := &logBuffer{}
	return &Server{
		Unavailable: func(err error) bool { return errors.Is(err, errDatabase) },
		JSON:        []*awsapi.Table{awsapi.Service{Name: "zoo", Target: "AWSZooService", TargetPackage: "com.example.model", Shapes: testShapes, Operations: operations()}.Compile()},
		Query:       []*awsapi.Table{awsapi.Service{Name: "box", Version: "2011-06-15", Namespace: "urn:box", Shapes: testShapes, Operations: operations()}.Compile()},
		Credentials: func(_ context.Context, key, token string) (awsapi.Caller, seal.Secret, error) {
			switch {
			case key == rootKey && token == "":
				return awsapi.Caller{Account: "123456789012", ARN: rootARN, Root: true}, seal.NewSecret(rootSecret), nil
			case key == guestKey && token == guestToken:
				return awsapi.Caller{Account: "123456789012", ARN: guestARN}, seal.NewSecret(guestSecret), nil
			case key == guestKey && token == expiredToken:
				return awsapi.Caller{}, seal.Secret{}, &awsapi.Refused{Refusal: awsapi.ExpiredToken, Cause: "test-expired", Err: errors.New("it ended")}
			case key == "AKIDBROKEN":
				return awsapi.Caller{}, seal.Secret{}, errDisk
			}
			return awsapi.Caller{}, seal.Secret{}, &awsapi.Refused{Refusal: awsapi.UnknownKey, Cause: "test-unknown"}
		},
		Authorize: func(_ context.Context, row *awsapi.Row, c awsapi.Caller, _ any) error {
			if c.Root || row.Auth == awsapi.Identified {
				return nil
			}
			return &awsapi.Refused{Refusal: awsapi.Denied, Message: fmt.Sprintf("User: %s is not authorized to perform: %s:%s", c.ARN, row.Service.Name, row.Name), Cause: "test-denied"}
		},
		ValidRegion: func(r string) bool { return r == "us-east-1" || r == "eu-west-1" },
		Sinks:       []audit.Sink{audit.Log(logger(log))},
		Now:         func() time.Time { return testNow },
		Rand:        ones{},
	}, log
}

// request is a request without a signature.
func request(method, target, contentType, body string) *http.Request {
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, target, r)
	req.Host, req.RemoteAddr = testHost, "192.0.2.7:51234"
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return req
}

func jsonCall(operation, body string) *http.Request {
	r := request("POST", "/", amzJSON, body)
	r.Header.Set("X-Amz-Target", "AWSZooService."+operation)
	return r
}

func formCall(operation, parameters string) *http.Request {
	return request("POST", "/", amzForm, "Action="+operation+"&Version=2011-06-15"+parameters)
}

// sigRequest is a request as the signer sees it. The body can be read again.
func sigRequest(t testing.TB, r *http.Request) *sigv4.Request {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return &sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.Host, Header: r.Header, Body: body}
}

var (
	root  = sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootSecret}
	guest = sigv4.Credentials{AccessKeyID: guestKey, SecretAccessKey: guestSecret, SessionToken: guestToken}
)

// sign signs a request for a service, as of a time.
func sign(t testing.TB, r *http.Request, c sigv4.Credentials, service string, at time.Time) *http.Request {
	t.Helper()
	if err := sigv4.Sign(sigRequest(t, r), c, "us-east-1", service, at); err != nil {
		t.Fatal(err)
	}
	return r
}

func signedJSON(t testing.TB, c sigv4.Credentials, operation, body string) *http.Request {
	return sign(t, jsonCall(operation, body), c, "zoo", testNow)
}

func signedForm(t testing.TB, c sigv4.Credentials, operation, parameters string) *http.Request {
	return sign(t, formCall(operation, parameters), c, "box", testNow)
}

func serve(s *Server, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// jsonError and formError are the bodies of errors.
func jsonError(code, key, message string) string {
	if message == "" {
		return `{"__type":"` + code + `"}`
	}
	return `{"__type":"` + code + `","` + key + `":"` + message + `"}`
}

func formError(namespace, kind, code, message string) string {
	return `<ErrorResponse xmlns="` + namespace + `"><Error><Type>` + kind + `</Type><Code>` + code + `</Code><Message>` +
		strings.ReplaceAll(message, "'", "&#39;") + `</Message></Error><RequestId>` + requestID + `</RequestId></ErrorResponse>`
}

const faults = "http://webservices.amazon.com/AWSFault/2005-15-09"

// wantAnswer expects a status and a body.
func wantAnswer(t testing.TB, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || w.Body.String() != body {
		t.Errorf("answer %d\n  %s\nwant %d\n  %s", w.Code, w.Body, status, body)
	}
}
