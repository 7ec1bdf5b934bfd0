package bench

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// serverVariable names the server that the test binary is to be.
const serverVariable = "DAYPASS_BENCH_SERVER"

// TestMain lets the test binary be one of the servers.
func TestMain(m *testing.M) {
	if name := os.Getenv(serverVariable); name != "" {
		if err := serve(name); err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", name, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	table.commit = commit() // now: somebody may work on in the meantime
	// Each benchmark runs once: how many rounds there are, and how long they last, it
	// knows itself.
	_ = flag.Set("test.benchtime", "1x")
	code := m.Run()
	table.print(os.Stdout)
	os.Exit(code)
}
