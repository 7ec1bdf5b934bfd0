package bench

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/daypass/daypass/internal/instance"
)

// process is a server in a process of its own.
type process struct {
	addr    string
	cmd     *exec.Cmd
	orders  io.WriteCloser
	reports *bufio.Reader // nil: it makes none
	stop    func()        // ends it, and waits for that
}

// launch runs the test binary as the named server, in dir and on a core of its
// own where the system lets us choose.
func launch(b *testing.B, name, dir string) *process {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	p := &process{cmd: pinned(exe)}
	p.cmd.Dir, p.cmd.Stderr = dir, os.Stderr
	p.cmd.Env = append(os.Environ(), serverVariable+"="+name)
	if p.orders, err = p.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	p.stop = sync.OnceFunc(func() {
		p.orders.Close()
		if err := p.cmd.Wait(); err != nil {
			b.Errorf("%s: %v", name, err)
		}
	})
	b.Cleanup(p.stop)
	p.reports = bufio.NewReader(out)
	addr, err := p.reports.ReadString('\n')
	if err != nil {
		b.Fatalf("%s does not say where it listens: %v", name, err)
	}
	p.addr = strings.TrimSpace(addr)
	return p
}

// pinned is a command that runs on the servers' core, where the system lets us
// choose.
func pinned(command string, args ...string) *exec.Cmd {
	if c, ok := cores(); ok {
		return exec.Command("taskset", append([]string{"-c", c.server, command}, args...)...)
	}
	return exec.Command(command, args...)
}

// start starts a program that makes no reports, with its log in dir, and looks at
// intervals whether it is ready. It ends by a signal.
func (p *process) start(b *testing.B, dir string, end os.Signal, interval time.Duration, ready func() bool) {
	b.Helper()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		b.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	endWithUs(p.cmd)
	if err := p.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	p.stop = sync.OnceFunc(func() {
		_ = p.cmd.Process.Signal(end)
		_ = p.cmd.Wait()
		log.Close()
	})
	b.Cleanup(p.stop)
	for deadline := time.Now().Add(roundTimeout); !ready(); time.Sleep(interval) {
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			b.Fatalf("%s does not begin: %s", p.cmd, text)
		}
	}
}

// report is what a server has done since it started.
type report struct {
	Allocs float64            // objects
	Did    map[string]float64 // what it counts
}

// report asks the server what it has done.
func (p *process) report(b *testing.B) (r report) {
	b.Helper()
	if p.reports == nil {
		return report{}
	}
	_, err := io.WriteString(p.orders, "report\n")
	line, _ := p.reports.ReadBytes('\n')
	if err = errors.Join(err, json.Unmarshal(line, &r)); err != nil {
		b.Fatal(err)
	}
	return r
}

// profile has the process write a CPU profile, and one of what it allocates, until
// done is called. It does nothing unless the environment asks for profiles.
func (p *process) profile(name string) (done func()) {
	if profiles() == "" || p.reports == nil {
		return func() {}
	}
	path, _ := filepath.Abs(filepath.Join(profiles(), strings.ReplaceAll(strings.TrimPrefix(name, "Benchmark"), "/", "-")))
	_, _ = io.WriteString(p.orders, "profile "+path+"\n")
	return func() { _, _ = io.WriteString(p.orders, "stop "+path+"\n") }
}

// profiles is the directory that profiles go to; empty for none.
func profiles() string { return os.Getenv("DAYPASS_BENCH_PROFILE") }

// server is what a server process opens.
type server struct {
	http.Handler
	io.Closer
	// did gives counts, whose JSON is an object of numbers.
	did func() any
}

// serve is the life of a server process: it prints its address and answers
// requests until its standard input ends. A line there is an order: to report, to
// begin a profile, or to stop it. Only who started the process can give one.
func serve(name string) error {
	if profiles() != "" {
		runtime.MemProfileRate = 4 << 10 // a sample from every 4 KiB
	}
	instance.Tune(math.MaxInt64) // as cmd/daypass does; the others should have no disadvantage
	open, ok := map[string]func(addr string) (*server, error){
		"daypass": openDaypass, "ceiling": openCeiling, "inserts": openInserts, "logins": openLogins, "fleet-inserts": openFleetInserts,
	}[name]
	if !ok {
		return errors.New("no such server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s, err := open(l.Addr().String())
	if err != nil {
		return err
	}
	h := &http.Server{Handler: s}
	if name == "daypass" { // as cmd/daypass has it
		h.ReadHeaderTimeout, h.ReadTimeout, h.WriteTimeout, h.IdleTimeout = 10*time.Second, 30*time.Second, time.Minute, 2*time.Minute
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	if _, err := os.Stdout.WriteString(l.Addr().String() + "\n"); err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := s.obey(lines.Text()); err != nil {
			return err
		}
	}
	if err := errors.Join(h.Close(), s.Close()); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// obey carries out an order.
func (s *server) obey(order string) error {
	switch verb, path, _ := strings.Cut(order, " "); verb {
	case "report":
		allocs := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}}
		metrics.Read(allocs)
		line, err := json.Marshal(map[string]any{"Allocs": allocs[0].Value.Uint64() + allocs[1].Value.Uint64(), "Did": s.did()})
		if err == nil {
			_, err = os.Stdout.Write(append(line, '\n'))
		}
		return err
	case "profile":
		f, err := os.Create(path + ".cpu")
		if err == nil {
			err = pprof.StartCPUProfile(f) // which keeps the file for as long as it needs it
		}
		return errors.Join(err, writeAllocs(path+".allocs-before"))
	case "stop":
		pprof.StopCPUProfile()
		return writeAllocs(path + ".allocs")
	}
	return errors.New("no such order: " + order)
}

// coreTime is the CPU time that was used on the servers' core, by whomever, in steps
// of 10 ms; zero where the system does not say.
func coreTime() (sum time.Duration) {
	c, ok := cores()
	stat, _ := os.ReadFile("/proc/stat")
	_, line, there := strings.Cut(string(stat), "\ncpu"+c.server+" ")
	if !ok || !there {
		return 0
	}
	// user, nice, system, then idle, iowait, irq, softirq, steal (proc_stat(5)).
	line, _, _ = strings.Cut(line, "\n")
	for i, field := range strings.Fields(line) {
		if i <= 2 || i == 7 {
			n, _ := strconv.Atoi(field)
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}

// writeAllocs writes the profile of what was allocated since the start.
func writeAllocs(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	runtime.GC() // which is what brings the profile up to date
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

// memory is how much the process has in memory now, how much of that is its own, not
// of files, and how much it had at most, in MiB; zero where the system does not say.
func (p *process) memory() (now, own, most float64) {
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	of := func(name string) float64 {
		_, rest, _ := strings.Cut(string(status), "\n"+name+":")
		n, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
		return float64(n) / 1024
	}
	return of("VmRSS"), of("RssAnon"), of("VmHWM")
}

// placement is a core for the load and one for the servers.
type placement struct{ load, server string }

// cores is where the load and the servers are to run; ok is false where there is one
// core only, or no way to choose. It is found out once, before this process settles
// on a core: whatever it starts later must not end up on the same.
var cores = sync.OnceValues(func() (_ placement, ok bool) {
	status, _ := os.ReadFile("/proc/self/status")
	_, list, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	list, _, _ = strings.Cut(list, "\n")
	n := strings.FieldsFunc(list, func(r rune) bool { return !unicode.IsDigit(r) })
	_, err := exec.LookPath("taskset")
	if err != nil || len(n) < 2 {
		return placement{}, false
	}
	return placement{n[0], n[len(n)-1]}, true
})

// settle moves this process to the core of the load.
func settle(b *testing.B) {
	c, ok := cores()
	if !ok {
		b.Log("no core of its own for each process (taskset, two cores): the figures are of little worth")
		return
	}
	if out, err := exec.Command("taskset", "-a", "-c", "-p", c.load, strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
		b.Fatalf("taskset: %v: %s", err, out)
	}
	runtime.GOMAXPROCS(1) // nobody sleeps and has to be woken
}
