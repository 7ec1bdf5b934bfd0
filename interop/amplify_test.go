package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// amplifySession is what amplify/page.mjs tells of a session.
type amplifySession struct {
	IdentityID, AccessKeyID, SecretAccessKey, SessionToken string

	Expiration time.Time
	SignedIn   bool
}

// amplifyStory is what amplify/page.mjs tells.
type amplifyStory struct {
	Origin, Forged, Signed, Error string
	Guest, Kept, Refreshed, User  amplifySession
}

// TestAmplify runs amplify/page.mjs in a browser, on a page of another origin
// than the server's.
func TestAmplify(t *testing.T) {
	t.Parallel()
	node, chromium := need(t, "amplify"), need(t, "chromium")
	script := bundle(t, node, "amplify/page.mjs")
	s := openShop(t, startProcess(t))
	token := s.provider.signIn(t, app, alice)
	var did amplifyStory
	browse(t, chromium, script, map[string]string{
		"endpoint": s.endpoint, "pool": s.pool, "token": token, "forged": forge(t, token, bob),
	}, &did)

	if did.Error != "" || did.Origin == s.endpoint || did.Forged != "NotAuthorizedException" || did.Signed != "none" {
		t.Errorf("the page tells %+v", did)
	}
	if did.Kept != did.Guest {
		t.Errorf("the guest is %+v, then %+v", did.Guest, did.Kept)
	}
	if did.Refreshed.IdentityID != did.Guest.IdentityID || did.Refreshed.AccessKeyID == did.Guest.AccessKeyID {
		t.Errorf("the guest's credentials are %+v, refreshed %+v", did.Guest, did.Refreshed)
	}
	// Who signs in takes the guest's identity along.
	if login := s.provider.logins(token); did.User.IdentityID != s.getID(t, s.pool, login) || did.User.IdentityID != did.Guest.IdentityID {
		t.Errorf("the user is %s, who was guest %s", did.User.IdentityID, did.Guest.IdentityID)
	}
	for role, session := range map[string]amplifySession{guestRole: did.Refreshed, userRole: did.User} {
		wantCaller(t, s.endpoint, static(session.AccessKeyID, session.SecretAccessKey, session.SessionToken), role, enhancedSession)
		if left := time.Until(session.Expiration); left < 59*time.Minute || left > time.Hour || session.SignedIn != (role == userRole) {
			t.Errorf("%s: good for %v, signed in: %v", role, left, session.SignedIn)
		}
	}
}

// bundle makes one script of a module and what it imports, and gives its path. The
// bundler is among the packages of amplify.
func bundle(t *testing.T, node, module string) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "page.js")
	run(t, environment(t), node, "amplify/node_modules/esbuild/bin/esbuild", module, "--bundle", "--format=esm", "--outfile="+script)
	return script
}

// browse opens a page that runs a script, and reads what it reports into did.
func browse(t *testing.T, chromium, script string, given map[string]string, did any) {
	t.Helper()
	reports := make(chan []byte, 1)
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		values, _ := json.Marshal(given) // strings cannot fail
		fmt.Fprintf(w, `<!doctype html><title>photos</title><script>const given = %s</script><script type="module" src="/page.js"></script>`, values)
	})
	pages.HandleFunc("GET /page.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, script) })
	pages.HandleFunc("POST /did", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing does not parse
		reports <- body
	})
	page := httptest.NewServer(pages)
	t.Cleanup(page.Close)
	openBrowser(t, chromium, page.URL)
	select {
	case body := <-reports:
		if err := json.Unmarshal(body, did); err != nil {
			t.Fatalf("the page reports %q: %v", body, err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the page reports nothing")
	}
}

// openBrowser shows a page in a browser of its own until the test ends.
func openBrowser(t *testing.T, chromium, url string, flags ...string) {
	t.Helper()
	profile, err := os.MkdirTemp("", "daypass-browser-")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(chromium, append(flags, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+profile, url)...)
	var said strings.Builder
	c.Env, c.Stdout, c.Stderr = environment(t), &said, &said
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // it and its helpers
		_ = c.Wait()                                      // says that it was killed
		_ = os.RemoveAll(profile)                         // a temporary directory
		if t.Failed() {
			t.Logf("%s", said.String())
		}
	})
}
