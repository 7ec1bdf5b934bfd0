package pgtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// patience is how long a server may take to start, to end, or to follow another.
const patience = 2 * time.Minute

// Durable is an option of Start: commits are on the disk when they are answered, as
// in production. Without it nothing is synchronized, which is quicker and survives
// everything but the end of the machine.
const Durable = "fsync=on"

// A Server is a PostgreSQL that runs on 127.0.0.1.
type Server struct {
	dir      string // whose folder "data" is the cluster
	port     int
	password string
	settings []string

	process *process // nil: it does not run
}

// Start starts a server of the test's own. Settings are those of postgresql.conf,
// as "name=value".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	if _, err := programs(); err != nil {
		missing(t, err)
	}
	s, err := create(settings)
	if err != nil {
		t.Fatal(err)
	}
	s.endWith(t)
	return s
}

// endWith ends a server with its test. When the test has failed it shows the end of
// the server's log.
func (s *Server) endWith(t testing.TB) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of PostgreSQL on port %d ends:\n%s", s.port, s.tail())
		}
		if err := errors.Join(s.end(endNow), os.RemoveAll(s.dir)); err != nil {
			t.Error(err)
		}
	})
}

// create makes a cluster and starts it.
func create(settings []string) (*Server, error) {
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, password: rand.Text(), settings: settings}
	err = os.WriteFile(s.passwordFile(), []byte(s.password), 0o644) // in a folder that others cannot read
	if err == nil {
		err = s.run("initdb", "--pgdata", s.data(), "--username=postgres", "--pwfile", s.passwordFile(), "--auth=scram-sha-256",
			"--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions")
	}
	if err == nil {
		err = s.launch()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// folder makes a temporary folder for those who will run the server. The paths that
// a test gets from testing are often too long, and closed to other users.
func folder() (string, error) {
	dir, err := os.MkdirTemp("", "daypass-postgres-")
	if err != nil {
		return "", err
	}
	if err := give(dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

func (s *Server) data() string         { return filepath.Join(s.dir, "data") }
func (s *Server) passwordFile() string { return filepath.Join(s.dir, "password") }
func (s *Server) log() string          { return filepath.Join(s.dir, "log") }

// tail is the end of the server's log.
func (s *Server) tail() []byte {
	return tail(s.log())
}

// tail is the end of a file.
func tail(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-4000):]
}

// Log is what the server has written to its log.
func (s *Server) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(s.log())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// command is one of PostgreSQL's programs, run as an ordinary user with nothing of
// our environment that it would read.
func (s *Server) command(program string, args ...string) (*exec.Cmd, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	c := exec.Command(filepath.Join(bin, program), args...)
	c.Dir = s.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + s.dir, "PGPASSWORD=" + s.password}
	if root := os.Getenv("SYSTEMROOT"); root != "" { // Windows
		c.Env = append(c.Env, "SYSTEMROOT="+root)
	}
	return c, drop(c)
}

func (s *Server) run(program string, args ...string) error {
	c, err := s.command(program, args...)
	if err != nil {
		return err
	}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, out)
	}
	return nil
}

// launch starts the server on the port that it has, or else on a free one, and waits
// until it answers.
func (s *Server) launch() error {
	if s.port != 0 {
		return s.launchOn(s.port)
	}
	// Somebody else may take a port between our looking and the server's.
	for try := 0; ; try++ {
		port, err := freePort()
		if err != nil {
			return err
		}
		if err = s.launchOn(port); err == nil || try == 4 || !bytes.Contains(s.tail(), []byte("could not bind")) {
			return err
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

func (s *Server) launchOn(port int) error {
	args := []string{"-D", s.data(), "-p", strconv.Itoa(port)}
	for _, setting := range append([]string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=32MB", "max_connections=200",
		"fsync=off", "logging_collector=off", "log_line_prefix=%m [%p] %q%a ", "timezone=UTC", "log_timezone=UTC",
		"wal_level=replica", "max_wal_senders=8", "wal_keep_size=128MB", "hot_standby=on",
	}, s.settings...) {
		args = append(args, "-c", setting)
	}
	c, err := s.command("postgres", args...)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	p, err := launch(c, s.dir, "QUIT")
	if err != nil {
		return err
	}
	s.process, s.port = p, port
	if err := p.until(func() error { _, err := query(s.url("postgres"), "SELECT 1"); return err }); err != nil {
		log := s.tail()
		_ = s.end(endNow)
		s.port = 0
		return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, log)
	}
	return nil
}

// Exec runs statements as the superuser, and gives the first column of the first row.
func (s *Server) Exec(t testing.TB, sql string) string {
	t.Helper()
	return Exec(t, s.url("postgres"), sql)
}

// Exec runs statements in a database, and gives the first column of the first row.
func Exec(t testing.TB, url, sql string) string {
	t.Helper()
	answer, err := query(url, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func query(url, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgconn.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
		return "", err
	}
	return string(results[0].Rows[0][0]), nil
}

// url is how to reach a database of the server.
func (s *Server) url(database string) string {
	return s.URLOf(database, s.Addr())
}

func address(hosts, password, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", password), Host: hosts, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Addr is where the server listens.
func (s *Server) Addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// URLOf is the URL of a database of this server that is reached at other addresses:
// those of a proxy before it, or of several servers that have the same database.
func (s *Server) URLOf(database string, addrs ...string) string {
	return address(strings.Join(addrs, ","), s.password, database)
}

// Database makes an empty database and gives its name and URL. It lives as long as
// the server.
func (s *Server) Database(t testing.TB) (name, url string) {
	t.Helper()
	name = databaseName()
	s.Exec(t, "CREATE DATABASE "+name+" TEMPLATE template0")
	return name, s.url(name)
}

// Kill ends the server as a power cut ends it for its clients: every process of it
// gets a SIGKILL. What the operating system has is kept.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.end(endKilled); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server in good order: sessions are ended, and a checkpoint is made.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.end(endInOrder); err != nil {
		t.Fatal(err)
	}
}

// Start starts a server that was killed or stopped, on the same port, and waits
// until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if s.process != nil {
		t.Fatal("the server has not ended")
	}
	if err := s.launch(); err != nil {
		t.Fatal(err)
	}
}

// Configure changes settings of the running server, as "name", "value" pairs.
func (s *Server) Configure(t testing.TB, pairs ...string) {
	t.Helper()
	for n := 0; n < len(pairs); n += 2 {
		s.Exec(t, "ALTER SYSTEM SET "+pairs[n]+" = '"+strings.ReplaceAll(pairs[n+1], "'", "''")+"'")
	}
	s.Exec(t, "SELECT pg_reload_conf()")
}

// Standby makes a copy of the server that follows it by streaming, and starts it. The
// name is what synchronous_standby_names of the primary calls it.
func (s *Server) Standby(t testing.TB, name string, settings ...string) *Server {
	t.Helper()
	b := s.copied(t, settings, "application_name="+name, "--write-recovery-conf")
	if err := b.launch(); err != nil {
		t.Fatal(err)
	}
	s.until(t, "SELECT count(*) > 0 FROM pg_stat_replication WHERE application_name = '"+name+"' AND state = 'streaming'")
	return b
}

// Backup makes a copy of the server as it is now: one that is restored by Start, and
// then is a primary of its own that knows nothing of what came after.
func (s *Server) Backup(t testing.TB) *Server {
	t.Helper()
	return s.copied(t, s.settings, "application_name=backup")
}

// copied makes a copy of the cluster in a folder of its own.
func (s *Server) copied(t testing.TB, settings []string, connection string, options ...string) *Server {
	t.Helper()
	dir, err := folder()
	if err != nil {
		t.Fatal(err)
	}
	b := &Server{dir: dir, password: s.password, settings: settings}
	b.endWith(t)
	from := fmt.Sprintf("host=127.0.0.1 port=%d user=postgres password=%s %s", s.port, s.password, connection)
	if err := b.run("pg_basebackup", append(options, "--pgdata", b.data(), "--dbname", from,
		"--wal-method=stream", "--checkpoint=fast", "--no-sync")...); err != nil {
		t.Fatal(err)
	}
	return b
}

// Synchronous has every commit of the primary wait until the standbys of the list, as
// synchronous_standby_names has it, are known to have it on their disk. An empty list
// ends that.
func (s *Server) Synchronous(t testing.TB, standbys string) {
	t.Helper()
	s.Configure(t, "synchronous_standby_names", standbys)
	if standbys != "" {
		s.until(t, "SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')")
	}
}

// Promote makes a primary of a standby.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	if s.Exec(t, "SELECT pg_promote(true, 60)") != "t" {
		t.Fatal("the standby was not promoted")
	}
}

// CaughtUp waits until a standby has replayed what its primary has committed.
func (s *Server) CaughtUp(t testing.TB, primary *Server) {
	t.Helper()
	lsn := primary.Exec(t, "SELECT pg_current_wal_flush_lsn()")
	s.until(t, "SELECT pg_last_wal_replay_lsn() >= '"+lsn+"'")
}

// CPU is the CPU time that the server's processes have used, those that have ended
// too; zero where the system does not say.
func (s *Server) CPU(t testing.TB) (sum time.Duration) {
	t.Helper()
	if s.process == nil {
		t.Fatal("the server does not run")
	}
	pid := s.process.cmd.Process.Pid
	for _, pid := range append(childrenOf(pid), pid) {
		// The first number is nanoseconds (Documentation/scheduler/sched-stats.rst).
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
		first, _, _ := strings.Cut(string(text), " ")
		n, _ := strconv.ParseInt(first, 10, 64)
		sum += time.Duration(n)
	}
	// Of children that have ended, user and system, in hundredths of a second: the 14th
	// and 15th number behind the name (proc_pid_stat(5)).
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])); len(f) > 14 {
		for _, ticks := range f[13:15] {
			n, _ := strconv.ParseInt(ticks, 10, 64)
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}

// until waits until a query of one truth value says so.
func (s *Server) until(t testing.TB, sql string) {
	t.Helper()
	for deadline := time.Now().Add(patience); s.Exec(t, sql) != "t"; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("this does not become true: %s", sql)
		}
	}
}

// An ending is how a server ends.
type ending int

const (
	endInOrder ending = iota // SIGINT, "fast"
	endNow                   // SIGQUIT, "immediate"
	endInTime                // SIGTERM, which has Patroni end its server
	endKilled                // SIGKILL for each of its processes
)

func (s *Server) end(how ending) error {
	p := s.process
	if p == nil {
		return nil
	}
	s.process = nil
	return p.end(how)
}

// A process is a running server.
type process struct {
	cmd     *exec.Cmd
	ended   chan struct{} // closed when it has
	err     error         // how, after that
	watcher *watcher
}

// launch starts a server that ends by a signal, and whose folder goes, with this
// process.
func launch(c *exec.Cmd, dir, signal string) (*process, error) {
	if err := c.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: c, ended: make(chan struct{})}
	go func() {
		p.err = c.Wait()
		close(p.ended)
	}()
	var err error
	if p.watcher, err = watch(c.Process.Pid, dir, signal); err != nil {
		p.signal(endNow)
		<-p.ended
		return nil, err
	}
	return p, nil
}

// end ends a server, and waits for that.
func (p *process) end(how ending) error {
	p.watcher.disarm()
	p.signal(how)
	select {
	case <-p.ended:
		return nil
	case <-time.After(patience):
		p.signal(endKilled)
		<-p.ended
		return fmt.Errorf("%s did not end", p.cmd.Path)
	}
}

// A watcher is a shell that ends a server when this process has ended, even by a
// SIGKILL: it waits for the end of its input.
type watcher struct {
	cmd *exec.Cmd
	in  io.Closer // kept, so that it stays open as long as we live
}

// A server that does not end is left alone after five seconds; what nobody waits for
// may look alive after its end.
const watching = `
cat >/dev/null
kill -"$3" "$1" 2>/dev/null
n=0
while kill -0 "$1" 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
rm -rf "$2"
`

func watch(pid int, dir, signal string) (*watcher, error) {
	w := &watcher{cmd: exec.Command("/bin/sh", "-c", watching, "sh", strconv.Itoa(pid), dir, signal)}
	apart(w.cmd)
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	w.in = in
	return w, w.cmd.Start()
}

// disarm ends the watcher before it has done anything.
func (w *watcher) disarm() {
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
	_ = w.in.Close()
}

// shared is the server that tests share which do it no harm.
var shared = sync.OnceValues(func() (*Server, error) { return create(nil) })

// Database makes an empty database for a test, gives its URL, and drops it when the
// test has ended.
func Database(t testing.TB) string {
	t.Helper()
	admin := os.Getenv(urlVariable)
	if admin == "" {
		if _, err := programs(); err != nil {
			missing(t, err)
		}
		s, err := shared()
		if err != nil {
			t.Fatal(err)
		}
		admin = s.url("postgres")
	}
	u, err := url.Parse(admin)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		t.Fatalf("%s is not a URL like postgres://user:password@host:port/database", urlVariable)
	}
	name := databaseName()
	if _, err := query(admin, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := query(admin, "DROP DATABASE "+name+" WITH (FORCE)")
		for range 5 { // the server waits five seconds for the sessions that it ends, and may be busy
			if err == nil || !strings.Contains(err.Error(), "55006") {
				break
			}
			_, err = query(admin, "DROP DATABASE "+name+" WITH (FORCE)")
		}
		if err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

func databaseName() string { return "daypass_test_" + strings.ToLower(rand.Text()) }
