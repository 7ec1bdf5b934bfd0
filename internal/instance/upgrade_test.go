package instance_test

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/daypasstest/postgres"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/move"
	"github.com/daypass/daypass/internal/sigv4"
	enginepg "github.com/daypass/daypass/internal/store/postgres"
	"github.com/daypass/daypass/internal/store/postgres/pgtest"
	"github.com/daypass/daypass/internal/sts"
)

// told is what the daypass that made testdata/upgrade answered then.
type told struct {
	At                                                 int64
	Issuer, Slash, Plain, SlashProvider, PlainProvider string
	Pool                                               string
	Guest, Upgraded, Merged, Survivor, Deleted         string
	Developer, OpenIDToken                             string
	WebSlash                                           string `json:"web-slash"`
	WebPlain                                           string `json:"web-plain"`
	Roles, Odd                                         map[string]string
	People                                             map[string]struct {
		Identity, Issuer, Key, Arn string
		Claims                     map[string]any
	}
	Credentials map[string]struct{ AccessKeyId, SecretAccessKey, SessionToken, Arn string }
}

// oldFiles is where the data directory of the first daypass is.
const oldFiles = "testdata/upgrade/"

// oldDirectory is a copy of that directory, with what was answered then.
func oldDirectory(t *testing.T) (dir string, was told) {
	t.Helper()
	dir = t.TempDir()
	if err := json.Unmarshal(readFile(t, oldFiles+"told.json"), &was); err != nil {
		t.Fatal(err)
	}
	unpack(t, oldFiles+"daypass.db.gz", filepath.Join(dir, "daypass.db"))
	if err := os.WriteFile(filepath.Join(dir, "master.key"), readFile(t, oldFiles+"masterkey.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, was
}

// bystanders are how many more identities the directory has: in continuous integration
// fewer than in the nightly run, which says how many.
func bystanders(t *testing.T, usually int) int {
	t.Helper()
	text := os.Getenv("DAYPASS_TEST_IDENTITIES")
	if text == "" {
		return usually
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A data directory of the first daypass opens. Everybody keeps the identity, the
// roles and the credentials that they had then, and what was void stays void.
func TestUpgrade(t *testing.T) {
	dir, was := oldDirectory(t)
	n := bystanders(t, 100_000)
	some := addGuests(t, filepath.Join(dir, "daypass.db"), was.Pool, n)
	var log bytes.Buffer
	opening := time.Now()
	wantAsBefore(t, was, some, daypasstest.Config{DataDir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))}, func() {
		t.Logf("opened with %d identities more after %v", n, time.Since(opening))
		if want := `msg="brought the database up to date" from_version=6 to_version=`; !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say what was migrated:\n%s", &log)
		}
	})
}

// The same directory, moved to PostgreSQL by a daypass that has never served it.
func TestUpgradeAndMove(t *testing.T) {
	dir, was := oldDirectory(t)
	n := bystanders(t, 10_000)
	some := addGuests(t, filepath.Join(dir, "daypass.db"), was.Pool, n)
	database := pgtest.Database(t)
	to, err := enginepg.Open(t.Context(), enginepg.Options{URL: database, Schema: move.Schema()})
	if err != nil {
		t.Fatal(err)
	}
	moving := time.Now()
	out, err := move.Migrate{From: dir, To: to, Where: to.String()}.Run(t.Context())
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	t.Logf("moved %d identities in %v", out.Rows["identities"], time.Since(moving))
	if out.Rows["identities"] < int64(n) {
		t.Errorf("%v", out.Rows)
	}
	wantAsBefore(t, was, some, daypasstest.Config{DataDir: dir, Database: postgres.Database(database)}, func() {})
}

// wantAsBefore starts a server and sees that everything is as it was told.
func wantAsBefore(t *testing.T, was told, some []string, config daypasstest.Config, started func()) {
	now := time.Unix(was.At, 0).Add(time.Minute)
	keys := filepath.Join(oldFiles, "provider.jwks.json")
	config.Issuer, config.Now = was.Issuer, func() time.Time { return now }
	config.OIDCKeyFiles = map[string]string{was.Slash: keys, was.Plain: keys}
	d := daypasstest.Start(t, config)
	started()
	public := &client.Client{Endpoint: d.URL, Now: d.Now}
	root := as(d, daypasstest.AccessKeyID, daypasstest.SecretAccessKey, "")
	provider := newOldProvider(t, oldFiles+"provider.pem", now)

	for _, name := range slices.Sorted(maps.Keys(was.People)) {
		p := was.People[name]
		logins := map[string]string{p.Key: provider.token(p.Issuer, name, p.Claims)}
		out, err := call(public, "GetId", map[string]any{"IdentityPoolId": was.Pool, "Logins": logins})
		if err != nil || out["IdentityId"] != p.Identity {
			t.Errorf("%s is %v, %v; was %s", name, out["IdentityId"], err, p.Identity)
			continue
		}
		out, err = call(public, "GetCredentialsForIdentity", map[string]any{"IdentityId": p.Identity, "Logins": logins})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c := out["Credentials"].(map[string]any)
		wantCaller(t, as(d, c["AccessKeyId"].(string), c["SecretKey"].(string), c["SessionToken"].(string)), name, p.Arn)
	}
	for _, id := range append([]string{was.Guest, was.Survivor, was.Upgraded, was.Developer}, some...) {
		if out, err := call(root, "DescribeIdentity", map[string]any{"IdentityId": id}); err != nil || out["IdentityId"] != id {
			t.Errorf("DescribeIdentity of %s: %v, %v", id, out, err)
		}
	}
	for _, id := range append([]string{was.Guest}, some...) {
		if _, err := call(public, "GetCredentialsForIdentity", map[string]any{"IdentityId": id}); err != nil {
			t.Errorf("the guest %s gets no credentials: %v", id, err)
		}
	}

	// What was handed out then.
	for _, name := range slices.Sorted(maps.Keys(was.Credentials)) {
		k := was.Credentials[name]
		c := as(d, k.AccessKeyId, k.SecretAccessKey, k.SessionToken)
		switch name {
		case "bob", "merged", "deleted": // void already then
			_, err := c.Query(t.Context(), sts.API, "GetCallerIdentity")
			wantError(t, err, "ExpiredToken", "The security token included in the request is expired")
		default:
			wantCaller(t, c, name, k.Arn)
		}
	}
	_, err := call(public, "GetCredentialsForIdentity", map[string]any{
		"IdentityId": was.Developer, "Logins": map[string]string{"cognito-identity.amazonaws.com": was.OpenIDToken}})
	if err != nil {
		t.Errorf("the developer's token of then: %v", err)
	}

	// Roles that trust the providers by the names that they had then.
	wantRoles := func() {
		t.Helper()
		for _, r := range []struct{ role, issuer, provider string }{{was.WebSlash, was.Slash, was.SlashProvider}, {was.WebPlain, was.Plain, was.PlainProvider}} {
			answer, err := public.Query(t.Context(), sts.API, "AssumeRoleWithWebIdentity", "RoleArn", r.role, "RoleSessionName", "alice",
				"WebIdentityToken", provider.token(r.issuer, "alice", nil))
			if err != nil || !strings.Contains(string(answer), "<Provider>"+r.provider+"</Provider>") {
				t.Errorf("%s with a token of %s: %s, %v", r.role, r.issuer, answer, err)
			}
		}
	}
	wantRoles()

	// The issuer with the slash becomes a provider again, by its whole name, and
	// takes nothing from the one that lost the slash: not its roles, and not its
	// place in the pool.
	answer, err := root.Query(t.Context(), iam.API, "CreateOpenIDConnectProvider", "Url", was.Slash, "ClientIDList.member.1", "app")
	if err != nil || !strings.Contains(string(answer), "<OpenIDConnectProviderArn>"+was.SlashProvider+"/</OpenIDConnectProviderArn>") {
		t.Errorf("a provider of %s: %s, %v", was.Slash, answer, err)
	}
	wantRoles()
	alice := was.People["alice"]
	for key, want := range map[string]string{alice.Key: alice.Identity, alice.Key + "/": ""} {
		out, _ := call(public, "GetId", map[string]any{"IdentityPoolId": was.Pool, "Logins": map[string]string{key: provider.token(alice.Issuer, "alice", nil)}})
		if id, _ := out["IdentityId"].(string); id != want {
			t.Errorf("alice by the key %s is %q, want %q", key, id, want)
		}
	}
	if _, err := call(public, "GetId", map[string]any{"IdentityPoolId": was.Pool,
		"Logins": map[string]string{alice.Key: provider.token("https://acme.eu.auth0.com", "alice", nil)}}); err == nil {
		t.Error("a provider with the slash takes an iss without")
	}
	out, err := call(root, "DescribeIdentityPool", map[string]any{"IdentityPoolId": was.Pool})
	if err != nil {
		t.Fatal(err)
	}
	out["OpenIdConnectProviderARNs"] = append(out["OpenIdConnectProviderARNs"].([]any), was.SlashProvider+"/")
	_, err = call(root, "UpdateIdentityPool", out)
	wantError(t, err, "InvalidParameterException", "Invalid OpenID Connect provider ARN '"+was.SlashProvider+"'.")

	// Documents stay readable, to the letter.
	for name, document := range was.Odd {
		answer, err := root.Query(t.Context(), iam.API, "GetRolePolicy", "RoleName", "odd", "PolicyName", name)
		if err != nil {
			t.Errorf("the policy %s: %v", name, err)
		} else if !strings.Contains(string(answer), "<PolicyDocument>") {
			t.Errorf("the policy %s: %s, was %s", name, answer, document)
		}
	}
}

func as(d *daypasstest.Server, keyID, secret, token string) *client.Client {
	return &client.Client{Endpoint: d.URL, Region: daypasstest.Region, Now: d.Now,
		Credentials: sigv4.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: token}}
}

func wantCaller(t *testing.T, c *client.Client, name, arn string) {
	t.Helper()
	answer, err := c.Query(t.Context(), sts.API, "GetCallerIdentity")
	if err != nil || !strings.Contains(string(answer), "<Arn>"+arn+"</Arn>") {
		t.Errorf("%s: %s, %v, want %s", name, answer, err, arn)
	}
}

// addGuests puts guests into a database of the first schema, and gives a few.
func addGuests(t *testing.T, path, pool string, n int) (some []string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // what is committed stays
	insert, err := tx.Prepare(`INSERT INTO identities (id, pool, created, modified, state) SELECT $1, number, $2, 0, 0 FROM pools WHERE id = $3`)
	if err != nil {
		t.Fatal(err)
	}
	region, _, _ := strings.Cut(pool, ":")
	source := rand.NewChaCha8([32]byte{'u'})
	for i := range n {
		var id [16]byte
		_, _ = source.Read(id[:])
		if _, err := insert.Exec(id[:], 1_796_000_000_000+int64(i), pool); err != nil {
			t.Fatal(err)
		}
		if i%(n/5) == 0 {
			some = append(some, fmt.Sprintf("%s:%x-%x-%x-%x-%x", region, id[:4], id[4:6], id[6:8], id[8:10], id[10:]))
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return some
}

// oldProvider signs tokens as the login providers did then.
type oldProvider struct {
	t      *testing.T
	signer jose.Signer
	now    time.Time
}

func newOldProvider(t *testing.T, file string, now time.Time) *oldProvider {
	t.Helper()
	block, _ := pem.Decode(readFile(t, file))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &oldProvider{t, signer, now}
}

func (p *oldProvider) token(issuer, subject string, more map[string]any) string {
	p.t.Helper()
	claims := map[string]any{"iss": issuer, "sub": subject, "aud": "app", "iat": p.now.Unix(), "exp": p.now.Unix() + 3600, "email": subject + "@example.com"}
	maps.Copy(claims, more)
	payload, err := json.Marshal(claims)
	if err != nil {
		p.t.Fatal(err)
	}
	signed, err := p.signer.Sign(payload)
	if err != nil {
		p.t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return token
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func unpack(t *testing.T, packed, name string) {
	t.Helper()
	f, err := os.Open(packed)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(out, z) //nolint:gosec // a file of ours
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", packed, err))
	}
}
