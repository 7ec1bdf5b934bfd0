package interop

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/policy"
)

// storeAdmin is the administrator of a store, and storeService the key that daypass
// has at one.
var (
	storeAdmin   = aws.Credentials{AccessKeyID: "ADMINISTRATOR0", SecretAccessKey: "the-administrator-of-the-store"}
	storeService = aws.Credentials{AccessKeyID: "DAYPASSSERVICE", SecretAccessKey: "the-service-key-of-daypass"}
)

// startTarget runs a recipe until the test ends, and gives the store's endpoint
// and the role there that roles of daypass are linked to. Without an issuer the
// store knows the service key.
func startTarget(t *testing.T, name, issuer string, env ...string) (endpoint, role string) {
	t.Helper()
	return startTargetAt(t, name, freeAddress(t), issuer, env...)
}

func startTargetAt(t *testing.T, name, address, issuer string, env ...string) (endpoint, role string) {
	t.Helper()
	program, mc := need(t, name), ""
	if name == "minio" && issuer == "" {
		mc = need(t, "mc")
	}
	_, port, _ := strings.Cut(address, ":")
	at := port
	if name == "minio" {
		at = address
	}
	c := exec.Command("../recipes/"+name, t.TempDir(), at, issuer)
	c.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), strings.ToUpper(name) + "=" + program, "MC=" + mc, "MINIO_UPDATE=off",
		"MINIO_ROOT_USER=" + storeAdmin.AccessKeyID, "MINIO_ROOT_PASSWORD=" + storeAdmin.SecretAccessKey,
		"ADMIN_KEY=" + storeAdmin.AccessKeyID, "ADMIN_SECRET=" + storeAdmin.SecretAccessKey,
		"SERVICE_KEY=" + storeService.AccessKeyID, "SERVICE_SECRET=" + storeService.SecretAccessKey,
		"MONITOR=" + freeAddress(t), "PORTS=" + freePorts(t, 3),
	}, env...)
	c.Stderr = t.Output()
	role = untilLine(t, c, must(c.StdoutPipe())(t), "daypass:target-role is ")
	if role == "" {
		t.Fatalf("recipes/%s names no role", name)
	}
	role = strings.TrimSuffix(role, "not needed")
	endpoint = "http://" + address
	await(t, endpoint, s3Ready[name]) // MinIO's health says so too early
	return endpoint, role
}

// s3Ready is what a store answers to strangers once it does.
var s3Ready = map[string]int{"minio": http.StatusForbidden, "seaweedfs": http.StatusForbidden, "ceph": http.StatusOK}

// freePorts are ports of SeaweedFS, which takes those above by 10,000 as well.
func freePorts(t *testing.T, n int) string {
	t.Helper()
	var ports []string
	for len(ports) < n {
		_, port, _ := strings.Cut(freeAddress(t), ":")
		if p := must(strconv.Atoi(port))(t); p < 55000 && !slices.Contains(ports, port) {
			ports = append(ports, port)
		}
	}
	return strings.Join(ports, " ")
}

// freeAddress is one that nobody listens on. Stores do not say which port they got.
func freeAddress(t *testing.T) string {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer l.Close()
	return l.Addr().String()
}

// await waits until a URL answers with a status.
func await(t *testing.T, url string, status int) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; {
		answer, err := http.Get(url)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == status {
				return
			}
			err = fmt.Errorf("status %d", answer.StatusCode)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", url, err)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// s3Call makes a request of S3 as somebody, with a path and query as they are
// written there, and gives the status and what came back.
func s3Call(t *testing.T, endpoint string, as aws.Credentials, method, path string, query url.Values, body string, headers ...string) (int, string) {
	t.Helper()
	u := must(url.Parse(endpoint))(t)
	u.Path, u.RawQuery = path, strings.ReplaceAll(query.Encode(), "+", "%20")
	u.RawPath = s3Path(path)
	r := must(http.NewRequestWithContext(t.Context(), method, u.String(), strings.NewReader(body)))(t)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
	r.Header.Set("X-Amz-Content-Sha256", hash)
	as3 := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }
	if err := v4.NewSigner(as3).SignHTTP(t.Context(), as, r, hash, "s3", daypasstest.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer := must(http.DefaultClient.Do(r))(t)
	defer answer.Body.Close()
	text := must(io.ReadAll(io.LimitReader(answer.Body, 1<<20)))(t)
	return answer.StatusCode, string(text)
}

// s3Path is a path as S3 has it signed: all but unreserved characters and slashes
// are escaped.
func s3Path(path string) string {
	var b bytes.Buffer
	for i := range len(path) {
		c := path[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// asked is a request, as policies see it and as S3 does.
type asked struct {
	action, key string // the bucket's own without a key
	method      string
	query       url.Values
}

func (a asked) request(facts policy.Context) *policy.Request {
	r := &policy.Request{Action: a.action, Resource: "arn:aws:s3:::photos", Context: policy.Context{}}
	if a.key != "" {
		r.Resource += "/" + a.key
	}
	for key, values := range facts {
		r.Context[key] = values
	}
	if a.query.Has("prefix") {
		r.Context.Set("s3:prefix", a.query.Get("prefix"))
	}
	return r
}

const renderedFor = "us-east-1:0b5f3c4d-0000-4000-8000-00000000a11c"

// renderedCases are policies, each for a role, of which stores are asked.
func renderedCases() [][]string {
	cases := [][]string{
		{`{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::photos/${cognito-identity.amazonaws.com:sub}/*"}`,
			`{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::photos","Condition":{"StringLike":{"s3:prefix":"${cognito-identity.amazonaws.com:sub}/*"}}}`},
		{`{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::photos/${cognito-identity.amazonaws.com:sub}/*"}`},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::photos/*"}`},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::photo?"}`},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`, `{"Effect":"Deny","Action":"s3:List*","Resource":"arn:aws:s3:::photo?"}`},
		{`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`, `{"Effect":"Deny","Action":"s3:ListBucket","Resource":"*","Condition":{"StringNotLike":{"s3:prefix":"a/*"}}}`},
		{`{"Effect":"Allow","Action":"S3:get*","Resource":"arn:aws:s3:::photos/a/*"}`},
	}
	// A fixed seed: the same policies each time.
	random := rand.New(rand.NewPCG(13, 38))
	of := func(choices ...string) string { return choices[random.IntN(len(choices))] }
	for range 40 {
		var statements []string
		for range 1 + random.IntN(4) {
			condition := of("", "", "", `,"Condition":{"StringLike":{"s3:prefix":["a/*","${cognito-identity.amazonaws.com:sub}/*"]}}`, `,"Condition":{"StringNotEquals":{"s3:prefix":"a/"}}`,
				`,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}`, `,"Condition":{"StringNotEquals":{"aws:PrincipalTag/team":"blue"}}`)
			statements = append(statements, fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":"arn:aws:s3:::%s"%s}`, of("Allow", "Allow", "Allow", "Deny"),
				of("s3:*", "s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:Get*", "s3:*Object", "s3:*Object*", "s3:GetBucketPolicy", "*", "s3:List*", "s3:DeleteObject"),
				of("photos", "photos/*", "photos*", "*", "photo?", "ph*s", "photos/a/*", "photos/?/*", "photos/${cognito-identity.amazonaws.com:sub}/*", "*/a/*", "*/*", "photos/a/x", "pho*/x"), condition))
		}
		cases = append(cases, statements)
	}
	return cases
}

// A store never allows what the policies do not that were rendered for it.
func checkRendered(t *testing.T, dialect policy.Dialect, endpoint string, assume func(t *testing.T, document string) aws.Credentials) {
	root := storeAdmin
	if status, text := s3Call(t, endpoint, root, http.MethodPut, "/photos", nil, ""); status != http.StatusOK {
		t.Fatalf("make a bucket: %d %s", status, text)
	}
	var requests []asked
	keys := []string{"a/x", "b/x", "x", renderedFor + "/x", strings.Replace(renderedFor, "a11c", "b0b0", 1) + "/x"}
	for _, key := range keys {
		requests = append(requests, asked{"s3:GetObject", key, http.MethodGet, nil}, asked{"s3:PutObject", key, http.MethodPut, nil}, asked{"s3:DeleteObject", key, http.MethodDelete, nil})
	}
	for _, prefix := range []string{"a/", "b/", "a/x", renderedFor + "/", renderedFor} {
		requests = append(requests, asked{"s3:ListBucket", "", http.MethodGet, url.Values{"list-type": {"2"}, "prefix": {prefix}}})
	}
	requests = append(requests, asked{"s3:ListBucket", "", http.MethodGet, url.Values{"list-type": {"2"}}},
		asked{"s3:GetBucketPolicy", "", http.MethodGet, url.Values{"policy": {""}}}, asked{"s3:ListBucketMultipartUploads", "", http.MethodGet, url.Values{"uploads": {""}}})

	facts := policy.Context{}
	facts.Set("cognito-identity.amazonaws.com:sub", renderedFor)
	facts.Set("aws:PrincipalTag/team", "blue")
	said, same, narrower := 0, 0, 0
	for _, statements := range renderedCases() {
		text := `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
		in := policy.Policies{Identity: []*policy.Document{must(policy.Parse(policy.Identity, text))(t)}}
		rendered := policy.Render(in, facts, dialect)
		if rendered.Document == "" {
			continue
		}
		said++
		as := assume(t, rendered.Document)
		for _, key := range keys { // what somebody could delete is back
			if status, text := s3Call(t, endpoint, root, http.MethodPut, "/photos/"+key, nil, "x"); status != http.StatusOK {
				t.Fatalf("put: %d %s", status, text)
			}
		}
		for _, r := range requests {
			path := "/photos"
			if r.key != "" {
				path += "/" + r.key
			}
			status, answer := s3Call(t, endpoint, as, r.method, path, r.query, "")
			allowed, may := status != http.StatusForbidden, policy.Decide(in, r.request(facts)).Effect == policy.Allow
			switch {
			case allowed == may:
				same++
			case !allowed:
				narrower++
				t.Logf("narrower: %s %s %v: %s", r.action, r.key, r.query, text)
			default:
				t.Errorf("%s %s %v is allowed (%d %.200s), by\n%s\nrendered from\n%s", r.action, r.key, r.query, status, answer, rendered.Document, text)
			}
		}
	}
	t.Logf("%d policies: %d answers are the same, %d narrower", said, same, narrower)
	if said < 20 || same < 20*narrower {
		t.Errorf("%d policies: %d answers are the same, %d narrower", said, same, narrower)
	}
}

// assumeWith calls AssumeRole with a service key.
func assumeWith(endpoint, role string, key aws.Credentials) func(t *testing.T, document string) aws.Credentials {
	return func(t *testing.T, document string) aws.Credentials {
		t.Helper()
		c := sts.NewFromConfig(aws.Config{Region: daypasstest.Region, BaseEndpoint: &endpoint, Credentials: static(key.AccessKeyID, key.SecretAccessKey, "")})
		out, err := c.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("rendered"), Policy: &document})
		if err != nil {
			t.Fatalf("%v: %s", err, document)
		}
		return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}
	}
}

func TestRenderedForMinIO(t *testing.T) {
	t.Parallel()
	endpoint, _ := startTarget(t, "minio", "")
	checkRendered(t, policy.MinIO, endpoint, assumeWith(endpoint, "arn:minio:iam:::role/any-role-at-all", storeService))
}

func TestRenderedForSeaweedFS(t *testing.T) {
	t.Parallel()
	endpoint, role := startTarget(t, "seaweedfs", "")
	checkRendered(t, policy.SeaweedFS, endpoint, assumeWith(endpoint, role, storeService))
}

func TestRenderedForCeph(t *testing.T) {
	t.Parallel()
	endpoint, role := startTarget(t, "ceph", "")
	checkRendered(t, policy.Ceph, endpoint, assumeWith(endpoint, role, storeService))
}
