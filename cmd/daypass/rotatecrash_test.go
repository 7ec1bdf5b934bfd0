package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/admin"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
	"github.com/daypass/daypass/internal/sts"
)

// A server that is killed at any moment of a rotation of its master key starts again, has
// all secrets and sessions, and finishes by itself.
func TestKillInRotation(t *testing.T) {
	const users, rounds = 60, 12
	dir := t.TempDir()
	process, endpoint := startProcess(t, dir)
	root := rootClient(endpoint)
	type keyAnswer struct {
		AccessKeyId, SecretAccessKey string
	}
	var keys []sigv4.Credentials
	for n := range users {
		name := fmt.Sprint("user-", n)
		if _, err := root.Query(t.Context(), iam.API, "CreateUser", "UserName", name); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			answer, err := root.Query(t.Context(), iam.API, "CreateAccessKey", "UserName", name)
			if err != nil {
				t.Fatal(err)
			}
			var made struct {
				Key keyAnswer `xml:"CreateAccessKeyResult>AccessKey"`
			}
			if err := xml.Unmarshal(answer, &made); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, sigv4.Credentials{AccessKeyID: made.Key.AccessKeyId, SecretAccessKey: made.Key.SecretAccessKey})
		}
	}
	hers := *root
	hers.Credentials = keys[0]
	answer, err := hers.Query(t.Context(), sts.API, "GetSessionToken")
	if err != nil {
		t.Fatal(err)
	}
	var session struct {
		Credentials struct {
			AccessKeyId, SecretAccessKey, SessionToken string
		} `xml:"GetSessionTokenResult>Credentials"`
	}
	if err := xml.Unmarshal(answer, &session); err != nil {
		t.Fatal(err)
	}
	keys = append(keys, sigv4.Credentials{AccessKeyID: session.Credentials.AccessKeyId, SecretAccessKey: session.Credentials.SecretAccessKey, SessionToken: session.Credentials.SessionToken})

	describe := func(c *client.Client) (d admin.MasterKeyDescription) {
		t.Helper()
		answer, err := c.JSON(t.Context(), admin.API, "DescribeMasterKey", map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		var out struct {
			MasterKey struct {
				Fingerprint, ReplacedFingerprint admin.KeyFingerprint
				FinishedDate                     *float64
			}
		}
		if err := json.Unmarshal(answer, &out); err != nil {
			t.Fatal(err)
		}
		d.Fingerprint, d.ReplacedFingerprint = out.MasterKey.Fingerprint, out.MasterKey.ReplacedFingerprint
		if out.MasterKey.FinishedDate != nil {
			d.FinishedDate = &time.Time{}
		}
		return d
	}
	replaced := map[admin.KeyFingerprint]bool{}
	for round := range rounds {
		before := describe(root).Fingerprint
		took := make(chan time.Duration, 1)
		go func() {
			began := time.Now()
			_, _ = root.JSON(t.Context(), admin.API, "RotateMasterKey", map[string]any{})
			took <- time.Since(began)
		}()
		after := time.NewTimer(time.Duration(rand.IntN(1+round*6)) * time.Millisecond)
		select {
		case <-after.C:
		case <-took:
			took <- 0
		}
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = process.Wait()
		<-took
		process, endpoint = startProcess(t, dir)
		root = rootClient(endpoint)
		for n, key := range keys {
			c := &client.Client{Endpoint: endpoint, Region: "us-east-1", Credentials: key}
			if _, err := c.Query(t.Context(), sts.API, "GetCallerIdentity"); err != nil {
				t.Fatalf("round %d: key %d: %v", round, n, err)
			}
		}
		d := describe(root)
		for deadline := time.Now().Add(20 * time.Second); d.ReplacedFingerprint != "" && d.FinishedDate == nil; d = describe(root) {
			if time.Now().After(deadline) {
				t.Fatalf("round %d: it does not go on", round)
			}
		}
		file, err := seal.LoadFile(filepath.Join(dir, "master.key"))
		if err != nil || file.Fingerprint() != string(d.Fingerprint) {
			t.Fatalf("round %d: master.key has another key than %s: %v", round, d.Fingerprint, err)
		}
		if d.Fingerprint != before {
			replaced[before] = true
			if old, err := seal.LoadFile(filepath.Join(dir, "master.key."+string(before))); err != nil || old.Fingerprint() != string(before) {
				t.Errorf("round %d: the old key is lost: %v", round, err)
			}
		}
		if replaced[d.Fingerprint] {
			t.Errorf("round %d: an old key is back", round)
		}
	}
	if len(replaced) == 0 {
		t.Error("nothing was ever replaced")
	}
	t.Logf("%d of %d rotations had come to their commit", len(replaced), rounds)
}
