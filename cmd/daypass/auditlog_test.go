package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/idp"
)

// auditRecord is a record as readers of CloudTrail's have it.
type auditRecord struct {
	EventSource, EventName, ErrorCode, SourceIPAddress, UserAgent, RequestID, EventID string

	UserIdentity        struct{ Type, Arn, AccountID, AccessKeyID string }
	RequestParameters   map[string]any
	ResponseElements    map[string]any
	AdditionalEventData struct{ Cause, Identity, IdentityHash, Provider, SubjectHash, Role, IssuedAccessKeyId, Expiration, HashKeyId string }
}

// auditRecords reads records, one a line.
func auditRecords(t *testing.T, text []byte) (all []auditRecord) {
	t.Helper()
	for line := range bytes.Lines(text) {
		var r auditRecord
		if err := json.Unmarshal(line, &r); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		all = append(all, r)
	}
	return all
}

// auditing is the configuration of a server with an audit log.
func auditing(flags ...string) Config {
	return Config{
		Listen: "127.0.0.1:0", Dev: true, AccountID: "000000000000", Region: "us-east-1", GuestBurst: 1000, LogLevel: "error", LogFormat: "text",
		MetricsConfig: MetricsConfig{"127.0.0.1:0"}, AuditConfig: AuditConfig{AuditLog: flags, AuditLogSize: 100, AuditLogKeep: 1},
	}
}

// Each request has a record, in each sink: who, what, and what became of it, without a
// secret, and with the ID of an authenticated identity alone.
func TestAuditLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	var stdout, stderr safeBuffer
	ctx, stop := context.WithCancel(t.Context())
	c := auditing(path, "-")
	p := &process{ctx, &stdout, &stderr, func(string) string { return "" }}
	r, err := start(p, c)
	if err != nil {
		t.Fatal(err)
	}
	if c.banner(p, r); stdout.String() != "" || !strings.Contains(stderr.String(), r.url) {
		t.Errorf("the banner is among the records: %s", stdout.String())
	}
	root := rootClient(r.url)
	const redirect = "http://127.0.0.1/cb"
	provider, err := idp.Start(ctx, idp.Config{Users: []idp.User{{Subject: "alice@example.com", Password: "pw"}}, Clients: []idp.Client{{ID: "app", RedirectURIs: []string{redirect}}}}, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer provider.Close()
	tokens, err := idp.RelyingParty{Issuer: provider.URL, ClientID: "app", RedirectURI: redirect}.SignIn(ctx, "alice@example.com", "pw")
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(provider.URL, "http://")
	if _, err := root.Query(ctx, iam.API, "CreateOpenIDConnectProvider", "Url", provider.URL, "ClientIDList.member.1", "app"); err != nil {
		t.Fatal(err)
	}
	answer, err := root.JSON(ctx, cognito.API, "CreateIdentityPool", map[string]any{
		"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true, "OpenIdConnectProviderARNs": []string{"arn:aws:iam::000000000000:oidc-provider/" + host},
	})
	var made struct{ IdentityPoolId string }
	if err != nil || json.Unmarshal(answer, &made) != nil {
		t.Fatal(err)
	}
	pool := made.IdentityPoolId
	guest, err := getID(root, pool, "", "")
	if err != nil {
		t.Fatal(err)
	}
	alice, err := getID(root, pool, host, tokens.IDToken)
	if err != nil {
		t.Fatal(err)
	}
	// Credentials of a guest, whose role nobody has said, and of Alice.
	var secrets []string
	for id, logins := range map[string]map[string]string{guest: nil, alice: {host: tokens.IDToken}} {
		answer, err := root.JSON(ctx, cognito.API, "GetOpenIdToken", map[string]any{"IdentityId": id, "Logins": logins})
		var out struct{ Token string }
		if err != nil || json.Unmarshal(answer, &out) != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, out.Token)
	}
	if _, err := root.JSON(ctx, cognito.API, "GetCredentialsForIdentity", map[string]any{"IdentityId": guest}); err == nil {
		t.Error("a guest has a role that nobody gave")
	}
	at := scrape(t, "http://"+r.beside[0].where()+"/metrics")
	stop()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != stdout.String() {
		t.Errorf("the sinks have different records:\n%s\n%s", text, stdout.String())
	}
	records := auditRecords(t, text)
	var names []string
	for _, r := range records {
		names = append(names, strings.TrimSuffix(r.EventSource, ".amazonaws.com")+":"+r.EventName)
	}
	want := []string{"iam:CreateOpenIDConnectProvider", "cognito-identity:CreateIdentityPool", "cognito-identity:GetId", "cognito-identity:GetId",
		"cognito-identity:GetOpenIdToken", "cognito-identity:GetOpenIdToken", "cognito-identity:GetCredentialsForIdentity"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if u := records[0].UserIdentity; u.Type != "Root" || u.AccessKeyID != devKey || u.Arn != "arn:aws:iam::000000000000:root" {
		t.Errorf("%+v", u)
	}
	hash := records[2].AdditionalEventData
	if hash.Identity != "hash:"+hash.IdentityHash || len(hash.IdentityHash) != 32 || len(hash.HashKeyId) != 16 {
		t.Errorf("a guest: %+v", hash)
	}
	if d := records[3].AdditionalEventData; d.Identity != alice || d.Provider != host || len(d.SubjectHash) != 32 || d.IdentityHash == hash.IdentityHash {
		t.Errorf("Alice: %+v", d)
	}
	if r := records[6]; r.ErrorCode != "InvalidIdentityPoolConfigurationException" || r.AdditionalEventData.Cause == "" || r.RequestParameters["identityId"] != "hash:"+hash.IdentityHash {
		t.Errorf("%+v", r)
	}
	_, guid, _ := strings.Cut(guest, ":")
	for _, secret := range append(secrets, guid, tokens.IDToken, "alice@example.com") {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the records show %s", secret)
		}
	}
	if n := figure(t, at, "daypass_audit_records_total", "outcome=written", "sink=file"); n > float64(len(records)) || n < 1 {
		t.Errorf("%g records are counted", n)
	}
}

// Sinks that cannot be used are a mistake in the flags, of which a sentence tells.
func TestAuditLogsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "audit.log")
	link := filepath.Join(dir, "link.log")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	public := filepath.Join(dir, "header")
	if err := os.WriteFile(public, []byte("Authorization: x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(edit func(*AuditConfig), to ...string) Config {
		c := auditing(to...)
		c.MetricsListen = ""
		edit(&c.AuditConfig)
		return c
	}
	none := func(*AuditConfig) {}
	for name, test := range map[string]struct {
		c    Config
		want string
	}{
		"twice":               {with(none, file+" "+file), "--audit-log " + file + ": it is given twice"},
		"one file, two names": {with(none, file, link), "--audit-log: " + link + ": another process, or another --audit-log, writes to it"},
		"a directory":         {with(none, dir), "--audit-log: " + dir + " is a directory: give a file in it"},
		"no directory":        {with(none, dir+"/no/file"), "--audit-log: " + dir + "/no/file: " + dir + "/no is not a directory: create it, and let the server's user write there"},
		"no syslog":           {with(none, "syslog:"+dir+"/no"), "--audit-log: no syslog daemon answers at " + dir + "/no: no such file or directory"},
		"http":                {with(none, "http://logs.example.com/?key=secret"), "--audit-log: give an https URL, not one of http"},
		"a password":          {with(none, "https://u:secret@logs.example.com/"), "--audit-log: the URL of logs.example.com has credentials in it, and command lines are there for all to see: put a header into a file (--audit-header-file)"},
		"a URL twice":         {with(none, "https://logs.example.com/?key=secret", "https://logs.example.com/?key=secret"), "--audit-log URL: it is given twice"},
		"public headers":      {with(func(a *AuditConfig) { a.AuditHeaderFile = public }, "https://logs.example.com/"), "--audit-header-file: " + public + " has mode 0644: only its owner may have access; run chmod 600 " + public},
		"no headers":          {with(func(a *AuditConfig) { a.AuditHeaderFile = empty }, "https://logs.example.com/"), "--audit-header-file: " + empty + " has no headers: write one a line, such as Authorization: Bearer TOKEN"},
		"a size":              {with(func(a *AuditConfig) { a.AuditLogSize = -1 }, file), "--audit-log-size -1: give MiB from 1 up, or 0 to rotate files by other tools"},
		"nothing kept":        {with(func(a *AuditConfig) { a.AuditLogKeep = 0 }, file), "--audit-log-keep 0: keep 1 to 1000 files"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := start(&process{t.Context(), io.Discard, io.Discard, func(string) string { return "" }}, test.c)
			if err == nil || err.Error() != test.want {
				t.Errorf("%v\nwant %s", err, test.want)
			}
		})
	}
}

// A server whose URL for records is gone, and whose disk is full, serves as ever.
func TestAuditLogThatIsGone(t *testing.T) {
	gone := httptest.NewTLSServer(http.NotFoundHandler())
	to := []string{gone.URL}
	gone.Close()
	if _, err := os.Stat("/dev/full"); err == nil {
		to = append(to, "/dev/full")
	}
	ctx, stop := context.WithCancel(t.Context())
	var log safeBuffer
	r, err := start(&process{ctx, io.Discard, &log, func(string) string { return "" }}, auditing(to...))
	if err != nil {
		t.Fatal(err)
	}
	root := rootClient(r.url)
	for n := range 20 {
		if _, err := root.JSON(ctx, cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": fmt.Sprint("p", n), "AllowUnauthenticatedIdentities": true}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
	for _, sink := range to {
		name := sink
		if isURL(sink) {
			name = "the URL at " + strings.TrimPrefix(sink, "https://")
		}
		want := fmt.Sprintf(`msg="audit records cannot be written" sink=%q`, name)
		if !strings.Contains(name, " ") {
			want = `msg="audit records cannot be written" sink=` + name
		}
		if n := strings.Count(log.String(), want); n != 1 {
			t.Errorf("%d lines with %s:\n%s", n, want, log.String())
		}
	}
}

// A server that is killed has lost nothing but what it was about to write.
func TestAuditLogAfterKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	for n := range 2 {
		c, endpoint := startLogging(t, t.Output(), "--audit-log", path, "--log-level", "error")
		root := rootClient(endpoint)
		if _, err := root.JSON(t.Context(), cognito.API, "ListIdentityPools", map[string]any{"MaxResults": 1}); err != nil {
			t.Fatal(err)
		}
		waitForLines(t, path, n+1)
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait()
		// It may have been in the middle of a record.
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"eventVersion":`); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for line := range bytes.Lines(text) {
		if json.Valid(line) {
			whole++
		}
	}
	if whole != 2 {
		t.Errorf("%d whole records in\n%s", whole, text)
	}
}

// waitForLines waits until a file has so many whole records.
func waitForLines(t *testing.T, path string, lines int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if whole := bytes.Count(text, []byte("}\n")); whole >= lines {
			return
		}
	}
	t.Fatalf("%s does not get %d records", path, lines)
}

// Where records are required, everything that a server has acknowledged before it is
// killed has its record, and so has every change that it has committed.
func TestRequiredAuditLogAfterKill(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.log")
	flags := []string{"--data-dir", filepath.Join(dir, "data"), "--audit-log", path, "--audit-required", "--log-level", "error"}
	c, endpoint := startLogging(t, t.Output(), flags...)
	answer, err := rootClient(endpoint).JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true})
	var made struct{ IdentityPoolId string }
	if err != nil || json.Unmarshal(answer, &made) != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	acknowledged := 0
	var clients sync.WaitGroup
	enough := make(chan struct{})
	for range 4 {
		clients.Go(func() {
			for {
				if _, err := getID(rootClient(endpoint), made.IdentityPoolId, "", ""); err != nil {
					return // the server is gone
				}
				mu.Lock()
				if acknowledged++; acknowledged == 100 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	clients.Wait()
	recorded := func() int {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		events := map[string]bool{}
		for line := range bytes.Lines(text) {
			var r auditRecord
			if json.Unmarshal(line, &r) == nil && r.EventName == "GetId" && r.ErrorCode == "" {
				events[r.EventID] = true
			}
		}
		return len(events)
	}
	if n := recorded(); n < acknowledged {
		t.Errorf("%d acknowledged, %d recorded", acknowledged, n)
	}
	// What was committed and not acknowledged is recorded by the next server.
	c, endpoint = startLogging(t, t.Output(), flags...)
	guests := len(identityIDs(t, rootClient(endpoint), made.IdentityPoolId))
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if n := recorded(); n < guests {
		t.Errorf("%d guests, %d recorded", guests, n)
	}
}

// Where records are required and a sink takes none, nothing is told without a record, and
// nothing more is changed.
func TestRequiredAuditLogThatIsFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	ctx, stop := context.WithCancel(t.Context())
	var log safeBuffer
	c := auditing(path)
	c.AuditRequired, c.LogLevel = true, "info"
	r, err := start(&process{ctx, io.Discard, &log, func(string) string { return "" }}, c)
	if err != nil {
		t.Fatal(err)
	}
	root := rootClient(r.url)
	create := func(name string) error {
		_, err := root.JSON(ctx, cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": name, "AllowUnauthenticatedIdentities": true})
		return err
	}
	if err := create("before"); err != nil {
		t.Fatal(err)
	}
	// Somebody puts a directory in the place of the file.
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	r.reload()
	if _, err := root.JSON(ctx, cognito.API, "ListIdentityPools", map[string]any{"MaxResults": 10}); err == nil {
		t.Error("a read is answered without a record")
	}
	if err := create("refused"); err == nil {
		t.Error("a change begins without a place for its record")
	}
	if !strings.Contains(log.String(), "cause=audit-unavailable") || !strings.Contains(log.String(), "is a directory: give a file in it") {
		t.Errorf("the log has\n%s", log.String())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for create("after") != nil { // until the refusal of one of them is recorded
		if ctx.Err() != nil {
			t.Fatal("the server does not go on")
		}
	}
	answer, err := root.JSON(ctx, cognito.API, "ListIdentityPools", map[string]any{"MaxResults": 10})
	var list struct {
		IdentityPools []struct{ IdentityPoolName string }
	}
	if err != nil || json.Unmarshal(answer, &list) != nil || len(list.IdentityPools) != 2 {
		t.Errorf("%s, %v", answer, err)
	}
	stop()
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}
