package instance_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/sigv4"
)

// BenchmarkForwardAuth is the question of a proxy about a request of an identity,
// signed or with a token, beside a signed read, as the handlers answer them and then
// over a connection.
func BenchmarkForwardAuth(b *testing.B) {
	h := newHot(b)
	h.query("PutRolePolicy", "RoleName", "user", "PolicyName", "own", "PolicyDocument", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:*:photos/*/*/users/${cognito-identity.amazonaws.com:sub}/*"}]}`)
	answer, err := h.root.JSON(b.Context(), cognito.API, "GetOpenIdToken", map[string]any{"IdentityId": h.id, "Logins": h.logins()})
	if err != nil {
		b.Fatal(err)
	}
	path := "/users/" + h.id + "/cat.jpg"
	signed := &sigv4.Request{Method: "GET", Path: path, Host: "photos.example.com", Header: http.Header{}}
	if err := sigv4.Sign(signed, h.session, "us-east-1", "execute-api", time.Now()); err != nil {
		b.Fatal(err)
	}
	questions := map[string]http.Header{
		"signed": signed.Header,
		"token":  {"Authorization": {"Bearer " + tokenIn(b, answer)}},
	}
	read := h.signed("DescribeIdentityPool", h.user, cognito.API.Name, jsonHeader("DescribeIdentityPool"), []byte(`{"IdentityPoolId":"`+h.pool+`"}`))
	b.Run(read.name, func(b *testing.B) { read.measure(b, h.handler) })
	server := httptest.NewServer(h.proxies)
	b.Cleanup(server.Close)
	for name, header := range questions {
		header["X-Original-Method"], header["X-Original-Uri"], header["X-Forwarded-For"] = []string{"GET"}, []string{path}, []string{"203.0.113.9"}
		b.Run(name, func(b *testing.B) {
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.proxies.ServeHTTP(w, &http.Request{
					Method: "GET", URL: &url.URL{Path: "/forward-auth"}, RequestURI: "/forward-auth", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
					Host: "photos.example.com", RemoteAddr: "127.0.0.1:1234", Header: header, Body: http.NoBody,
				})
				if w.status != http.StatusOK {
					b.Fatal(w.status)
				}
			}
		})
		b.Run("connected/"+name, func(b *testing.B) {
			measureConnected(b, &http.Transport{}, func() (*http.Request, error) {
				q, err := http.NewRequestWithContext(b.Context(), "GET", server.URL+"/forward-auth", nil)
				if err == nil {
					q.Host, q.Header = "photos.example.com", header
				}
				return q, err
			})
		})
	}
}

// tokenIn is the token in an answer of GetOpenIdToken.
func tokenIn(b *testing.B, answer []byte) string {
	b.Helper()
	var out struct{ Token string }
	if err := json.Unmarshal(answer, &out); err != nil {
		b.Fatal(err)
	}
	return out.Token
}
