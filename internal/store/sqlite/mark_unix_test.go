//go:build unix

package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

func init() { helpers["cycle"] = helpCycle }

// Whenever a process is killed, what it leaves is opened without a question, and has
// what was acknowledged. To be stopped and copied is what being killed leaves behind,
// and can be done many times to one process.
func TestKilledAtAnyMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	cmd := helper(t, "cycle", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	var mu sync.Mutex
	told := map[string]bool{}
	lines := make(chan struct{}, 1)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			mu.Lock()
			told[s.Text()] = true
			mu.Unlock()
			select {
			case lines <- struct{}{}:
			default:
			}
		}
	}()
	const stops = 40
	open, logs := 0, 0
	for range stops {
		if _, ok := <-lines; !ok {
			t.Fatal("the helper ended by itself")
		}
		mu.Lock()
		want := make([]string, 0, len(told))
		for name := range told {
			want = append(want, name)
		}
		mu.Unlock()
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		var status syscall.WaitStatus
		if _, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
			t.Fatalf("%v, %v", status, err)
		}
		left := copyDatabase(t, path, "", "-wal")
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		says, err := saysOpen(left)
		if err != nil {
			t.Fatal(err)
		}
		if says {
			open++
		}
		if present(t, left, "-wal") {
			logs++
		}
		list, err := openNames(t, Options{Path: left})
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for _, name := range list {
			there[name] = true
		}
		for _, name := range want {
			if !there[name] {
				t.Errorf("%s was acknowledged and is lost", name)
			}
		}
	}
	t.Logf("of %d that were stopped, %d said open and %d had a log", stops, open, logs)
}

// helpCycle opens the database, writes a little, and closes it, until it is killed. It
// prints the name of each thing that was acknowledged.
func helpCycle(path string) error {
	for n := 0; ; n++ {
		db, err := open(context.Background(), Options{Path: path, Idle: time.Microsecond}, testSchema)
		if err != nil {
			return err
		}
		for i := range 4 {
			name := fmt.Sprintf("%d-%d", n, i)
			if err := db.Update(context.Background(), add(name, 1)); err != nil {
				return err
			}
			fmt.Println(name)
		}
		if err := db.Close(); err != nil {
			return err
		}
	}
}
