package faults

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/daypass/daypass/internal/client"
	"github.com/daypass/daypass/internal/seal"
	"github.com/daypass/daypass/internal/sigv4"
)

const (
	issuer  = "https://issuer.test"
	account = "000000000000"
	region  = "us-east-1"
	rootKey = "test" // of --dev
)

// older is the binary of a daypass of an earlier version, as which nodes are started;
// "": as this one.
var older string

// patience is how long a client waits for an answer. A node that cannot have one
// from its database says so earlier.
const patience = 60 * time.Second

// A node is a daypass in a process of its own.
type node struct {
	database, masterKey string // no database: the embedded store
	nextKey             string // the next master key; empty for none
	dataDir             string

	cmd *exec.Cmd
	log string
	url atomic.Pointer[string]
}

// startNode starts a node on a database.
func startNode(t *testing.T, masterKey, database string) *node {
	t.Helper()
	n := &node{database: database, masterKey: masterKey, dataDir: t.TempDir()}
	n.start(t)
	t.Cleanup(func() {
		n.kill()
		if text, err := os.ReadFile(n.log); t.Failed() && err == nil {
			t.Logf("the log of a node ends:\n%s", text[max(0, len(text)-3000):])
		}
	})
	return n
}

// start starts the process and waits until it says where it listens.
func (n *node) start(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	log, err := os.CreateTemp(dir, "log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	n.log = log.Name()
	path := older
	if path == "" {
		path = binary(t)
	}
	n.cmd = exec.Command(path, "serve", "--dev", "--listen", "127.0.0.1:0", "--issuer", issuer, "--log-level", "warn")
	n.cmd.Dir, n.cmd.Stderr = dir, log
	n.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "DAYPASS_MASTER_KEY=" + n.masterKey, "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir}
	if n.nextKey != "" {
		n.cmd.Env = append(n.cmd.Env, "DAYPASS_NEXT_MASTER_KEY="+n.nextKey)
	}
	if n.database != "" {
		n.cmd.Env = append(n.cmd.Env, "DAYPASS_DATABASE="+n.database)
	} else {
		n.cmd.Args = append(n.cmd.Args, "--data-dir", n.dataDir)
	}
	endWithUs(n.cmd)
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, url, ok := strings.Cut(lines.Text(), "endpoint  "); ok {
			n.url.Store(&url)
			go func() {
				for lines.Scan() {
				}
			}()
			return
		}
	}
	_ = n.cmd.Wait()
	n.cmd = nil
	text, _ := os.ReadFile(n.log)
	t.Fatalf("the node does not start:\n%s", text)
}

// kill ends the process with a SIGKILL.
func (n *node) kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
	n.cmd = nil
}

// stop ends the process as an operator does.
func (n *node) stop(t *testing.T) {
	t.Helper()
	if err := n.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = n.cmd.Wait()
	n.cmd = nil
}

// transport is that of all clients.
var transport = &http.Transport{MaxIdleConnsPerHost: 128}

// as is a client of the node that signs with credentials; with none it does not.
func (n *node) as(c sigv4.Credentials) *client.Client {
	return &client.Client{Endpoint: *n.url.Load(), Region: region, Credentials: c, HTTP: &http.Client{Timeout: patience, Transport: transport}}
}

func (n *node) root() *client.Client {
	return n.as(sigv4.Credentials{AccessKeyID: rootKey, SecretAccessKey: rootKey})
}

func (n *node) public() *client.Client { return n.as(sigv4.Credentials{}) }

// ready is the status of /readyz.
func (n *node) ready() int {
	answer, err := (&http.Client{Timeout: patience, Transport: transport}).Get(*n.url.Load() + "/readyz")
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

func newMasterKey(t *testing.T) string {
	t.Helper()
	key, err := seal.Generate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key.Text().Reveal()
}
