package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/daypass/daypass/internal/cognito"
)

func init() { binaries["hold-disk"] = holdDisk }

// A safeBuffer keeps what several goroutines write.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// A smallDisk is a file system of its own, and runs servers on it one after the other.
type smallDisk struct {
	t       *testing.T
	outside string // its path as others see it
	inside  string // and as the servers do
	holder  *exec.Cmd
	in      io.Writer
	out     *bufio.Scanner
	log     safeBuffer // of its servers
}

// newSmallDisk makes a file system of some size in a name space of its own, for which
// an ordinary user needs no rights.
func newSmallDisk(t *testing.T, size string) *smallDisk {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := &smallDisk{t: t, inside: t.TempDir(), holder: exec.Command(exe)}
	d.holder.Args = []string{"hold-disk", d.inside, size}
	d.holder.Env = append(os.Environ(), "HOME="+d.inside, "XDG_RUNTIME_DIR=")
	d.holder.Stderr = &d.log
	d.holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		d.holder.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		d.holder.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		d.holder.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	in, err := d.holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := d.holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.holder.Start(); err != nil {
		t.Fatalf("a name space for a small disk: %v", err)
	}
	t.Cleanup(func() { // with its server
		_ = d.holder.Process.Kill()
		_ = d.holder.Wait()
	})
	d.in, d.out = in, bufio.NewScanner(out)
	d.outside = fmt.Sprintf("/proc/%d/root%s", d.holder.Process.Pid, d.inside)
	d.expect("mounted")
	return d
}

// expect reads until a line contains a text, and returns the line.
func (d *smallDisk) expect(text string) string {
	d.t.Helper()
	for d.out.Scan() {
		if strings.Contains(d.out.Text(), text) {
			return d.out.Text()
		}
	}
	d.t.Fatalf("the server on the small disk does not say %q", text)
	return ""
}

// serve starts a server, and gives its process ID and its endpoint.
func (d *smallDisk) serve() (pid int, endpoint string) {
	d.t.Helper()
	fmt.Fprintln(d.in, "serve")
	if _, err := fmt.Sscanf(d.expect("started"), "started %d", &pid); err != nil {
		d.t.Fatal(err)
	}
	_, endpoint, _ = strings.Cut(d.expect("endpoint"), "endpoint  ")
	d.expect("create-identity-pool")
	return pid, endpoint
}

// end ends the server with a signal.
func (d *smallDisk) end(pid int, with syscall.Signal) {
	d.t.Helper()
	if err := syscall.Kill(pid, with); err != nil {
		d.t.Fatal(err)
	}
	got := d.expect("ended")
	if want := map[bool]string{true: "ended exit status 0", false: "ended signal: killed"}[with == syscall.SIGINT]; got != want {
		d.t.Errorf("%s, want %s", got, want)
	}
}

// holdDisk is the holder: "hold-disk DIR SIZE". It mounts the disk, and for each line
// that it reads starts a server on it, or mounts it differently.
func holdDisk() {
	runtime.LockOSThread() // whose end is that of its servers
	dir := os.Args[1]
	check := func(err error) {
		if err != nil {
			log.Fatal(err)
		}
	}
	check(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	check(syscall.Mount("none", dir, "tmpfs", 0, "size="+os.Args[2]+",mode=700"))
	fmt.Println("mounted")
	exe, err := os.Executable()
	check(err)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch lines.Text() {
		case "read-only":
			check(syscall.Mount("none", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
			fmt.Println("remounted")
			continue
		case "writable":
			check(syscall.Mount("none", dir, "", syscall.MS_REMOUNT, ""))
			fmt.Println("remounted")
			continue
		}
		c := exec.Command(exe)
		c.Args = []string{"daypass", "serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(dir, "data")}
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		check(c.Start())
		fmt.Println("started", c.Process.Pid)
		_ = c.Wait()
		fmt.Println("ended", c.ProcessState)
	}
}

// fill leaves no room on the disk.
func (d *smallDisk) fill() {
	d.t.Helper()
	f, err := os.Create(filepath.Join(d.outside, "filler"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for page := make([]byte, 4096); ; {
		if _, err := f.Write(page); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			d.t.Fatal(err)
		}
	}
}

// free makes room again.
func (d *smallDisk) free() {
	d.t.Helper()
	if err := os.Remove(filepath.Join(d.outside, "filler")); err != nil {
		d.t.Fatal(err)
	}
}

// answerOf calls a public operation, and gives the status and the body.
func answerOf(t *testing.T, endpoint, operation string, in map[string]any) (status int, body string) {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endpoint, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityService."+operation)
	return answer(t, r)
}

func answer(t *testing.T, r *http.Request) (status int, body string) {
	t.Helper()
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(text)
}

// The disk of a server is full while many write, and again while it is killed and
// started: changes are refused with 503, what needs none is answered, /readyz says no,
// and once there is room the server goes on by itself. It has lost nothing that it
// acknowledged.
func TestDiskFull(t *testing.T) {
	d := newSmallDisk(t, "6m")
	pid, endpoint := d.serve()
	created, err := rootClient(endpoint).JSON(t.Context(), cognito.API, "CreateIdentityPool", map[string]any{"IdentityPoolName": "full", "AllowUnauthenticatedIdentities": true})
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ IdentityPoolId string }
	if err := json.Unmarshal(created, &made); err != nil {
		t.Fatal(err)
	}
	pool := made.IdentityPoolId
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	// guest makes one, and says whether it was made.
	guest := func() bool {
		status, body := answerOf(t, endpoint, "GetId", map[string]any{"IdentityPoolId": pool})
		var out struct{ IdentityId string }
		switch err := json.Unmarshal([]byte(body), &out); {
		case err != nil:
			t.Errorf("%v: %s", err, body)
		case status == http.StatusOK:
			mu.Lock()
			acknowledged[out.IdentityId] = true
			mu.Unlock()
		case status != http.StatusServiceUnavailable || !strings.Contains(body, "InternalErrorException"):
			t.Errorf("without room: %d, %s", status, body)
		}
		return status == http.StatusOK
	}
	page := func(name string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, _ := answer(t, r)
		return status
	}
	// full wants a server that says that it has no room, whoever asks. A page may find
	// room where a guest finds none: each try takes some of it.
	full := func() {
		t.Helper()
		for n := 0; page("/readyz") == http.StatusOK; n++ {
			if guest(); n == 3000 {
				t.Fatal("there is always room")
			}
		}
		if status := page("/healthz"); status != http.StatusOK {
			t.Errorf("/healthz: %d", status)
		}
	}
	known := func() {
		t.Helper()
		for id := range acknowledged {
			if status, body := answerOf(t, endpoint, "GetOpenIdToken", map[string]any{"IdentityId": id}); status != http.StatusOK {
				t.Errorf("a known guest: %d, %s", status, body)
			}
			return
		}
	}
	roomy := func() {
		t.Helper()
		d.free()
		if status := page("/readyz"); status != http.StatusOK {
			t.Errorf("with room again: /readyz says %d", status)
		}
		if !guest() {
			t.Error("with room again: no guest")
		}
	}

	guest()
	d.fill()
	var writers sync.WaitGroup
	for range 16 {
		writers.Go(func() {
			for n := 0; guest(); n++ {
				if n == 3000 {
					t.Error("there is always room")
					return
				}
			}
		})
	}
	writers.Wait()
	full()
	known()
	if text := d.log.String(); !strings.Contains(text, "status=503 error=InternalErrorException cause=database-unavailable") || !strings.Contains(text, "database or disk is full") {
		t.Errorf("the log does not say why: %.2000s", text)
	}
	roomy()

	d.fill()
	full()
	d.end(pid, syscall.SIGKILL)
	pid, endpoint = d.serve()
	known()
	full()
	d.end(pid, syscall.SIGINT)
	pid, endpoint = d.serve()
	known()
	roomy()
	d.end(pid, syscall.SIGINT)

	// Nothing is lost or damaged.
	copied := filepath.Join(t.TempDir(), "daypass.db")
	text, err := os.ReadFile(filepath.Join(d.outside, "data", "daypass.db"))
	if err == nil {
		err = os.WriteFile(copied, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(d.outside, "data", "daypass.db-wal")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log after a clean end: %v", err)
	}
	db, err := sql.Open("sqlite", copied)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var whole string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&whole); err != nil || whole != "ok" {
		t.Errorf("integrity: %s, %v", whole, err)
	}
	var guests int
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM identities").Scan(&guests); err != nil || guests < len(acknowledged) {
		t.Errorf("%d identities, of which %d were acknowledged; %v", guests, len(acknowledged), err)
	}
	_, endpoint = d.serve()
	stored := identityIDs(t, rootClient(endpoint), pool)
	for id := range acknowledged {
		if !stored[id] {
			t.Errorf("guest %s was acknowledged and is lost", id)
		}
	}
	t.Logf("%d acknowledged", len(acknowledged))
}

// On a file system that may only be read a server does not start, and says why; nothing
// has changed when it may be written again.
func TestReadOnlyDisk(t *testing.T) {
	d := newSmallDisk(t, "6m")
	pid, _ := d.serve()
	d.end(pid, syscall.SIGINT)
	fmt.Fprintln(d.in, "read-only")
	d.expect("remounted")
	before := stateOf(t, filepath.Join(d.outside, "data"))
	fmt.Fprintln(d.in, "serve")
	if got := d.expect("ended"); got != "ended exit status 1" {
		t.Error(got)
	}
	if text := d.log.String(); !strings.Contains(text, "daypass: ") || !strings.Contains(text, "read-only file system") {
		t.Errorf("it does not say why: %s", text)
	}
	if after := stateOf(t, filepath.Join(d.outside, "data")); after != before {
		t.Errorf("from %s to %s", before, after)
	}
	fmt.Fprintln(d.in, "writable")
	d.expect("remounted")
	pid, _ = d.serve()
	d.end(pid, syscall.SIGINT)
}
