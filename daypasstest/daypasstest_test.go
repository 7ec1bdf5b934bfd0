package daypasstest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/daypass/daypass/daypasstest"
)

// call calls a public operation and gives the status and the answer.
func call(t *testing.T, d *daypasstest.Server, operation, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService."+operation)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// A test server answers as the real one does, since it is the real one, and
// again after a restart.
func TestStart(t *testing.T) {
	d := daypasstest.Start(t, daypasstest.Config{})
	for range 2 {
		status, body := call(t, d, "GetId", `{"IdentityPoolId":"us-east-1:00000000-0000-4000-8000-000000000000"}`)
		if want := `{"__type":"ResourceNotFoundException","message":"IdentityPool 'us-east-1:00000000-0000-4000-8000-000000000000' not found."}`; status != 400 || body != want {
			t.Errorf("%d %s, want %s", status, body, want)
		}
		d.Restart()
	}
}

// Several servers run side by side, each with data of its own.
func TestServersAreApart(t *testing.T) {
	a, b := daypasstest.Start(t, daypasstest.Config{}), daypasstest.Start(t, daypasstest.Config{})
	if a.URL == b.URL || a.DataDir == b.DataDir {
		t.Errorf("%s and %s, %s and %s", a.URL, b.URL, a.DataDir, b.DataDir)
	}
}

func TestSeededRepeats(t *testing.T) {
	var a, b [32]byte
	if _, err := daypasstest.Seeded(7).Read(a[:]); err != nil {
		t.Fatal(err)
	}
	if _, err := daypasstest.Seeded(7).Read(b[:]); err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Error("two sources of one seed differ")
	}
}
