package bench

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/daypass/daypass/internal/login"
	"github.com/daypass/daypass/internal/saml"
)

// What the server of logins finds in its directory.
const (
	responsesFile = "responses.json"
	metadataFile  = "metadata.xml"
)

// loginsAtOnce is how many responses it reads for a request, so that HTTP has no
// part in what is measured.
const loginsAtOnce = 50

// logins reads SAML responses, as daypass does and as the ceiling does.
type logins struct {
	responses      []string
	provider       login.Provider
	ceiling        *ceiling
	next           int // of the responses
	verified, bare atomic.Int64
}

func openLogins(string) (*server, error) {
	document, err := os.ReadFile(metadataFile)
	if err != nil {
		return nil, err
	}
	l := &logins{provider: login.Provider{Name: samlARN, ARN: samlARN}}
	if l.provider.Metadata, err = saml.ParseMetadata(string(document)); err != nil {
		return nil, err
	}
	key, err := readLoginKey()
	if err != nil {
		return nil, err
	}
	l.ceiling = &ceiling{login: key}
	text, err := os.ReadFile(responsesFile)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &l.responses); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /verify", l.each(&l.verified, l.verify))
	mux.HandleFunc("POST /bare", l.each(&l.bare, func(r *http.Request, response string) error {
		return l.ceiling.verifySAML([]byte(`"` + response + `"`))
	}))
	return &server{mux, io.NopCloser(nil), func() any {
		return map[string]int64{"verified": l.verified.Load(), "bare": l.bare.Load()}
	}}, nil
}

func (l *logins) verify(r *http.Request, response string) error {
	// The longest that a login may be (the shape of IdentityProviderToken).
	_, err := login.SAML{}.Verify(r.Context(), l.provider, login.Present(response, 50_000))
	return err
}

// each does something with one response after the other, and counts them.
func (l *logins) each(count *atomic.Int64, do func(*http.Request, string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for range loginsAtOnce {
			l.next = (l.next + 1) % len(l.responses)
			if err := do(r, l.responses[l.next]); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			count.Add(1)
		}
		_, _ = io.WriteString(w, "good")
	}
}

// writeResponses writes what the server of logins reads.
func (w *world) writeResponses(b *testing.B) {
	b.Helper()
	var responses []string
	for _, u := range w.users[:few] {
		responses = append(responses, u.saml)
	}
	text, err := json.Marshal(responses)
	if err != nil {
		b.Fatal(err)
	}
	metadata, err := w.samlMint().Metadata()
	if err != nil {
		b.Fatal(err)
	}
	for name, data := range map[string][]byte{responsesFile: text, metadataFile: metadata} {
		if err := os.WriteFile(filepath.Join(w.dir, name), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
}
