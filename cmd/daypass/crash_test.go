package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/idp"
	"github.com/daypass/daypass/internal/sigv4"
)

// startProcess runs "daypass serve --dev" as a process of its own and gives
// its endpoint.
func startProcess(t *testing.T, dataDir string) (*exec.Cmd, string) {
	t.Helper()
	return startLogging(t, t.Output(), "--data-dir", dataDir, "--log-level", "error", "--issuer", "https://issuer.test")
}

// startLogging does so with flags, and a reader of its log.
func startLogging(t *testing.T, stderr io.Writer, flags ...string) (*exec.Cmd, string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Args = append([]string{"daypass", "serve", "--dev", "--listen", "127.0.0.1:0"}, flags...)
	c.Stderr = stderr
	return c, endpointOf(t, c)
}

// endpointOf starts a server and gives its endpoint.
func endpointOf(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, endpoint, ok := strings.Cut(lines.Text(), "endpoint  "); ok {
			go func() {
				for lines.Scan() {
				}
			}()
			return endpoint
		}
	}
	t.Fatal("the server does not start")
	return ""
}

func rootClient(endpoint string) *client.Client {
	return &client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: sigv4.Credentials{AccessKeyID: devKey, SecretAccessKey: devKey}}
}

// getID calls GetId and gives the identity, empty if there was no answer.
func getID(c *client.Client, pool, provider, token string) (string, error) {
	in := map[string]any{"IdentityPoolId": pool}
	if token != "" {
		in["Logins"] = map[string]string{provider: token}
	}
	answer, err := c.JSON(context.Background(), cognito.API, "GetId", in)
	if err != nil {
		return "", err
	}
	var out struct{ IdentityId string }
	return out.IdentityId, json.Unmarshal(answer, &out)
}

// identityIDs lists all identities of a pool.
func identityIDs(t *testing.T, c *client.Client, pool string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	in := map[string]any{"IdentityPoolId": pool, "MaxResults": 60}
	for {
		answer, err := c.JSON(t.Context(), cognito.API, "ListIdentities", in)
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Identities []struct{ IdentityId string }
			NextToken  string
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			t.Fatal(err)
		}
		for _, i := range page.Identities {
			all[i.IdentityId] = true
		}
		if page.NextToken == "" {
			return all
		}
		in["NextToken"] = page.NextToken
	}
}

// Killed while 64 callers make identities, the server loses none that it has
// told of, and no login ever gets two.
func TestKillLosesNothing(t *testing.T) {
	const writers, people, rounds = 64, 96, 3
	config := idp.Config{Clients: []idp.Client{{ID: "app", RedirectURIs: []string{"http://127.0.0.1/cb"}}}}
	for n := range people {
		config.Users = append(config.Users, idp.User{Subject: fmt.Sprint("person-", n), Password: "pw"})
	}
	provider, err := idp.Start(t.Context(), config, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer provider.Close()
	tokens := make([]string, people)
	for n := range tokens {
		signedIn, err := idp.RelyingParty{Issuer: provider.URL, ClientID: "app", RedirectURI: "http://127.0.0.1/cb"}.SignIn(t.Context(), fmt.Sprint("person-", n), "pw")
		if err != nil {
			t.Fatal(err)
		}
		tokens[n] = signedIn.IDToken
	}
	name := strings.TrimPrefix(provider.URL, "http://")

	dir := t.TempDir()
	process, endpoint := startProcess(t, dir)
	c := rootClient(endpoint)
	if _, err := c.Query(t.Context(), iam.API, "CreateOpenIDConnectProvider", "Url", provider.URL, "ClientIDList.member.1", "app"); err != nil {
		t.Fatal(err)
	}
	answer, err := c.JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{
		"IdentityPoolName": "crash", "AllowUnauthenticatedIdentities": true,
		"OpenIdConnectProviderARNs": []string{"arn:aws:iam::000000000000:oidc-provider/" + name},
	})
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ IdentityPoolId string }
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	pool := made.IdentityPoolId

	// What was acknowledged: identities of people, and guests.
	var mu sync.Mutex
	owner := make([]string, people)
	guests := map[string]bool{}
	for round := range rounds {
		var wg sync.WaitGroup
		acknowledged := make(chan struct{}, 1<<16)
		for w := range writers {
			wg.Go(func() {
				for n := w; ; n++ {
					person := (n + round*people/rounds) % (people * (round + 1) / rounds)
					id, err := getID(&client.Client{Endpoint: endpoint}, pool, name, tokens[person])
					if err != nil {
						return // killed
					}
					guest, gerr := getID(&client.Client{Endpoint: endpoint}, pool, "", "")
					mu.Lock()
					if owner[person] != "" && owner[person] != id {
						t.Errorf("person %d has the identities %s and %s", person, owner[person], id)
					}
					owner[person] = id
					if gerr == nil {
						guests[guest] = true
					}
					mu.Unlock()
					acknowledged <- struct{}{}
					if gerr != nil {
						return
					}
				}
			})
		}
		for range 300 {
			<-acknowledged
		}
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		_ = process.Wait()
		process, endpoint = startProcess(t, dir)
		c = rootClient(endpoint)
		stored := identityIDs(t, c, pool)
		for id := range guests {
			if !stored[id] {
				t.Errorf("round %d: guest %s was acknowledged and is lost", round, id)
			}
		}
		for person, id := range owner {
			if id != "" && !stored[id] {
				t.Errorf("round %d: identity %s of person %d was acknowledged and is lost", round, id, person)
			}
		}
	}
	deadline := time.Now().Add(time.Minute)
	for person, id := range owner {
		got, err := getID(&client.Client{Endpoint: endpoint}, pool, name, tokens[person])
		if err != nil || id != "" && got != id || time.Now().After(deadline) {
			t.Errorf("person %d: %s, %v, want %s", person, got, err, id)
		}
	}
}
