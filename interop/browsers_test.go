package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/daypass/daypass/internal/sigv4"
)

// pageStory is what browsersPage tells: for each thing that a page tries, what
// it saw.
type pageStory struct{ Image, Form, NoCORS, Signed, Public string }

// browsersPage is a web page that tries to use the server of whoever looks at it.
// An image or a form tells the page nothing, so the server is asked afterwards
// what was made.
const browsersPage = `<!doctype html><title>nice pictures</title><iframe name="sink"></iframe><script type="module">
const seen = (promise) => promise.then((answer) => answer.type === "opaque" ? "opaque" : String(answer.status), (error) => error.name);
const image = (url) => new Promise((done) => { const i = new Image(); i.onload = i.onerror = (event) => done(event.type); i.src = url; });
const form = (url) => new Promise((done) => {
  const f = document.createElement("form");
  Object.assign(f, { method: "POST", action: url, target: "sink" });
  document.querySelector("iframe").onload = () => done("sent");
  document.body.append(f);
  f.submit();
});
const did = {
  Image: await image(given.image),
  Form: await form(given.form),
  NoCORS: await seen(fetch(given.noCORS, { method: "POST", mode: "no-cors" })),
  Signed: await seen(fetch(given.endpoint, { method: "POST", headers: given.headers, body: given.body })),
  Public: await seen(fetch(given.endpoint, {
    method: "POST", headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSCognitoIdentityService.GetId" }, body: "{}",
  })),
};
await fetch("/did", { method: "POST", body: JSON.stringify(did) });
</script>`

// A web page of another site can make nothing on a development server, whose
// credentials everybody knows, with what a browser sends without being asked by a
// script of an allowed origin: images, forms, blind fetches. A page of this machine
// can call signed operations, and people can open a presigned URL.
func TestBrowserPages(t *testing.T) {
	t.Parallel()
	chromium := need(t, "chromium")
	endpoint := startProcess(t)
	root := sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}
	host := strings.TrimPrefix(endpoint, "http://")
	presigned := func(method, service string, parameters url.Values) string {
		r := &sigv4.Request{Method: method, Path: "/", RawQuery: parameters.Encode(), Host: host, Header: http.Header{}}
		if err := sigv4.Presign(r, root, "us-east-1", service, time.Now(), 5*time.Minute); err != nil {
			t.Fatal(err)
		}
		return endpoint + "/?" + r.RawQuery
	}
	createUser := func(name string) url.Values {
		return url.Values{"Action": {"CreateUser"}, "Version": {"2010-05-08"}, "UserName": {name}}
	}
	users := func() (names []string) {
		out, err := connect(endpoint, static("test", "test", "")).iam.ListUsers(t.Context(), &iam.ListUsersInput{})
		if err != nil {
			t.Fatal(err)
		}
		for _, user := range out.Users {
			names = append(names, *user.UserName)
		}
		return names
	}
	for name, test := range map[string]struct {
		host string
		want pageStory
		made []string
	}{
		"another site": {"pictures.example", pageStory{Image: "error", Form: "sent", NoCORS: "opaque", Signed: "TypeError", Public: "400"}, nil},
		"this machine": {"localhost", pageStory{Image: "error", Form: "sent", NoCORS: "opaque", Signed: "200", Public: "400"}, []string{"signed-localhost"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := users()
			body := createUser("signed-" + test.host).Encode()
			signed := &sigv4.Request{Method: "POST", Path: "/", Host: host, Body: []byte(body), Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
			if err := sigv4.Sign(signed, root, "us-east-1", "iam", time.Now()); err != nil {
				t.Fatal(err)
			}
			headers := map[string]string{}
			for key, values := range signed.Header {
				headers[key] = values[0]
			}
			did := visit(t, chromium, test.host, map[string]any{
				"endpoint": endpoint, "headers": headers, "body": body,
				"image": presigned("GET", "iam", createUser("image")), "form": presigned("POST", "iam", createUser("form")), "noCORS": presigned("POST", "iam", createUser("no-cors")),
			})
			if did != test.want {
				t.Errorf("the page saw %+v, want %+v", did, test.want)
			}
			made := slices.DeleteFunc(users(), func(u string) bool { return slices.Contains(before, u) })
			if fmt.Sprint(made) != fmt.Sprint(test.made) {
				t.Errorf("there are %v, want %v", made, test.made)
			}
		})
	}

	// What no browser sends is served, and so is what a person opens.
	answer, err := http.Post(presigned("POST", "iam", createUser("control")), "application/x-www-form-urlencoded", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Body.Close(); answer.StatusCode != 200 {
		t.Errorf("a program's POST with a signature in the query: %s", answer.Status)
	}
	identity := presigned("GET", "sts", url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}})
	dump := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+filepath.Join(t.TempDir(), "profile"), "--dump-dom", identity)
	dump.Env = environment(t)
	if out, err := dump.Output(); err != nil || !strings.Contains(string(out), "arn:aws:iam::") {
		t.Errorf("a person who opens a presigned URL sees %s (%v)", out, err)
	}
}

// visit shows browsersPage, with values, under a host name and gives what it tells.
func visit(t *testing.T, chromium, host string, given map[string]any) pageStory {
	t.Helper()
	reports := make(chan pageStory, 1)
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		values, _ := json.Marshal(given) // strings cannot fail
		fmt.Fprint(w, strings.Replace(browsersPage, "const seen", "const given = "+string(values)+";\nconst seen", 1))
	})
	pages.HandleFunc("POST /did", func(_ http.ResponseWriter, r *http.Request) {
		var did pageStory
		_ = json.NewDecoder(r.Body).Decode(&did) // what is missing shows
		reports <- did
	})
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	openBrowser(t, chromium, "http://"+host+":"+port, "--host-resolver-rules=MAP "+host+" 127.0.0.1")
	select {
	case did := <-reports:
		return did
	case <-time.After(time.Minute):
		t.Fatal("the page reports nothing")
		return pageStory{}
	}
}
