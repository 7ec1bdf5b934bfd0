package hostile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// cgroup is a control group that limits memory; the zero value is none.
type cgroup struct {
	dir     string
	version int
}

// newCgroup makes a control group with so much memory, of whichever version the
// system has. The error says why none can be made.
func newCgroup(t *testing.T, memory int64) (cgroup, error) {
	t.Helper()
	c, err := makeCgroup()
	if err != nil {
		return cgroup{}, err
	}
	t.Cleanup(func() {
		if err := os.Remove(c.dir); err != nil {
			t.Errorf("leave the cgroup: %v", err)
		}
	})
	limit := map[int]string{1: "memory.limit_in_bytes", 2: "memory.max"}[c.version]
	if err := c.write(limit, strconv.FormatInt(memory, 10)); err != nil {
		return cgroup{}, err
	}
	// No swap, where the system lets us say so: it would hide what memory is used.
	_ = c.write(map[int]string{1: "memory.swappiness", 2: "memory.swap.max"}[c.version], "0")
	return c, nil
}

// makeCgroup tries our own control group, those above it, and the root of each
// version's tree.
func makeCgroup() (cgroup, error) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return cgroup{}, err
	}
	var tried []error
	for line := range strings.Lines(string(own)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		version, root := 0, ""
		switch {
		case strings.Contains(","+fields[1]+",", ",memory,"):
			version, root = 1, "/sys/fs/cgroup/memory"
		case fields[0] == "0":
			version, root = 2, "/sys/fs/cgroup"
		default:
			continue
		}
		for path := filepath.Clean(fields[2]); ; path = filepath.Dir(path) {
			c, err := makeIn(filepath.Join(root, path), version)
			if err == nil {
				return c, nil
			}
			tried = append(tried, err)
			if path == "/" || path == "." {
				break
			}
		}
	}
	return cgroup{}, errors.Join(tried...)
}

func makeIn(parent string, version int) (cgroup, error) {
	if version == 2 { // it may be delegated already, and then need no order
		_ = os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+memory"), 0)
	}
	c := cgroup{filepath.Join(parent, fmt.Sprintf("daypass-hostile-%d", os.Getpid())), version}
	if err := os.Mkdir(c.dir, 0o755); err != nil {
		return cgroup{}, err
	}
	if _, err := os.Stat(filepath.Join(c.dir, map[int]string{1: "memory.limit_in_bytes", 2: "memory.max"}[version])); err != nil {
		return cgroup{}, errors.Join(err, os.Remove(c.dir))
	}
	return c, nil
}

func (c cgroup) write(file, value string) error {
	return os.WriteFile(filepath.Join(c.dir, file), []byte(value), 0)
}

// peak is the most that the group had, pages of files included; 0 if the system
// does not say.
func (c cgroup) peak() int64 {
	b, err := os.ReadFile(filepath.Join(c.dir, map[int]string{1: "memory.max_usage_in_bytes", 2: "memory.peak"}[c.version]))
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n
}

// command is a command that enters the group and becomes another.
func (c cgroup) command(args ...string) []string {
	if c.dir == "" {
		return args
	}
	return append([]string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(c.dir, "cgroup.procs")}, args...)
}

func (c cgroup) String() string {
	if c.dir == "" {
		return "no cgroup"
	}
	return fmt.Sprintf("cgroup v%d", c.version)
}
