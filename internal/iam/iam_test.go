package iam_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/awsapi"
	"github.com/daypass/daypass/internal/awsquery/wiretest"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/store"
)

const account = "111122223333"

var root = awsapi.Caller{Account: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account, Root: true}

var start = time.Date(2026, 1, 1, 0, 0, 0, 500_000_000, time.UTC)

// newService makes a service on an empty database. Its clock stands still and
// its randomness repeats.
func newService(t testing.TB) *iam.Service {
	t.Helper()
	return serviceOn(t, openStore(t, filepath.Join(t.TempDir(), "daypass.db")))
}

func openStore(t testing.TB, path string) *store.DB {
	t.Helper()
	return openStoreWith(t, store.Options{Path: path})
}

func openStoreWith(t testing.TB, o store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func serviceOn(t testing.TB, db *store.DB) *iam.Service {
	t.Helper()
	random := rand.NewChaCha8([32]byte{1})
	key, err := seal.Generate(random)
	if err != nil {
		t.Fatal(err)
	}
	return &iam.Service{
		Account: account, Store: db.IAM(key.Box("access-key")), Pages: key.Box("page-token"), Limits: iam.DefaultLimits(),
		Roots:      iam.NewRootKeys(iam.RootAccessKey{ID: "AKIAROOT", Secret: seal.NewSecret("root secret")}),
		OwnIssuers: []string{"https://id.example.com/daypass", "http://127.0.0.1:4600"},
		Now:        func() time.Time { return start },
		Rand:       random,
	}
}

// do sends an operation's parameters, name and value in turn.
func do(t testing.TB, s *iam.Service, action string, parameters ...string) awsapi.Answer {
	t.Helper()
	return doAs(t, s, root, action, parameters...)
}

func doAs(t testing.TB, s *iam.Service, caller awsapi.Caller, action string, parameters ...string) awsapi.Answer {
	t.Helper()
	form := url.Values{"Action": {action}}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	return wiretest.Do(context.Background(), iam.Operations(s).Compile(), caller, form.Encode())
}

// must is do for what has to succeed.
func must(t testing.TB, s *iam.Service, action string, parameters ...string) []byte {
	t.Helper()
	a := do(t, s, action, parameters...)
	if a.Status != 200 {
		t.Fatalf("%s %q: %d %s", action, parameters, a.Status, a.Body)
	}
	return a.Body
}

type refusal struct {
	Status        int
	Code, Message string
}

// refused reads an error answer; the zero refusal for success.
func refused(t testing.TB, a awsapi.Answer) refusal {
	t.Helper()
	if a.Status == 200 {
		return refusal{}
	}
	var e struct {
		Error struct{ Code, Message string }
	}
	if err := xml.Unmarshal(a.Body, &e); err != nil {
		t.Fatalf("%v: %s", err, a.Body)
	}
	return refusal{a.Status, e.Error.Code, e.Error.Message}
}

func wantRefused(t testing.TB, a awsapi.Answer, want refusal) {
	t.Helper()
	if got := refused(t, a); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func unmarshal(t testing.TB, body []byte, v any) {
	t.Helper()
	if err := xml.Unmarshal(body, v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
}

// element gives the text of the first element of a name.
func element(t testing.TB, body []byte, name string) string {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := dec.Token()
		if err != nil {
			return ""
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == name {
			var text string
			if err := dec.DecodeElement(&text, &e); err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
}

// elements gives the texts of all elements of a name.
func elements(t testing.TB, body []byte, name string) (all []string) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := dec.Token()
		if err != nil {
			return all
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == name {
			var text string
			if err := dec.DecodeElement(&text, &e); err != nil {
				t.Fatal(err)
			}
			all = append(all, text)
		}
	}
}

const trustPool = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"cognito-identity.amazonaws.com"},` +
	`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"cognito-identity.amazonaws.com:aud":"us-east-1:12345678-dead-beef-cafe-123456790abc"},` +
	`"ForAnyValue:StringLike":{"cognito-identity.amazonaws.com:amr":"authenticated"}}}]}`

const allowS3 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`

func trustAWS(principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"}]}`
}

func createRole(t testing.TB, s *iam.Service, name string, more ...string) []byte {
	t.Helper()
	return must(t, s, "CreateRole", append([]string{"RoleName", name, "AssumeRolePolicyDocument", trustPool}, more...)...)
}

// causeOf is the cause of a refusal; empty if there is none.
func causeOf(err error) awsapi.Cause {
	if r, ok := awsapi.AsRefused(err); ok {
		return r.Cause
	}
	return ""
}
