package bench

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// serverVariable names the server that the test binary is to be.
const serverVariable = "DAYPASS_BENCH_SERVER"

// benchtime makes rounds of about a second: five for each of two servers.
const benchtime = "10s"

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
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.benchtime" })
	if !given {
		_ = flag.Set("test.benchtime", benchtime) // it is a duration
	}
	os.Exit(m.Run())
}
