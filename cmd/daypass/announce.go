package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/daypass/daypass/internal/cli"
	"github.com/daypass/daypass/internal/seal"
)

// A server announces itself to the user that runs it: in a file that only this
// user can read, with an ID that is new with each start. The command line takes
// its default endpoint from there. The ID never travels: who asks the server sends
// a challenge, and the server shows that it knows the ID. So nothing is signed
// for, and no token shown to, a process that has taken the port of a server that
// is gone.

// announcement is what the file of a server says.
type announcement struct {
	Process  int
	Endpoint string
	Region   string
	DataDir  string
	// ID is the instance ID, in hexadecimal: a secret.
	ID string
	// RootCredentials is the file with the root credentials; empty where they are
	// in none.
	RootCredentials string `json:",omitempty"`
	// Dev says that the root credentials are those that everybody knows.
	Dev bool `json:",omitempty"`
}

const (
	// instancePath is where a server shows that it knows its ID.
	instancePath = "/instance"
	// maxAnnouncement is the longest announcement that is read, in bytes, and
	// maxAnnouncements how many are.
	maxAnnouncement  = 16 << 10
	maxAnnouncements = 64
	// proofTimeout is how long a server may take to show that it knows its ID.
	proofTimeout = 2 * time.Second
)

// runtimeDir is the directory of announcements: that of the user's session, or a
// private one in the user's home. Never a temporary directory, in which others
// can make files too. Empty where the user has neither.
func runtimeDir(getenv func(string) string) string {
	if dir := getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "daypass")
	}
	home := getenv("HOME")
	if home == "" {
		home = getenv("LocalAppData") // Windows
	}
	if !filepath.IsAbs(home) {
		return ""
	}
	return filepath.Join(home, ".cache", "daypass", "run")
}

// checkRuntimeDir refuses a directory that others than this user could have
// filled.
func checkRuntimeDir(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || !ownedByUser(info) || modesCount && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a directory of this user alone", dir)
	}
	return nil
}

// announce writes the announcement of a server, which answers for its ID from
// then on, and returns how to take it back.
func (r *running) announce(p *process, dev bool) (remove func(), err error) {
	dir := runtimeDir(p.getenv)
	if dir == "" {
		return nil, errors.New("neither XDG_RUNTIME_DIR nor HOME is set")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := checkRuntimeDir(dir); err != nil {
		return nil, err
	}
	forgetGone(dir)
	a := announcement{Process: os.Getpid(), Endpoint: r.url, Region: r.instance.Region, DataDir: r.where(), ID: r.id, Dev: dev}
	if r.database == "" {
		a.DataDir = absolute(a.DataDir)
	}
	if r.rootFile != "" {
		a.RootCredentials = absolute(r.rootFile)
	}
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return nil, err
	}
	// The number makes the name unique among the servers of one process, which
	// tests have.
	path := filepath.Join(dir, fmt.Sprintf("%d-%s.json", a.Process, r.id[:8]))
	if err := seal.WriteNew(path, append(text, '\n')); err != nil {
		return nil, err
	}
	return func() { _ = os.Remove(path) }, nil
}

func absolute(path string) string {
	if a, err := filepath.Abs(path); err == nil {
		return a
	}
	return path
}

// announceOrSay announces a server, and says in its log if that is not possible:
// it serves all the same.
func (r *running) announceOrSay(p *process, dev bool) {
	remove, err := r.announce(p, dev)
	if err != nil {
		r.log.Info("not announced to the command line: give --endpoint-url", slog.Any("error", err))
		return
	}
	r.unannounce = remove
}

// forgetGone removes the announcements of processes that were killed.
func forgetGone(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // they are ignored anyway
	}
	for _, e := range entries {
		if process, ok := announcer(e); ok && !alive(process) {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// announcer is the process whose announcement a directory entry is.
func announcer(e fs.DirEntry) (process int, ok bool) {
	if !e.Type().IsRegular() || filepath.Ext(e.Name()) != ".json" {
		return 0, false
	}
	text, _, ok := strings.Cut(e.Name(), "-")
	process, err := strconv.Atoi(text)
	return process, ok && err == nil && process > 0
}

// announced are the servers of this user that run now and show that they are
// those that announced themselves.
func announced(ctx context.Context, getenv func(string) string) []cli.Server {
	dir := runtimeDir(getenv)
	if dir == "" || checkRuntimeDir(dir) != nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var servers []cli.Server
	for _, e := range entries[:min(len(entries), maxAnnouncements)] {
		process, ok := announcer(e)
		if !ok || !alive(process) {
			continue
		}
		text, err := seal.ReadPrivate(filepath.Join(dir, e.Name()), maxAnnouncement)
		if err != nil {
			continue
		}
		var a announcement
		if json.Unmarshal(text, &a) == nil && a.Process == process && a.answers(ctx) {
			servers = append(servers, cli.Server{Endpoint: a.Endpoint, Region: a.Region, Process: a.Process, Data: a.DataDir, Credentials: a.credentials})
		}
	}
	return servers
}

// credentials are the root credentials, if this user can read them.
func (a *announcement) credentials() (id, secret string, err error) {
	switch {
	case a.Dev:
		return devKey, devKey, nil
	case a.RootCredentials == "":
		return "", "", errors.New("the server has its root credentials from its environment")
	}
	keys, err := readRoot(a.RootCredentials)
	if err != nil {
		return "", "", err
	}
	return keys[0].ID, keys[0].Secret.Reveal(), nil
}

// answers says whether the server at the endpoint knows the ID.
func (a *announcement) answers(ctx context.Context) bool {
	at, err := url.Parse(a.Endpoint)
	if err != nil || a.ID == "" {
		return false
	}
	random := make([]byte, sha256.Size)
	_, _ = rand.Read(random) // never fails
	challenge := hex.EncodeToString(random)
	ctx, cancel := context.WithTimeout(ctx, proofTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.JoinPath(instancePath).String()+"?challenge="+challenge, nil)
	if err != nil {
		return false
	}
	transport := &http.Transport{
		DialContext: (&net.Dialer{Timeout: proofTimeout}).DialContext,
		// Nothing here is a secret; calls verify the certificate.
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}
	c := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := c.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	proof, err := io.ReadAll(io.LimitReader(answer.Body, maxAnnouncement))
	return err == nil && answer.StatusCode == http.StatusOK && hmac.Equal([]byte(strings.TrimSpace(string(proof))), []byte(prove(a.ID, challenge)))
}

// prove is the answer to a challenge of who knows an instance ID.
func prove(id, challenge string) string {
	mac := hmac.New(sha256.New, []byte(id))
	mac.Write([]byte("daypass instance " + challenge))
	return hex.EncodeToString(mac.Sum(nil))
}

// proofs answers challenges.
func proofs(id string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, challenge, _ := strings.Cut(r.URL.RawQuery, "challenge=")
		if b, err := hex.DecodeString(challenge); len(challenge) != 2*sha256.Size || err != nil || len(b) != sha256.Size {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "give a challenge of 64 hexadecimal digits\n")
			return
		}
		_, _ = io.WriteString(w, prove(id, challenge)+"\n") // a client that has gone away needs no answer
	})
}

// newInstanceID makes an instance ID.
func newInstanceID() string {
	id := make([]byte, 32)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}
