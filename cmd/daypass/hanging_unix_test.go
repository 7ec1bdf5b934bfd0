//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/cognito"
)

// startWithDescriptors runs "daypass serve --dev" with few file descriptors.
func startWithDescriptors(t *testing.T, descriptors int, stderr io.Writer, flags ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "daypass") // what the program is called says what it does
	if err := os.Symlink(exe, link); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, descriptors)
	c := exec.Command("sh", append([]string{"-c", script, link, "serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--root-access-key-id", "AKIDROOT"}, flags...)...)
	c.Env = append(os.Environ(), "DAYPASS_ROOT_SECRET_ACCESS_KEY=secret")
	c.Stderr = stderr
	return endpointOf(t, c)
}

// post calls an operation over a connection of its own and gives the status and
// the error's type; 0 if there was no answer.
func post(endpoint, operation, from string, in any) (int, string) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, err.Error()
	}
	r, err := http.NewRequest(http.MethodPost, endpoint, strings.NewReader(string(body)))
	if err != nil {
		return 0, err.Error()
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService."+operation)
	r.Header.Set("X-Forwarded-For", from)
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, strings.TrimSuffix(answer.Header.Get("X-Amzn-Errortype"), ":")
}

// A provider that takes connections and never answers costs others nothing, though
// the server has few descriptors: a bounded number of clients wait for it, of each
// address fewer, and the rest are told to come back.
func TestHangingProvider(t *testing.T) {
	const clients, descriptors = 120, 256
	for _, tt := range []struct {
		name    string
		address func(n int) string
		most    int // questions under way
		cause   string
	}{
		{"from one address", func(int) string { return "203.0.113.9" }, 16, "login-client-busy"},
		{"from one network of IPv6", func(n int) string { return fmt.Sprintf("2001:db8::%x", n+1) }, 16, "login-client-busy"},
		{"from many addresses", func(n int) string { return fmt.Sprint("203.0.113.", n) }, 64, "login-provider-busy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			provider, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer provider.Close()
			var connections atomic.Int64
			go func() {
				for {
					c, err := provider.Accept()
					if err != nil {
						return
					}
					connections.Add(1)
					defer c.Close()
				}
			}()
			log, stderr := io.Pipe()
			defer log.Close()
			refused := make(chan bool, clients)
			go func() {
				for lines := bufio.NewScanner(log); lines.Scan(); {
					if strings.Contains(lines.Text(), "error=TooManyRequestsException") {
						refused <- strings.Contains(lines.Text(), "cause="+tt.cause+" ") && strings.Contains(lines.Text(), "failed_login=graph.facebook.com")
					}
				}
			}()
			endpoint := startWithDescriptors(t, descriptors, stderr, "--trusted-proxies", "127.0.0.1", "--provider-endpoints", "graph.facebook.com=http://"+provider.Addr().String())
			root := rootClient(endpoint)
			root.Credentials.AccessKeyID, root.Credentials.SecretAccessKey = "AKIDROOT", "secret"
			answer, err := root.JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{
				"IdentityPoolName": "hanging", "AllowUnauthenticatedIdentities": true, "SupportedLoginProviders": map[string]string{"graph.facebook.com": "1"},
			})
			if err != nil {
				t.Fatal(err)
			}
			var pool struct{ IdentityPoolId string }
			if err := json.Unmarshal(answer, &pool); err != nil {
				t.Fatal(err)
			}

			answers := make(chan string, clients)
			for n := range clients {
				go func() {
					status, code := post(endpoint, "GetId", tt.address(n), map[string]any{
						"IdentityPoolId": pool.IdentityPoolId, "Logins": map[string]string{"graph.facebook.com": fmt.Sprint("EAAgarbage", n)},
					})
					answers <- fmt.Sprint(status, " ", code)
				}()
			}
			for range clients - tt.most {
				if got := <-answers; got != "400 TooManyRequestsException" {
					t.Fatalf("a client too many got %s", got)
				}
				if !<-refused {
					t.Fatalf("the log does not say %s of a client too many", tt.cause)
				}
			}
			for n := range 20 {
				if status, code := post(endpoint, "GetId", fmt.Sprint("198.51.100.", n), map[string]any{"IdentityPoolId": pool.IdentityPoolId}); status != http.StatusOK {
					t.Fatalf("a guest meanwhile: %d %s", status, code)
				}
			}
			if got := connections.Load(); got > int64(tt.most) {
				t.Errorf("%d connections to the provider, want at most %d", got, tt.most)
			}
		})
	}
}
