package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/mint"
	"github.com/daypass/daypass/internal/sigv4"
)

// startIDP runs "daypass idp" and gives its issuer.
func startIDP(t *testing.T, flags ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, w := io.Pipe()
	done := make(chan int)
	go func() {
		code := run(&process{ctx, w, w, func(string) string { return "" }}, append([]string{"idp", "--listen", "127.0.0.1:0"}, flags...))
		w.Close()
		done <- code
	}()
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, lines)
	t.Cleanup(func() {
		stop()
		if code := <-done; code != exitOK {
			t.Errorf("daypass idp ended with %d", code)
		}
	})
	return strings.TrimSpace(first[strings.Index(first, "http://"):])
}

// idpToken runs "daypass idp token".
func idpToken(t *testing.T, flags ...string) string {
	t.Helper()
	var out, bad bytes.Buffer
	if code := run(&process{t.Context(), &out, &bad, func(string) string { return "" }}, append([]string{"idp", "token"}, flags...)); code != exitOK {
		t.Fatalf("daypass idp token %v: %s", flags, &bad)
	}
	return strings.TrimSpace(out.String())
}

// Tokens of the command line are those of the provider that is served beside
// it; the bad ones are refused, each with AWS's words.
func TestIDPTokens(t *testing.T) {
	dir := t.TempDir()
	users := filepath.Join(dir, "users.json")
	if err := os.WriteFile(users, []byte(`[{"Subject":"alice","Password":"pw","Claims":{"department":"red","team":"a"}}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	shared := []string{"--key-file", filepath.Join(dir, "key.pem"), "--users-file", users}
	issuer := startIDP(t, shared...)
	token := func(flags ...string) string {
		return idpToken(t, append(append([]string{"--issuer", issuer, "--sub", "alice"}, shared...), flags...)...)
	}
	name := strings.TrimPrefix(issuer, "http://")
	d := daypasstest.Start(t, daypasstest.Config{Issuer: "https://issuer.example"})
	c := &client.Client{Endpoint: d.URL, Region: "us-east-1", Credentials: sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}}
	if _, err := c.Query(t.Context(), iam.API, "CreateOpenIDConnectProvider", "Url", issuer, "ClientIDList.member.1", "app"); err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:iam::" + daypasstest.Account + ":oidc-provider/" + name
	made, err := c.JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "idp", "AllowUnauthenticatedIdentities": false, "OpenIdConnectProviderARNs": []string{arn}})
	if err != nil {
		t.Fatal(err)
	}
	var pool struct{ IdentityPoolId string }
	if err := json.Unmarshal(made, &pool); err != nil {
		t.Fatal(err)
	}
	public := &client.Client{Endpoint: d.URL}
	if _, err := getID(public, pool.IdentityPoolId, name, token("--claim", "department=blue", "--claim", `groups=["a","b"]`)); err != nil {
		t.Errorf("a good token: %v", err)
	}
	const unverified = "Invalid login token. Couldn't verify signed token."
	want := map[string]string{
		"audience": "Token is not from a supported provider of this identity pool.", "issuer": "Invalid login token. Issuer doesn't match providerName",
		"no-audience": "Invalid login token. Missing a required claim: aud", "no-subject": "Invalid login token. Missing a required claim: sub",
		"expired": "Invalid login token. Token expired: ",
	}
	for _, kind := range mint.BadTokens() {
		_, err := getID(public, pool.IdentityPoolId, name, token("--bad", kind))
		message := want[kind]
		if message == "" {
			message = unverified
		}
		var e *client.Error
		if !errors.As(err, &e) || e.Code != "NotAuthorizedException" || !strings.HasPrefix(e.Message, message) {
			t.Errorf("%s: %v, want %s", kind, err, message)
		}
	}
}

// What is written to a file, a pipe or a variable is the token and nothing else.
func TestIDPTokenEndsWithoutALineEnd(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, flags := range [][]string{{"--sub", "alice"}, {"--sub", "alice", "--saml"}} {
		var out, bad bytes.Buffer
		if code := run(&process{t.Context(), &out, &bad, func(string) string { return "" }}, append([]string{"idp", "token"}, flags...)); code != exitOK {
			t.Fatalf("daypass idp token %v: %s", flags, &bad)
		}
		if text := out.String(); text == "" || strings.TrimSpace(text) != text {
			t.Errorf("%v: %q has white space at an end", flags, text)
		}
	}
	var out bytes.Buffer
	if err := printToken(&out, "token", true); err != nil || out.String() != "token\n" {
		t.Errorf("on a terminal: %q, %v", &out, err)
	}
	file, err := os.Create("file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	device, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if isTerminal(file) || isTerminal(&out) || !isTerminal(device) {
		t.Errorf("terminals: file %t, buffer %t, character device %t", isTerminal(file), isTerminal(&out), isTerminal(device))
	}
}
