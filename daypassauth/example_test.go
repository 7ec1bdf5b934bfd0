package daypassauth_test

import (
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/daypass/daypass/daypassauth"
)

// A service whose users each have their own photos: the policy of their role allows
// execute-api:Invoke on photos/$default/*/users/${cognito-identity.amazonaws.com:sub}/*.
func ExampleGuard() {
	guard := &daypassauth.Guard{URL: "http://127.0.0.1:4611/forward-auth?daypass-api=photos"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}/photos", func(w http.ResponseWriter, r *http.Request) {
		who, _ := daypassauth.FromContext(r.Context())
		fmt.Fprintf(w, "the photos of %s, for %s", r.PathValue("id"), who.ARN)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", guard.Handler(mux)))
}

// A service that pages of other origins call: browsers ask with OPTIONS first, and
// do not sign that. Whoever polls with one token is asked about once in ten seconds.
func ExampleGuard_browsers() {
	guard := &daypassauth.Guard{
		URL:      "http://127.0.0.1:4611/forward-auth?daypass-api=photos",
		Pass:     func(r *http.Request) bool { return r.Method == http.MethodOptions },
		Remember: 10 * time.Second,
		Log:      func(r *http.Request, err error) { log.Printf("%s %s did not pass: %v", r.Method, r.URL.Path, err) },
	}
	service := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
		w.Header().Set("Access-Control-Allow-Headers", "authorization, content-type, x-amz-content-sha256, x-amz-date, x-amz-security-token")
		if r.Method == http.MethodOptions {
			return
		}
		fmt.Fprintln(w, "hello")
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", guard.Handler(service)))
}
