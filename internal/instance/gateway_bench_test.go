package instance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/sigv4"
)

// questions are what an S3 gateway asks about requests of an identity: two for each
// request, and one about many objects where many are deleted.
func (h *hot) questions() []*hotRequest {
	h.query("PutRolePolicy", "RoleName", "user", "PolicyName", "own", "PolicyDocument", ownPrefix)
	h.query("CreateUser", "UserName", "gateway")
	h.query("PutUserPolicy", "UserName", "gateway", "PolicyName", "serve", "PolicyDocument", serveGateway)
	made := h.query("CreateAccessKey", "UserName", "gateway")
	key := sigv4.Credentials{AccessKeyID: element(h.b, made, "AccessKeyId"), SecretAccessKey: element(h.b, made, "SecretAccessKey")}
	question := func(name, path string, in map[string]any) *hotRequest {
		in["accessKeyId"], in["sessionToken"] = h.session.AccessKeyID, h.session.SessionToken
		body, err := json.Marshal(in)
		if err != nil {
			h.b.Fatal(err)
		}
		return h.signedAt("/private/"+path, name, key, "iam", http.Header{"Content-Type": {"application/json"}, "X-Vgw-Private-Protocol": {"1"}}, body)
	}
	objects := make([]string, 1000)
	for i := range objects {
		objects[i] = fmt.Sprintf("arn:aws:s3:::photos/%s/%d.jpg", h.id, i)
	}
	evaluate := func(objects []string) map[string]any {
		return map[string]any{
			"actions": []string{"s3:GetObject"}, "resources": objects, "region": "us-east-1", "service": "s3",
			"condition": map[string][]string{
				"aws:SourceIp": {"203.0.113.9"}, "aws:SecureTransport": {"true"}, "aws:UserAgent": {"aws-sdk-js/3.1162.0"},
				"aws:CurrentTime": {"2026-11-30T12:00:00Z"}, "aws:EpochTime": {"1796040000"},
			},
		}
	}
	return []*hotRequest{
		question("DeriveSigningKey", "derive-signing-key", map[string]any{"date": time.Now().UTC().Format("20060102"), "region": "us-east-1", "service": "s3"}),
		question("EvaluatePolicy", "evaluate-policy", evaluate(objects[:1])),
		question("EvaluatePolicy of 1000 objects", "evaluate-policy", evaluate(objects)),
	}
}

// BenchmarkGateway is the questions of an S3 gateway beside a signed read, as the
// handlers answer them, and then over a connection: a Unix socket for the gateway,
// loopback for the read.
func BenchmarkGateway(b *testing.B) {
	h := newHot(b)
	read := h.signed("DescribeIdentityPool", h.user, cognito.API.Name, jsonHeader("DescribeIdentityPool"), []byte(`{"IdentityPoolId":"`+h.pool+`"}`))
	questions := h.questions()
	for _, r := range append([]*hotRequest{read}, questions...) {
		handler := h.handler
		if r != read {
			handler = h.gateway
		}
		b.Run(r.name, func(b *testing.B) { r.measure(b, handler) })
	}
	b.Run("connected", func(b *testing.B) {
		for _, r := range append([]*hotRequest{read}, questions[:2]...) {
			b.Run(r.name, func(b *testing.B) {
				network, address, handler := "tcp", "127.0.0.1:0", h.handler
				if r != read {
					network, address, handler = "unix", filepath.Join(b.TempDir(), "s"), h.gateway
				}
				l, err := net.Listen(network, address)
				if err != nil {
					b.Fatal(err)
				}
				s := httptest.NewUnstartedServer(handler)
				_ = s.Listener.Close()
				s.Listener = l
				s.Start()
				defer s.Close()
				t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, network, l.Addr().String())
				}}
				measureConnected(b, t, func() (*http.Request, error) {
					q, err := http.NewRequestWithContext(b.Context(), "POST", "http://daypass.example"+r.path, bytes.NewReader(r.body))
					if err == nil {
						q.Header = r.header
					}
					return q, err
				})
			})
		}
	})
}
