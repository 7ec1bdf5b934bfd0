package instance_test

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/daypass/daypass/daypasstest"
	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/cognito"
	"github.com/daypass/daypass/internal/iam"
	"github.com/daypass/daypass/internal/instance"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

// leastOfAll is what each operation of cognito-identity needs at least.
func leastOfAll(t *testing.T, pool, identity string) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	for _, op := range cognito.Operations(nil).Operations {
		all[op.Name] = least(t, op, namesOf(pool, identity, "", "", "", ""))
	}
	return all
}

// Beyond its rate every operation says so, and nothing else.
func TestEveryOperationCanBeThrottled(t *testing.T) {
	at := newClock()
	rates := map[string]float64{}
	const pool = "us-east-1:00000000-0000-4000-8000-000000000000"
	all := leastOfAll(t, pool, pool)
	for name := range all {
		rates[name] = 0.5
	}
	s := &story{t: t, server: daypasstest.Start(t, daypasstest.Config{Now: at.now, Rates: rates})}
	for name, in := range all {
		c := s.clientOf("us-east-1")
		_, _ = call(c, name, in)
		answer, err := c.JSON(t.Context(), cognito.API, name, in)
		wantError(t, err, "TooManyRequestsException", "Rate exceeded")
		if want := `{"__type":"TooManyRequestsException","message":"Rate exceeded"}`; string(answer) != want {
			t.Errorf("%s: %s", name, answer)
		}
		at.pass(2 * time.Second)
		if _, err := call(c, name, in); err != nil && err.(*client.Error).Code == "TooManyRequestsException" {
			t.Errorf("%s: still throttled after two seconds", name)
		}
	}
}

// With the store closed underneath, every operation fails as an internal error
// that tells nothing.
func TestEveryOperationWithoutStore(t *testing.T) {
	i, c := openInstance(t, nil)
	made, err := call(c, "CreateIdentityPool", map[string]any{"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": "dev"})
	if err != nil {
		t.Fatal(err)
	}
	pool := made["IdentityPoolId"].(string)
	guest, err := call(c, "GetId", map[string]any{"IdentityPoolId": pool})
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	for name, in := range leastOfAll(t, pool, guest["IdentityId"].(string)) {
		answer, err := c.JSON(t.Context(), cognito.API, name, in)
		wantError(t, err, "InternalErrorException", "The service is unable to process the request. Try again later.")
		if want := `{"__type":"InternalErrorException","message":"The service is unable to process the request. Try again later."}`; string(answer) != want {
			t.Errorf("%s: %s", name, answer)
		}
	}
}

// openInstance opens an instance with limits, without what daypasstest adds to
// one, and gives a client of its root.
func openInstance(t *testing.T, limits *instance.Limits) (*instance.Instance, *client.Client) {
	t.Helper()
	dir := t.TempDir()
	key, err := seal.CreateFile(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	i, err := instance.Open(t.Context(), instance.Config{
		DataDir: dir, MasterKey: key, Account: "123456789012", PublicURL: "http://127.0.0.1", Dev: true, Limits: limits,
		Root: iam.RootAccessKey{ID: "test", Secret: seal.NewSecret("test")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() }) // one that was closed before says so, which is well
	h := httptest.NewServer(i.Handler)
	t.Cleanup(h.Close)
	return i, &client.Client{Endpoint: h.URL, Region: "us-east-1", Credentials: sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}}
}

// Beyond a quota nothing is made or changed.
func TestQuotas(t *testing.T) {
	limits := instance.DefaultLimits()
	limits.Cognito.PoolsPerAccount, limits.Cognito.UserPoolProviders = 1, 1
	_, c := openInstance(t, limits)
	appClient := func(name string) map[string]string {
		return map[string]string{"ProviderName": "cognito-idp.us-east-1.amazonaws.com/us-east-1_a", "ClientId": name}
	}
	two := []map[string]string{appClient("a"), appClient("b")}
	in := map[string]any{"IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true, "CognitoIdentityProviders": two}
	_, err := call(c, "CreateIdentityPool", in)
	wantError(t, err, "LimitExceededException", "An identity pool can have at most 1 Cognito identity providers.")
	in["CognitoIdentityProviders"] = two[:1]
	made, err := call(c, "CreateIdentityPool", in)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.JSON(t.Context(), cognito.API, "CreateIdentityPool", in)
	wantError(t, err, "LimitExceededException", "The account can have at most 1 identity pools in a region.")
	if want := `{"__type":"LimitExceededException","message":"The account can have at most 1 identity pools in a region."}`; string(answer) != want {
		t.Errorf("%s, want %s", answer, want)
	}
	in["IdentityPoolId"], in["CognitoIdentityProviders"] = made["IdentityPoolId"], two
	_, err = call(c, "UpdateIdentityPool", in)
	wantError(t, err, "LimitExceededException", "An identity pool can have at most 1 Cognito identity providers.")
	pools, err := call(c, "ListIdentityPools", map[string]any{"MaxResults": 10})
	if err != nil || len(pools["IdentityPools"].([]any)) != 1 {
		t.Errorf("pools %v, %v", pools, err)
	}
}

func TestEditsThatWaitTooLong(t *testing.T) {
	s := newStory(t, daypasstest.Config{})
	pool := s.pool
	s.server.Close()
	s.server = daypasstest.Start(t, daypasstest.Config{DataDir: s.server.DataDir, EditWait: 1})
	_, err := call(s.clientOf("us-east-1"), "UpdateIdentityPool", map[string]any{"IdentityPoolId": pool, "IdentityPoolName": "x", "AllowUnauthenticatedIdentities": true})
	wantError(t, err, "ConcurrentModificationException", "Only one request to update resource type Identity Pool can be processed at a time")
	_, err = call(s.clientOf("us-east-1"), "TagResource", map[string]any{"ResourceArn": poolARN(pool), "Tags": map[string]string{"a": "b"}})
	wantError(t, err, "TooManyRequestsException", "Rate exceeded")
}
