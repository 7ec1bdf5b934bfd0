package bench

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/daypass/daypass/internal/instance"
)

// process is a server in a process of its own.
type process struct {
	addr   string
	cmd    *exec.Cmd
	orders io.WriteCloser
}

// launch runs the test binary as the named server, in dir and on a core of its
// own where the system lets us choose.
func launch(b *testing.B, name, dir string) *process {
	b.Helper()
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	args := []string{exe}
	if _, core, ok := cores(); ok {
		args = []string{"taskset", "-c", core, exe}
	}
	p := &process{cmd: exec.Command(args[0], args[1:]...)}
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
	b.Cleanup(func() {
		p.orders.Close()
		if err := p.cmd.Wait(); err != nil {
			b.Errorf("%s: %v", name, err)
		}
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("%s does not say where it listens: %v", name, err)
	}
	p.addr = strings.TrimSpace(addr)
	return p
}

// profile has the process write a CPU profile until done is called. It does
// nothing unless the environment asks for profiles.
func (p *process) profile(name string) (done func()) {
	dir := os.Getenv("DAYPASS_BENCH_PROFILE")
	if dir == "" {
		return func() {}
	}
	path, _ := filepath.Abs(filepath.Join(dir, strings.ReplaceAll(name, "/", "-")+".pprof"))
	_, _ = io.WriteString(p.orders, path+"\n")
	return func() { _, _ = io.WriteString(p.orders, "\n") }
}

// serve is the life of a server process: it prints its address and answers
// requests until its standard input ends. A line there names the file of a
// profile that is to begin, an empty line ends it.
func serve(name string) error {
	instance.Tune(math.MaxInt64) // as cmd/daypass does; the others should have no disadvantage
	open, ok := map[string]func(addr string) (http.Handler, io.Closer, error){
		"daypass": openDaypass, "ceiling": openCeiling, "inserts": openInserts,
	}[name]
	if !ok {
		return errors.New("no such server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	handler, closer, err := open(l.Addr().String())
	if err != nil {
		return err
	}
	h := &http.Server{Handler: handler}
	if name == "daypass" { // as cmd/daypass has it
		h.ReadHeaderTimeout, h.ReadTimeout, h.WriteTimeout, h.IdleTimeout = 10*time.Second, 30*time.Second, time.Minute, 2*time.Minute
	}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	if _, err := os.Stdout.WriteString(l.Addr().String() + "\n"); err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := profiling(lines.Text()); err != nil {
			return err
		}
	}
	if err := errors.Join(h.Close(), closer.Close()); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// profiling begins a CPU profile, or ends it if there is no path.
func profiling(path string) error {
	if path == "" {
		pprof.StopCPUProfile()
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return pprof.StartCPUProfile(f) // which keeps the file for as long as it needs it
}

// cpuTime is the CPU time that the process has used, in steps of 10 ms; zero
// where the system does not say.
func (p *process) cpuTime() time.Duration {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0
	}
	// Behind the name, which is in parentheses, utime and stime are the twelfth
	// and thirteenth field (proc_pid_stat(5)), in hundredths of a second.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	user, _ := strconv.Atoi(string(fields[11]))
	system, _ := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * 10 * time.Millisecond
}

// cores gives a core for the load and one for the servers; false where there is
// one only, or no way to choose.
func cores() (load, server string, ok bool) {
	status, _ := os.ReadFile("/proc/self/status")
	_, list, _ := strings.Cut(string(status), "Cpus_allowed_list:")
	list, _, _ = strings.Cut(list, "\n")
	n := strings.FieldsFunc(list, func(r rune) bool { return !unicode.IsDigit(r) })
	_, err := exec.LookPath("taskset")
	if err != nil || len(n) < 2 {
		return "", "", false
	}
	return n[0], n[len(n)-1], true
}

// settle moves this process to the core of the load.
func settle(b *testing.B) {
	load, _, ok := cores()
	if !ok {
		b.Log("no core of its own for each process (taskset, two cores): the figures are of little worth")
		return
	}
	if out, err := exec.Command("taskset", "-a", "-c", "-p", load, strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
		b.Fatalf("taskset: %v: %s", err, out)
	}
	runtime.GOMAXPROCS(1) // nobody sleeps and has to be woken
}
