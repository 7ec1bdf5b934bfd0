package pgtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Cluster is a primary and standbys that Patroni keeps, in strict synchronous mode:
// a primary that has gone is replaced by a standby that has every commit that was
// answered, without anybody's doing.
type Cluster struct {
	dir, password string
	etcd          string // where etcd listens
	members       []*member
}

// A member is a PostgreSQL and the Patroni that runs it.
type member struct {
	name             string
	port, rest       int
	process          *process // nil: it was killed
	dir, config, log string
}

// Patroni starts a cluster with so many members, and etcd beside it. It needs
// Debian's packages patroni and etcd-server.
func Patroni(t testing.TB, members int) *Cluster {
	t.Helper()
	bin, err := programs()
	for _, name := range []string{"patroni", "etcd"} {
		_, missing := exec.LookPath(name)
		err = errors.Join(err, missing)
	}
	if err != nil {
		missing(t, err)
	}
	dir, err := folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	c := &Cluster{dir: dir, password: rand.Text()}
	c.startEtcd(t)
	for n := range members {
		m := &member{name: fmt.Sprint("m", n), dir: filepath.Join(dir, fmt.Sprint("m", n))}
		m.config, m.log = m.dir+".yml", m.dir+".log"
		m.port, m.rest = ports(t), ports(t)
		c.members = append(c.members, m)
		settings := fmt.Sprintf(patroniSettings, m.name, m.rest, c.etcd, m.port, m.dir, bin, c.password, dir)
		if err := os.WriteFile(m.config, []byte(settings), 0o644); err != nil { // in a folder of ours alone
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if m.process != nil {
				_ = m.process.end(endInTime)
			}
			if t.Failed() {
				t.Logf("the log of Patroni %s ends:\n%s", m.name, tail(m.log))
			}
		})
		c.Start(t, n)
	}
	c.Complete(t)
	return c
}

// Times are as short as Patroni lets them be.
const patroniSettings = `
scope: daypass
name: %[1]s
restapi:
  listen: 127.0.0.1:%[2]d
  connect_address: 127.0.0.1:%[2]d
etcd3:
  host: %[3]s
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    synchronous_mode: true
    synchronous_mode_strict: true
    postgresql:
      use_pg_rewind: true
      parameters:
        wal_log_hints: "on"
        fsync: "off"
        shared_buffers: 32MB
        max_connections: 200
  initdb:
  - encoding: UTF8
  - no-locale
  - auth: scram-sha-256
  pg_hba:
  - host all all 127.0.0.1/32 scram-sha-256
  - host replication all 127.0.0.1/32 scram-sha-256
postgresql:
  listen: 127.0.0.1:%[4]d
  connect_address: 127.0.0.1:%[4]d
  data_dir: %[5]s
  bin_dir: %[6]s
  pgpass: %[5]s.pgpass
  authentication:
    superuser:
      username: postgres
      password: %[7]s
    replication:
      username: replicator
      password: %[7]s
    rewind:
      username: rewinder
      password: %[7]s
  parameters:
    unix_socket_directories: %[8]s
watchdog:
  mode: "off"
`

func ports(t testing.TB) int {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// start starts a program as an ordinary user in the cluster's folder.
func (c *Cluster) start(t testing.TB, log, signal, program string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LC_ALL=C.UTF-8", "TZ=UTC"}
	if err := drop(cmd); err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	p, err := launch(cmd, c.dir, signal)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (c *Cluster) startEtcd(t testing.TB) {
	t.Helper()
	clients, peers := fmt.Sprint("127.0.0.1:", ports(t)), fmt.Sprint("http://127.0.0.1:", ports(t))
	c.etcd = clients
	log := filepath.Join(c.dir, "etcd.log")
	p := c.start(t, log, "TERM", "etcd", "--data-dir", filepath.Join(c.dir, "etcd"), "--listen-client-urls", "http://"+clients,
		"--advertise-client-urls", "http://"+clients, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers)
	t.Cleanup(func() { _ = p.end(endKilled) })
	if err := p.until(func() error { return answersOK("http://" + clients + "/health") }); err != nil {
		t.Fatalf("etcd: %v\n%s", err, tail(log))
	}
}

// answersOK is nil where a URL answers with 200.
func answersOK(url string) error {
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Get(url)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

// Start starts a member that was killed.
func (c *Cluster) Start(t testing.TB, n int) {
	t.Helper()
	m := c.members[n]
	m.process = c.start(t, m.log, "TERM", "patroni", m.config)
}

// Kill kills a member as the end of its machine does: Patroni and every process of
// PostgreSQL.
func (c *Cluster) Kill(t testing.TB, n int) {
	t.Helper()
	m := c.members[n]
	_ = m.process.end(endKilled)
	m.process = nil
	text, err := os.ReadFile(filepath.Join(m.dir, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		t.Fatal(err)
	}
	killAll(pid)
}

// Leader waits until there is a primary, and says which member it is.
func (c *Cluster) Leader(t testing.TB) int {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		for n, m := range c.members {
			if m.process != nil && answersOK(fmt.Sprintf("http://127.0.0.1:%d/leader", m.rest)) == nil {
				return n
			}
		}
	}
	t.Fatal("no member becomes the leader")
	return 0
}

// Complete waits until every member runs, and one of them is the synchronous standby.
func (c *Cluster) Complete(t testing.TB) {
	t.Helper()
	count := map[string]int{}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		clear(count)
		for _, m := range c.members {
			for _, is := range []string{"leader", "synchronous", "asynchronous"} {
				if m.process != nil && answersOK(fmt.Sprintf("http://127.0.0.1:%d/%s", m.rest, is)) == nil {
					count[is]++
				}
			}
		}
		if count["leader"] == 1 && count["synchronous"] == 1 && count["asynchronous"] == len(c.members)-2 {
			return
		}
	}
	t.Fatalf("the cluster is not complete: %v", count)
}

// Database makes an empty database, and gives a URL that names all members and wants
// the one that takes writes.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	var hosts []string
	for _, m := range c.members {
		hosts = append(hosts, fmt.Sprint("127.0.0.1:", m.port))
	}
	of := func(database string) string {
		return address(strings.Join(hosts, ","), c.password, database) + "&target_session_attrs=read-write"
	}
	name := databaseName()
	if _, err := query(of("postgres"), "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	// A standby that has the commit may replay it later, and refuses until then, which
	// pgconn does not take for a reason to try the next.
	if err := c.members[0].process.until(func() error { _, err := query(of(name), "SELECT 1"); return err }); err != nil {
		t.Fatal(err)
	}
	return of(name)
}
